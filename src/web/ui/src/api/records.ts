/* Records: put, get, list, search, conflicts, resolve. */
import { call } from './client';
import type { Id, Rec, Records, Saved, Value } from './types';

export interface Change {
	type: string; id?: Id; team?: string;
	set?: Record<string, Value>; add?: Record<string, Value>; remove?: Record<string, Value>;
	note?: string; corrects?: Id; at?: string;
}

export function put(change: Change): Promise<Saved> {
	return call('put', change);
}

export function get(id: Id, history = false, signal?: AbortSignal): Promise<Rec> {
	return call('get', history ? { id, history } : { id }, signal);
}

export async function list(type: string, set: Record<string, string> = {}, limit = 200, more: { since?: string; until?: string } = {},
	signal?: AbortSignal): Promise<Rec[]> {
	return (await call<Records>('list', { type, set, limit, ...more }, signal)).records;
}

/* With how many were left out, as they are about protected persons. */
export interface Some { rows: Rec[]; hidden: number }
const some = (a: Records & { protected_left_out?: number }): Some => ({ rows: a.records, hidden: a.protected_left_out ?? 0 });

export async function newest(type: string, limit: number, signal?: AbortSignal): Promise<Some> {
	return some(await call<Records>('list', { type, limit }, signal));
}

export async function search(text: string, type?: string, limit = 30, signal?: AbortSignal): Promise<Rec[]> {
	return (await call<Records>('search', type === undefined ? { text, limit } : { text, type, limit }, signal)).records;
}

export async function conflicts(signal?: AbortSignal): Promise<Some> {
	return some(await call<Records>('conflicts', {}, signal));
}

export function resolve(id: Id, field: string, value: Value): Promise<Saved> {
	return call('resolve', { id, set: { [field]: value } });
}
