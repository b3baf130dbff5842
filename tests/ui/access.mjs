/*
 * What axe does not see: that each control says what it is, that headings are
 * an order one can walk, that Saved is said aloud, that a live update never
 * takes the focus away, and that nothing moves for who wants it still.
 */
import { claim, OUT, part, same, until } from './lib/check.mjs';
import { Node } from './lib/node.mjs';
import { person } from './lib/browser.mjs';

const CONTROLS = new Set(['button', 'link', 'textbox', 'searchbox', 'combobox', 'listbox', 'checkbox', 'radio', 'spinbutton', 'slider', 'switch', 'tab', 'menuitem', 'Date', 'DisclosureTriangle', 'dialog', 'table', 'img', 'image', 'progressbar', 'navigation']);

/* The tree that a screen reader is given, by the browser's own account: role and name of what is not ignored. */
async function tree(p) {
	const cdp = await p.page.context().newCDPSession(p.page);
	const { nodes } = await cdp.send('Accessibility.getFullAXTree');
	await cdp.detach();
	return nodes.filter((n) => !n.ignored).map((n) => ({
		role: n.role?.value ?? '', name: (n.name?.value ?? '').trim(),
	}));
}

async function look(p, view) {
	const all = await tree(p);
	const controls = all.filter((n) => CONTROLS.has(n.role));
	const nameless = controls.filter((n) => n.name === '').map((n) => n.role);
	claim(`${view}: each of ${controls.length} controls has a name`, controls.length > 3 && nameless.length === 0, nameless.join(' '));
	const bare = all.filter((n) => n.role === 'region' && n.name === '').length;
	same(`${view}: no region without a name`, bare, 0);
	const headings = await p.page.locator('h1, h2, h3, h4, h5, h6').filter({ visible: true }).evaluateAll((h) => h.map((x) => ({ level: Number(x.tagName[1]), name: x.textContent })));
	const levels = headings.map((h) => h.level);
	claim(`${view}: a heading is never empty`, headings.every((h) => h.name.trim() !== ''));
	same(`${view}: one heading of the first level`, levels.filter((l) => l === 1).length, 1);
	const jumps = levels.filter((l, i) => i > 0 && l > levels[i - 1] + 1);
	claim(`${view}: headings go down by one`, levels[0] === 1 && jumps.length === 0, headings.map((h) => `${h.level} ${h.name}`).join(' | '));
}

/* Shown and not only announced at the same time: a status region that was there before the words came. */
async function saidAloud(p) {
	const form = p.page.getByRole('form', { name: p.t('visit.title') });
	await p.page.evaluate(() => {
		globalThis.said = [];
		new MutationObserver((all) => {
			for (const m of all)
				for (const n of m.addedNodes) {
					const region = (n.nodeType === 1 ? n : n.parentElement)?.closest('[role=status], [role=alert], [aria-live]');
					if (region) globalThis.said.push(region.textContent);
				}
		}).observe(document.body, { childList: true, subtree: true, characterData: true });
	});
	await p.choose(p.t('visit.topic'), 0, form);
	await p.touch(p.button('visit.save', form));
	await p.page.getByRole('heading', { name: p.t('visit.saved') }).waitFor();
	claim('Saved is said in a live region', await until('Saved, said', () => p.page.evaluate((word) => globalThis.said.some((s) => s.includes(word)), p.t('visit.saved'))));
	await p.touch(p.button('visit.next'));
}

/* Focus on `what`, a change from elsewhere that redraws its list, and focus is where it was. */
async function keepsFocus(p, name, what, change, drawn) {
	await what.focus();
	await p.page.evaluate(() => { globalThis.held = document.activeElement; });
	await change();
	await drawn();
	claim(`${name}: a live update leaves the focus where it was`, await p.page.evaluate(() => document.activeElement === globalThis.held && globalThis.held.isConnected && document.activeElement !== document.body));
}

