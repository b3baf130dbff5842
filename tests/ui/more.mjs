/*
 * What is not needed at every visit: booked times, planning, the directory,
 * doubles, hours, a protected identity, and this computer's passphrase and
 * paper. By two persons where it takes two.
 */
import { writeFileSync } from 'node:fs';
import { claim, part, same, until } from './lib/check.mjs';
import { Node, PASSPHRASE, scratch } from './lib/node.mjs';
import { person } from './lib/browser.mjs';
import { furnish, today } from './rooms.mjs';

const OTHER_PASSPHRASE = 'sex helt andra ord om våren';
const json = JSON.parse;

async function room(p, key) {
	await p.go('nav.more');
	await p.touch(p.page.locator('.rooms').getByRole('link', { name: p.t(key), exact: true }));
	await p.page.getByRole('heading', { level: 1, name: p.t(key) }).waitFor();
}

const slot = (p, time) => p.page.locator('ul.slots > li').filter({ hasText: time });

async function times(p) {
	await room(p, 'more.times');
	await slot(p, '13:00–13:30').locator('.booking').waitFor();
	const before = p.inputs;
	await p.touch(slot(p, '14:00–14:30').getByRole('button'));
	const dialog = p.page.locator('dialog');
	await p.choose(p.w.field('booking', 'language'), 2, dialog);
	await p.touch(dialog.locator('footer').getByRole('button', { name: p.t('times.book'), exact: true }));
	await dialog.locator('.sheet').waitFor();
	claim(`a time is booked in at most 4 inputs (${p.inputs - before})`, p.inputs - before <= 4);
	await dialog.locator('select').selectOption('uk');
	claim('the paper is in the visitor\'s language, with a code and no name', (await dialog.locator('.sheet').getAttribute('lang')) === 'uk'
		&& /[0-9A-Z]{5}-[0-9A-Z]{5}/.test(await dialog.locator('.sheet .code').textContent()));
	await p.page.keyboard.press('Escape');
	await slot(p, '14:00–14:30').locator('.booking').waitFor();

	await p.touch(slot(p, '14:00–14:30').getByRole('button', { name: p.t('times.move') }));
	await p.write(p.field('times.time', dialog), '13:00');
	await p.touch(dialog.locator('footer').getByRole('button', { name: p.t('times.move'), exact: true }));
	await dialog.getByText(p.t('times.taken')).waitFor();
	claim('a time is given once', true);
	await p.write(p.field('times.time', dialog), '14:30');
	await p.touch(dialog.locator('footer').getByRole('button', { name: p.t('times.move'), exact: true }));
	await slot(p, '14:30–15:00').locator('.booking').waitFor();
	same('the old time is free again', await slot(p, '14:00–14:30').locator('.booking').count(), 0);
	await p.touch(slot(p, '14:30–15:00').getByRole('button', { name: p.t('times.cancel') }));
	await slot(p, '14:30–15:00').locator('.booking').waitFor({ state: 'detached' });
	claim('and a cancelled one', await slot(p, '14:30–15:00').getByRole('button').count() === 1);
}

/* Elsewhere a time can only be asked for; the keeper's page books it. */
async function wish(keeper, other, keeperNode, otherNode) {
	await room(other, 'more.times');
	await other.page.getByText(other.w.in('times.keeper.other')).waitFor();
	await other.touch(slot(other, '14:00–14:30').getByRole('button'));
	const dialog = other.page.locator('dialog');
	await other.touch(dialog.locator('footer').getByRole('button', { name: other.t('times.wish'), exact: true }));
	await dialog.getByText(other.t('times.wished.text')).waitFor();
	await other.page.keyboard.press('Escape');
	await slot(other, '14:00–14:30').locator('.tag.wait').waitFor();
	claim('on another device a time is asked for', true);
	await room(keeper, 'more.times');
	await keeper.touch(slot(keeper, '14:00–14:30').getByRole('button', { name: keeper.t('times.give') }));
	await slot(keeper, '14:00–14:30').locator('.tag.strong').waitFor();
	await slot(other, '14:00–14:30').locator('.tag.strong').waitFor();
	claim('the keeper books it, and the other sees that', true);
}

