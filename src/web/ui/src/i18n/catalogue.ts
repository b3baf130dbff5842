/*
 * Strings. lang/sv.json is the source and is always here; the others come from
 * the node when they are needed. A string that a language lacks is shown in
 * Swedish, marked as such: never blank. Values put into a string stand between
 * isolates, so that a Latin name or a code keeps its place in Arabic text.
 */
import sv from '../../lang/sv.json';
import { intlTag } from './tags';

export type Key = keyof typeof sv;
export type Entry = string | Partial<Record<Intl.LDMLPluralRule, string>>;
export type Catalogue = Record<string, Entry>;
export type Values = Record<string, string | number>;

const FSI = '\u2068', PDI = '\u2069';
const loaded = new Map<string, Catalogue>([['sv', sv as Catalogue]]);

/* For tests, and for a catalogue that has been fetched. */
export function addCatalogue(lang: string, strings: Catalogue): void {
	loaded.set(lang, strings);
}

export function hasCatalogue(lang: string): boolean {
	return loaded.has(lang);
}

export async function loadCatalogue(lang: string): Promise<boolean> {
	if (loaded.has(lang)) return true;
	try {
		const answer = await fetch(`/lang/${lang}.json`, { credentials: 'same-origin' });
		if (!answer.ok) return false;
		addCatalogue(lang, (await answer.json()) as Catalogue);
		return true;
	} catch {
		return false;
	}
}

const rules = new Map<string, Intl.PluralRules>();
const numbers = new Map<string, Intl.NumberFormat>();

function pluralRule(lang: string, n: number): Intl.LDMLPluralRule {
	let r = rules.get(lang);
	if (r === undefined) rules.set(lang, (r = new Intl.PluralRules(intlTag(lang))));
	return r.select(n);
}

export function formatNumber(lang: string, n: number): string {
	let f = numbers.get(lang);
	if (f === undefined) numbers.set(lang, (f = new Intl.NumberFormat(intlTag(lang))));
	return f.format(n);
}

function fill(lang: string, text: string, values: Values | undefined): string {
	if (values === undefined) return text;
	return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
		const v = values[name];
		if (v === undefined) return whole;
		return typeof v === 'number' ? formatNumber(lang, v) : FSI + v + PDI;
	});
}

/* The form for {n}; a string with only "other" does for every number. */
function choose(lang: string, entry: Entry, values: Values | undefined): string | undefined {
	if (typeof entry === 'string') return entry;
	const n = values?.['n'];
	return (typeof n === 'number' ? entry[pluralRule(lang, n)] : undefined) ?? entry.other;
}

export function translate(lang: string, key: Key, values?: Values): string {
	const own = loaded.get(lang)?.[key];
	const text = own === undefined ? undefined : choose(lang, own, values);
	if (text !== undefined && text !== '') return fill(lang, text, values);
	const swedish = choose('sv', (sv as Catalogue)[key] ?? key, values) ?? key;
	return fill('sv', swedish, values) + (lang === 'sv' ? '' : ` ${FSI}(sv)${PDI}`);
}
