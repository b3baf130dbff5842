/* Erasing for ever, with two persons; and what has been kept long enough. */
import { useState } from 'preact/hooks';
import { useLoad } from '../../base/load';
import { say } from '../../base/say';
import { useTry } from '../../base/try';
import { care, type Erasure } from '../../api/care';
import { changedHere, concerns, type Change } from '../../api/live';
import { useT } from '../../i18n';
import { Button, Empty, Panel, Trouble, Waiting } from '../../parts/basics';
import { Confirm } from '../../parts/dialog';
import type { ViewProps } from '../registry';
import { AskErase } from './ask';
import { ErasureCard } from './receipts';
import { RetentionPanel } from './retention';

export const erasing = (c: Change): boolean => c.kind === 'sync' || c.kind === 'members' || concerns(c, ['erasure', 'case', 'visit']);

/* The address may name a case: "#/lead/erase/1f2e…". */
export default function EraseView({ path }: ViewProps) {
	const t = useT();
	const all = useLoad((signal) => care.erasures(signal), [], erasing);
	const [asking, setAsking] = useState<Erasure>();
	const { error, run, clear } = useTry();
	const approve = (): Promise<unknown> => run(async () => {
		if (asking === undefined) return;
		await care.approveErase(asking.request);
		say(t('erase.approved'));
		setAsking(undefined);
		changedHere('erasure', 'case', 'visit');
	});
	const waiting = (all.data ?? []).filter((e) => e.state === 'waiting'), approved = (all.data ?? []).filter((e) => e.state === 'approved');
	return (
		<div class="stack">
			<div class="head"><h1>{t('lead.erase')}</h1></div>
			<Trouble error={all.error} again={all.again} />
			{waiting.length > 0 && (
				<section class="stack" aria-label={t('erase.waiting')}>
					<h2>{t('erase.waiting')}</h2>
					{waiting.map((e) => (
						<ErasureCard key={e.request} erasure={e} actions={<Button kind="main" small onClick={() => { clear(); setAsking(e); }}>{t('erase.approve')}</Button>} />
					))}
				</section>
			)}
			<div class="half">
				<AskErase id={path[0] ?? ''} />
				<RetentionPanel />
			</div>
			<section class="stack" aria-label={t('erase.done')}>
				<h2>{t('erase.done')}</h2>
				{all.data === undefined ? all.error === undefined && <Waiting /> : approved.length === 0 ? <Panel><Empty>{t('erase.none')}</Empty></Panel>
					: <div class="half">{approved.map((e) => <ErasureCard key={e.request} erasure={e} />)}</div>}
			</section>
			{asking !== undefined && (
				<Confirm danger title={t('erase.approve.ask')} yes={t('erase.approve')} act={approve} onClose={() => setAsking(undefined)}>
					<ul class="plain-list">
						<li>{t('erase.approve.gone', { n: asking.entries })}</li>
						<li>{t('erase.approve.figures')}</li>
						<li>{t('erase.approve.away')}</li>
						<li>{t('erase.approve.second', { name: asking.by })}</li>
					</ul>
					<Trouble error={error} />
				</Confirm>
			)}
		</div>
	);
}
