/*
 * What the whole page knows: is this home new, locked or open; who is here;
 * the profile; how things stand with the copies.
 */
import { createStore } from './store';
import { Profile } from '../form/profile';
import { call } from '../api/client';
import type { Member, ProfileDoc, Status } from '../api/types';

export type Phase = 'starting' | 'new' | 'locked' | 'open' | 'away';
export interface App {
	phase: Phase;
	org: string;
	device_name: string;
	practice: boolean;
	profile: Profile | undefined;
	status: Status | undefined;
	me: Member | undefined;
	role: string; // the first thing that the door says of who is here; '' until then
	hubs: ReadonlySet<string> | undefined; // devices that are hubs
}

export const app = createStore<App>({
	phase: 'starting', org: '', device_name: '', practice: false, profile: undefined, status: undefined, me: undefined, role: '', hubs: undefined,
});

export async function loadProfile(): Promise<void> {
	app.patch({ profile: new Profile(await call<ProfileDoc>('profile show')) });
}

/* Custody and warnings: after everything a person waits for. */
export async function loadStatus(): Promise<void> {
	const status = await call<Status>('status', { brief: true });
	app.patch({ status, org: status.org, device_name: status.device_name });
}

export async function loadMe(): Promise<void> {
	const device = app.get().status?.device;
	if (device === undefined || device === null) return;
	const { members } = await call<{ members: Member[] }>('members');
	app.patch({ me: members.find((m) => m.id === device), hubs: new Set(members.filter((m) => m.roles.includes('hub')).map((m) => m.id)) });
}

/* Forgets all that was read: nothing of a case stays in the page behind a lock. */
export function forget(phase: Phase): void {
	app.patch({ phase, profile: undefined, status: undefined, me: undefined, hubs: undefined });
}

export function hasRole(a: App, role: string): boolean {
	return a.me?.roles.includes(role) === true;
}
