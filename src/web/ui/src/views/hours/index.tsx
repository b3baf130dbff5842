/* Volunteers' hours: made from who staffed which session, and confirmed by a coordinator. */
import { useState } from 'preact/hooks';
import { app } from '../../base/app';
import { useLoad } from '../../base/load';
import { say } from '../../base/say';
import { useStore } from '../../base/store';
import { useTry } from '../../base/try';
import { changedHere, concerns } from '../../api/live';
import { list } from '../../api/records';
import { times, type Hours } from '../../api/times';
import type { Rec } from '../../api/types';
import { RecordDialog } from '../../form/record';
import { choiceLabel, text } from '../../form/profile';
import { formatDate, today, useLanguage, useT } from '../../i18n';
import { formatNumber } from '../../i18n/catalogue';
import { ActButton, Button, Empty, Line, Notice, Own, Panel, Table, Tag, Trouble, Waiting } from '../../parts/basics';
import { Dialog } from '../../parts/dialog';
import type { ViewProps } from '../registry';

export default function HoursView(_: ViewProps) {
	const t = useT();
	const [since, setSince] = useState(`${today().slice(0, 7)}-01`);
	const [until, setUntil] = useState(today);
	return (
		<div class="narrow stack">
			<div class="head"><h1>{t('more.hours')}</h1></div>
			<div class="ask-bar">
				<Line type="date" label={t('figures.from')} value={since} onInput={setSince} />
				<Line type="date" label={t('figures.to')} value={until} onInput={setUntil} />
			</div>
			{since !== '' && until !== '' && <Period key={`${since} ${until}`} since={since} until={until} />}
			<Volunteers />
		</div>
	);
}

function Period({ since, until }: { since: string; until: string }) {
	const t = useT();
	const lang = useLanguage();
	const lead = useStore(app, (a) => a.role === 'coordinator');
	const kind = useStore(app, (a) => a.profile?.field('hours', 'kind'));
	const all = useLoad((signal) => times.hours(since, until, signal), [since, until], (c) => concerns(c, ['hours', 'session', 'volunteer']));
	const [strange, setStrange] = useState(0);
	const [fixing, setFixing] = useState<Hours>();
	const { error, run } = useTry();
	const derive = (): Promise<unknown> => run(async () => {
		const done = await times.derive();
		setStrange(done.warnings.length);
		say(t('hours.derived', { n: done.derived.length }));
		changedHere('hours');
	});
	const confirm = (rows: readonly Hours[]): Promise<unknown> => run(async () => {
		const done = await times.confirm(rows.map((h) => h.id));
		say(t('hours.confirmed.n', { n: done.confirmed }));
		changedHere('hours');
	});
	const rows = all.data?.hours ?? [], open = rows.filter((h) => !h.confirmed);
	if (all.data === undefined) return all.error !== undefined ? <Trouble error={all.error} again={all.again} /> : <Waiting />;
	return (
		<Panel title={t('hours.title')} actions={<ActButton small act={derive}>{t('hours.derive')}</ActButton>}>
			<p class="help">{t('hours.text')}</p>
			{strange > 0 && <Notice live kind="wait" title={t('hours.strange', { n: strange })}><p>{t('hours.strange.text')}</p></Notice>}
			{rows.length === 0 ? <Empty icon="clock">{t('hours.none')}</Empty> : (
				<>
					<p class="honest">{t('hours.sum', { all: formatNumber(lang, all.data.total), done: formatNumber(lang, all.data.confirmed_total) })}</p>
					<Table caption={t('hours.title')} rows={rows} rowKey={(h) => h.id} columns={[
						{ key: 'name', head: t('people.who'), cell: (h) => <Own>{h.name}</Own> },
						{ key: 'date', head: t('times.day'), cell: (h) => formatDate(lang, h.date) },
						{ key: 'hours', head: t('hours.hours'), number: true, cell: (h) => formatNumber(lang, h.hours) },
						{ key: 'kind', head: t('dir.type'), cell: (h) => (h.kind === null || kind === undefined ? '–' : choiceLabel(kind, h.kind, lang)) },
						{ key: 'state', head: t('order.state'), cell: (h) => (h.confirmed ? <Tag kind="good">{t('hours.confirmed')}</Tag> : lead ? (
							<div class="row">
								<ActButton small kind="main" act={() => confirm([h])} aria-label={`${t('hours.confirm')}: ${h.name}, ${formatDate(lang, h.date)}`}>{t('hours.confirm')}</ActButton>
								<Button small onClick={() => setFixing(h)} aria-label={`${t('do.change')}: ${h.name}, ${formatDate(lang, h.date)}`}>{t('do.change')}</Button>
							</div>
						) : <Tag kind="wait">{t('hours.open')}</Tag>) },
					]} />
					{lead && open.length > 1 && <div><ActButton act={() => confirm(open)}>{t('hours.all', { n: open.length })}</ActButton></div>}
				</>
			)}
			<Trouble error={error} />
			{fixing !== undefined && <FixDialog hours={fixing} onClose={() => setFixing(undefined)} />}
		</Panel>
	);
}

