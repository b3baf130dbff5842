/*
 * The review: reads and changes nothing. What this device can vouch for, how
 * far the others have come, copies that differ, receipts of what was erased.
 */
import { useState } from 'preact/hooks';
import { app } from '../../base/app';
import { useLoad } from '../../base/load';
import { useStore } from '../../base/store';
import { call, type ApiError } from '../../api/client';
import { care, type Verified } from '../../api/care';
import { lead } from '../../api/lead';
import { step } from '../../api/step';
import { asApiError } from '../../base/load';
import { useTry } from '../../base/try';
import type { Change } from '../../api/live';
import type { Peer, Status } from '../../api/types';
import { formatAgo, useLanguage, useT } from '../../i18n';
import { ActButton, Button, Code, Empty, Facts, Line, Notice, Own, Panel, Table, Tag, Trouble, Waiting } from '../../parts/basics';
import { ErasureCard } from '../erase/receipts';
import { Runs } from '../figures/runs';
import { AlarmList } from '../people/alarmlist';
import { alarms } from '../people/alarms';
import type { ViewProps } from '../registry';

const matters = (c: Change): boolean => c.kind !== 'invite' && c.kind !== 'conflicts';

export default function Review(_: ViewProps) {
	const t = useT();
	const all = useLoad(async (signal) => {
		const [status, members, erasures] = await Promise.all([step.status(signal), lead.members(signal), care.erasures(signal)]);
		return { status, members, erasures };
	}, [], matters);
	const here = all.data;
	const auditor = useStore(app, (a) => a.role === 'auditor' || a.role === 'hub');
	return (
		<div class="stack">
			<div class="head">
				<h1>{t('nav.review')}</h1>
				<Button icon="print" onClick={() => print()}>{t('do.print')}</Button>
			</div>
			<p class="help">{t('review.text')} {auditor && t('review.names')}</p>
			<Verify />
			<Trouble error={all.error} again={all.again} />
			{here === undefined ? all.error === undefined && <Waiting /> : (
				<>
					<AlarmList alarms={alarms(here.members, here.status)} />
					<Frontier status={here.status} reads={!auditor} />
					<section class="stack" aria-label={t('review.erasures')}>
						<h2>{t('review.erasures')}</h2>
						{here.erasures.length === 0 ? <Panel><Empty>{t('erase.none')}</Empty></Panel>
							: <div class="half">{here.erasures.map((e) => <ErasureCard key={e.request} erasure={e} />)}</div>}
					</section>
				</>
			)}
			{!auditor && <Runs />}
		</div>
	);
}

function Verify() {
	const t = useT();
	const [done, setDone] = useState<Verified>();
	const [error, setError] = useState<ApiError>();
	const run = async (): Promise<void> => {
		setDone(undefined);
		setError(undefined);
		try {
			setDone(await care.verify());
		} catch (x) {
			setError(asApiError(x));
		}
	};
	return (
		<Panel title={t('verify.title')}>
			<p class="help">{t('verify.text')}</p>
			<div><ActButton kind="main" icon="check" act={run}>{t('verify.do')}</ActButton></div>
			{done !== undefined && (
				<Notice live kind="good" title={t('verify.ok')}>
					<p>{t('verify.size', { n: done.entries, logs: done.logs })}</p>
				</Notice>
			)}
			{error !== undefined && (error.code === 'damaged' ? (
				<Notice live kind="bad" title={t('verify.bad')}>
					<p>{t('verify.bad.text')}</p>
					<p class="exact" dir="ltr" lang="en">{error.message}</p>
				</Notice>
			) : <Trouble error={error} />)}
		</Panel>
	);
}

/* As it is read aloud: sixteen digits in fours. */
const code = (hex: string): string => hex.slice(0, 16).replace(/(....)(?=.)/g, '$1 ');

/* The other device's code, typed as it was heard. */
function Compare({ own, state }: { own: string; state: string | undefined }) {
	const t = useT();
	const [heard, setHeard] = useState('');
	const digits = heard.replace(/[^0-9a-f]/gi, '').toLowerCase();
	const same = digits.length >= 16 && [own, ...(state !== undefined ? [state] : [])].some((c) => c.startsWith(digits.slice(0, 64)));
	return (
		<div class="stack tight no-print">
			<Line label={t('frontier.other')} help={t('frontier.other.help')} value={heard} onInput={setHeard} dir="ltr" max={80} />
			{digits.length >= 16 && (same ? <Notice live kind="good" title={t('frontier.same')} /> : <Notice live kind="wait" title={t('frontier.differ')}><p>{t('frontier.differ.text')}</p></Notice>)}
		</div>
	);
}

/* Two devices that show the same code hold the same changes; it can be read aloud. */
function Frontier({ status, reads }: { status: Status; reads: boolean }) {
	const t = useT();
	const lang = useLanguage();
	/* What holds, over every record, takes its time after a change: counted when somebody wants it. */
	const [state, setState] = useState<{ hash: string; of: string }>();
	const { error, run } = useTry();
	const count = (): Promise<unknown> => run(async () => {
		const whole = await call<Status>('status');
		setState({ hash: whole.state_hash ?? '', of: whole.frontier });
	});
	const ahead = (p: Peer) => ((p.ahead ?? 0) > 0 ? <Tag kind="wait">{t('frontier.ahead', { n: p.ahead ?? 0 })}</Tag> : null);
	return (
		<Panel title={t('frontier.title')}>
			<Facts rows={[
				[t('frontier.entries'), t('step.entries', { n: status.entries })],
				[t('frontier.code'), <Code>{code(status.frontier)}</Code>],
				reads && [t('frontier.state'), state !== undefined && state.of === status.frontier ? <Code>{code(state.hash)}</Code>
					: <ActButton small act={count} aria-label={t('frontier.count.of')}>{t('frontier.count')}</ActButton>],
			]} />
			<p class="help">{t('frontier.text')}</p>
			<Trouble error={error} />
			<Compare own={status.frontier} state={state !== undefined && state.of === status.frontier ? state.hash : undefined} />
			{status.peers.length === 0 ? <Empty icon="people">{t('step.peers.none')}</Empty> : (
				<Table caption={t('frontier.title')} rows={status.peers} rowKey={(p) => p.id} columns={[
					{ key: 'name', head: t('step.peer'), cell: (p) => <Own>{p.name}</Own> },
					{ key: 'seen', head: t('step.seen'), cell: (p) => (p.last_seen === null ? t('step.never') : formatAgo(lang, p.last_seen)) },
					{ key: 'behind', head: t('frontier.where'), cell: (p) => <>{p.behind === 0 ? <Tag kind="good">{t('step.has.all')}</Tag> : <Tag kind="wait">{t('step.behind', { n: p.behind })}</Tag>} {ahead(p)}</> },
				]} />
			)}
			{status.forks.length > 0 && (
				<Table seen caption={t('frontier.forks')} rows={status.forks} rowKey={(f) => `${f.device} ${f.stream} ${f.seq}`} columns={[
					{ key: 'device', head: t('step.peer'), cell: (f) => <Own>{f.device}</Own> },
					{ key: 'seq', head: t('frontier.from'), number: true, cell: (f) => f.seq },
					{ key: 'entries', head: t('exposure.changes'), number: true, cell: (f) => f.entries },
				]} />
			)}
		</Panel>
	);
}
