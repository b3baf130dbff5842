/*
 * What is being typed is kept by the node, sealed, at each pause: a killed
 * browser or machine gives it back. One key for each form; a form that is saved
 * or thrown away drops it. Nothing is kept in the browser.
 */
import { useEffect, useRef } from 'preact/hooks';
import { call } from '../api/client';

const PAUSE_MS = 350;

export interface KeptDraft { key: string; text: string; at: string }

export async function readDraft<T>(key: string): Promise<{ value: T; at: string } | undefined> {
	try {
		const d = await call<KeptDraft>('draft get', { key });
		return { value: JSON.parse(d.text) as T, at: d.at };
	} catch {
		return undefined; // none, or one that another version wrote
	}
}

export async function listDrafts(): Promise<{ key: string; at: string }[]> {
	return (await call<{ drafts: { key: string; at: string; bytes: number }[] }>('draft list')).drafts;
}

export async function dropDraft(key: string): Promise<void> {
	try {
		await call('draft drop', { key });
	} catch {
		/* it is not there, or the node is not: it is offered again and can be thrown away then */
	}
}

interface Pending { value: unknown; timer: ReturnType<typeof setTimeout> | undefined; dirty: boolean; running: Promise<void> | undefined }
const pending = new Map<string, Pending>();
const unsent = new Map<string, unknown>();

async function send(key: string, p: Pending): Promise<void> {
	p.dirty = false;
	try {
		await call('draft put', { key, text: JSON.stringify(p.value) });
	} catch {
		/* Not kept yet: tried again soon, as long as the form still has the words. */
		p.dirty = true;
		if (pending.get(key) === p) p.timer ??= setTimeout(() => void write(key, p), 2000);
	}
}

/* One write at a time for a key: the last words win. */
async function write(key: string, p: Pending): Promise<void> {
	clearTimeout(p.timer);
	p.timer = undefined;
	await p.running;
	if (!p.dirty) return;
	p.running = send(key, p);
	await p.running;
	p.running = undefined;
}

/* Before locking by hand: what is typed goes to the node first. */
export async function keepDrafts(): Promise<void> {
	await Promise.all([...pending].map(([key, p]) => write(key, p)));
}

/* The page is locked. Words that no node has taken yet, because it was gone, wait unseen for the next unlocking. */
export function dropDrafts(): void {
	for (const [key, p] of pending) {
		clearTimeout(p.timer);
		if (p.dirty) unsent.set(key, p.value);
		p.dirty = false;
	}
	pending.clear();
}

export async function sendUnsent(): Promise<void> {
	for (const [key, value] of [...unsent]) {
		unsent.delete(key);
		await call('draft put', { key, text: JSON.stringify(value) }).catch(() => unsent.set(key, value));
	}
}

export interface Draft {
	forget: () => void;            // saved or thrown away: nothing more is written
	settle: () => Promise<void>;   // before saving: no write is under way, and none comes later
	resume: () => void;            // the save failed: keep on keeping
}

/* Keeps `value` under `key` at each pause while `worth` says there is something to keep. */
export function useDraft(key: string, value: unknown, worth: boolean): Draft {
	const mine = useRef<Pending>({ value, timer: undefined, dirty: false, running: undefined });
	const text = JSON.stringify(value);
	useEffect(() => {
		const p = mine.current;
		pending.set(key, p);
		return () => {
			if (pending.get(key) === p) pending.delete(key);
			void write(key, p);
		};
	}, [key]);
	useEffect(() => {
		const p = mine.current;
		p.value = value;
		clearTimeout(p.timer);
		p.timer = undefined;
		p.dirty = worth;
		if (worth) p.timer = setTimeout(() => void write(key, p), PAUSE_MS);
	}, [key, text, worth]);
	const stop = (): void => {
		clearTimeout(mine.current.timer);
		mine.current.timer = undefined;
		mine.current.dirty = false;
	};
	return {
		forget: stop,
		settle: async () => {
			stop();
			await mine.current.running;
		},
		resume: () => {
			mine.current.dirty = worth;
			void write(key, mine.current);
		},
	};
}
