/* Reports over a period, with how whole they are; targets; what has been published. */
import { useMemo, useState } from 'preact/hooks';
import { app } from '../../base/app';
import { useLoad } from '../../base/load';
import { say } from '../../base/say';
import { useStore } from '../../base/store';
import { useTry } from '../../base/try';
import { figures, type Ask, type Report } from '../../api/figures';
import { saveAnswer } from '../../api/files';
import { changedHere, concerns } from '../../api/live';
import { list } from '../../api/records';
import { recordName } from '../../form/field';
import { formatDate, useLanguage, useT } from '../../i18n';
import { ActButton, Button, Line, Panel, Pick, Trouble } from '../../parts/basics';
import { Confirm } from '../../parts/dialog';
import type { ViewProps } from '../registry';
import { Completeness, Differences, ReportHead } from './about';
import { CellTable, FigureTable, ListLine } from './lines';
import { blocks, period, type PeriodName } from './model';
import { Runs } from './runs';
import { Targets } from './targets';

const PERIODS: readonly PeriodName[] = ['year', 'lastyear', 'quarter', 'month'];
export default function Figures(_: ViewProps) {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const names = (profile?.doc as { reports?: string[] } | undefined)?.reports ?? [];
	const [name, setName] = useState('');
	const [span, setSpan] = useState(() => period('year'));
	const [site, setSite] = useState('');
	const [recipient, setRecipient] = useState('');
	const sites = useLoad((signal) => (profile?.has('site') === true ? list('site', {}, 200, {}, signal) : Promise.resolve([])), [], (c) => concerns(c, ['site']));
	const [shown, setShown] = useState<{ ask: Ask; report: Report }>();
	const { error, run } = useTry();
	const chosen = name !== '' ? name : names[0] ?? '';
	const wrong = span.from === '' || span.to === '' || span.from > span.to;

	const count = (): Promise<unknown> => run(async () => {
		const ask: Ask = {
			name: chosen, ...span, language: lang,
			...(site !== '' ? { site } : {}), ...(recipient.trim() !== '' ? { recipient: recipient.trim() } : {}),
		};
		setShown({ ask, report: await figures.report(ask) });
	});
	return (
		<div class="stack">
			<div class="head"><h1>{t('lead.figures')}</h1></div>
			<Panel title={t('figures.ask')} class="no-print">
				<div class="row">
					{PERIODS.map((p) => <Button key={p} small onClick={() => setSpan(period(p))}>{t(`period.${p}`)}</Button>)}
				</div>
				<div class="ask-bar">
					{names.length > 1 && <Pick label={t('figures.which')} value={chosen} onInput={setName} options={names.map((n) => ({ code: n, label: n.toUpperCase() }))} />}
					<Line type="date" label={t('figures.from')} value={span.from} onInput={(from) => setSpan({ ...span, from })} />
					<Line type="date" label={t('figures.to')} value={span.to} onInput={(to) => setSpan({ ...span, to })} error={wrong ? t('figures.wrong') : undefined} />
					<Pick label={t('figures.site')} value={site} onInput={setSite}
						options={[{ code: '', label: t('figures.allsites') }, ...(sites.data ?? []).map((r) => ({ code: r.id, label: recordName(r) }))]} />
					<Line label={t('figures.recipient')} value={recipient} onInput={setRecipient} />
					<ActButton kind="main" disabled={wrong || chosen === ''} act={count}>{t('figures.count')}</ActButton>
				</div>
				<Trouble error={error} />
			</Panel>
			<Targets from={span.from} to={span.to} wrong={wrong} language={lang} />
			{shown !== undefined && <Shown ask={shown.ask} report={shown.report} onPublished={(report) => setShown({ ask: shown.ask, report })} />}
			<Runs />
		</div>
	);
}

function Shown({ ask, report, onPublished }: { ask: Ask; report: Report; onPublished: (r: Report) => void }) {
	const t = useT();
	const lang = useLanguage();
	const [asking, setAsking] = useState(false);
	const { error, run } = useTry();
	const file = (format: string): Promise<unknown> => run(async () => {
		if (saveAnswer(await figures.file(ask, format))) say(t('figures.saved'));
	});
	const publish = (): Promise<unknown> => run(async () => {
		onPublished(await figures.publish(ask));
		say(t('figures.published'));
		setAsking(false);
		changedHere('report_run');
	});
	const parts = useMemo(() => blocks(report.lines), [report]);
	const period = `${formatDate(lang, report.period.from)} – ${formatDate(lang, report.period.to)}`;
	return (
		<div class="report">
			<div class="head">
				<h2>{t('figures.title', { name: report.report.toUpperCase(), period })}</h2>
				<div class="row no-print">
					{['xlsx', 'csv', 'html', 'json'].map((f) => <ActButton key={f} small icon="out" act={() => file(f)} aria-label={t('figures.file', { name: f.toUpperCase() })}>{f.toUpperCase()}</ActButton>)}
					<Button small icon="print" onClick={() => print()}>{t('do.print')}</Button>
					{report.run === undefined && <Button small kind="main" onClick={() => setAsking(true)}>{t('figures.publish')}</Button>}
				</div>
			</div>
			<Trouble error={error} />
			<ReportHead report={report} />
			<Differences report={report} />
			{parts.map((b) => (b.kind === 'figures' ? <FigureTable key="figures" lines={b.lines} lang={ask.language} /> : null))}
			<div class="blocks">
				{parts.map((b, i) => (b.kind === 'figures' ? null : b.kind === 'table' ? <CellTable key={i} line={b.line} cells={b.cells} k={report.completeness.suppression.k} lang={ask.language} />
						: <ListLine key={i} line={b.line} items={b.items} lang={ask.language} />))}
			</div>
			<Completeness report={report} />
			{asking && (
				<Confirm title={t('figures.publish.ask')} yes={t('figures.publish')} act={publish} onClose={() => setAsking(false)}>
					<p>{t('figures.publish.text')}</p>
					<Trouble error={error} />
				</Confirm>
			)}
		</div>
	);
}
