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
import type { Told } from '../../api/step';
import type { Peer, SyncResult } from '../../api/types';
import { formatAgo, useLanguage, useT } from '../../i18n';
import { ActButton, Empty, Facts, Notice, Own, Panel, Table, Tag, Trouble, Waiting } from '../../parts/basics';
import { custodyLine } from '../../parts/custody';
import type { ViewProps } from '../registry';
import { WaitingKeys } from '../people/waiting';
import { BroughtLine } from './brought';
import { CloseSite } from './close';
import { Exchanges } from './exchanges';
import { Hubs } from './hubs';
import { Plain } from './plain';
import { Stick } from './stick';

export default function InStep(_: ViewProps) {
	const t = useT();
	const status = useStore(app, (a) => a.status);
	const hubs = useStore(app, (a) => a.hubs);
	const alive = useStore(reachable);
	const [result, setResult] = useState<SyncResult & Told>();
	const [error, setError] = useState<ApiError>();
	const sync = async (): Promise<void> => {
		setError(undefined);
		try {
			setResult(await call<SyncResult & Told>('sync'));
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
					<Exchanges />
					<Peers peers={status.peers} />
				</div>
				<div class="stack">
					<WaitingKeys />
					<Plain status={status} />
					<Stick peers={status.peers} />
					<Hubs />
					<CloseSite />
				</div>
			</div>
		</div>
	);
}

function LastExchange({ result }: { result: SyncResult & Told }) {
	const t = useT();
	return (
		<div class="stack tight" role="status">
			{result.peers.map((p) => (
				<Notice key={p.id + p.name} kind={p.in_step ? 'good' : 'wait'} title={t(p.in_step ? 'step.now' : 'step.notnow', { name: p.name })} />
			))}
			<BroughtLine told={result} />
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
