/*
 * A day at a pop-up: a founder's node and a newcomer's side by side, each with
 * its page; in one language from the first screen to the last.
 */
import { claim, OUT, part, same, until } from './lib/check.mjs';
import { Node, PASSPHRASE } from './lib/node.mjs';
import { person } from './lib/browser.mjs';

async function whoFields(p, member, device) {
	await p.write(p.field('who.member'), member);
	await p.write(p.field('who.device'), device);
	await p.write(p.field('passphrase.new'), PASSPHRASE);
	await p.write(p.field('passphrase.again'), PASSPHRASE);
	await p.tick(p.field('pledge.yes'));
}

async function found(a) {
	await a.touch(a.page.getByRole('button', { name: a.t('first.found') }));
	await a.write(a.field('found.org'), 'RådRum Prov');
	await whoFields(a, 'Signe', 'Bärbara A');
	await a.write(a.field('found.team'), 'Rådgivare Lund');
	await a.touch(a.button('found.do'));
	await a.page.getByRole('heading', { level: 1, name: a.t('kit.title') }).waitFor();
	same('the kit has every paper: a way back, one for a stolen device, three parts of each key', await a.page.locator('.sheet .secret').count(), 8);
	claim('the work waits until the papers are safe', await a.button('kit.go').isDisabled());
	await a.page.screenshot({ path: `${OUT}day-${a.w.lang}-kit.png` });
	await a.tick(a.field('kit.safe'));
	await a.touch(a.button('kit.go'));
	await a.inside();
}

/* Signe invites on her page, Amal joins on hers, and both compare six digits. */
async function join(a, b) {
	await enterRoom(a, 'lead.people');
	await a.touch(a.button('invite.new'));
	const dialog = a.page.locator('dialog');
	await a.touch(dialog.locator('summary').getByText(a.t('invite.address'), { exact: true }));
	await a.write(a.field('invite.address.label', dialog), '127.0.0.1');
	await a.touch(a.button('invite.do', dialog));
	await dialog.waitFor({ state: 'detached' });
	const sheet = a.page.locator('.sheet').first();
	await sheet.locator('.secret').waitFor();
	claim('the invitation has a picture of its code', await sheet.locator('img, svg').first().waitFor().then(() => true, () => false));
	await a.page.screenshot({ path: `${OUT}day-${a.w.lang}-invite.png` });
	await b.touch(b.page.getByRole('button', { name: b.t('first.code') }));
	await b.write(b.field('join.code'), (await sheet.locator('.secret').textContent()).trim());
	await whoFields(b, 'Amal', 'Bärbara B');
	await b.touch(b.button('join.do'));
	await b.page.locator('.digits').waitFor();
	await a.page.locator('.digits').waitFor();
	const [shown, asked] = await Promise.all([b, a].map(async (p) => (await p.page.locator('.digits').textContent()).replace(/\D/g, '')));
	same('both see the same digits', asked, shown);
	claim('six western digits', /^[0-9]{6}$/.test(shown), shown);
	await a.page.screenshot({ path: `${OUT}day-${a.w.lang}-digits.png` });
	await a.touch(a.button('invite.same'));
	await b.page.getByRole('heading', { level: 1, name: b.t('join.done') }).waitFor();
	same('the newcomer has a way back and a paper for a stolen device', await b.page.locator('.sheet .secret').count(), 2);
	await b.tick(b.field('kit.safe'));
	await b.touch(b.button('kit.go'));
	await b.inside();
	await a.page.getByRole('table', { name: a.t('lead.people') }).getByText('Amal', { exact: true }).waitFor();
	claim('the newcomer stands among the members without loading anew', true);
}

/* A room of the coordinator's. */
async function enterRoom(p, room) {
	await p.go('nav.lead');
	await p.touch(p.page.getByRole('navigation', { name: p.t('nav.lead') }).getByRole('link', { name: p.t(room), exact: true }));
	await p.page.getByRole('heading', { level: 1, name: p.t(room), exact: true }).waitFor();
	await p.page.waitForFunction(() => document.querySelector('main .waits') === null);
}

async function openMember(p, member) {
	const row = p.page.getByRole('table', { name: p.t('lead.people') }).getByRole('row').filter({ hasText: member });
	await p.touch(row.getByRole('button'));
	await p.page.locator('dialog').waitFor();
}

