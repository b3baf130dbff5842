/* What has been kept as long as the programme says: shown first, run by a person, under an order of two. */
import { useState } from 'preact/hooks';
import { app } from '../../base/app';
import { useLoad } from '../../base/load';
import { say } from '../../base/say';
import { useStore } from '../../base/store';
import { useTry } from '../../base/try';
import { care, type DueRow, type Order } from '../../api/care';
import { changedHere, concerns } from '../../api/live';
import { label } from '../../form/profile';
import { formatDate, useLanguage, useT } from '../../i18n';
import { ActButton, Button, Code, Line, Own, Panel, Table, Tag, Trouble } from '../../parts/basics';
import { Confirm } from '../../parts/dialog';

export function RetentionPanel() {
	const t = useT();
	const lang = useLanguage();
	const dry = useLoad((signal) => care.retention(true, signal), [], (c) => concerns(c, ['erasure', 'retention_order']));
	const [asking, setAsking] = useState(false);
	const { error, run } = useTry();
	const start = (): Promise<unknown> => run(async () => {
		const done = await care.retention(false);
		say(t('keep.ran', { asked: done.asked.length, approved: done.approved.length }));
		setAsking(false);
		changedHere('erasure', 'case', 'visit');
	});
	const d = dry.data;
	return (
		<Panel title={t('keep.title')}>
			<p class="help">{t('keep.text')}</p>
			<Trouble error={dry.error} again={dry.again} />
			{d !== undefined && (
				<>
					<p class="honest">{d.due.length === 0 ? t('keep.nothing', { date: formatDate(lang, d.today) }) : t('keep.due', { n: d.due.length, date: formatDate(lang, d.today) })}</p>
					{d.due.length > 0 && <DueTable caption={t('keep.rows')} rows={d.due} />}
					{d.kept.length > 0 && <details><summary>{t('keep.kept', { n: d.kept.length })}</summary><DueTable caption={t('keep.kept.caption')} rows={d.kept} /></details>}
					<p>{t(d.order === null ? 'keep.noorder' : 'keep.order')}</p>
					{d.due.length > 0 && <div><Button kind="danger" onClick={() => setAsking(true)}>{t('keep.run')}</Button></div>}
				</>
			)}
			<Orders />
			{asking && d !== undefined && (
				<Confirm danger title={t('keep.run.ask', { n: d.due.length })} yes={t('keep.run')} act={start} onClose={() => setAsking(false)}>
					<p>{t(d.order === null ? 'keep.run.two' : 'keep.run.order')}</p>
					<Trouble error={error} />
				</Confirm>
			)}
		</Panel>
	);
}

function DueTable({ caption, rows }: { caption: string; rows: readonly DueRow[] }) {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	return (
		<Table caption={caption} rows={rows} rowKey={(r) => r.id} columns={[
			{ key: 'what', head: t('late.what'), cell: (r) => <>{label(profile?.type(r.type)?.label, lang, r.type)} <Code>{r.id.slice(0, 6)}</Code></> },
			{ key: 'since', head: t('keep.since'), cell: (r) => formatDate(lang, r.since) },
			{ key: 'due', head: t('keep.until'), cell: (r) => formatDate(lang, r.due) },
			{ key: 'rule', head: t('figures.rule'), cell: (r) => <Own>{r.kept_by ?? r.rule}</Own> },
		]} />
	);
}

function Orders() {
	const t = useT();
	const lang = useLanguage();
	const orders = useLoad((signal) => care.orders(signal), [], (c) => concerns(c, ['retention_order']));
	const [until, setUntil] = useState('');
	const [reason, setReason] = useState('');
	const { error, run } = useTry();
	const act = (deed: () => Promise<unknown>, said: string): Promise<unknown> => run(async () => {
		await deed();
		say(said);
		changedHere('retention_order');
	});
	const state = (o: Order) => <Tag kind={o.state === 'standing' ? 'good' : o.state === 'waiting' ? 'wait' : 'plain'}>{t(`order.${o.state}`)}</Tag>;
	return (
		<details>
			<summary>{t('order.title', { n: (orders.data ?? []).filter((o) => o.state === 'standing').length })}</summary>
			<div class="stack">
				<p class="help">{t('order.text')}</p>
				{(orders.data ?? []).length > 0 && (
					<Table caption={t('order.caption')} rows={orders.data ?? []} rowKey={(o) => o.id} columns={[
						{ key: 'until', head: t('order.until'), cell: (o) => formatDate(lang, o.until) },
						{ key: 'state', head: t('order.state'), cell: state },
						{ key: 'by', head: t('order.by'), cell: (o) => <Own>{o.by}</Own> },
						{ key: 'reason', head: t('order.reason'), cell: (o) => <Own>{o.reason}</Own> },
						{ key: 'do', head: <span class="unseen">{t('do.change')}</span>, cell: (o) => (
							<div class="row">
								{o.state === 'waiting' && <ActButton small kind="main" act={() => act(() => care.approveOrder(o.id), t('order.approved'))}>{t('order.approve')}</ActButton>}
								{(o.state === 'waiting' || o.state === 'standing') && <ActButton small act={() => act(() => care.endOrder(o.id), t('order.ended.now'))}>{t('order.end')}</ActButton>}
							</div>
						) },
					]} />
				)}
				<h3>{t('order.new')}</h3>
				<Line type="date" label={t('order.until')} value={until} onInput={setUntil} />
				<Line label={t('order.reason')} help={t('order.reason.help')} value={reason} onInput={setReason} />
				<div><ActButton disabled={until === ''} act={() => act(() => care.propose(until, reason.trim()), t('order.proposed'))}>{t('order.propose')}</ActButton></div>
				<Trouble error={error ?? orders.error} />
			</div>
		</details>
	);
}
