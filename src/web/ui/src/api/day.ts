/* The working day: sessions, queue, visits, cards, slips, referrals. */
import { call } from './client';
import type { Id, Value } from './types';

export interface QueueCounts { waiting: number; called: number; served: number; left: number; turned_away: number; referred: number }
export interface Session {
	session: Id; site: Id; name: string; date: string; start?: string; kind?: string; mode?: string; channel?: string[]; adviser?: string[];
	practice: boolean; visits: number; cases: number; queue: QueueCounts; drafts: number; bookings: number;
}
export interface OpenParams {
	site: string; kind?: string; mode?: string; channel?: string[]; adviser?: string[]; partner?: string[]; 'site-kind'?: string; municipality?: string;
	practice?: boolean; team?: string;
}
export interface Opened { session: Id; site: Id; site_new: boolean; name: string; practice: boolean; warnings: Warning[] }
export interface Closed {
	session: Id; date: string; start?: string; end?: string; purged: number; open: string[]; warnings: Warning[];
	counts: { visits: number; cases: number; queue_at_opening?: number; turned_away?: number; left?: number; served?: number; waited_minutes?: number };
}
export type Warning = string | { kind: string; field?: string; text?: string };

export interface Place {
	id: Id; ticket: string; state: 'waiting' | 'called' | 'served' | 'left' | 'turned_away' | 'referred';
	arrived: string; called?: string | null; waited: number; language?: string; topic?: string; documents?: string;
	deadline_today?: boolean; minutes?: number; session?: Id | null; practice?: boolean; here?: boolean;
}
export interface Triage { language?: string; topic?: string; documents?: string; 'deadline-today'?: boolean; minutes?: number }

export interface Hint { a: { id: Id; type: string; label: string }; b: { id: Id; type: string; label: string }; why: string[] }
export interface VisitParams {
	session?: Id; team?: string; case?: Id; card?: string; note?: string; queue?: string; draft?: string; id?: Id; 'new-case'?: boolean;
	set?: Record<string, Value>; add?: Record<string, Value>;
}
export interface VisitSaved {
	visit: Id; case: Id | null; case_new: boolean; queue: string | null; practice: boolean; saved: boolean; copies: number;
	warnings: Warning[]; duplicates: Hint[];
}
export interface Card { visitor: Id; code: string; case: Id | null; qr: string; uri: string }
export interface CardFound {
	visitor: Id; code: string; protected?: boolean;
	cases: { id: Id; topic?: string | null; status?: string | null; opened?: string | null; next_step?: string | null }[];
	visits: { id: Id; date?: string | null; site?: string | null }[];
}
export interface Slip {
	kind: string; language: string; direction: 'ltr' | 'rtl'; title: string; lines: { key: string; label: string; value: string }[];
	footer: string; code: string; uri: string; qr: string; text: string;
}
export interface SlipOpened {
	kind: 'case' | 'card'; case: Id | null; referral: Id | null; visitor: Id | null; here: boolean;
	referrals: { id: Id; status: string; to?: string }[]; warnings: Warning[];
}
export interface ReferralParams { case: Id; to?: string; site?: Id; reason?: string; direction?: string; mode?: string; consent?: boolean; note?: string }

export const day = {
	session: (signal?: AbortSignal) => call<Session | { session: null }>('session current', {}, signal),
	open: (p: OpenParams) => call<Opened>('session open', p),
	close: (p: { 'turned-away'?: number; leaflets?: number; calls?: number; force?: boolean }) => call<Closed>('session close', p),
	queue: (signal?: AbortSignal) => call<{ session: Id | null; places: Place[]; counts: QueueCounts; kept_until: string | null }>('queue list', {}, signal),
	add: (p: Triage) => call<{ place: Place; ahead: number }>('queue add', p),
	edit: (ticket: string, p: Triage) => call<{ place: Place }>('queue edit', { ticket, ...p }),
	callIn: (ticket?: string) => call<{ place: Place }>('queue call', ticket === undefined ? {} : { ticket }),
	leave: (ticket: string, turned_away = false) => call<{ place: Place }>('queue leave', { ticket, 'turned-away': turned_away }),
	saveVisit: (p: VisitParams) => call<VisitSaved>('visit save', p),
	newCard: (p: { case?: Id }) => call<Card>('card new', p),
	findCard: (code: string, signal?: AbortSignal) => call<CardFound>('card find', { code }, signal),
	showCard: (visitor: string) => call<Card>('card show', { visitor }),
	nextStep: (id: Id, language: string, signal?: AbortSignal) => call<Slip>('slip next-step', { id, language }, signal),
	referralSlip: (id: Id, language: string, signal?: AbortSignal) => call<Slip>('slip referral', { id, language }, signal),
	openSlip: (text: string) => call<SlipOpened>('slip open', { text }),
	refer: (p: ReferralParams) => call<{ referral: Id; status: string }>('referral send', p),
	setReferral: (id: Id, status: string, more: { reason?: string; note?: string } = {}) =>
		call<{ referral: Id; status: string; was: string }>('referral set', { id, status, ...more }),
};

export function isOpen(s: Session | { session: null } | undefined): s is Session {
	return s !== undefined && s.session !== null;
}
