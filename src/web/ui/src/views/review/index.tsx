/*
 * The review: reads and changes nothing. What this device can vouch for, how
 * far the others have come, copies that differ, receipts of what was erased.
 */
import { useState } from 'preact/hooks';
import { useLoad } from '../../base/load';
import { call, type ApiError } from '../../api/client';
import { care, type Verified } from '../../api/care';
import { lead, type Heard } from '../../api/lead';
import { asApiError } from '../../base/load';
import type { Change } from '../../api/live';
import type { Peer } from '../../api/types';
import { formatAgo, useLanguage, useT } from '../../i18n';
import { ActButton, Button, Code, Empty, Facts, Notice, Own, Panel, Table, Tag, Trouble, Waiting } from '../../parts/basics';
import { ErasureCard } from '../erase/receipts';
import { Runs } from '../figures/runs';
import { AlarmList } from '../people/alarmlist';
import { alarms } from '../people/alarms';
import type { ViewProps } from '../registry';

const matters = (c: Change): boolean => c.kind !== 'invite' && c.kind !== 'conflicts';

export default function Review(_: ViewProps) {
	const t = useT();
	const all = useLoad(async (signal) => {
		const [status, members, erasures] = await Promise.all([call<Heard>('status', {}, signal), lead.members(signal), care.erasures(signal)]);
		return { status, members, erasures };
	}, [], matters);
	const here = all.data;
	return (
		<div class="stack">
			<div class="head">
				<h1>{t('nav.review')}</h1>
				<Button icon="print" onClick={() => print()}>{t('do.print')}</Button>
			</div>
			<p class="help">{t('review.text')}</p>
			<Verify />
			<Trouble error={all.error} again={all.again} />
			{here === undefined ? all.error === undefined && <Waiting /> : (
				<>
					<AlarmList alarms={alarms(here.members, here.status)} />
					<Frontier status={here.status} />
					<section class="stack" aria-label={t('review.erasures')}>
						<h2>{t('review.erasures')}</h2>
						{here.erasures.length === 0 ? <Panel><Empty>{t('erase.none')}</Empty></Panel>
							: <div class="half">{here.erasures.map((e) => <ErasureCard key={e.request} erasure={e} />)}</div>}
					</section>
				</>
			)}
			<Runs />
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

/* Two devices that show the same code hold the same changes; it can be read aloud. */
function Frontier({ status }: { status: Heard }) {
	const t = useT();
	const lang = useLanguage();
	const code = (hex: string): string => hex.slice(0, 16).replace(/(....)(?=.)/g, '$1 ');
	const ahead = (p: Peer) => ((p.ahead ?? 0) > 0 ? <Tag kind="wait">{t('frontier.ahead', { n: p.ahead ?? 0 })}</Tag> : null);
	return (
		<Panel title={t('frontier.title')}>
			<Facts rows={[
				[t('frontier.entries'), t('step.entries', { n: status.entries })],
				[t('frontier.code'), <Code>{code(status.frontier)}</Code>],
				[t('frontier.state'), <Code>{code(status.state_hash ?? '')}</Code>],
			]} />
			<p class="help">{t('frontier.text')}</p>
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