async function plan(p) {
	await room(p, 'more.plan');
	const rows = p.page.locator('.plan-rows > li');
	await rows.first().waitFor();
	const open = rows.filter({ hasText: p.t('plan.nobody') }).first();
	await p.touch(open.getByRole('button'));
	const dialog = p.page.locator('dialog');
	const staff = dialog.getByRole('group', { name: p.w.field('session', 'staff') });
	await p.write(staff.locator('input[type=text]'), 'Nadia');
	await p.press('Enter');
	await p.touch(p.button('do.save', dialog));
	await dialog.waitFor({ state: 'detached' });
	const count = async () => (await p.must('list', { type: 'session' })).records.filter((r) => r.fields.status === 'planned' && r.fields.staff?.includes('Nadia')).length;
	await until('the new planned session', async () => await count() === 2);
	claim('an opening that is staffed is a planned session', true);
	await p.page.evaluate(() => { globalThis.print = () => { globalThis.printed = document.querySelector('.paper')?.textContent ?? ''; dispatchEvent(new Event('afterprint')); }; });
	await until('the row on the page', async () => (await rows.filter({ hasText: 'Nadia' }).count()) >= 3);
	await p.touch(p.button('plan.print'));
	claim('the printed sheet says who is where', /Dalby bibliotek.*Nadia/s.test(await p.page.evaluate(() => globalThis.printed)));
	await p.touch(p.button('sheet.show'));
	await dialog.locator('.by-hand').waitFor();
	claim('the sheet to fill in has the codes', /housing/.test(await dialog.textContent()));
	await p.touch(p.button('do.close', dialog).last());
}

async function hours(p) {
	await p.must('put', { type: 'volunteer', set: { name: 'Okänd' } });
	await room(p, 'more.hours');
	await p.page.locator('tbody tr').first().waitFor();
	await p.touch(p.button('hours.derive'));
	const rows = p.page.locator('.panel').first().locator('tbody tr');
	await until('the second volunteer\'s hours', async () => await rows.count() === 2);
	claim('hours follow from who staffed', true);
	await p.touch(p.button('hours.derive'));
	await p.page.getByText(p.w.in('hours.derived')).first().waitFor();
	same('twice adds nothing', await rows.count(), 2);
	await p.touch(rows.filter({ hasText: 'Okänd' }).getByRole('button').last());
	await p.write(p.field('hours.hours', p.page.locator('dialog')), '2,5');
	await p.touch(p.button('hours.confirm', p.page.locator('dialog')));
	await p.page.locator('dialog').waitFor({ state: 'detached' });
	await until('the right figure', async () => (await p.must('hours list')).confirmed_total === 2.5);
	await p.touch(rows.filter({ hasText: 'Nadia' }).getByRole('button').first());
	await until('all confirmed', async () => (await p.must('hours list', { unconfirmed: true })).hours.length === 0);
	claim('a coordinator confirms, and puts a figure right', true);
}

