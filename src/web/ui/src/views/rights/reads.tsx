/* Who has read: on this device everything, from everywhere what was opened in spite of a protected identity. */
import { useLoad } from '../../base/load';
import { care } from '../../api/care';
import { concerns } from '../../api/live';
import { formatMoment, useLanguage, useT, type Key } from '../../i18n';
import { Code, Empty, Hand, Own, Panel, Table, Trouble } from '../../parts/basics';

const DEEDS: Record<string, Key> = { get: 'read.get', search: 'read.search', list: 'read.list', export: 'read.export', 'access-export': 'read.access' };
const SHOWN = 50;

export function Reads() {
	const t = useT();
	const lang = useLanguage();
	const log = useLoad((signal) => care.accessLog(signal), [], (c) => concerns(c, ['access']));
	const reads = [...(log.data?.reads ?? [])].reverse().slice(0, SHOWN).map((r, i) => ({ ...r, i }));
	const deed = (op: string) => {
		const key = DEEDS[op];
		return key === undefined ? <Own>{op}</Own> : t(key);
	};
	const opened = (log.data?.opened ?? []).map((r, i) => ({ ...r, i }));
	return (
		<Panel title={t('read.title')}>
			<Trouble error={log.error} again={log.again} />
			{opened.length > 0 && (
				<Table seen caption={t('read.opened')} rows={opened} rowKey={(r) => String(r.i)} columns={[
					{ key: 'by', head: t('people.who'), cell: (r) => <Hand by={r} /> },
					{ key: 'at', head: t('late.at'), cell: (r) => (r.at === undefined ? '–' : formatMoment(lang, r.at)) },
					{ key: 'why', head: t('erase.reason'), cell: (r) => <Own>{r.reason ?? '–'}</Own> },
					{ key: 'record', head: t('case'), cell: (r) => <Code>{r.record.slice(0, 6)}</Code> },
				]} />
			)}
			<details>
				<summary>{t('read.here', { n: log.data?.reads.length ?? 0 })}</summary>
				{reads.length === 0 ? <Empty>{t('read.none')}</Empty> : (
					<Table caption={t('read.title')} rows={reads} rowKey={(r) => String(r.i)} columns={[
						{ key: 'at', head: t('late.at'), cell: (r) => formatMoment(lang, r.at) },
						{ key: 'op', head: t('read.deed'), cell: (r) => deed(r.op) },
						{ key: 'what', head: t('read.what'), cell: (r) => (r.record !== undefined ? <Code>{r.record.slice(0, 6)}</Code> : <Own>{r.what ?? ''}</Own>) },
					]} />
				)}
			</details>
			<p class="help">{t('read.text')}</p>
		</Panel>
	);
}
