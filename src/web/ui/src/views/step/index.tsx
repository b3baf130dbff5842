/*
 * In step: what is saved here, what others hold, what is missing where; the
 * stick for where there is no network; closing a site.
 */
import { useState } from 'preact/hooks';
import { app, loadStatus } from '../../base/app';
import { asApiError } from '../../base/load';
import { useStore } from '../../base/store';
import { call, reachable, type ApiError } from '../../api/client';
import { changedHere } from '../../api/live';
import type { Peer, Status, SyncResult } from '../../api/types';
import { formatAgo, useLanguage, useT } from '../../i18n';
import { ActButton, Empty, Facts, LinkButton, Notice, Own, Panel, Table, Tag, Trouble, Waiting } from '../../parts/basics';
import { custodyLine } from '../../parts/custody';
import { href } from '../../base/route';
import type { ViewProps } from '../registry';
import { WaitingKeys } from '../people/waiting';
import { Stick } from './stick';
import { CloseSite } from './close';

export default function InStep(_: ViewProps) {
	const t = useT();
	const status = useStore(app, (a) => a.status);
	const hubs = useStore(app, (a) => a.hubs);
	const alive = useStore(reachable);
	const [result, setResult] = useState<SyncResult>();
	const [error, setError] = useState<ApiError>();
	const sync = async (): Promise<void> => {
		setError(undefined);
		try {
			setResult(await call<SyncResult>('sync'));
			changedHere('visit', 'case', 'session', 'referral', 'queue');
			await loadStatus();
		} catch (x) {
			setError(asApiError(x));
		}
	};
	if (status === undefined) return <Waiting />;
	const line = custodyLine(t, alive, status, hubs);
	return (
		<div class="stack">
			<div class="head">
				<h1>{t('nav.step')}</h1>
				<ActButton kind="main" icon="step" act={sync}>{t('step.sync')}</ActButton>
			</div>
			<Trouble error={error} />
			{result !== undefined && <LastExchange result={result} />}
			<div class="two">
				<div class="stack">
					<Panel title={t('step.copies')}>
						<p class={`honest ${line.kind}`}>{line.text}</p>
						<Facts rows={[
							[t('step.only'), t('step.entries', { n: status.custody.only_here })],
							[t('step.hub'), t('step.entries', { n: status.custody.also_hub })],
							[t('step.else'), t('step.entries', { n: status.custody.elsewhere })],
						]} />
						<p class="help">{t('step.proof')}</p>
					</Panel>
					<Peers peers={status.peers} />
				</div>
				<div class="stack">
					<WaitingKeys />
					<Plain status={status} />
					<Stick peers={status.peers} />
					<CloseSite status={status} />
				</div>
			</div>
		</div>
	);
}

function LastExchange({ result }: { result: SyncResult }) {
	const t = useT();
	return (
		<div class="stack tight" role="status">
			{result.peers.map((p) => (
				<Notice key={p.id + p.name} kind={p.in_step ? 'good' : 'wait'} title={t(p.in_step ? 'step.now' : 'step.notnow', { name: p.name })}>
					{t('step.received', { n: p.received })} {t('step.sent', { n: p.sent })}
				</Notice>
			))}
		</div>
	);
}

function Peers({ peers }: { peers: readonly Peer[] }) {
	const t = useT();
	const lang = useLanguage();
	return (
		<Panel title={t('step.peers')}>
			{peers.length === 0 ? <Empty icon="people">{t('step.peers.none')}</Empty> : (
				<Table caption={t('step.peers')} rows={peers} rowKey={(p) => p.id} columns={[
					{ key: 'name', head: t('step.peer'), cell: (p) => <Own>{p.name}</Own> },
					{ key: 'seen', head: t('step.seen'), cell: (p) => (p.last_seen === null ? t('step.never') : formatAgo(lang, p.last_seen)) },
					{ key: 'missing', head: t('step.missing'), cell: (p) => (p.behind === 0
						? <Tag kind="good">{t('step.has.all')}</Tag> : <Tag kind="wait">{t('step.behind', { n: p.behind })}</Tag>) },
				]} />
			)}
		</Panel>
	);
}

/* What needs somebody's eyes, in plain words; the node's own sentences for whoever helps. */
function Plain({ status }: { status: Status }) {
	const t = useT();
	const said: { key: string; text: string; kind: 'wait' | 'bad' }[] = [];
	if (status.removed === true) said.push({ key: 'removed', text: t('plain.removed'), kind: 'bad' });
	if (status.forks.length > 0) said.push({ key: 'forks', text: t('plain.forks', { n: status.forks.length }), kind: 'bad' });
	if ((status.disputes ?? []).length > 0) said.push({ key: 'disputes', text: t('plain.disputes'), kind: 'bad' });
	if (status.waiting_adoption > 0) said.push({ key: 'adopt', text: t('plain.adopt', { n: status.waiting_adoption }), kind: 'wait' });
	if ((status.keys_waiting ?? 0) > 0) said.push({ key: 'keys', text: t('plain.keys', { n: status.keys_waiting ?? 0 }), kind: 'wait' });
	if (status.membership_age_days > 14) said.push({ key: 'age', text: t('plain.age', { n: status.membership_age_days }), kind: 'wait' });
	for (const s of status.silent ?? []) said.push({ key: `silent-${s.id}`, text: t('plain.silent', { name: s.name, n: s.days }), kind: 'wait' });
	return (
		<Panel title={t('plain.title')}>
			{status.conflicts > 0 && <Notice kind="wait" title={t('plain.conflicts', { n: status.conflicts })}
				actions={<LinkButton small href={href('cases')}>{t('nav.cases')}</LinkButton>} />}
			{said.map((s) => <Notice key={s.key} kind={s.kind}>{s.text}</Notice>)}
			{said.length === 0 && status.conflicts === 0 && status.warnings.length === 0 && <p class="soft">{t('plain.none')}</p>}
			{status.warnings.length > 0 && (
				<details><summary>{t('plain.details', { n: status.warnings.length })}</summary>
					<ul class="stack tight" lang="en" dir="ltr">{status.warnings.map((w) => <li key={w}><bdi>{w}</bdi></li>)}</ul>
				</details>
			)}
		</Panel>
	);
}