async function directory(p) {
	await room(p, 'more.directory');
	const rows = p.page.locator('ul.entries > li');
	await rows.first().waitFor();
	await p.write(p.page.getByRole('searchbox'), 'عربي');
	await until('the Arabic-speaking service', async () => await rows.count() === 1);
	claim('found by a language\'s own name', /Juridisk/.test(await rows.first().textContent()));
	claim('what nobody has looked at for half a year says so', await rows.first().locator('.tag.wait').count() === 1);
	await p.touch(rows.first().locator('summary'));
	await p.touch(rows.first().getByRole('button', { name: p.t('directory.check') }));
	await until('fresh', async () => await rows.first().locator('.tag.wait').count() === 0);
	claim('and is right as of today in one touch', true);

	await p.touch(p.button('directory.service'));
	const dialog = p.page.locator('dialog');
	await p.write(dialog.getByLabel(p.w.field('service', 'name'), { exact: true }), 'Skuldrådgivning');
	await p.touch(p.button('do.save', dialog));
	await dialog.waitFor({ state: 'detached' });
	await p.write(p.page.getByRole('searchbox'), 'skuldrad');
	await until('the new one', async () => await rows.count() === 1);
	claim('a service is added and found without its accent', true);

	await p.touch(p.page.locator('summary').filter({ hasText: p.t('directory.swap') }));
	const [file] = await Promise.all([p.page.waitForEvent('download'), p.touch(p.button('directory.write'))]);
	const path = scratch('katalog.json');
	await file.saveAs(path);
	await p.page.locator('main input[type=file]').setInputFiles(path);
	await p.page.getByText(p.w.in('directory.taken')).waitFor();
	const taken = async () => (await p.page.locator('.notice.good').last().textContent()).replace(/[\u2066-\u2069]/g, '');
	claim('what went out comes in', /Nya: \d+\. Ändrade: \d+\./.test(await taken()), await taken());
	await p.page.locator('main input[type=file]').setInputFiles(path);
	await until('the same again', async () => /Nya: 0\. Ändrade: 0\./.test(await taken()));
	claim('and again, which changes nothing', true);
	writeFileSync(path, '{"not": "a directory"');
	await p.page.locator('main input[type=file]').setInputFiles(path);
	await p.page.getByText(p.t('directory.bad')).waitFor();
	claim('a broken file is refused in plain words', true);
}

async function doubles(p) {
	await room(p, 'more.doubles');
	const pair = p.page.locator('main .panel').filter({ hasText: 'Sara Prov' });
	await pair.waitFor();
	await p.touch(pair.locator('.claim').first());
	await p.touch(pair.getByRole('button', { name: p.t('doubles.merge') }));
	await pair.waitFor({ state: 'detached' });
	same('merged, they are listed once', (await p.must('list', { type: 'visitor' })).records.filter((r) => r.fields.name === 'Sara Prov').length, 1);
	await p.touch(p.button('doubles.undo'));
	await pair.waitFor();
	claim('and taken apart again', true);
}

async function protectedCase(p, hidden) {
	await p.go('nav.cases');
	await p.page.locator('.hidden-cases').waitFor();
	claim('the list says how many it does not show', /1/.test(await p.page.locator('.hidden-cases').textContent()));
	await p.write(p.page.getByRole('searchbox'), hidden.slice(0, 8));
	await p.touch(p.page.getByRole('link', { name: p.t('case.open') }));
	await p.field('glass.reason').waitFor();
	same('nothing of it is on the page before the reason', await p.page.getByText('Vänta').count(), 0);
	claim('no reason, no look', await p.button('glass.do').isDisabled());
	await p.write(p.field('glass.reason'), 'Svaret är sista dag i dag');
	await p.touch(p.button('glass.do'));
	await p.page.getByText(p.t('protected.case')).waitFor();
	await p.write(p.page.getByRole('textbox', { name: p.t('note.new') }), 'Svaret är skickat.');
	await p.touch(p.button('note.save'));
	await p.page.locator('.note-text').filter({ hasText: 'Svaret är skickat.' }).waitFor();
	claim('and it can be worked on', true);
	const log = (await p.must('access log')).opened;
	claim('the team sees who opened it, and why', log.length >= 1 && log.every((o) => o.reason === 'Svaret är sista dag i dag'), JSON.stringify(log));
	await p.go('nav.today');
	await p.go('nav.cases');
	await p.page.goto(`${p.page.url().split('#')[0]}#/cases/${hidden}`);
	await p.field('glass.reason').waitFor();
	claim('once left, it is closed again', true);
}

/* A case becomes protected on the page, and is gone from list and search. */
async function protect(p, id) {
	const card = await p.must('card new', { case: id });
	await p.must('put', { type: 'visitor', id: card.visitor, set: { phone: '070-000 00 09' } });
	await p.page.goto(`${p.page.url().split('#')[0]}#/cases/${id}`);
	await p.page.locator('ol.timeline li').first().waitFor();
	await p.touch(p.page.locator('.more-actions summary'));
	await p.touch(p.button('protect.do'));
	await p.touch(p.page.locator('dialog footer').getByRole('button', { name: p.t('protect.do') }));
	await p.field('glass.reason').waitFor();
	const found = await p.must('card find', { code: card.code });
	claim('her card is known and opens nothing', found.protected === true && found.cases.length === 0);
	const own = await p.must('break-glass', { id: card.visitor, reason: 'Prov' });
	same('nothing that points at her is kept', [own.fields.mode, own.fields.phone ?? null], ['protected', null]);
	same('a case that is protected stands in no list', (await p.must('list', { type: 'case' })).records.filter((r) => r.id === id).length, 0);
}

