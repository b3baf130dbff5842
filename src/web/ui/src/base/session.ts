/*
 * In and out: the one-time token, what state the home is in, unlocking, the
 * lock that falls by itself, and telling the node that a person is at work.
 */
import { setKey, whenLocked } from '../api/client';
import { door, type Session } from '../api/door';
import { startLive, stopLive, whenOpening, whenSession } from '../api/live';
import { app, forget, loadMe, loadProfile, loadStatus } from './app';
import { createStore } from './store';
import { dropDrafts, keepDrafts, sendUnsent } from '../form/draft';

const ACTIVE_EVERY_MS = 30_000, STATUS_AFTER_MS = 300;

/* What the door says while somebody joins. */
export const doorSession = createStore<Session | undefined>(undefined);

/* Takes over what the door said. A founder sees the kit before the work begins, so `open` may wait. */
export async function take(s: Session, enter = true): Promise<void> {
	if (s.key !== undefined) setKey(s.key);
	doorSession.set(s);
	app.patch({ org: s.org?.name ?? '', device_name: s.device?.name ?? '', practice: s.practice === true, role: s.role ?? '' });
	if (s.state === 'none' || s.state === 'joining') {
		forget('new');
		startLive();
	} else if (s.state === 'locked') {
		forget('locked');
		dropDrafts();
		startLive();
	} else if (enter && app.get().phase !== 'open') await open();
}

async function open(): Promise<void> {
	startLive();
	try {
		await loadProfile();
	} catch {
		/* no programme here yet: it comes with the first exchange, and the views say so */
	}
	await sendUnsent();
	app.patch({ phase: 'open' });
	/* What nobody waits for comes after the page is drawn. */
	setTimeout(() => void loadStatus().then(loadMe).catch(() => undefined), STATUS_AFTER_MS);
}

/* The one-time token of the address, which is out of sight at once. */
function tokenHere(): string | undefined {
	const token = /^#t=(.+)$/.exec(location.hash)?.[1];
	if (token !== undefined) history.replaceState(null, '', location.pathname);
	return token;
}

/* A new address in the same window, when the program has been started again: the page is still the old one. */
async function comeAgain(): Promise<void> {
	const token = tokenHere();
	if (token === undefined) return;
	dropDrafts();
	forget('starting');
	try {
		await take(await door.token(token));
	} catch {
		app.patch({ phase: 'away' });
	}
}

export async function startSession(): Promise<void> {
	const token = tokenHere();
	addEventListener('hashchange', () => void comeAgain());
	whenLocked(() => app.get().phase === 'open' && void locked());
	whenSession((s) => {
		const phase = app.get().phase;
		doorSession.set({ ...doorSession.get(), ...s });
		if (s.state === 'locked' && phase === 'open') void locked();
		else if (s.state === 'open' && phase === 'locked') void take(s);
		else if (s.state === 'none' && phase !== 'new') void take(s); // the home has been wiped
	});
	whenOpening((opening) => doorSession.set((s) => s === undefined ? s : { ...s, opening }));
	watchActivity();
	try {
		await take(token !== undefined ? await door.token(token) : await door.look());
	} catch {
		app.patch({ phase: 'away' });
	}
}

/* Nothing of a case stays drawn behind the lock. */
async function locked(): Promise<void> {
	dropDrafts();
	forget('locked');
}

export async function unlock(passphrase: string): Promise<void> {
	await take(await door.unlock(passphrase));
}

export async function lockNow(): Promise<void> {
	await keepDrafts();
	try {
		await door.lock();
	} finally {
		stopLive();
		await locked();
		startLive();
	}
}

/* A person who reads or types is at work, though no request says so. */
function watchActivity(): void {
	let last = 0;
	const seen = (): void => {
		const now = Date.now();
		if (app.get().phase !== 'open' || now - last < ACTIVE_EVERY_MS) return;
		last = now;
		void door.active().catch(() => undefined);
	};
	for (const name of ['keydown', 'pointerdown', 'pointermove', 'scroll']) addEventListener(name, seen, { passive: true, capture: true });
}
