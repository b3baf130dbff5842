/* The only things this page leaves in the browser: language and appearance. */
export type Theme = 'auto' | 'light' | 'dark';
export interface Prefs { language?: string; theme?: Theme }

const KEY = 'faltbok';

export function readPrefs(): Prefs {
	try {
		const all = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Record<string, unknown>;
		const theme = all['theme'];
		return {
			language: typeof all['language'] === 'string' ? all['language'] : undefined,
			theme: theme === 'light' || theme === 'dark' ? theme : 'auto',
		};
	} catch {
		return {}; // storage refused or garbled: the defaults do
	}
}

export function writePrefs(part: Prefs): void {
	try {
		localStorage.setItem(KEY, JSON.stringify({ ...readPrefs(), ...part }));
	} catch {
		/* a browser that keeps nothing: the choice holds until the page is closed */
	}
}

export function applyTheme(theme: Theme = readPrefs().theme ?? 'auto'): void {
	if (theme === 'auto') delete document.documentElement.dataset['theme'];
	else document.documentElement.dataset['theme'] = theme;
}