async function incident(p) {
	await p.go('nav.lead');
	await p.touch(p.page.locator('.rooms').getByRole('link', { name: p.t('lead.rights') }));
	await p.touch(p.button('incident.new'));
	const dialog = p.page.locator('dialog');
	await dialog.locator('.choose .chip').first().click();
	await p.touch(p.button('do.save', dialog));
	await dialog.waitFor({ state: 'detached' });
	same('an incident is written', (await p.must('list', { type: 'incident' })).records.length, 1);
	const card = await p.must('card new');
	await p.write(p.field('access.who'), card.code);
	const [file] = await Promise.all([p.page.waitForEvent('download'), p.touch(p.button('access.do'))]);
	claim('a person\'s own data by the code on the card', /registerutdrag/.test(file.suggestedFilename()));
}

async function passphrase(p, node) {
	await room(p, 'more.here');
	const forms = p.page.locator('main form');
	await p.write(p.field('here.old', forms.first()), 'fel fel fel fel');
	await p.write(p.field('passphrase.new'), OTHER_PASSPHRASE);
	await p.write(p.field('passphrase.again'), OTHER_PASSPHRASE);
	await p.touch(p.button('here.change'));
	await p.page.getByText(p.t('unlock.wrong')).waitFor();
	claim('the old passphrase is asked for', true);
	await p.write(p.field('here.old', forms.first()), PASSPHRASE);
	await p.touch(p.button('here.change'));
	await p.see('here.changed');
	await p.write(p.field('here.old', forms.last()), OTHER_PASSPHRASE);
	await p.touch(p.button('paper.do'));
	const code = (await p.page.locator('.sheet .secret').textContent()).trim();
	same('nobody has said yet that it is kept', (await p.must('status')).paper_unconfirmed.join(), 'recovery_code');
	await p.touch(p.button('paper.kept').last());
	await p.page.locator('.sheet .secret').waitFor({ state: 'detached' });
	same('and then somebody has', (await p.must('status')).paper_unconfirmed.length, 0);
	same('the code is gone from the page', await p.page.locator('.secret').count(), 0);
	await p.touch(p.button('lock.now'));
	await p.write(p.field('passphrase'), PASSPHRASE);
	await p.touch(p.button('unlock.do'));
	await p.page.getByText(p.t('unlock.wrong')).waitFor();
	claim('the old passphrase opens nothing', true);
	/* Forgotten, with no network: the paper. */
	await p.touch(p.button('unlock.forgotten'));
	await p.write(p.field('recover.code'), code.toLowerCase());
	await p.write(p.field('passphrase.new'), PASSPHRASE);
	await p.write(p.field('passphrase.again'), PASSPHRASE);
	await p.touch(p.button('recover.do'));
	await p.inside();
	claim('the new paper opens, and sets another passphrase', true);
	await node.stop();
	await p.open(await node.serve());
	await p.unlock(PASSPHRASE);
	claim('which holds after a start', true);
}

export async function more(browser) {
	await part('more', async () => {
		const node = new Node('Signes bärbara').found(), other = new Node('Amals bärbara');
		const made = furnish(node);
		node.admit(other, 'Amal');
		node.giveTo(other);
		const p = await person(browser), q = await person(browser);
		await p.open(await node.serve());
		await p.unlock();
		await q.open(await other.serve({ peers: [node] }));
		await q.unlock();
		await times(p);
		await wish(p, q);
		await plan(p);
		await hours(p);
		await directory(p);
		await doubles(p);
		await protectedCase(p, made.hidden);
		await protect(p, made.shown);
		await incident(p);
		await passphrase(p, node);
		await p.close();
		await q.close();
		await node.stop();
		await other.stop();
	});
}
