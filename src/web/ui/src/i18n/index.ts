/*
 * The page's language: useT() in views, t() elsewhere.
 *   const t = useT();  t('queue.waiting', { n: 4 })
 */
import { createStore, useStore } from '../base/store';
import { readPrefs, writePrefs } from '../base/prefs';
import { loadCatalogue, translate, type Key, type Values } from './catalogue';
import { bestLanguage, direction, isPageLanguage, type PageLanguage } from './tags';

export type { Key, Values } from './catalogue';
export { PAGE_LANGUAGES, direction, ownName } from './tags';
export * from './format';

const language = createStore<string>('sv');

export function t(key: Key, values?: Values): string {
	return translate(language.get(), key, values);
}

export function currentLanguage(): string {
	return language.get();
}

export function useLanguage(): string {
	return useStore(language);
}

export function useT(): (key: Key, values?: Values) => string {
	const lang = useStore(language);
	return (key, values) => translate(lang, key, values);
}

/* The whole page turns in one step, once the words are here. */
export async function setLanguage(lang: PageLanguage, remember = true): Promise<void> {
	await loadCatalogue(lang);
	if (remember) writePrefs({ language: lang });
	document.documentElement.lang = lang;
	document.documentElement.dir = direction(lang);
	language.set(lang);
}

export async function startLanguage(): Promise<void> {
	const kept = readPrefs().language;
	await setLanguage(isPageLanguage(kept) ? kept : bestLanguage(navigator.languages ?? []), false);
}

/* Strings in another language than the page's: slips for the visitor. */
export function translateIn(lang: string, key: Key, values?: Values): string {
	return translate(lang, key, values);
}
