/* Booked times, planned sessions, hours. */
import { call } from './client';
import type { Id } from './types';

export interface Booking { id: Id; status: string; time: string; minutes: number; language: string | null; code: string | null; case: Id | null; protected?: boolean }
export interface Slot { time: string; minutes: number; free: boolean; bookings: Booking[]; collision: boolean; opening?: boolean }
export interface Book { site: Id; name: string; date: string; keeper: { device: Id; name: string; here: boolean } | null; slots: Slot[]; warnings: string[] }
export interface Taken { booking: Id; site: Id; date: string; time: string; minutes: number; status: 'booked' | 'requested'; code: string }
export interface Planned {
	opening: Id | null; site: Id; name: string; opens: string; closes: string; mode: string | null; channel: string | string[] | null; session: Id | null; status: string | null;
}
export interface Sheet {
	session: Id | null; name: string; date: string; language: string; rows: number;
	columns: { field: string; label: string; several: boolean; codes: { code: string; label: string }[] }[];
}
export interface Hours { id: Id; volunteer: Id; name: string; date: string; hours: number; kind: string | null; session: Id | null; confirmed: boolean }

export const times = {
	book: (site: Id, date: string, s?: AbortSignal) => call<Book>('booking slots', { site, date }, s),
	take: (p: { site: Id; date: string; time: string; minutes?: number; case?: Id; language?: string }) => call<Taken>('booking take', p),
	set: (id: Id, status: string, to: { date?: string; time?: string } = {}) => call<{ status: string }>('booking set', { id, status, ...to }),
	keep: (site: Id) => call('booking keep', { site }),
	planned: (date: string, s?: AbortSignal) => call<{ date: string; planned: Planned[] }>('session planned', { date }, s).then((a) => a.planned),
	sheet: (language: string, id?: Id) => call<Sheet>('session sheet', { language, ...(id !== undefined ? { id } : {}) }),
	hours: (since: string, until: string, s?: AbortSignal) => call<{ hours: Hours[]; total: number; confirmed_total: number }>('hours list', { since, until }, s),
	derive: () => call<{ derived: Hours[]; already: number; warnings: unknown[] }>('hours derive'),
	confirm: (id: readonly Id[], hours?: string) => call<{ confirmed: number }>('hours confirm', { id, ...(hours !== undefined ? { hours } : {}) }),
};

/* A day some days from another: "2026-11-22" and 1 → "2026-11-23". */
export function dayAfter(date: string, days: number): string {
	const d = new Date(`${date}T12:00:00Z`);
	d.setUTCDate(d.getUTCDate() + days);
	return d.toISOString().slice(0, 10);
}

/* When a time of so many minutes ends. */
export function endOf(time: string, minutes: number): string {
	const end = Number(time.slice(0, 2)) * 60 + Number(time.slice(3)) + minutes;
	return `${String(Math.floor(end / 60) % 24).padStart(2, '0')}:${String(end % 60).padStart(2, '0')}`;
}
