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

async function join(a, b, listen) {
	const team = (await a.must('team list')).teams.map((t) => t.name).find((n) => n === 'Rådgivare Lund');
	const invitation = await a.must('invite', { role: 'advisor', team: [team], address: ['127.0.0.1'] });
	await b.touch(b.page.getByRole('button', { name: b.t('first.code') }));
	await b.write(b.field('join.code'), invitation.code);
	await whoFields(b, 'Amal', 'Bärbara B');
	await b.touch(b.button('join.do'));
	const shown = (await b.page.locator('.digits').textContent()).replace(/\D/g, '');
	const asked = await until('the newcomer at the founder\'s', async () => (await a.must('invite list')).invitations.find((i) => i.newcomer?.digits));
	same('both see the same digits', asked.newcomer.digits, shown);
	claim('six western digits', /^[0-9]{6}$/.test(shown), shown);
	await a.must('invite confirm', { code: invitation.code });
	await b.page.getByRole('heading', { level: 1, name: b.t('join.done') }).waitFor();
	same('the newcomer has a way back and a paper for a stolen device', await b.page.locator('.sheet .secret').count(), 2);
	await b.tick(b.field('kit.safe'));
	await b.touch(b.button('kit.go'));
	await b.inside();
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

async function card(a) {
	await a.touch(a.button('card.new'));
	const code = (await a.page.locator('dialog .sheet .secret').textContent()).trim();
	claim('the card has a code and a picture of it', /^[0-9A-Z-]{10,}$/i.test(code) && await a.page.locator('dialog .sheet img, dialog .sheet svg').count() > 0, code);
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

async function erase(a, b, id) {
	const { request } = await b.must('erase', { id, reason: 'Besökaren har bett om det' });
	const alone = await b.ask('erase approve', { id: request });
	claim('one person does not erase alone', alone.error !== undefined);
	await inStep(b);
	await a.must('erase approve', { id: request });
	await inStep(a);
	for (const p of [a, b]) {
		const left = await p.ask('get', { id });
		claim('what two persons erased is gone', left.error !== undefined || JSON.stringify(left).includes('erased'), JSON.stringify(left).slice(0, 200));
		const hits = await p.must('search', { text: 'hyresvärden' });
		same('and found by no search', hits.records.filter((r) => r.id === id).length, 0);
	}
}

async function revoke(a, b) {
	const device = (await a.must('members')).members.find((m) => m.device === 'Bärbara B' || m.device_name === 'Bärbara B' || m.name === 'Amal');
	await a.must('revoke', { device: device.id, reason: 'Slutar' });
	await inStep(a).catch(() => undefined);
	await b.go('nav.step');
	await b.page.getByText(b.t('plain.removed')).waitFor();
	claim('one who is removed is told so in plain words', true);
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
		const year = new Date().getUTCFullYear();
		const report = await a.must('report', { name: 'iop', from: `${year}-01-01`, to: `${year}-12-31` });
		claim('the report counts the day', report.status === 200 && JSON.stringify(report).length > 200);
		await erase(a, b, href.split('/').at(-1));
		await revoke(a, b);
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
