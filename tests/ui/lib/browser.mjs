/*
 * Debian's Chromium, told to keep to itself. Every request of every page is
 * noted: one that leaves the loopback is a failure of the suite.
 */
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { claim, LIMIT_MS, until } from './check.mjs';
import { PASSPHRASE } from './node.mjs';
import { words } from './words.mjs';

const PROGRAM = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
export const SIZES = { laptop: { width: 1366, height: 768 }, telephone: { width: 390, height: 844 } };
const strays = [], faults = [];

export async function launch(extra = {}) {
	if (PROGRAM === undefined) throw new Error('no chromium here: `tools/setup check` installs it');
	return chromium.launch({ executablePath: PROGRAM, args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--no-first-run'], ...extra });
}

function watch(context) {
	context.setDefaultTimeout(LIMIT_MS);
	context.on('request', (r) => {
		const url = new URL(r.url());
		if (/^https?:|^wss?:/.test(url.protocol) && url.hostname !== '127.0.0.1') strays.push(r.url());
	});
	context.on('weberror', (e) => faults.push(String(e.error())));
	context.on('console', (m) => { if (/Content Security Policy|Refused to/.test(m.text()) && !/frame-ancestors/.test(m.text())) faults.push(m.text()); });
}

/* A browser window of somebody with a language: hands that are counted, words of the page. */
export async function person(browser, { lang = 'sv', dark = false, size = SIZES.laptop } = {}) {
	const context = await browser.newContext({ locale: lang, viewport: size, colorScheme: dark ? 'dark' : 'light', acceptDownloads: true });
	watch(context);
	const page = await context.newPage();
	return new Person(page, lang);
}

export class Person {
	constructor(page, lang) {
		this.page = page;
		this.w = words(lang);
		this.inputs = 0;
		this.key = '';
		page.on('request', (r) => { this.key = r.headers()['x-faltbok-key'] ?? this.key; });
	}

	t(key) { return this.w.t(key); }
	button(key, where = this.page) { return where.getByRole('button', { name: this.t(key), exact: true }); }
	field(key, where = this.page) { return where.getByLabel(this.t(key), { exact: true }); }
	group(name, where = this.page) { return where.getByRole('group', { name, exact: true }); }
	see(key, where = this.page) { return where.getByText(this.w.in(key)).first().waitFor(); }

	/* Everything a hand does is an input, counted. */
	async touch(what) { this.inputs++; await what.click(); }
	async press(key) { this.inputs++; await this.page.keyboard.press(key); }
	async write(what, text) { this.inputs++; await what.fill(text); }
	async tick(what) { this.inputs++; await what.check(); }
	async choose(name, at = 0, where = this.page) { await this.touch(this.group(name, where).locator('.chip').nth(at)); }

	async open(url) { await this.page.goto(url); }
	async unlock(passphrase = PASSPHRASE) {
		await this.write(this.field('passphrase'), passphrase);
		await this.touch(this.button('unlock.do'));
		const form = this.page.locator('form').filter({ has: this.field('passphrase') });
		const refused = form.getByRole('alert').textContent().then((why) => { throw new Error(`unlocking was refused: ${why}`); });
		const inside = this.inside();
		refused.catch(() => undefined);
		inside.catch(() => undefined);
		await Promise.race([inside, refused]);
	}
	inside() { return this.page.getByRole('navigation', { name: this.t('nav') }).waitFor(); }
	go(key) { return this.touch(this.page.getByRole('navigation', { name: this.t('nav') }).getByRole('link', { name: this.t(key) })); }

	/* What has no view: the same operation through the same door, as this page would ask it. */
	ask(operation, params = {}) {
		return this.page.evaluate(async ({ path, params, key }) => {
			const answer = await fetch(`/api/v1/${path}`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Faltbok-Key': key, 'X-Faltbok-Background': '1' }, body: JSON.stringify(params) });
			return { status: answer.status, ...(await answer.json()) };
		}, { path: operation.split(' ').join('/'), params, key: this.key });
	}
	async must(operation, params = {}) {
		const answer = await this.ask(operation, params);
		if (answer.error !== undefined) throw new Error(`${operation}: ${answer.error.text}`);
		return answer;
	}

	/* A session at a new place, by the page. */
	async openSession(site) {
		const where = this.group(this.t('session.where'));
		await this.write(where.locator('input[type=text]'), site);
		await this.press('Enter');
		await this.touch(this.button('session.open.do'));
		await this.page.getByRole('heading', { level: 1, name: site }).waitFor();
	}

	/* A visit with the four questions, as a hand with a mouse makes it. Gives the number of inputs. */
	async visit({ topic = 0, language = 0, note } = {}) {
		const before = this.inputs;
		const form = this.page.getByRole('form', { name: this.t('visit.title') });
		await this.choose(this.t('visit.topic'), topic, form);
		await this.choose(this.t('visit.responsible'), 0, form);
		await this.choose(this.t('visit.first'), 0, form);
		await this.choose(this.t('visit.language'), language, form);
		if (note !== undefined) await this.write(this.field('visit.note', form), note);
		await this.touch(this.button('visit.save', form));
		await this.page.getByRole('heading', { name: this.t('visit.saved') }).waitFor();
		return this.inputs - before;
	}

	stored() { return this.page.evaluate(async () => ({
		local: { ...localStorage }, session: { ...sessionStorage }, databases: (await indexedDB.databases()).length, caches: (await caches.keys()).length,
		workers: (await navigator.serviceWorker.getRegistrations()).length, cookies: document.cookie,
	})); }
	close() { return this.page.context().close(); }
}

/* Called last: what all pages of the run did. */
export function nothingLeft() {
	claim('no request leaves the loopback', strays.length === 0, strays.join(' '));
	claim('no page threw an error or broke its own policy', faults.length === 0, faults.slice(0, 3).join('\n'));
}

export { until };
