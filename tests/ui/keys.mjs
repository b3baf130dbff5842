/* By keyboard alone; at twice the size; and no technical word in what is said. */
import { catalogue, LANGUAGES } from './lib/words.mjs';
import { claim, OUT, part, same, until } from './lib/check.mjs';
import { Node, PASSPHRASE } from './lib/node.mjs';
import { person } from './lib/browser.mjs';

/* Words of the workshop. Whole words, in the languages that have them in these letters. */
const TECHNICAL = ['hash', 'token', 'json', 'http', 'api', 'url', 'utf', 'sqlite', 'databas', 'database', 'server', 'servern', 'klient', 'client', 'nod', 'noden', 'node', 'peer', 'replik', 'replica',
	'sync', 'synk', 'synkronisera', 'synkronisering', 'kryptering', 'krypterad', 'encryption', 'encrypted', 'cache', 'cookie', 'log', 'logg', 'entry', 'entries',
	'bundle', 'frontier', 'fork', 'commit', 'merge', 'id', 'uuid', 'null', 'undefined', 'error code', 'exception', 'timeout', 'crdt', 'argon2', 'sha-256', 'blake', 'keystore', 'backend', 'frontend', 'сервер', 'база данных', 'база даних', 'токен', 'кэш', 'хеш', 'хэш'];

async function focused(p) {
	return p.page.evaluate(() => {
		const e = document.activeElement, s = getComputedStyle(e), parent = e.closest('label') ?? e;
		const ps = getComputedStyle(parent);
		return { name: e.tagName, text: e.textContent?.slice(0, 40), ring: s.outlineStyle !== 'none' || ps.outlineStyle !== 'none' || s.boxShadow !== 'none' || ps.boxShadow !== 'none' };
	});
}

/* Tab until `here` holds; every stop on the way must be visible. */
async function tabTo(p, what, here, most = 80) {
	for (let i = 0; i < most; i++) {
		if (await p.page.evaluate(here)) return true;
		await p.page.keyboard.press('Tab');
		const f = await focused(p);
		if (f.name !== 'BODY' && !f.ring) claim(`focus is seen on ${f.name} ${f.text}`, false);
	}
	return claim(`${what} is reached by Tab`, false);
}

