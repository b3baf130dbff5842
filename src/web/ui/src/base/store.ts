/*
 * A value that views watch. set() tells only those whose selection changed, so
 * a live update somewhere never redraws a form somewhere else.
 */
import { useEffect, useReducer, useRef } from 'preact/hooks';

export interface Store<T> {
	get(): T;
	set(next: T | ((now: T) => T)): void;
	patch(part: Partial<T>): void;
	watch(fn: (now: T) => void): () => void;
}

export function createStore<T>(initial: T): Store<T> {
	let now = initial;
	const watchers = new Set<(now: T) => void>();
	const set = (next: T | ((now: T) => T)): void => {
		const value = typeof next === 'function' ? (next as (now: T) => T)(now) : next;
		if (Object.is(value, now)) return;
		now = value;
		for (const fn of [...watchers]) fn(now);
	};
	return {
		get: () => now,
		set,
		patch: (part) => set((old) => ({ ...old, ...part })),
		watch: (fn) => {
			watchers.add(fn);
			return () => void watchers.delete(fn);
		},
	};
}

/* The selected part of a store; redraws when it is another value. */
export function useStore<T, S = T>(store: Store<T>, select: (now: T) => S = (now) => now as unknown as S): S {
	const [, redraw] = useReducer((n: number) => n + 1, 0);
	const picked = select(store.get());
	const last = useRef(picked);
	last.current = picked;
	const how = useRef(select);
	how.current = select;
	useEffect(() => {
		const look = (): void => {
			if (!Object.is(how.current(store.get()), last.current)) redraw(0);
		};
		look(); // what changed between drawing and watching
		return store.watch(look);
	}, [store]);
	return picked;
}
