/*
 * Every view by axe, light and dark, at a laptop's and a telephone's width, in
 * a left-to-right and a right-to-left language; each with a picture in build/ui.
 */
import { part } from './lib/check.mjs';
import { look } from './lib/look.mjs';
import { Node } from './lib/node.mjs';
import { person, SIZES } from './lib/browser.mjs';

const nav = (p) => p.page.getByRole('navigation', { name: p.t('nav') });

/* All there is to see behind the lock, in the order one comes to it. */
async function inside(p, tag, id, torn) {
	const at = async (name, hash, ready) => {
		await p.page.goto(`${p.page.url().split('#')[0]}#/${hash}`);
		await ready();
		await look(p, `${name}-${tag}`);
	};
	await at('today', 'today', () => p.page.getByRole('form', { name: p.t('visit.title') }).waitFor());
	await p.touch(p.page.locator('form.visit details summary'));
	await p.page.locator('form.visit details .choose').first().waitFor();
	await look(p, `today-more-${tag}`);
	await p.touch(p.page.locator('form.visit .switch label').nth(1));
	await p.field('card.code').waitFor();
	await look(p, `today-card-${tag}`);
	await p.touch(p.page.getByRole('button', { name: p.t('session.close') }));
	await p.page.locator('dialog').waitFor();
	await look(p, `session-close-${tag}`);
	await p.page.keyboard.press('Escape');
	await p.touch(p.page.locator('.queue .place + .actions button').first());
	await p.page.locator('dialog').waitFor();
	await look(p, `triage-${tag}`);
	await p.page.keyboard.press('Escape');
	await at('cases', 'cases', () => p.page.locator('ul.hits li').first().waitFor());
	await at('case', `cases/${id}`, () => p.page.locator('ol.timeline li').first().waitFor());
	for (const [key, name] of [['slip.next', 'slip'], ['refer', 'refer'], ['do.change', 'change']]) {
		await p.touch(p.button(key));
		await p.page.locator(name === 'slip' ? 'dialog .sheet' : 'dialog .choose').first().waitFor();
		await look(p, `${name}-${tag}`);
		await p.page.keyboard.press('Escape');
	}
	await at('conflict', `cases/${torn}`, () => p.page.locator('.conflict').waitFor());
	await at('step', 'step', () => p.button('step.sync').waitFor());
	const others = await nav(p).locator('a').evaluateAll((all) => all.map((a) => a.getAttribute('href').replace('#/', '')));
	for (const view of others.filter((v) => !['today', 'cases', 'step', ''].includes(v)))
		await at(view, view, async () => {
			await p.page.locator('main h1').first().waitFor();
			await p.page.waitForFunction(() => document.querySelector('main .waits') === null);
		});
}

export async function views(browser) {
	await part('views', async () => {
		const fresh = new Node('fresh');
		for (const dark of [false, true])
			for (const [size, box] of Object.entries(SIZES)) {
				const tag = `${size}-${dark ? 'dark' : 'light'}`;
				const p = await person(browser, { dark, size: box });
				await p.open(await fresh.serve());
				await p.page.locator('.ways').waitFor();
				await look(p, `first-${tag}`);
				for (const key of ['found', 'code', 'file']) {
					await p.touch(p.page.getByRole('button', { name: p.t(`first.${key}`) }));
					await p.page.locator('form').waitFor();
					await p.touch(p.page.locator('button[type=submit]')); // with all its complaints
					await p.page.locator('[aria-invalid]').first().waitFor();
					await look(p, `first-${key}-${tag}`);
					await p.touch(p.button('do.back'));
				}
				await p.close();
				await fresh.stop();
			}

		const node = new Node('views').found();
		const session = JSON.parse(node.run('session', 'open', 'Lund Stadsbibliotek'));
		const saved = JSON.parse(node.run('visit', 'save', '+topic=housing', 'first_visit=yes', 'language=ar', 'case.topic=housing', 'case.responsible=municipality',
			'case.next_step=Ring hyresvärden', '--note', 'Besökaren undrar över hyran.', '--session', session.session));
		node.run('referral', 'send', saved.case, '--to', 'red_cross', '--consent');
		node.run('queue', 'add', '--language', 'ar', '--topic', 'housing', '--deadline-today', '--minutes', '15');
		node.run('queue', 'add');
		node.run('queue', 'call');
		const other = new Node('other');
		node.admit(other, 'Amal');
		node.giveTo(other);
		const torn = JSON.parse(node.run('visit', 'save', '+topic=migration', 'case.topic=migration', 'case.next_step=Vänta')).case;
		node.giveTo(other);
		node.run('put', 'case', torn, 'next_step=Ring Migrationsverket');
		other.run('put', 'case', torn, 'next_step=Skriv till Migrationsverket');
		other.giveTo(node);
		for (const [lang, dark, size] of [['sv', false, 'laptop'], ['sv', true, 'laptop'], ['sv', false, 'telephone'], ['sv', true, 'telephone'], ['ar', false, 'laptop'], ['ar', true, 'telephone']]) {
			const tag = `${lang}-${size}-${dark ? 'dark' : 'light'}`;
			const p = await person(browser, { lang, dark, size: SIZES[size] });
			await p.open(await node.serve());
			await p.field('passphrase').waitFor();
			await look(p, `unlock-${tag}`);
			await p.touch(p.button('unlock.forgotten'));
			await p.field('recover.code').waitFor();
			await look(p, `recover-${tag}`);
			await p.touch(p.button('do.back'));
			await p.unlock();
			await inside(p, tag, saved.case, torn);
			await p.close();
			await node.stop();
		}
	});
}
