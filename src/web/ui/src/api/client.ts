/*
 * The node's machine door: POST /api/v1/OPERATION takes and gives the JSON of
 * the command line. Every view goes through call(); nothing else fetches.
 */
import { createStore } from '../base/store';

/* `code` decides what we say to the person; the message is the node's own sentence, for whoever helps. */
export class ApiError extends Error {
	constructor(readonly code: string, text: string, readonly status: number) {
		super(text);
	}
}

/* Does the node answer? The page says so, and keeps what is being typed. */
export const reachable = createStore(true);

/* Given at the door, kept in this variable alone, sent with everything: a form
 * on a hostile page can carry the cookie and never this. */
let key = '';
export function setKey(k: string): void {
	key = k;
}

let onLocked: () => void = () => undefined;
export function whenLocked(fn: () => void): void {
	onLocked = fn;
}

/* "erase status" → /api/v1/erase/status */
export function address(operation: string): string {
	return '/api/v1/' + operation.split(' ').map(encodeURIComponent).join('/');
}

/* What no person asked for does not put off the lock: requests that `fn` starts before it first waits. */
let background = false;
export function inBackground<T>(fn: () => T): T {
	background = true;
	try {
		return fn();
	} finally {
		background = false;
	}
}

async function failure(answer: Response): Promise<ApiError> {
	let code = 'io', text = `HTTP ${answer.status}`;
	try {
		const body = (await answer.json()) as { error?: { code?: string; kind?: string; text?: string } };
		code = body.error?.kind ?? body.error?.code ?? code;
		text = body.error?.text ?? text;
	} catch {
		/* not ours: the status says what there is to say */
	}
	return new ApiError(code, text, answer.status);
}

export async function request<T>(method: 'GET' | 'POST', url: string, body?: object, signal?: AbortSignal): Promise<T> {
	const headers: Record<string, string> = {};
	if (key !== '') headers['X-Faltbok-Key'] = key;
	if (background) headers['X-Faltbok-Background'] = '1';
	if (body !== undefined) headers['Content-Type'] = 'application/json';
	let answer: Response;
	try {
		answer = await fetch(url, {
			method, headers, signal: signal ?? null, credentials: 'same-origin', cache: 'no-store',
			body: body === undefined ? null : JSON.stringify(body),
		});
	} catch (e) {
		if (isAbort(e)) throw e;
		reachable.set(false);
		throw new ApiError('gone', 'the node does not answer', 0);
	}
	reachable.set(true);
	if (answer.ok) return (await answer.json()) as T;
	const e = await failure(answer);
	if (answer.status === 423) onLocked();
	throw e;
}

export function call<T>(operation: string, params: object = {}, signal?: AbortSignal): Promise<T> {
	return request('POST', address(operation), params, signal);
}

export function isAbort(e: unknown): boolean {
	return e instanceof DOMException && e.name === 'AbortError';
}