/* Exchanges by the page until the node at the other end is in step. */
async function inStep(p) {
	await p.go('nav.step');
	await p.button('step.sync').waitFor();
	await until('in step', async () => {
		await p.button('step.sync').click();
		await p.page.locator('main .notice.good, main .notice.wait, main .notice.bad').first().waitFor();
		return await p.page.getByText(p.w.in('step.now')).count() > 0;
	});
}

async function queueAndVisits(a) {
	await a.go('nav.today');
	await a.openSession('Lund Stadsbibliotek');
	await a.touch(a.button('queue.add'));
	await a.page.locator('.queue .ticket').first().waitFor();
	await a.touch(a.button('queue.next'));
	await a.touch(a.button('queue.receive'));
	const inputs = await a.visit();
	claim(`a visit with four answers takes at most 8 inputs (${inputs})`, inputs <= 8);
	claim('the one who was received is gone from the queue', await until('an empty queue', async () => await a.page.locator('.queue .ticket').count() === 0));
	const more = a.page.getByRole('link', { name: a.t('visit.case'), exact: true });
	claim('the saved visit leads to its case', await more.count() === 1);
	await a.touch(a.button('visit.next'));
	same('the next form has nothing of the last visitor', await a.page.locator('form.visit .chip.on').count(), 0);
	await a.visit({ topic: 1, note: 'Besökaren undrar över hyran. Nästa steg: ring hyresvärden.' });
}

/* So many visitors in two languages that figures about them may be shown. */
async function busyHour(a) {
	await a.go('nav.today');
	for (let i = 0; i < 12; i++) {
		await a.visit({ topic: i % 2, language: i % 2 });
		await a.touch(a.button('visit.next'));
	}
}

async function card(a) {
	await a.touch(a.button('card.new'));
	const code = (await a.page.locator('dialog .sheet .secret').textContent()).trim();
	const picture = await a.page.locator('dialog .sheet img, dialog .sheet svg').first().waitFor().then(() => true, () => false);

	claim('the card has a code and a picture of it', /^[0-9A-Z-]{10,}$/i.test(code) && picture, code);
	await a.page.screenshot({ path: `${OUT}day-${a.w.lang}-card.png` });
	await a.page.keyboard.press('Escape');
	await a.touch(a.button('visit.next'));
	return code;
}

async function comesBack(b, code) {
	await b.go('nav.today');
	await b.page.getByRole('heading', { level: 1, name: 'Lund Stadsbibliotek' }).waitFor(); // the team's session is the newcomer's too
	await b.touch(b.page.locator('form.visit .switch label').nth(1));
	await b.write(b.field('card.code'), code);
	await b.group(b.t('card.which')).waitFor();
	await b.choose(b.t('card.which'));
	const inputs = await b.visit({ topic: 1 });
	claim(`a returning visitor takes at most 8 inputs (${inputs + 3})`, inputs + 3 <= 8);
	const href = await b.page.getByRole('link', { name: b.t('visit.case'), exact: true }).getAttribute('href');
	await b.touch(b.page.getByRole('link', { name: b.t('visit.case'), exact: true }));
	await b.page.locator('ol.timeline').waitFor();
	await until('both visits in one timeline', async () => await b.page.locator('ol.timeline').getByText(b.t('timeline.visit'), { exact: true }).count() === 2);
	claim('a returning visitor\'s visits stand in one case', true);
	return href;
}

async function referral(b) {
	await b.touch(b.button('refer'));
	const dialog = b.page.locator('dialog');
	await b.choose(b.t('refer.to'), 0, dialog);
	await b.tick(b.field('refer.consent', dialog));
	await b.touch(dialog.locator('footer').getByRole('button', { name: b.t('refer.do'), exact: true }));
	await dialog.locator('.sheet .secret').first().waitFor();
	await dialog.locator('select').selectOption('uk');
	await until('the slip in Ukrainian', async () => await dialog.locator('.theirs .sheet').getAttribute('lang') === 'uk');
	claim('the slip stands in the visitor\'s language beside one\'s own', await dialog.locator('.own .sheet').getAttribute('lang') === b.w.lang);
	await b.page.screenshot({ path: `${OUT}day-${b.w.lang}-slip.png` });
	await b.page.keyboard.press('Escape');
	await b.page.getByRole('heading', { name: b.t('referrals') }).waitFor();
}

