/* What a report says about itself: whether it is a draft, how whole it is, what differs from last time. */
import type { LineValue, Report } from '../../api/figures';
import { formatDate, formatMoment, useLanguage, useT } from '../../i18n';
import { formatNumber } from '../../i18n/catalogue';
import { Code, Facts, Notice, Own, Panel, Table } from '../../parts/basics';

export function ReportHead({ report }: { report: Report }) {
	const t = useT();
	const lang = useLanguage();
	const head = report.header;
	return (
		<>
			{report.run === undefined ? <Notice title={t('figures.draft')} />
				: <Notice kind="good" title={t('figures.published.by', { name: report.run.by, time: formatMoment(lang, report.run.at) })} />}
			<Facts rows={[
				head?.recipient !== undefined && head?.recipient !== null && [t('figures.recipient'), <Own>{head.recipient}</Own>],
				report.site !== undefined && [t('figures.site'), <Own>{report.site}</Own>],
				head !== undefined && [t('prog.profile'), <Own>{`${head.profile} ${head.profile_version}`}</Own>],
				[t('figures.small'), t('figures.small.text', { k: report.completeness.suppression.k - 1 })],
				[t('figures.digest'), <Code>{report.digest.slice(0, 16)}</Code>],
			]} />
		</>
	);
}

function shown(lang: string, v: LineValue, hidden: string): string {
	return v === null ? hidden : typeof v === 'number' ? formatNumber(lang, v) : typeof v === 'string' ? v : v.map((x) => (typeof x === 'string' ? x : x.label)).join(', ');
}

/* The same period counted again after something came late: what has become otherwise, said and not slipped in. */
export function Differences({ report }: { report: Report }) {
	const t = useT();
	const lang = useLanguage();
	const before = report.footer?.previous;
	if (before === null || before === undefined) return null;
	if (before.differences.length === 0) return <Notice kind="good" title={t('figures.same', { time: formatMoment(lang, before.at) })} />;
	const label = (id: string): string => report.lines.find((l) => l.id === id)?.label ?? '';
	return (
		<Panel title={t('figures.changed', { time: formatMoment(lang, before.at) })}>
			<Table caption={t('figures.changed', { time: formatMoment(lang, before.at) })} rows={before.differences} rowKey={(d) => `${d.id} ${d.key ?? ''}`} columns={[
				{ key: 'line', head: t('figures.what'), cell: (d) => <><span class="line-no"><Own>{d.id}</Own></span> <Own>{label(d.id)}</Own> {d.key !== null && <Own class="soft">{d.key}</Own>}</> },
				{ key: 'was', head: t('figures.was'), number: true, cell: (d) => shown(lang, d.was, t('figures.hidden')) },
				{ key: 'now', head: t('figures.now'), number: true, cell: (d) => shown(lang, d.now, t('figures.hidden')) },
			]} />
		</Panel>
	);
}

export function Completeness({ report }: { report: Report }) {
	const t = useT();
	const lang = useLanguage();
	const c = report.completeness;
	const unlike = (report.footer?.reconcile ?? []).filter((r) => !r.reconciles);
	return (
		<Panel title={t('whole.title')}>
			<p class="help">{t('whole.text')}</p>
			<Facts rows={[
				[t('whole.conflicts'), formatNumber(lang, c.conflicts)],
				c.unreadable !== undefined && [t('whole.unreadable'), formatNumber(lang, c.unreadable)],
				c.sessions_open !== undefined && [t('whole.open'), formatNumber(lang, c.sessions_open)],
				c.sessions_without_end !== undefined && [t('whole.noend'), formatNumber(lang, c.sessions_without_end)],
				c.visits_without_session !== undefined && [t('whole.nosession'), formatNumber(lang, c.visits_without_session)],
				unlike.length > 0 && [t('whole.unlike'), <Own>{unlike.map((r) => r.id).join(', ')}</Own>],
			]} />
			{c.source === 'rows' && <p class="help">{t('whole.rows')}</p>}
			{(c.devices ?? []).length > 0 && (
				<Table seen caption={t('whole.devices')} rows={c.devices ?? []} rowKey={(d) => d.id} columns={[
					{ key: 'device', head: t('step.peer'), cell: (d) => <Own>{d.device}</Own> },
					{ key: 'last', head: t('whole.last'), cell: (d) => (d.last_entry === null ? t('whole.nothing') : formatDate(lang, d.last_entry)) },
				]} />
			)}
		</Panel>
	);
}
