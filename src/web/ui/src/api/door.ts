/* The door itself: /api/v1/session, before and around every operation. */
import { request } from './client';
import type { FileIn } from './files';

export interface Session {
	state: 'none' | 'locked' | 'joining' | 'open'; busy?: boolean; key?: string; lock_after_s?: number; version?: string;
	org?: { id: string; name: string } | null; device?: { id: string; name: string } | null; member?: string | null; role?: string | null;
	digits?: string; practice?: boolean;
	opening?: { done: number; all: number } | undefined; // entries read, while a large home is opened
}
export interface Kit { kill_card?: string; recovery_code: string; root_shares: string[]; escrow_shares: string[] }
export interface Founded extends Session { kit: Kit; words: string; root_fingerprint: string }
export interface Asked extends Session { request: { name: string; data: string }; words: string; recovery_code: string; kill_card?: string }
export interface Welcomed extends Session { confirm?: boolean; words?: string; root_fingerprint?: string }
export interface Joined extends Session { recovery_code?: string; kill_card?: string }

const URL_SESSION = '/api/v1/session';
const post = <T>(body: object): Promise<T> => request('POST', URL_SESSION, body);

export const door = {
	look: () => request<Session>('GET', URL_SESSION),
	token: (token: string) => post<Session>({ do: 'token', token }),
	init: (p: { org: string; member: string; device: string; passphrase: string; escrow: boolean }) => post<Founded>({ do: 'init', ...p }),
	request: (p: { member: string; device: string; passphrase: string }) => post<Asked>({ do: 'request', ...p }),
	welcome: (welcome: FileIn, more: { passphrase?: string; yes?: boolean } = {}) => post<Welcomed>({ do: 'welcome', welcome, ...more }),
	code: (p: { code: string; member: string; device: string; passphrase: string }) => post<Joined>({ do: 'code', ...p }),
	unlock: (passphrase: string) => post<Session>({ do: 'unlock', passphrase }),
	recover: (code: string, passphrase: string) => post<Session>({ do: 'recover', code, passphrase }),
	passphrase: (old: string, passphrase: string) => post<Session>({ do: 'passphrase', old, passphrase }),
	paper: (old: string) => post<Session & { recovery_code: string }>({ do: 'paper', old }),
	lock: () => post<Session>({ do: 'lock' }),
	active: () => post<Session>({ do: 'active' }),
};
