/* What needs somebody's eyes, in plain words; the node's own sentences for whoever helps. */
import { loadStatus } from '../../base/app';
import { href } from '../../base/route';
import { useTry } from '../../base/try';
import { lead } from '../../api/lead';
import type { Status } from '../../api/types';
import { listed, useLanguage, useT } from '../../i18n';
import { ActButton, LinkButton, Notice, Panel, Trouble } from '../../parts/basics';
import { PaperNotice } from '../../parts/paper';

interface Said { key: string; text: string; kind: 'wait' | 'bad'; granted?: string }

/* One notice a device, whatever it has granted itself. */
function granted(status: Status): { id: string; name: string; teams: string[] }[] {
	const by = new Map<string, { id: string; name: string; teams: string[] }>();
	for (const g of status.self_granted ?? []) by.set(g.id, { id: g.id, name: g.name, teams: [...(by.get(g.id)?.teams ?? []), g.team] });
	return [...by.values()];
}

function useSaid(status: Status): Said[] {
	const t = useT();
	const lang = useLanguage();
	const said: Said[] = [];
	const add = (kind: Said['kind'], key: string, text: string): void => void said.push({ key, text, kind });
	if (status.removed === true) add('bad', 'removed', t('plain.removed'));
	for (const name of new Set(status.forks.map((f) => f.device))) add('bad', `fork-${name}`, t('plain.fork', { name }));
	for (const c of status.copies ?? []) if (status.forks.every((f) => f.device !== c.name)) add('bad', `copy-${c.id}`, t('plain.fork', { name: c.name }));
	for (const d of status.disputes ?? []) add('bad', `dispute-${d.by}-${d.target}`, t('plain.dispute', { name: d.by, other: d.target }));
	for (const g of granted(status)) said.push({ key: `grant-${g.id}`, kind: 'wait', granted: g.id, text: t('alarm.selfgrant', { name: g.name, teams: listed(lang, g.teams) }) });
	if (status.leaving === true) add('wait', 'leaving', t('closing.leaving'));
	if (status.moved === true) add('wait', 'moved', t('plain.moved'));
	if (status.waiting_adoption > 0) add('wait', 'adopt', t('plain.adopt', { n: status.waiting_adoption }));
	if ((status.keys_waiting ?? 0) > 0) add('wait', 'keys', t('keys.count', { n: status.keys_waiting ?? 0 }));
	if ((status.unreadable ?? 0) > 0) add('wait', 'unreadable', t('plain.unreadable', { n: status.unreadable ?? 0 }));
	if ((status.newer ?? 0) > 0) add('wait', 'newer', t('plain.newer', { n: status.newer ?? 0 }));
	if (status.membership_age_days > 14) add('wait', 'age', t('plain.age', { n: status.membership_age_days }));
	for (const p of status.peers)
		for (const l of p.lacks_of ?? []) add('wait', `lag-${p.id}-${l.id}`, t('plain.lag', { n: l.entries, name: p.name, other: l.name, days: l.days }));
	for (const s of status.silent ?? [])
		add('wait', `silent-${s.id}`, s.days === null ? t('alarm.silent.never', { name: s.name }) : t('plain.silent', { name: s.name, n: s.days }));
	return said;
}

/* Everybody is told that a coordinator reads by her own word, until somebody at this computer knows why. */
function SelfGranted({ device, title }: { device: string; title: string }) {
	const t = useT();
	const { error, run } = useTry();
	const seen = (): Promise<unknown> => run(async () => {
		await lead.seen(device);
		await loadStatus();
	});
	return (
		<Notice kind="wait" title={title} actions={<ActButton small act={seen}>{t('alarm.selfgrant.seen')}</ActButton>}>
			<p>{t('alarm.selfgrant.text')}</p>
			<Trouble error={error} />
		</Notice>
	);
}

export function Plain({ status }: { status: Status }) {
	const t = useT();
	const said = useSaid(status);
	return (
		<Panel title={t('plain.title')}>
			{status.conflicts > 0 && <Notice kind="wait" title={t('plain.conflicts', { n: status.conflicts })}
				actions={<LinkButton small href={href('cases')}>{t('nav.cases')}</LinkButton>} />}
			<PaperNotice status={status} here />
			{said.map((s) => (s.granted === undefined ? <Notice key={s.key} kind={s.kind}>{s.text}</Notice>
				: <SelfGranted key={s.key} device={s.granted} title={s.text} />))}
			{said.length === 0 && status.conflicts === 0 && status.warnings.length === 0 && <p class="soft">{t('plain.none')}</p>}
			{status.warnings.length > 0 && (
				<details><summary>{t('plain.details', { n: status.warnings.length })}</summary>
					<ul class="stack tight" lang="en" dir="ltr">{status.warnings.map((w) => <li key={w}><bdi>{w}</bdi></li>)}</ul>
				</details>
			)}
		</Panel>
	);
}
