/* The reports that were published; one can check a digest that somebody reads aloud. */
import { app } from '../../base/app';
import { useLoad } from '../../base/load';
import { useStore } from '../../base/store';
import { figures } from '../../api/figures';
import { concerns } from '../../api/live';
import { list } from '../../api/records';
import { recordName } from '../../form/field';
import { formatDate, formatMoment, useLanguage, useT } from '../../i18n';
import { Code, Empty, Own, Panel, Table, Trouble } from '../../parts/basics';

export function Runs() {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const runs = useLoad((signal) => figures.runs(signal), [], (c) => concerns(c, ['report_run']));
	const sites = useLoad((signal) => (profile?.has('site') === true ? list('site', {}, 200, {}, signal) : Promise.resolve([])), []);
	const site = (id: string): string => {
		const found = (sites.data ?? []).find((s) => s.id === id);
		return found === undefined ? id.slice(0, 6) : recordName(found);
	};
	return (
		<Panel title={t('runs.title')}>
			<Trouble error={runs.error} again={runs.again} />
			{runs.data !== undefined && (runs.data.length === 0 ? <Empty>{t('runs.none')}</Empty> : (
				<Table caption={t('runs.title')} rows={runs.data} rowKey={(r) => r.id} columns={[
					{ key: 'name', head: t('figures.which'), cell: (r) => <><Own>{r.report.toUpperCase()}</Own> {r.site !== null && <Own class="soft">{site(r.site)}</Own>}</> },
					{ key: 'period', head: t('runs.period'), cell: (r) => `${formatDate(lang, r.from)} – ${formatDate(lang, r.to)}` },
					{ key: 'at', head: t('runs.at'), cell: (r) => formatMoment(lang, r.at) },
					{ key: 'by', head: t('runs.by'), cell: (r) => <Own>{r.by}</Own> },
					{ key: 'digest', head: t('figures.digest'), cell: (r) => <Code>{r.digest.slice(0, 16)}</Code> },
				]} />
			))}
		</Panel>
	);
}
