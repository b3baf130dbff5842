/*
 * Asking the node and drawing the answer. What was shown stays until the new
 * answer is here, so a live update never makes a list jump or blink.
 *
 *   const queue = useLoad((signal) => day.queue(signal), [], (c) => concerns(c, ['visit']));
 */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, inBackground, isAbort } from '../api/client';
import { useLive, type Change } from '../api/live';

export interface Loaded<T> { data: T | undefined; error: ApiError | undefined; loading: boolean; again: () => void }

export function useLoad<T>(ask: (signal: AbortSignal) => Promise<T>, deps: readonly unknown[], live: (c: Change) => boolean = () => false): Loaded<T> {
	const [state, setState] = useState<{ data?: T; error?: ApiError; loading: boolean }>({ loading: true });
	const running = useRef<AbortController>();
	const how = useRef(ask);
	how.current = ask;
	const run = useCallback((quiet: boolean) => {
		running.current?.abort();
		const control = new AbortController();
		running.current = control;
		(quiet ? inBackground(() => how.current(control.signal)) : how.current(control.signal)).then(
			(data) => control.signal.aborted || setState({ data, loading: false }),
			(e: unknown) => control.signal.aborted || isAbort(e) || setState((old) => ({ ...old, error: asApiError(e), loading: false })),
		);
	}, []);
	useEffect(() => {
		setState((old) => ({ ...old, loading: true }));
		run(false);
		return () => running.current?.abort();
	}, deps);
	useLive(live, () => run(true));
	const again = useCallback(() => run(false), []);
	return { data: state.data, error: state.error, loading: state.loading, again };
}

export function asApiError(e: unknown): ApiError {
	return e instanceof ApiError ? e : new ApiError('page', e instanceof Error ? e.message : String(e), 0);
}