async function setTitle(p, href, title) {
	await p.page.goto(new URL(href, p.page.url()).href);
	await p.button('do.change').waitFor();
	await p.touch(p.button('do.change'));
	const dialog = p.page.locator('dialog');
	const field = dialog.getByLabel(p.w.field('case', 'next_step'), { exact: true });
	await p.write(field, title);
	await p.touch(p.button('do.save', dialog));
	await dialog.waitFor({ state: 'detached' });
}

/* Each writes while the other is away: neither has seen what the other wrote. */
async function conflict(a, b, nodeA, nodeB, href) {
	await nodeB.stop();
	await setTitle(a, href, 'Ring hyresvärden');
	await nodeA.stop();
	await b.open(await nodeB.serve({ peers: [nodeA] }));
	await b.unlock();
	await setTitle(b, href, 'Skriv till hyresnämnden');
	await a.open(await nodeA.serve({ peers: [nodeB] }));
	await a.unlock();
	await inStep(a);
	for (const p of [a, b]) {
		await p.page.goto(new URL(href, p.page.url()).href);
		await p.page.locator('.conflict .claim').nth(1).waitFor();
		same(`${p === a ? 'the founder' : 'the newcomer'} sees both answers`, (await p.page.locator('.conflict .claim strong').allTextContents()).sort(), ['Ring hyresvärden', 'Skriv till hyresnämnden']);
		claim('each with who and when', (await p.page.locator('.conflict .claim .soft').allTextContents()).every((s) => /Signe|Amal|Bärbara/.test(s)));
	}
	await a.page.screenshot({ path: `${OUT}day-${a.w.lang}-conflict.png` });
	const before = b.inputs;
	await b.touch(b.page.locator('.conflict .claim').filter({ hasText: 'Ring hyresvärden' }));
	await b.touch(b.button('conflict.do'));
	await b.page.locator('.conflict').waitFor({ state: 'detached' });
	same('a conflict is settled in two clicks', b.inputs - before, 2);
	await inStep(b);
	await a.page.locator('.conflict').waitFor({ state: 'detached' });
	claim('and is settled at the other too', true);
}

/* The figures of the day: a chart, and the same figures beside it. */
async function report(a) {
	await enterRoom(a, 'lead.figures');
	await a.touch(a.button('figures.count'));
	const shown = a.page.locator('.report');
	await shown.locator('.blocks').waitFor();
	const chart = shown.locator('.panel').filter({ has: a.page.locator('.chart canvas') }).first();
	await chart.locator('canvas').first().waitFor();
	claim('a chart is drawn', await chart.locator('canvas').first().evaluate((c) => c.width > 0 && c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((x) => x !== 0)));
	claim('the figures stand beside it', await chart.locator('table tbody tr').count() > 0 && /[0-9]/.test(await chart.locator('table').innerText()));
	await shown.screenshot({ path: `${OUT}day-${a.w.lang}-report.png` });
	const [file] = await Promise.all([a.page.waitForEvent('download'), a.touch(shown.getByRole('button', { name: 'CSV' }))]);
	claim('the report is handed out as a file', /\.csv$/.test(file.suggestedFilename()), file.suggestedFilename());
}

