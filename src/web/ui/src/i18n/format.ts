/* Dates, times and spans as people read them. The clock is the machine's own. */
import { intlTag } from './tags';

const kept = new Map<string, Intl.DateTimeFormat>();

function formatter(lang: string, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
	const key = lang + name;
	let f = kept.get(key);
	if (f === undefined) kept.set(key, (f = new Intl.DateTimeFormat(intlTag(lang), options)));
	return f;
}

function parse(text: string): Date | undefined {
	/* A day alone is a day here, not midnight somewhere else. */
	const d = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T12:00:00`) : new Date(text);
	return Number.isNaN(d.getTime()) ? undefined : d;
}

function shown(lang: string, text: string, name: string, options: Intl.DateTimeFormatOptions): string {
	const d = parse(text);
	return d === undefined ? text : formatter(lang, name, options).format(d);
}

/* "22 nov. 2026" */
export function formatDate(lang: string, text: string): string {
	return shown(lang, text, 'date', { day: 'numeric', month: 'short', year: 'numeric' });
}

/* "söndag 22 november" */
export function formatDay(lang: string, text: string): string {
	return shown(lang, text, 'day', { weekday: 'long', day: 'numeric', month: 'long' });
}

/* "22 nov. 2026 13:45" */
export function formatMoment(lang: string, text: string): string {
	return shown(lang, text, 'moment', { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}

/* "13:45" */
export function formatClock(lang: string, text: string): string {
	if (/^\d{2}:\d{2}$/.test(text)) return text;
	return shown(lang, text, 'clock', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}

/* "i går", "för 3 minuter sedan" */
export function formatAgo(lang: string, text: string, now: Date = new Date()): string {
	const d = parse(text);
	if (d === undefined) return text;
	const s = Math.round((d.getTime() - now.getTime()) / 1000);
	const [n, unit]: [number, Intl.RelativeTimeFormatUnit] =
		Math.abs(s) < 60 ? [0, 'minute'] : Math.abs(s) < 3600 ? [Math.round(s / 60), 'minute']
			: Math.abs(s) < 86400 ? [Math.round(s / 3600), 'hour'] : [Math.round(s / 86400), 'day'];
	if (Math.abs(n) > 30 && unit === 'day') return formatDate(lang, text);
	return new Intl.RelativeTimeFormat(intlTag(lang), { numeric: 'auto' }).format(n, unit);
}

/* Today as the node writes dates, by this machine's clock. */
export function today(now: Date = new Date()): string {
	const two = (n: number): string => String(n).padStart(2, '0');
	return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

export function clockNow(now: Date = new Date()): string {
	return `${String(now.getHours()).padStart(2, '0')}:${String(now.getMinutes()).padStart(2, '0')}`;
}

/* Whole minutes since a moment or an HH:MM of today; never below none. */
export function minutesSince(text: string, now: Date = new Date()): number {
	let then: Date | undefined;
	if (/^\d{2}:\d{2}$/.test(text)) {
		then = new Date(now);
		then.setHours(Number(text.slice(0, 2)), Number(text.slice(3)), 0, 0);
	} else then = parse(text);
	return then === undefined ? 0 : Math.max(0, Math.floor((now.getTime() - then.getTime()) / 60000));
}

/* "arabiska, dari": with the comma of the language. */
export function listed(lang: string, items: readonly string[]): string {
	return items.join(/^(ar|fa)\b/.test(lang) ? '، ' : ', ');
}