export async function keys(browser) {
	await part('keyboard', async () => {
		const node = new Node('keys').found();
		const p = await person(browser);
		await p.open(await node.serve());
		await p.field('passphrase').waitFor();
		await until('focus in the passphrase', () => p.page.evaluate(() => document.activeElement?.type === 'password'));
		await p.page.keyboard.type(PASSPHRASE);
		await p.page.keyboard.press('Enter');
		await p.inside();
		await until('focus in the place', () => p.page.evaluate(() => document.activeElement?.classList.contains('choose-filter')));
		await p.page.keyboard.type('Lund');
		await p.page.keyboard.press('Enter');
		await tabTo(p, 'opening the session', () => document.activeElement?.type === 'submit');
		await p.page.keyboard.press('Enter');
		await p.page.getByRole('form', { name: p.t('visit.title') }).waitFor();
		await until('focus in the first question', () => p.page.evaluate(() => document.activeElement?.closest('form.visit') !== null && document.activeElement?.matches('input')));
		for (const word of ['boende', 0, 'kommun', '', 'arab']) { // a topic may be several: Enter again goes on; the third has no search
			if (typeof word === 'number') await until('an empty search', () => p.page.evaluate(() => document.activeElement?.value === ''));
			else if (word !== '') await p.page.keyboard.type(word);
			else await p.page.keyboard.press('Space');
			await p.page.keyboard.press('Enter');
		}
		await p.page.screenshot({ path: `${OUT}keyboard.png` });
		same('four answers by typing and Enter', await p.page.locator('form.visit .chip.on').count(), 4);
		await p.page.keyboard.press('Control+Enter');
		await p.page.getByRole('heading', { name: p.t('visit.saved') }).waitFor();
		claim('a visit is saved by keyboard alone', true);
		await until('focus on the next visitor', async () => (await focused(p)).name === 'BUTTON');
		await p.page.keyboard.press('Enter');
		await p.page.getByRole('form', { name: p.t('visit.title') }).waitFor();

		await p.page.reload();
		await p.inside();
		await until('focus in the form', () => p.page.evaluate(() => document.activeElement?.closest('form.visit') !== null));
		await p.page.evaluate(() => { document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex'); });
		await p.page.keyboard.press('Tab');
		claim('the first Tab offers to skip to the content', await p.page.evaluate(() => document.activeElement?.classList.contains('skip')));
		await p.page.keyboard.press('Enter');
		claim('and does', await p.page.evaluate(() => document.activeElement?.id === 'main'));
		await p.page.evaluate(() => { document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex'); });
		await tabTo(p, 'the cases', () => document.activeElement?.getAttribute('href')?.includes('cases'));
		await p.page.keyboard.press('Enter');
		await p.page.locator('input[type=search]').waitFor();
		await p.page.locator('ul.hits li').first().waitFor();
		await tabTo(p, 'the search', () => document.activeElement?.type === 'search');
		await p.page.keyboard.press('Enter');
		await p.page.locator('#case-title').waitFor();
		await tabTo(p, 'the slip', () => document.activeElement?.closest('.case .actions') !== null);
		await p.page.keyboard.press('Enter');
		await p.page.locator('dialog').waitFor();
		claim('focus is in the dialog', await until('focus inside', () => p.page.evaluate(() => document.activeElement?.closest('dialog') !== null)));
		await p.page.keyboard.press('Escape');
		await p.page.locator('dialog').waitFor({ state: 'detached' });
		claim('and returns to where one was', await p.page.evaluate(() => document.activeElement?.closest('.case .actions') !== null));
		await p.close();

		/* 200 %: half the room in CSS pixels, twice the dots. */
		const big = await person(browser, { size: { width: 683, height: 384 } });
		await big.open(JSON.parse(node.run('page')).http);
		await big.inside();
		const one = JSON.parse(node.run('list', 'case')).records[0].id;
		for (const view of ['today', 'cases', `cases/${one}`, 'step', 'lead/people', 'lead/figures', 'lead/erase', 'lead/rights', 'lead/programme', 'review']) {
			await big.page.goto(`${node.base}/#/${view}`);
			await big.page.locator('main h1').first().waitFor();
			const wide = await big.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
			claim(`at 200 % ${view} scrolls one way only`, wide <= 0, `${wide} px`);
			await big.page.screenshot({ path: `${OUT}zoom-${view.replace(/\W.*/, '')}.png` });
			const covered = await big.page.evaluate(() => {
				const fixed = [...document.querySelectorAll('body *')].filter((e) => /fixed|sticky/.test(getComputedStyle(e).position)).map((e) => e.getBoundingClientRect()).filter((r) => r.width > innerWidth / 2 && r.height > 0 && r.bottom > 0 && r.top < innerHeight);
				return fixed.reduce((sum, r) => sum + Math.min(r.bottom, innerHeight) - Math.max(r.top, 0), 0) / innerHeight;
			});
			claim(`at 200 % most of the window is the work in ${view}`, covered <= 0.5, `${Math.round(covered * 100)} % is bars`);
		}
		await big.close();
		await node.stop();
	});

	await part('words', async () => {
		for (const lang of LANGUAGES)
			for (const [key, entry] of Object.entries(catalogue(lang)))
				for (const said of typeof entry === 'string' ? [entry] : Object.values(entry)) {
					const plain = ` ${said.replace(/\{\w+\}/g, ' ').toLowerCase().replace(/[.,:;!?()"”“«»…/]/g, ' ').replace(/\s+/g, ' ')} `;
					const found = TECHNICAL.filter((word) => plain.includes(` ${word} `));
					if (found.length > 0) claim(`${lang} "${key}" has no technical word`, false, `${found.join(', ')} in "${said}"`);
				}
		claim('the catalogues were read', Object.keys(catalogue('sv')).length > 200);
	});
}
