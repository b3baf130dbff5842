/* Members, invitations, removals, keys: what a coordinator decides about who belongs. */
import { call } from './client';
import type { FileIn, FilesOut } from './files';
import type { Id, Member, Team } from './types';

export interface Invitation {
	code: string; qr: string; picture?: string; role: string; expires: string; trouble?: string;
	state: 'open' | 'waiting for your answer' | 'admitted' | 'joined' | 'refused' | 'over';
	newcomer?: { member: string; device: string; digits: string };
}
export interface Admitted extends FilesOut { device: Id; member: string; name: string; role: string; words: string }
export interface Exposure {
	device: Id; name: string; removed: boolean; removed_at: string | null; teams_not_seen_here: number;
	could_read: { team: string; epochs: number; entries: number }[];
	still_sealed_to_it: { team: string; site: string | null; by: string; period: string; entries: number }[];
}
export interface Removal {
	device: Id; name: string; cuts: { log: string; entries: number; last: string }[]; waiting_adoption: number; no_coordinator_left?: boolean;
}
export interface Late { entry: string; by: string; team: string; seq: number; why: string; record?: Id; type?: string | null; at?: string }
export interface WaitingKey {
	id: Id; device: Id; name: string; member: string; team: string; granted_by: string; why: 'hand' | 'stale' | 'dispute'; refused: boolean;
}
export interface TeamRow extends Team { drop_box?: boolean; approval?: 'hand' | 'auto' }
export interface RemovalWish { device: Id; reason?: string; before?: string[]; 'kill-card'?: string }

export const lead = {
	members: (s?: AbortSignal) => call<{ members: Member[] }>('members', {}, s).then((a) => a.members),
	teams: (s?: AbortSignal) => call<{ teams: TeamRow[] }>('team list', {}, s).then((a) => a.teams),
	addTeam: (name: string) => call('team add', { name }),
	seen: (device: Id) => call<{ seen: number }>('members seen', { device }),
	approval: (team: Id, approval: 'hand' | 'auto') => call('team set', { team, approval }),
	grant: (device: Id, team: string) => call('grant', { device, team }),
	ungrant: (device: Id, team: string) => call('ungrant', { device, team }),
	exposure: (device: Id, s?: AbortSignal) => call<Exposure>('members', { exposure: device }, s),
	revoke: (wish: RemovalWish) => call<Removal>('revoke', wish),
	invitations: (s?: AbortSignal) => call<{ invitations: Invitation[] }>('invite list', {}, s).then((a) => a.invitations),
	invite: (role: string, team: string[], address: string[]) => call<Invitation>('invite', { role, team, ...(address.length > 0 ? { address } : {}) }),
	answer: (code: string, agree: boolean) => call('invite confirm', { code, ...(agree ? {} : { refuse: true }) }),
	withdraw: (code: string) => call('invite withdraw', { code }),
	admit: (request: FileIn, role: string, team: string[]) => call<Admitted>('admit', { request, role, team, welcome: 'welcome.faltbok' }),
	late: (s?: AbortSignal) => call<{ waiting: Late[] }>('adopt', {}, s).then((a) => a.waiting),
	adopt: (entry: string[]) => call<{ adopted: number; waiting_adoption: number }>('adopt', { entry }),
	keys: (s?: AbortSignal) => call<{ waiting: WaitingKey[] }>('keys list', {}, s).then((a) => a.waiting),
	giveKey: (id: Id) => call('keys approve', { id }),
	refuseKey: (id: Id) => call('keys refuse', { id }),
};
