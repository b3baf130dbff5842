/* proto/day.md, 2 to 4: codes, the letters of tickets, ids that follow from others. */
import { Bytes, NONE, refuse, utf8 } from './bytes';
import { HC } from './hc';

const LETTERS = '23456789ABCDEFGHJKMNPRSTVWXYZ';
const TICKETS = 'ABCDEFGHJKLMNPRSTUVWXYZ';

const weighted = (v: number[]) => v.reduce((sum, x, i) => sum + (i + 1) * x, 0) % 29;
const withCheck = (v: number[]) => [...v, LETTERS.split('').findIndex((_, x) => weighted([...v, x]) === 0)];
const letters = (v: number[]) => v.map((x) => LETTERS[x]).join('');
const number = (b: Bytes) => b.reduce((n, x) => (n << 8n) | BigInt(x), 0n);

/* `count` digits in base 29, least significant first. */
function digits(n: bigint, count: number): number[] {
	return Array.from({ length: count }, (_, i) => Number((n / 29n ** BigInt(i)) % 29n));
}

export const slipLetters = (id: Bytes) => letters(withCheck(digits(number(id), 27).reverse()));
export const cardLetters = (random: Bytes) => letters(withCheck(digits(number(random), 9)));
export const grouped = (code: string, n: number) => code.match(new RegExp(`.{${n}}`, 'g'))!.join('-');

function values(text: string): number[] {
	return text.toUpperCase().replace(/[\s-]/g, '').split('').map((c) => LETTERS.includes(c) ? LETTERS.indexOf(c) : refuse('a letter that no code has'));
}

/* The id that a slip names, or the ten letters of a card. */
export function readCode(text: string): Bytes | string {
	const scanned = /^faltbok:([a-z]):(.*)$/i.exec(text);

	if (scanned !== null && !/[cs]/i.test(scanned[1])) refuse('another kind');
	const v = values(scanned === null ? text : scanned[2].split(':')[0]);

	if ((v.length !== 10 && v.length !== 28) || weighted(v) !== 0) refuse('no code');
	if (v.length === 10) return letters(v);
	const n = v.slice(0, -1).reduce((sum, x) => sum * 29n + BigInt(x), 0n);

	if (n >= 1n << 128n) refuse('larger than any id');
	return Uint8Array.from({ length: 16 }, (_, i) => Number((n >> BigInt(8 * (15 - i))) & 255n));
}

function allLetters(device: Bytes): string {
	const h = HC(16, NONE, 'fb1/desk/letters', device);

	return Array.from({ length: 8 }, (_, i) => TICKETS[((h[2 * i] << 8) | h[2 * i + 1]) % 23]).join('');
}

export function ticketLetters(device: Bytes, all: Bytes[]): string {
	const mine = allLetters(device), others = all.filter((d) => d !== device).map(allLetters);
	let n = 1;

	while (n < 8 && others.some((o) => o.startsWith(mine.slice(0, n)))) n++;
	return mine.slice(0, n);
}

export const ofVisit = (visit: Bytes, what: string) => HC(16, NONE, 'fb1/visit', visit, utf8(what));
export const hoursId = (session: Bytes, volunteer: Bytes) => HC(16, NONE, 'fb1/hours', session, volunteer);
