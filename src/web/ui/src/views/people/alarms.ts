/* What in the membership needs a coordinator's eyes, worst first. */
import type { Member, Status } from '../../api/types';

export type Alarm =
	| { kind: 'dispute'; by: string; target: string }
	| { kind: 'copies'; name: string; self: boolean; older: number; newer: number }
	| { kind: 'fork'; name: string; n: number }
	| { kind: 'selfgrant'; id: string; name: string; teams: string }
	| { kind: 'silent'; name: string; days: number | null }
	| { kind: 'late'; n: number }
	| { kind: 'keys'; n: number };

export function alarms(members: readonly Member[], status: Status | undefined): Alarm[] {
	const out: Alarm[] = [];
	for (const d of status?.disputes ?? []) out.push({ kind: 'dispute', by: d.by, target: d.target });
	const copied = new Set<string>();
	for (const c of status?.copies ?? []) {
		copied.add(c.name);
		out.push({ kind: 'copies', name: c.name, self: c.self, older: c.entries[0], newer: c.entries[1] });
	}
	const forks = new Map<string, number>();
	for (const f of status?.forks ?? []) forks.set(f.device, (forks.get(f.device) ?? 0) + f.entries);
	for (const [name, n] of forks) if (!copied.has(name)) out.push({ kind: 'fork', name, n });
	for (const m of members) {
		const unseen = m.self_granted_unseen ?? []; // those that somebody here has said to know of stand with the member only
		if (m.state !== 'removed' && unseen.length > 0) out.push({ kind: 'selfgrant', id: m.id, name: m.member, teams: unseen.join(', ') });
	}
	if ((status?.waiting_adoption ?? 0) > 0) out.push({ kind: 'late', n: status?.waiting_adoption ?? 0 });
	if ((status?.keys_waiting ?? 0) > 0) out.push({ kind: 'keys', n: status?.keys_waiting ?? 0 });
	for (const s of status?.silent ?? []) out.push({ kind: 'silent', name: s.name, days: s.days });
	return out;
}

/* What waits, by who wrote it: decided person by person. */
export function byAuthor<T extends { by: string }>(rows: readonly T[]): [string, T[]][] {
	const out = new Map<string, T[]>();
	for (const r of rows) out.set(r.by, [...(out.get(r.by) ?? []), r]);
	return [...out];
}
