/* What needs somebody's eyes, in plain words; the node's own sentences for whoever helps. */
import { href } from '../../base/route';
import type { Status } from '../../api/types';
import { useT } from '../../i18n';
import { LinkButton, Notice, Panel } from '../../parts/basics';

interface Said { key: string; text: string; kind: 'wait' | 'bad' }

function useSaid(status: Status): Said[] {
	const t = useT();
	const said: Said[] = [];
	const add = (kind: Said['kind'], key: string, text: string): void => void said.push({ key, text, kind });
	if (status.removed === true) add('bad', 'removed', t('plain.removed'));
	for (const name of new Set(status.forks.map((f) => f.device))) add('bad', `fork-${name}`, t('plain.fork', { name }));
	for (const c of status.copies ?? []) if (status.forks.every((f) => f.device !== c.name)) add('bad', `copy-${c.id}`, t('plain.fork', { name: c.name }));
	for (const d of status.disputes ?? []) add('bad', `dispute-${d.by}-${d.target}`, t('plain.dispute', { name: d.by, other: d.target }));
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

export function Plain({ status }: { status: Status }) {
	const t = useT();
	const said = useSaid(status);
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
