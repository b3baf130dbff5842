/* What the page says, read from the page's own catalogues: a test names a key, never a sentence. */
import { readFileSync } from 'node:fs';

const root = new URL('../../../', import.meta.url);
const read = (path) => JSON.parse(readFileSync(new URL(path, root), 'utf8'));
const escape = (s) => s.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const profile = read('packaging/profiles/radrum.json');

export const LANGUAGES = ['sv', 'en', 'ar', 'fa', 'uk', 'ru', 'be'];
export const catalogue = (lang) => read(`src/web/ui/lang/${lang}.json`);

/* words(lang).t('key'): the string, or an expression where values or plural forms stand in it. */
export function words(lang) {
	const all = catalogue(lang);
	const pattern = (s) => s.split(/\{\w+\}/).map(escape).join('.*');
	const found = (key) => {
		if (!(key in all)) throw new Error(`${lang}.json has no "${key}"`);
		return all[key];
	};
	return {
		lang,
		t(key) {
			const s = found(key);
			if (typeof s === 'string' && !/\{\w+\}/.test(s)) return s;
			return new RegExp(`^(${(typeof s === 'string' ? [s] : Object.values(s)).map(pattern).join('|')})$`, 's');
		},
		/* Somewhere inside what is shown. */
		in(key) {
			const s = found(key);
			return new RegExp((typeof s === 'string' ? [s] : Object.values(s)).map(pattern).join('|'));
		},
		field(type, name) {
			const f = profile.types.find((t) => t.name === type).fields.find((x) => x.name === name);
			const said = f.labels[lang] ?? f.labels.sv;
			return said[0].toLocaleUpperCase() + said.slice(1);
		},
	};
}