/* Amal asks from the case, Signe says yes; both see whose devices have confirmed. */
async function erase(a, b, href) {
	const id = href.split('/').at(-1);
	await b.page.goto(new URL(href, b.page.url()).href);
	await b.touch(b.button('erase.ask'));
	const asking = b.page.locator('dialog');
	await b.touch(b.button('erase.look', asking));
	await asking.getByRole('heading', { name: b.t('erase.goes') }).waitFor();
	claim('nothing is asked for without a reason', await b.button('erase.do', asking).isDisabled());
	await b.write(b.field('erase.reason', asking), 'Besökaren har bett om det');
	await b.page.screenshot({ path: `${OUT}day-${b.w.lang}-erase-ask.png` });
	await b.touch(b.button('erase.do', asking));
	await asking.waitFor({ state: 'detached' });
	await b.page.locator('#case-title').waitFor();
	claim('one person does not erase alone', await b.page.locator('#case-title').count() === 1);
	await inStep(b);
	await enterRoom(a, 'lead.erase');
	const waiting = a.page.getByRole('region', { name: a.t('erase.waiting'), exact: true });
	await waiting.getByText('Besökaren har bett om det').waitFor();
	await a.touch(a.button('erase.approve', waiting));
	await a.page.locator('dialog').getByText(a.w.in('erase.approve.second')).waitFor();
	await a.page.screenshot({ path: `${OUT}day-${a.w.lang}-erase-approve.png` });
	await a.touch(a.button('erase.approve', a.page.locator('dialog')));
	await a.page.locator('dialog').waitFor({ state: 'detached' });
	await inStep(a);
	for (const p of [a, b]) {
		await p.go('nav.review');
		await p.page.getByText(p.t('erase.complete'), { exact: true }).waitFor();
		same(`${p === a ? 'who approved' : 'who asked'} sees a receipt of each device`, await p.page.getByText(p.t('erase.confirmed'), { exact: true }).count(), 2);
		await p.page.screenshot({ path: `${OUT}day-${p.w.lang}-receipts.png`, fullPage: true });
		await p.page.goto(new URL(href, p.page.url()).href);
		await p.page.locator('main .notice').first().waitFor();
		claim('what two persons erased is gone from its address', !(await p.page.locator('main').innerText()).includes('hyresvärden'));
		await p.go('nav.cases');
		await p.page.locator('input[type=search]').fill(id);
		await p.page.locator('input[type=search]').fill('Nästa steg ring');
		await p.page.getByText(p.w.in('cases.count')).or(p.page.getByText(p.t('cases.notfound'))).first().waitFor({ state: 'attached' });
		same('and found by no search', await p.page.locator(`ul.hits a[href$="${id}"]`).count(), 0);
	}
}

/* Signe leaves the team and takes herself in again: as the team asks first, Amal is asked. */
async function key(a, b) {
	await enterRoom(a, 'lead.people');
	const keys = a.page.getByRole('group', { name: `${a.t('teams.keys')}: Rådgivare Lund` });
	await a.touch(keys.locator('label').filter({ hasText: a.t('teams.hand') }));
	await keys.locator('label.on').filter({ hasText: a.t('teams.hand') }).waitFor();
	await openMember(a, 'Signe');
	const reads = a.page.locator('dialog').getByLabel('Rådgivare Lund', { exact: true });
	await a.touch(reads);
	await until('out of the team', async () => !await reads.isChecked());
	await a.touch(a.button('do.done', a.page.locator('dialog')));
	await inStep(a);
	await b.go('nav.today');
	await b.visit({ topic: 2 });
	await b.touch(b.button('visit.next'));
	await enterRoom(a, 'lead.people');
	await openMember(a, 'Signe');
	await a.touch(a.page.locator('dialog').getByLabel('Rådgivare Lund', { exact: true }));
	await until('in the team', () => a.page.locator('dialog').getByLabel('Rådgivare Lund', { exact: true }).isChecked());
	await a.touch(a.button('do.done', a.page.locator('dialog')));
	await inStep(a);
	await b.go('nav.step');
	const asked = b.page.getByRole('table', { name: b.t('keys.title') });
	await asked.waitFor();
	claim('who wants the keys is named', (await asked.innerText()).includes('Signe'));
	await b.page.screenshot({ path: `${OUT}day-${b.w.lang}-key.png` });
	await b.touch(asked.getByRole('button', { name: b.t('keys.give.to') }));
	await asked.waitFor({ state: 'detached' });
	await inStep(b);
	claim('a key is given by the yes of a person', true);
}

