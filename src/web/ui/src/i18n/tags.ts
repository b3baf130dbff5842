/* Languages by their BCP 47 tags: direction, own names, and which tag Intl knows. */

/* Those the page itself speaks: complete catalogues in lang/. */
export const PAGE_LANGUAGES = ['sv', 'en', 'ar', 'fa', 'uk', 'ru', 'be'] as const;
export type PageLanguage = (typeof PAGE_LANGUAGES)[number];

const OWN_NAMES: Record<string, string> = {
	sv: 'Svenska', en: 'English', ar: 'العربية', fa: 'فارسی', uk: 'Українська', ru: 'Русский', be: 'Беларуская',
	prs: 'دری', ps: 'پښتو', so: 'Soomaali', ti: 'ትግርኛ', ckb: 'کوردیی ناوەندی', kmr: 'Kurmancî', tr: 'Türkçe',
};

const RTL_LANGUAGES = new Set(['ar', 'fa', 'prs', 'ps', 'ckb', 'ur', 'he', 'yi', 'sd', 'ug', 'dv', 'arc']);
const RTL_SCRIPTS = new Set(['Arab', 'Hebr', 'Thaa', 'Syrc', 'Nkoo', 'Rohg']);

export function direction(tag: string): 'ltr' | 'rtl' {
	const parts = tag.split('-');
	const script = parts.find((p, i) => i > 0 && p.length === 4);
	if (script !== undefined) return RTL_SCRIPTS.has(script) ? 'rtl' : 'ltr';
	return RTL_LANGUAGES.has((parts[0] ?? '').toLowerCase()) ? 'rtl' : 'ltr';
}

export function ownName(tag: string): string {
	return OWN_NAMES[tag] ?? tag;
}

export function isPageLanguage(tag: string | undefined): tag is PageLanguage {
	return PAGE_LANGUAGES.includes(tag as PageLanguage);
}

/* The first of the browser's languages that we speak; Swedish otherwise. */
export function bestLanguage(wanted: readonly string[]): PageLanguage {
	for (const tag of wanted) {
		const short = tag.split('-')[0];
		if (isPageLanguage(short)) return short;
	}
	return 'sv';
}

/* Western digits and our calendar in every language. A browser without Belarusian
 * would take its own language instead: Russian has the same forms. */
export function intlTag(tag: string): string {
	const near: Record<string, string> = { be: 'ru', prs: 'fa' };
	const known = (t: string): boolean => Intl.DateTimeFormat.supportedLocalesOf([t]).length > 0;
	const base = known(tag) ? tag : near[tag] !== undefined && known(near[tag]) ? near[tag] : 'sv';
	return `${base}-u-ca-gregory-nu-latn`;
}