function FixDialog({ hours: h, onClose }: { hours: Hours; onClose: () => void }) {
	const t = useT();
	const [figure, setFigure] = useState(String(h.hours));
	const { error, run } = useTry();
	const plain = figure.trim().replace(',', '.'), fits = /^\d{1,3}(\.\d{1,2})?$/.test(plain);
	const save = (): Promise<unknown> => run(async () => {
		await times.confirm([h.id], plain);
		say(t('hours.confirmed.n', { n: 1 }));
		changedHere('hours');
		onClose();
	});
	return (
		<Dialog title={t('hours.fix', { name: h.name })} onClose={onClose} actions={<>
			<Button onClick={onClose}>{t('do.cancel')}</Button>
			<ActButton kind="main" disabled={!fits} act={save}>{t('hours.confirm')}</ActButton>
		</>}>
			<Line label={t('hours.hours')} inputmode="decimal" dir="ltr" value={figure} onInput={setFigure} autofocus error={fits ? undefined : t('field.number')} />
			<Trouble error={error} />
		</Dialog>
	);
}

function Volunteers() {
	const t = useT();
	const lang = useLanguage();
	const known = useStore(app, (a) => a.profile?.has('volunteer') === true);
	const all = useLoad((signal) => (known ? list('volunteer', {}, 300, {}, signal) : Promise.resolve([])), [known], (c) => concerns(c, ['volunteer']));
	const [open, setOpen] = useState<Rec | 'new'>();
	if (!known) return null;
	const name = (r: Rec): string => text(r, 'name') || text(r, 'code') || r.id.slice(0, 6);
	const rows = [...(all.data ?? [])].sort((a, b) => name(a).localeCompare(name(b), lang));
	return (
		<Panel title={t('volunteers.title')} actions={<Button small icon="plus" onClick={() => setOpen('new')}>{t('volunteers.new')}</Button>}>
			<Trouble error={all.error} again={all.again} />
			{all.data !== undefined && (rows.length === 0 ? <Empty icon="people">{t('volunteers.none')}</Empty> : (
				<Table caption={t('volunteers.title')} rows={rows} rowKey={(r) => r.id} columns={[
					{ key: 'name', head: t('people.who'), cell: (r) => <Own>{name(r)}</Own> },
					{ key: 'start', head: t('keep.since'), cell: (r) => (text(r, 'start') === '' ? '–' : formatDate(lang, text(r, 'start'))) },
					{ key: 'do', head: <span class="unseen">{t('do.change')}</span>, cell: (r) => <Button small onClick={() => setOpen(r)} aria-label={`${t('do.change')}: ${name(r)}`}>{t('do.change')}</Button> },
				]} />
			))}
			{open !== undefined && <RecordDialog type="volunteer" {...(open === 'new' ? {} : { record: open })} onClose={() => setOpen(undefined)} />}
		</Panel>
	);
}
