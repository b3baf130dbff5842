/*
 * Where we are, in the part after '#': "/cases/1f2e…" → ["cases", "1f2e…"].
 * The node serves one document; the address holds ids and never content.
 */
import { createStore, useStore } from './store';

export type Path = readonly string[];

export function parsePath(hash: string): Path {
	if (!hash.startsWith('#/')) return []; // nothing, or the token of the first address
	return hash.slice(2).split('/').filter((s) => s !== '').map(decode);
}

function decode(part: string): string {
	try {
		return decodeURIComponent(part);
	} catch {
		return part;
	}
}

export function href(...parts: string[]): string {
	return '#/' + parts.map(encodeURIComponent).join('/');
}

const path = createStore<Path>(typeof location === 'undefined' ? [] : parsePath(location.hash));

export function startRouter(): void {
	addEventListener('hashchange', () => path.set(parsePath(location.hash)));
}

export function go(...parts: string[]): void {
	location.hash = href(...parts);
}

export function usePath(): Path {
	return useStore(path);
}
