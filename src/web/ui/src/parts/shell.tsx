/*
 * The frame around every view: skip link, where one can go, the sentence that
 * says how safe the work is, language, appearance, lock; and below it all, one
 * place where what has happened is said aloud.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { app, loadMe, loadStatus } from '../base/app';
import { inBackground, reachable } from '../api/client';
import { useLive } from '../api/live';
import { message } from '../base/say';
import { applyTheme, readPrefs, writePrefs, type Theme } from '../base/prefs';
import { href, usePath } from '../base/route';
import { useStore } from '../base/store';
import { PAGE_LANGUAGES, ownName, setLanguage, useLanguage, useT, direction } from '../i18n';
import { isPageLanguage } from '../i18n/tags';
import { firstView, VIEWS, seesView } from '../views/registry';
import { doorSession, lockNow } from '../base/session';
import { Button } from './basics';
import { custodyLine } from './custody';
import { Icon } from './icons';

export function LanguagePick() {
	const t = useT();
	const lang = useLanguage();
	return (
		<label class="language">
			<Icon name="language" />
			<span class="unseen">{t('language')}</span>
			<select value={lang} onChange={(e) => isPageLanguage(e.currentTarget.value) && void setLanguage(e.currentTarget.value)}>
				{PAGE_LANGUAGES.map((l) => <option key={l} value={l} lang={l} dir={direction(l)}>{ownName(l)}</option>)}
			</select>
		</label>
	);
}

export function ThemeButton() {
	const t = useT();
	const [theme, setTheme] = useState<Theme>(readPrefs().theme ?? 'auto');
	const next: Record<Theme, Theme> = { auto: 'dark', dark: 'light', light: 'auto' };
	return (
		<Button kind="quiet" icon="moon" aria-label={t('theme.now', { name: t(`theme.${theme}`) })} title={t('theme.now', { name: t(`theme.${theme}`) })} onClick={() => {
			const to = next[theme];
			setTheme(to);
			writePrefs({ theme: to });
			applyTheme(to);
		}} />
	);
}

/* Always in sight, always true: made from what others have confirmed. */
function Custody() {
	const t = useT();
	const status = useStore(app, (a) => a.status);
	const hubs = useStore(app, (a) => a.hubs);
	const alive = useStore(reachable);
	useLive((c) => c.kind === 'members' || c.kind === 'resync', () => void inBackground(loadMe).catch(() => undefined), 600);
	useLive(() => true, () => void inBackground(loadStatus).catch(() => undefined), 600);
	const line = custodyLine(t, alive, status, hubs);
	return (
		<aside aria-label={t('step.copies')}>
			<a class={`custody ${line.kind}`} href={href('step')} aria-label={t('custody.label', { text: line.text })}>
				<span class="dot" aria-hidden="true" />
				<span>{line.text}</span>
			</a>
		</aside>
	);
}

function Said() {
	const now = useStore(message);
	return (
		<div class="said" role="status" aria-live="polite">
			{now !== undefined && <p key={now.count} class={now.kind}><Icon name={now.kind === 'done' ? 'done' : 'warn'} /><span>{now.text}</span></p>}
		</div>
	);
}

export function Shell({ children }: { children: ComponentChildren }) {
	const t = useT();
	const path = usePath();
	const state = useStore(app);
	const alive = useStore(reachable);
	const main = useRef<HTMLElement>(null);
	const here = path[0] ?? firstView(state);
	const first = useRef(true);

	/* A new view begins at its top, for eyes and for a screen reader. */
	useEffect(() => {
		if (first.current) first.current = false;
		else {
			scrollTo(0, 0);
			main.current?.focus({ preventScroll: true });
		}
	}, [path.join('/')]);

	return (
		<>
			<a class="skip" href="#main" onClick={(e) => { e.preventDefault(); main.current?.focus(); }}>{t('skip')}</a>
			<header class="top">
				<p class="brand"><bdi>{state.org}</bdi></p>
				<nav aria-label={t('nav')}>
					{VIEWS.filter((v) => seesView(state, v)).map((v) => (
						<a key={v.path} href={href(v.path)} aria-current={v.path === here ? 'page' : undefined}>
							<Icon name={v.icon} /><span>{t(v.label)}</span>
						</a>
					))}
				</nav>
				<div class="top-end">
					<LanguagePick />
					<ThemeButton />
					<Button kind="quiet" icon="lock" aria-label={t('lock.now')} title={t('lock.now')} onClick={() => void lockNow()} />
				</div>
			</header>
			<Custody />
			{state.practice && <p class="practice" role="note">{t('practice.banner')}</p>}
			{!alive && <p class="gone" role="alert">{t('error.gone')}</p>}
			<main id="main" tabIndex={-1} ref={main}>{children}</main>
			<Said />
		</>
	);
}

/* A home of many years takes a while to open. */
function Opening() {
	const t = useT();
	const far = useStore(doorSession, (s) => s?.opening);
	if (far === undefined || far.all === 0) return null;
	const text = t('unlock.opening', { n: Math.floor(100 * far.done / far.all) });
	return <p class="opening"><progress max={far.all} value={far.done} aria-label={text} /><span aria-hidden="true">{text}</span></p>;
}

/* The frame of what comes before: first run and unlocking. */
export function Door({ title, children, wide = false }: { title: ComponentChildren; children: ComponentChildren; wide?: boolean }) {
	const t = useT();
	const main = useRef<HTMLElement>(null);
	return (
		<>
			<a class="skip" href="#main" onClick={(e) => { e.preventDefault(); main.current?.focus(); }}>{t('skip')}</a>
			<header class="top plain">
				<p class="brand">Fältbok</p>
				<div class="top-end"><LanguagePick /><ThemeButton /></div>
			</header>
			<main id="main" class={`door${wide ? ' wide' : ''}`} tabIndex={-1} ref={main}>
				<h1>{title}</h1>
				{children}
				<Opening />
			</main>
			<Said />
		</>
	);
}
