/*
 * The rooms beyond the visit form, with something in each: by axe, at a
 * laptop's and a telephone's width, left to right and right to left; and what
 * an auditor sees.
 */
import { claim, part, same } from './lib/check.mjs';
import { Node } from './lib/node.mjs';
import { person, SIZES } from './lib/browser.mjs';
import { look } from './lib/look.mjs';

const ROOMS = [
	['times', 'ul.slots li'], ['plan', '.plan-rows li'], ['directory', 'ul.entries li'], ['doubles', '.claims .claim'], ['hours', 'tbody tr'], ['here', 'form'],
];

const json = (text) => JSON.parse(text);
export const today = () => new Date().toISOString().slice(0, 10);

/* A site whose book is kept here, with a booked and an asked-for time; a volunteer who staffed a closed session; two services; two visitors who may be one. */
export function furnish(node, keeps = true) {
	const site = json(node.run('put', 'site', 'name=Dalby bibliotek', 'kind=popup')).id;
	node.run('put', 'opening', `site=${site}`, 'rrule=FREQ=DAILY', 'opens=13:00', 'closes=15:00', 'mode=booked', 'valid_from=2020-01-01');
	if (keeps) node.run('booking', 'keep', 'Dalby bibliotek');
	const saved = json(node.run('visit', 'save', '+topic=housing', 'case.topic=housing', 'case.next_step=Ring hyresvärden', '--note', 'Besökaren undrar över hyran.'));
	node.run('booking', 'take', 'Dalby bibliotek', '--date', today(), '--time', '13:00', '--case', saved.case, '--language', 'ar');
	node.run('put', 'volunteer', 'name=Nadia', 'code=N1', 'start=2024-02-01');
	node.run('put', 'session', `site=${site}`, `date=${today()}`, 'start=13:00', 'end=16:00', 'status=held', 'kind=advice', '+staff=Nadia', '+staff=Okänd');
	node.run('put', 'session', `site=${site}`, `date=${today()}`, 'start=17:00', 'end=19:00', 'status=planned', '+staff=Nadia');
	node.run('hours', 'derive');
	const org = json(node.run('put', 'organisation', 'name=Röda Korset', 'assured=2020-03-01')).id;
	node.run('put', 'service', 'name=Juridisk rådgivning', `organisation=${org}`, '+topic=migration', '+language=ar', 'phone=010-000 00 00', 'assured=2020-03-01');
	node.run('put', 'service', 'name=Läxhjälp', '+topic=children_school', `assured=${today()}`);
	for (const code of ['1', '2']) node.run('put', 'visitor', 'mode=contact', 'name=Sara Prov', `phone=070-000 00 0${code}`);
	const hidden = json(node.run('visit', 'save', '+topic=family', 'case.topic=family', 'case.next_step=Vänta', '--note', 'Skyddad.')).case;
	node.run('put', 'case', hidden, 'protected=true');
	return { site, shown: saved.case, hidden };
}

async function all(p, tag, made) {
	const at = async (name, hash, ready) => {
		await p.page.goto(`${p.page.url().split('#')[0]}#/${hash}`);
		await ready.first().waitFor();
		await p.page.waitForFunction(() => document.querySelector('main .waits') === null);
		await look(p, `${name}-${tag}`);
	};
	for (const [room, what] of ROOMS) await at(`more-${room}`, `more/${room}`, p.page.locator(`main ${what}`));
	await at('more-book', `more/times/${made.shown}`, p.page.locator('ul.slots li'));
	await p.touch(p.button('times.other'));
	await p.page.locator('dialog .choose').waitFor();
	await look(p, `more-book-dialog-${tag}`);
	await p.page.keyboard.press('Escape');
	await at('more-plan-sheet', 'more/plan', p.page.locator('.plan-rows li'));
	await p.touch(p.button('sheet.show'));
	await p.page.locator('dialog .by-hand').waitFor();
	await look(p, `more-sheet-${tag}`);
	await p.page.keyboard.press('Escape');
	await at('protected', `cases/${made.hidden}`, p.field('glass.reason'));
	await p.write(p.field('glass.reason'), 'Sista dag för svar');
	await p.touch(p.button('glass.do'));
	await p.page.locator('ol.timeline li').first().waitFor();
	await look(p, `protected-open-${tag}`);
	await at('case-more', `cases/${made.shown}`, p.page.locator('ol.timeline li'));
	await p.touch(p.page.locator('.more-actions summary'));
	await look(p, `case-more-${tag}`);
	await at('step-exchanges', 'step', p.page.locator('ol.exchanges li'));
	await p.touch(p.button('closing.begin'));
	await look(p, `closing-${tag}`);
	await p.touch(p.button('closing.do', p.page.locator('dialog')));
	await p.page.locator('dialog .steps').waitFor();
	await look(p, `closing-refused-${tag}`);
	await p.page.keyboard.press('Escape');
	for (const room of ['people', 'figures', 'erase', 'rights', 'programme']) await at(`lead-${room}`, `lead/${room}`, p.page.locator('main h1'));
	await at('review', 'review', p.page.locator('main h2'));
}

export async function rooms(browser) {
	await part('rooms', async () => {
		const node = new Node('Signes dator').found();
		const made = furnish(node);
		const other = new Node('Amals dator'), auditor = new Node('Gretas dator');
		node.admit(other, 'Amal');
		node.giveTo(other);
		other.run('put', 'case', made.shown, 'status=waiting_authority');
		other.giveTo(node);
		for (const [lang, size] of [['sv', 'laptop'], ['sv', 'telephone'], ['ar', 'laptop'], ['ar', 'telephone']]) {
			const p = await person(browser, { lang, size: SIZES[size], dark: lang === 'ar' && size === 'telephone' });
			await p.open(await node.serve());
			await p.unlock();
			await all(p, `${lang}-${size}`, made);
			await p.close();
			await node.stop();
		}

		node.admit(auditor, 'Greta', 'auditor');
		node.giveTo(other);
		const { request } = json(other.run('erase', made.shown, '--reason', 'Besökaren har bett om det'));
		other.giveTo(node);
		node.run('erase', 'approve', request);
		node.giveTo(auditor);
		const p = await person(browser);
		await p.open(await auditor.serve());
		await p.unlock();
		await p.page.getByRole('heading', { level: 1, name: p.t('nav.review') }).waitFor();
		const nav = p.page.getByRole('navigation', { name: p.t('nav') });
		same('an auditor is shown nothing of what she cannot read', await nav.locator('a').evaluateAll((x) => x.map((a) => a.getAttribute('href'))), ['#/step', '#/more', '#/review']);
		await p.page.waitForFunction(() => document.querySelector('main .waits') === null);
		const receipt = p.page.locator('section .panel').filter({ hasText: request.slice(0, 8) });
		await receipt.waitFor();
		claim('an erasure names each device that has not confirmed it', await receipt.locator('tbody tr').count() >= 2 && await receipt.locator('tbody .tag.wait').count() >= 1);
		await p.touch(p.button('verify.do'));
		await p.see('verify.ok');
		claim('she verifies without being able to read', true);
		const code = (await p.page.locator('.facts .code').first().textContent()).trim();
		await p.write(p.field('frontier.other'), code.toUpperCase());
		await p.page.getByText(p.t('frontier.same')).waitFor();
		await p.write(p.field('frontier.other'), code.replace(/^./, (c) => (c === '0' ? '1' : '0')));
		await p.page.getByText(p.t('frontier.differ'), { exact: true }).waitFor();
		claim('and compares codes with another device', true);
		await look(p, 'auditor-review');
		await p.close();
		await auditor.stop();
	});
}