export async function access(browser) {
	await part('screen readers', async () => {
		const node = new Node('access').found();
		const session = JSON.parse(node.run('session', 'open', 'Lund Stadsbibliotek'));
		const saved = JSON.parse(node.run('visit', 'save', '+topic=housing', 'case.topic=housing', 'case.next_step=Ring hyresvärden', '--note', 'Besökaren undrar över hyran.', '--session', session.session));
		node.run('referral', 'send', saved.case, '--to', 'red_cross', '--consent');
		node.run('queue', 'add', '--topic', 'housing');
		const p = await person(browser);
		await p.open(await node.serve());
		await p.field('passphrase').waitFor();
		await look(p, 'unlock');
		await p.unlock();
		const at = async (hash, ready) => {
			await p.page.goto(`${node.base}/#/${hash}`);
			await ready();
			await p.page.waitForFunction(() => document.querySelector('main .waits') === null);
		};
		const h1 = () => p.page.locator('main h1').first().waitFor();
		await at('today', () => p.page.getByRole('form', { name: p.t('visit.title') }).waitFor());
		await p.touch(p.page.locator('form.visit details summary'));
		await look(p, 'today');
		await saidAloud(p);
		await at('cases', () => p.page.locator('ul.hits li').first().waitFor());
		await look(p, 'cases');
		await at(`cases/${saved.case}`, () => p.page.locator('ol.timeline li').first().waitFor());
		await look(p, 'a case');
		for (const key of ['slip.next', 'refer', 'do.change', 'erase.ask']) {
			await p.touch(p.button(key));
			await p.page.locator('dialog').waitFor();
			const names = (await tree(p)).filter((n) => n.role === 'dialog').map((n) => n.name);
			claim(`the dialog ${key} has a name`, names.length === 1 && names[0] !== '', names.join());
			const nameless = (await tree(p)).filter((n) => CONTROLS.has(n.role) && n.name === '').map((n) => n.role);
			same(`and each control in it too (${key})`, nameless, []);
			await p.page.keyboard.press('Escape');
			await p.page.locator('dialog').waitFor({ state: 'detached' });
		}
		await at('step', () => p.button('step.sync').waitFor());
		await look(p, 'step');
		for (const room of ['people', 'figures', 'erase', 'rights', 'programme']) {
			await at(`lead/${room}`, h1);
			await look(p, room);
		}
		await at('review', h1);
		await look(p, 'review');

		/* Live updates: the command line writes into the node that serves. */
		await at('today', () => p.page.locator('.queue .ticket').first().waitFor());
		const count = await p.page.locator('.queue .ticket').count();
		await keepsFocus(p, 'the queue', p.page.locator('.queue .place + .actions button').first(), () => node.run('queue', 'add'),
			() => until('one more in the queue', async () => await p.page.locator('.queue .ticket').count() === count + 1));
		const note = p.field('visit.note');
		await note.fill('Mitt i en mening');
		await keepsFocus(p, 'a note', note, () => node.run('queue', 'add'), () => until('and another', async () => await p.page.locator('.queue .ticket').count() === count + 2));
		same('and the words stay', await note.inputValue(), 'Mitt i en mening');
		await at('cases', () => p.page.locator('ul.hits li').first().waitFor());
		await keepsFocus(p, 'the list of cases', p.page.locator('ul.hits a').first(), () => node.run('put', 'case', 'topic=migration', 'title=Kom nyss'),
			() => p.page.locator('ul.hits').getByText('Kom nyss').waitFor());
		await at(`cases/${saved.case}`, () => p.page.locator('ol.timeline li').first().waitFor());
		await keepsFocus(p, 'a case', p.page.locator('.case .actions button').first(), () => node.run('put', 'case', saved.case, '--note', 'Ny anteckning utifrån'),
			() => p.page.locator('ol.timeline').getByText('Ny anteckning utifrån').waitFor());
		await at('lead/people', h1);
		await keepsFocus(p, 'the teams', p.field('teams.new'), () => node.run('team', 'add', 'malmö'), () => p.page.getByRole('table', { name: p.t('teams.title') }).getByText('malmö', { exact: true }).waitFor());

		/* For who wants it still. */
		await p.page.emulateMedia({ reducedMotion: 'reduce' });
		for (const view of ['today', 'cases', 'lead/people']) {
			await at(view, h1);
			const moving = await p.page.evaluate(() => [...document.querySelectorAll('*')].filter((e) => {
				const s = getComputedStyle(e);
				return [s.transitionDuration, s.animationDuration].some((d) => d.split(', ').some((x) => parseFloat(x) > 0)) || s.scrollBehavior === 'smooth';
			}).map((e) => e.className));
			same(`nothing moves in ${view} for who wants it still`, moving, []);
		}

		/* On paper: dark on white, without the frame. */
		await p.page.emulateMedia({ media: 'print', colorScheme: 'dark' });
		await at('review', h1);
		claim('on paper there is no navigation', !await p.page.getByRole('navigation', { name: p.t('nav') }).isVisible());
		same('and the ground is white, also for who works in the dark', await p.page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(255, 255, 255)');
		await p.page.screenshot({ path: `${OUT}print-review.png`, fullPage: true });
		await p.close();
		await node.stop();
	});
}
