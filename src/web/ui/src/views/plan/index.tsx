/* What the coming week has planned, and who is there; on paper too. */
import { useRef, useState } from 'preact/hooks';
import { app } from '../../base/app';
import { useLoad } from '../../base/load';
import { useStore } from '../../base/store';
import { useTry } from '../../base/try';
import { concerns } from '../../api/live';
import { get } from '../../api/records';
import { dayAfter, times, type Planned, type Sheet as FormSheet } from '../../api/times';
import type { Rec } from '../../api/types';
import { RecordDialog } from '../../form/record';
import { choiceLabel, scalars, text } from '../../form/profile';
import type { Values } from '../../form/values';
import { formatDate, formatDay, today, useLanguage, useT } from '../../i18n';
import { ActButton, Button, Own, Panel, Tag, Trouble, Waiting } from '../../parts/basics';
import { printSheets, Sheet } from '../../parts/print';
import type { ViewProps } from '../registry';
import { FillIn } from './sheet';

const DAYS = 7;
const FIELDS = ['status', 'date', 'site', 'start', 'end', 'staff', 'kind', 'channel', 'partner', 'cancel_reason'];

interface Row extends Planned { staff: string[]; record: Rec | undefined }
interface DayPlan { date: string; rows: Row[] }

async function plan(from: string, signal: AbortSignal): Promise<DayPlan[]> {
	const dates = Array.from({ length: DAYS }, (_, i) => dayAfter(from, i));
	return Promise.all(dates.map(async (date) => {
		const planned = await times.planned(date, signal);
		const rows = await Promise.all(planned.map(async (p): Promise<Row> => {
			const record = p.session === null ? undefined : await get(p.session, false, signal);
			/* What the session itself says goes before the opening that it stands for. */
			return { ...p, opens: text(record, 'start') || p.opens, closes: text(record, 'end') || p.closes, record, staff: scalars(record?.fields['staff']).map(String) };
		}));
		return { date, rows };
	}));
}

type Open = { record: Rec } | { start: Values };

export default function Plan(_: ViewProps) {
	const t = useT();
	const lang = useLanguage();
	const [from, setFrom] = useState(today);
	const week = useLoad((signal) => plan(from, signal), [from], (c) => concerns(c, ['session', 'opening', 'site']));
	const [open, setOpen] = useState<Open>();
	const [fill, setFill] = useState<FormSheet>();
	const { error, run } = useTry();
	const paper = useRef<HTMLDivElement>(null);
	const days = week.data;
	const until = dayAfter(from, DAYS - 1);
	const start = (date: string, more: Values = {}): Values => ({ status: ['planned'], date: [date], ...more });
	return (
		<div class="stack">
			<div class="head">
				<h1>{t('more.plan')}</h1>
				<Button kind="main" icon="plus" onClick={() => setOpen({ start: start(from) })}>{t('plan.new')}</Button>
			</div>
			<div class="week">
				<Button small icon="back" aria-label={t('plan.before')} title={t('plan.before')} onClick={() => setFrom(dayAfter(from, -DAYS))} />
				<strong>{formatDate(lang, from)} – {formatDate(lang, until)}</strong>
				<Button small icon="forward" aria-label={t('plan.after')} title={t('plan.after')} onClick={() => setFrom(dayAfter(from, DAYS))} />
			</div>
			<div class="row">
				<Button small icon="print" disabled={days === undefined} onClick={() => paper.current !== null && printSheets(paper.current.querySelectorAll('.sheet'))}>{t('plan.print')}</Button>
				<ActButton small icon="print" act={() => run(async () => setFill(await times.sheet(lang)))}>{t('sheet.show')}</ActButton>
			</div>
			<Trouble error={error ?? (days === undefined ? week.error : undefined)} again={week.again} />
			{days === undefined ? week.error === undefined && <Waiting /> : (
				<>
					<div class="days">
						{days.map((d) => (
							<Panel key={d.date} title={formatDay(lang, d.date)}>
								{d.rows.length === 0 ? <p class="soft">{t('plan.nothing')}</p> : (
									<ul class="plan-rows">
										{d.rows.map((r, i) => (
											<PlanRow key={r.session ?? `${r.opening ?? ''} ${i}`} row={r} onOpen={() => setOpen(r.record !== undefined ? { record: r.record }
												: { start: start(d.date, { site: [r.site], start: [r.opens], end: [r.closes] }) })} />
										))}
									</ul>
								)}
							</Panel>
						))}
					</div>
					<div ref={paper} class="unseen" aria-hidden="true"><StaffSheet days={days} from={from} until={until} /></div>
				</>
			)}
			{open !== undefined && <RecordDialog type="session" fields={FIELDS} {...open} title={t('plan.edit')} onClose={() => setOpen(undefined)} />}
			{fill !== undefined && <FillIn sheet={fill} onClose={() => setFill(undefined)} />}
		</div>
	);
}

function PlanRow({ row, onOpen }: { row: Row; onOpen: () => void }) {
	const t = useT();
	const lang = useLanguage();
	const status = useStore(app, (a) => a.profile?.field('session', 'status'));
	const time = row.opens === '' ? '' : row.closes === '' ? row.opens : `${row.opens}–${row.closes}`;
	return (
		<li class={row.status === 'cancelled' ? 'cancelled' : ''}>
			<div class="row">
				<strong><Own>{row.name}</Own></strong>
				{time !== '' && <bdi dir="ltr">{time}</bdi>}
				{row.status !== null && status !== undefined && <Tag kind={row.status === 'cancelled' ? 'bad' : row.status === 'held' ? 'good' : 'plain'}>{choiceLabel(status, row.status, lang)}</Tag>}
			</div>
			<div class="row">
				{row.staff.length > 0 ? <Own>{row.staff.join(', ')}</Own> : row.status !== 'cancelled' && <Tag kind="wait">{t('plan.nobody')}</Tag>}
				<Button small icon="pen" onClick={onOpen} aria-label={`${t('plan.staff')}: ${row.name}`}>{t('plan.staff')}</Button>
			</div>
		</li>
	);
}

/* For the wall: who is where, and when. */
function StaffSheet({ days, from, until }: { days: readonly DayPlan[]; from: string; until: string }) {
	const t = useT();
	const lang = useLanguage();
	const org = useStore(app, (a) => a.org);
	return (
		<Sheet lang={lang}>
			<h2><bdi>{org}</bdi>: {t('plan.sheet')} {formatDate(lang, from)} – {formatDate(lang, until)}</h2>
			<table>
				<thead><tr><th>{t('times.day')}</th><th>{t('figures.site')}</th><th>{t('times.time')}</th><th>{t('plan.who')}</th></tr></thead>
				<tbody>
					{days.flatMap((d) => d.rows.filter((r) => r.status !== 'cancelled').map((r, i) => (
						<tr key={`${d.date} ${i}`}><td>{formatDay(lang, d.date)}</td><td><bdi>{r.name}</bdi></td><td dir="ltr">{r.opens}–{r.closes}</td><td><bdi>{r.staff.join(', ')}</bdi></td></tr>
					)))}
				</tbody>
			</table>
		</Sheet>
	);
}
