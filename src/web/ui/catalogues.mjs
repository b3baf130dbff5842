// Every language says everything that Swedish says, with the same values in it
// and the plural forms its grammar needs; and the code asks for no string that
// is not there, nor leaves one unused.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const LANGUAGES = ['sv', 'en', 'ar', 'fa', 'uk', 'ru', 'be'];
const faults = [];
const read = (lang) => {
	try {
		const text = readFileSync(join(here, 'lang', `${lang}.json`), 'utf8');
		const keys = [...text.matchAll(/^"([^"]+)":/gm)].map((m) => m[1]);
		for (const k of new Set(keys.filter((k, i) => keys.indexOf(k) !== i))) faults.push(`${lang}: ${k} stands twice`);
		return JSON.parse(text);
	} catch (e) {
		faults.push(`${lang}: ${e.message}`);
		return {};
	}
};
const values = (s) => [...new Set([...s.matchAll(/\{(\w+)\}/g)].map((m) => m[1]))].sort().join(' ');
const forms = (e) => (typeof e === 'string' ? [e] : Object.values(e));

const sv = read('sv');
for (const lang of LANGUAGES) {
	const own = lang === 'sv' ? sv : read(lang);
	const needed = new Intl.PluralRules(lang).resolvedOptions().pluralCategories;
	for (const [key, entry] of Object.entries(sv)) {
		const said = own[key];
		if (said === undefined) {
			faults.push(`${lang}: ${key} is missing`);
			continue;
		}
		if (forms(said).some((f) => typeof f !== 'string' || f.trim() === '')) faults.push(`${lang}: ${key} is empty`);
		if (typeof said !== typeof entry) faults.push(`${lang}: ${key} has ${typeof said === 'string' ? 'no ' : ''}plural forms, unlike Swedish`);
		if (typeof said === 'object')
			for (const form of [...needed, 'other']) if (said[form] === undefined) faults.push(`${lang}: ${key} lacks the form "${form}"`);
		const wants = values(typeof entry === 'string' ? entry : entry.other);
		for (const f of forms(said))
			/* A language may say "one" or "two" in words, where the number is plain from the form. */
			if (values(f) !== wants && !(typeof said === 'object' && values(f) === values(wants.replace(/\bn\b/, '').split(' ').filter(Boolean).map((w) => `{${w}}`).join(''))))
				faults.push(`${lang}: ${key} has {${values(f)}} where Swedish has {${wants}}`);
	}
	for (const key of Object.keys(own)) if (sv[key] === undefined) faults.push(`${lang}: ${key} is not in Swedish`);
}

const sources = (dir) => readdirSync(dir).flatMap((f) => (statSync(join(dir, f)).isDirectory() ? sources(join(dir, f)) : [join(dir, f)]));
const code = sources(join(here, 'src')).filter((f) => /\.tsx?$/.test(f)).map((f) => readFileSync(f, 'utf8')).join('\n');
const built = [...code.matchAll(/t\(`([\w.]+)\$\{/g)].map((m) => m[1]); // t(`theme.${x}`)
for (const key of Object.keys(sv))
	if (!code.includes(`'${key}'`) && !code.includes(`"${key}"`) && !built.some((b) => key.startsWith(b))) faults.push(`sv: ${key} is used nowhere`);

for (const f of faults) console.log(f);
console.log(`check-catalogues: ${Object.keys(sv).length} strings in ${LANGUAGES.length} languages, ${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