/* Amal writes while the two do not meet; Signe removes her meanwhile, and then counts what came late. */
async function revoke(a, b, nodeA, nodeB) {
	await inStep(a);
	await nodeA.stop();
	await b.go('nav.today');
	await b.visit({ topic: 3, note: 'Skrivet innan hon visste' });
	await nodeB.stop();
	await a.open(await nodeA.serve());
	await a.unlock();
	await enterRoom(a, 'lead.people');
	await openMember(a, 'Amal');
	const dialog = a.page.locator('dialog');
	await a.touch(a.button('remove.do', dialog));
	await dialog.getByRole('table', { name: a.t('exposure.read') }).waitFor();
	claim('before: what she could read is spelled out', (await dialog.getByRole('table', { name: a.t('exposure.read') }).innerText()).includes('Rådgivare Lund'));
	claim('and what follows', await dialog.locator('.plain-list li').count() === 5);
	claim('nobody is removed by one touch', await a.button('remove.yes', dialog).isDisabled());
	await a.page.screenshot({ path: `${OUT}day-${a.w.lang}-revoke-before.png`, fullPage: true });
	await a.write(a.field('remove.reason', dialog), 'Slutar');
	await a.tick(a.field('remove.sure', dialog));
	await a.touch(a.button('remove.yes', dialog));
	await dialog.getByRole('heading', { name: a.t('remove.done') }).waitFor();
	claim('after: where her work was cut is told', await dialog.locator('dl dt').count() > 0);
	await a.page.screenshot({ path: `${OUT}day-${a.w.lang}-revoke-after.png`, fullPage: true });
	await a.touch(a.button('do.done', dialog));
	await a.page.getByRole('table', { name: a.t('removed.title') }).getByText('Amal', { exact: true }).waitFor();
	await b.open(await nodeB.serve({ peers: [nodeA] }));
	await b.unlock();
	await b.go('nav.step');
	await b.button('step.sync').waitFor();
	await b.touch(b.button('step.sync'));
	await b.page.getByText(b.t('plain.removed')).waitFor();
	claim('one who is removed is told so in plain words', true);
	await b.page.screenshot({ path: `${OUT}day-${b.w.lang}-removed.png` });
}

/* She brings it on a stick, for her calls are answered no more. */
async function adopt(a, b) {
	const [stick] = await Promise.all([b.page.waitForEvent('download'), b.touch(b.button('stick.write'))]);
	await a.go('nav.step');
	await a.page.getByRole('region', { name: a.t('stick.title') }).locator('input[type=file]').setInputFiles(await stick.path());
	await a.page.getByText(a.w.in('stick.got')).waitFor();
	await enterRoom(a, 'lead.people');
	const late = a.page.getByRole('region', { name: a.t('late.title') });
	await late.waitFor();
	claim('whose work waits is named', (await late.innerText()).includes('Bärbara B') || (await late.innerText()).includes('Amal'));
	await a.page.screenshot({ path: `${OUT}day-${a.w.lang}-late.png`, fullPage: true });
	await a.touch(late.getByRole('button', { name: a.t('late.all') }));
	await a.touch(a.button('late.yes', a.page.locator('dialog')));
	await late.waitFor({ state: 'detached' });
	await a.go('nav.cases');
	await a.write(a.page.locator('input[type=search]'), 'innan hon visste');
	await a.page.locator('ul.hits li').first().waitFor();
	claim('what was taken in is found', true);
}

export async function day(browser, lang) {
	await part(`a day in ${lang}`, async () => {
		const nodeA = new Node(`a-${lang}`), nodeB = new Node(`b-${lang}`);
		const a = await person(browser, { lang }), b = await person(browser, { lang });
		await a.open(await nodeA.serve());
		await b.open(await nodeB.serve({ peers: [nodeA] }));
		same('the page\'s direction', await a.page.evaluate(() => document.documentElement.dir || 'ltr'), lang === 'ar' ? 'rtl' : 'ltr');
		await found(a);
		await join(a, b);
		await queueAndVisits(a);
		const code = await card(a);
		await inStep(b);
		const href = await comesBack(b, code);
		await referral(b);
		await inStep(b);
		await conflict(a, b, nodeA, nodeB, href);
		await busyHour(a);
		await report(a);
		await erase(a, b, href);
		await key(a, b);
		await revoke(a, b, nodeA, nodeB);
		await adopt(a, b);
		for (const p of [a, b]) {
			const { local, ...other } = await p.stored();
			same('nothing in the browser but preferences', [Object.keys(local).filter((k) => k !== 'faltbok'), other], [[], { session: {}, databases: 0, caches: 0, workers: 0, cookies: '' }]);
			claim('preferences are language and appearance', Object.keys(JSON.parse(local.faltbok ?? '{}')).every((k) => k === 'language' || k === 'theme'));
		}
		await a.close();
		await b.close();
		await nodeA.stop();
		await nodeB.stop();
	});
}
