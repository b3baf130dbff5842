/* In step: what exchanges brought, where hubs are, closing a site. */
import { call } from './client';
import type { Id, Status } from './types';

export interface Brought {
	new: number; changed: number; erased: number; after_removal: number; conflicts: number;
	types: { type: string; from: string; device: Id | null; new: number; changed: number }[];
	records: { id: Id; type: string; new: boolean }[]; more: boolean;
}
export interface Told { brought?: Brought; sentence?: Partial<Record<string, string>> }
export interface Exchange extends Told {
	at: string; peer: { id: Id; name: string } | null; way: 'link' | 'bundle'; ok: boolean; in_step: boolean; sent: number; received: number;
}
export interface Keeper { name: string; id: Id; hub: boolean; entries: number; lacks: number; last_seen: string | null }
export interface Closing {
	steps: { step: 'session' | 'exchange' | 'proof' | 'leaving' | 'wipe'; done: boolean; text: string; session?: { counts: { visits: number; cases: number } } | null }[];
	proven: boolean; written: number; lacking: number; hub: boolean; by: Keeper[]; wiped: boolean;
}
export interface Hub { address: string; id: Id | null; name: string | null; hub: boolean; typed: boolean; last_seen: string | null; linked?: boolean }

export const step = {
	exchanges: (s?: AbortSignal) => call<{ exchanges: Exchange[] }>('exchanges', {}, s).then((a) => a.exchanges),
	close: (force: boolean) => call<Closing>('close-site', force ? { force } : {}),
	wipe: () => call<Closing>('close-site', { wipe: true, yes: true }),
	hubs: (s?: AbortSignal) => call<{ hubs: Hub[] }>('hubs', {}, s).then((a) => a.hubs),
	addHub: (address: string) => call<{ hubs: Hub[] }>('hubs', { add: address }),
	forgetHub: (address: string) => call<{ hubs: Hub[] }>('hubs', { forget: address }),
	status: (s?: AbortSignal) => call<Status>('status', { brief: true }, s),
};
