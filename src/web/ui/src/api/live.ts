/*
 * What changes elsewhere arrives here as server-sent events. An event names
 * ids and types and never content: a list that is on screen asks again, a form
 * that someone is typing in is not told at all.
 */
import { useEffect, useRef } from 'preact/hooks';
import { inBackground, reachable } from './client';
import type { Session } from './door';

export type Kind = 'records' | 'members' | 'profile' | 'conflicts' | 'sync' | 'invite' | 'resync' | 'here';
export interface Change { kind: Kind; types: ReadonlySet<string> | undefined; data: Record<string, unknown> } // types undefined: any
type Fn = (c: Change) => void;

const KINDS: readonly Kind[] = ['records', 'members', 'profile', 'conflicts', 'sync', 'invite', 'resync'];
const watchers = new Set<Fn>();
let source: EventSource | undefined;
let onSession: (s: Session) => void = () => undefined;
let onOpening: (far: NonNullable<Session['opening']>) => void = () => undefined;

export function whenSession(fn: (s: Session) => void): void {
	onSession = fn;
}

/* How far the opening of a large home has come. */
export function whenOpening(fn: (far: NonNullable<Session['opening']>) => void): void {
	onOpening = fn;
}

function tell(c: Change): void {
	for (const fn of [...watchers]) fn(c);
}

function toChange(kind: Kind, text: string): Change {
	let data: Record<string, unknown> = {};
	try {
		data = JSON.parse(text) as Record<string, unknown>;
	} catch {
		/* an event without details: anything may have changed */
	}
	const records = data['records'];
	const types = kind === 'records' && data['more'] !== true && Array.isArray(records)
		? new Set((records as { type?: string }[]).map((r) => r.type ?? '')) : undefined;
	return { kind, types, data };
}

export function startLive(): void {
	stopLive();
	const now = (source = new EventSource('/api/v1/events'));
	let lost = false;
	now.onopen = () => {
		reachable.set(true);
		if (lost) tell({ kind: 'resync', types: undefined, data: {} });
		lost = false;
	};
	now.onerror = () => {
		lost = true;
		reachable.set(false);
		/* The browser tries again by itself, unless the node has refused. */
		if (now.readyState === EventSource.CLOSED) setTimeout(() => source === now && startLive(), 3000);
	};
	for (const kind of KINDS) now.addEventListener(kind, (e) => tell(toChange(kind, (e as MessageEvent<string>).data)));
	now.addEventListener('queue', () => tell({ kind: 'records', types: new Set(['queue']), data: {} })); // lies on this device alone, and is no record
	now.addEventListener('opening', (e) => onOpening(JSON.parse((e as MessageEvent<string>).data) as NonNullable<Session['opening']>));
	for (const kind of ['hello', 'session', 'join'])
		now.addEventListener(kind, (e) => onSession(JSON.parse((e as MessageEvent<string>).data) as Session));
}

export function stopLive(): void {
	source?.close();
	source = undefined;
}

/* Something was saved here: what stands beside the form should show it. */
export function changedHere(...types: string[]): void {
	tell({ kind: 'here', types: new Set(types), data: {} });
}

/* Does a change concern a view that shows these types? Membership and custody have kinds of their own. */
export function concerns(c: Change, types: readonly string[]): boolean {
	if (c.kind === 'resync' || c.kind === 'profile') return true;
	if (c.kind !== 'records' && c.kind !== 'here') return false;
	return c.types === undefined || types.some((t) => c.types?.has(t));
}

/* Calls `fn` soon after changes that matter, once for many; these calls do not put off the lock. */
export function useLive(matters: (c: Change) => boolean, fn: () => void, wait = 250): void {
	const now = useRef({ matters, fn });
	now.current = { matters, fn };
	useEffect(() => {
		let timer: ReturnType<typeof setTimeout> | undefined;
		const hear = (c: Change): void => {
			if (!now.current.matters(c)) return;
			timer ??= setTimeout(() => {
				timer = undefined;
				now.current.fn();
			}, c.kind === 'here' ? 0 : wait);
		};
		watchers.add(hear);
		return () => {
			watchers.delete(hear);
			clearTimeout(timer);
		};
	}, [wait]);
}

export { inBackground };
