/* A browser or a node that is killed in the middle of a word gives the draft back; a form never has another's words. */
import { claim, part, same, until } from './lib/check.mjs';
import { Node } from './lib/node.mjs';
import { launch, person } from './lib/browser.mjs';

const WORDS = 'Besökaren har fått ett brev om hyran';

/* Types without saving, and gives back when the node has it. */
async function type(p) {
	const form = p.page.getByRole('form', { name: p.t('visit.title') });
	await p.choose(p.t('visit.topic'), 2, form);
	await p.field('visit.note', form).pressSequentially(WORDS);
	await until('a draft at the node', async () => (await p.must('draft list')).drafts.some((d) => d.key.startsWith('visit-') && d.bytes > 0)
		&& (await kept(p)).includes(WORDS));
}

async function kept(p) {
	const { drafts } = await p.must('draft list');
	const texts = await Promise.all(drafts.map((d) => p.must('draft get', { key: d.key })));
	return texts.map((d) => d.text).join('\n');
}

async function empty(p) {
	const form = p.page.getByRole('form', { name: p.t('visit.title') });
	await form.waitFor();
	return await p.field('visit.note', form).inputValue() === '' && await form.locator('.chip.on').count() === 0;
}

async function takenBack(p, what) {
	await p.page.getByRole('form', { name: p.t('visit.title') }).waitFor();
	await p.page.locator('.drafts').getByText(p.w.in('draft.found')).waitFor();
	claim(`${what}: the form is empty until one asks`, await empty(p));
	await p.touch(p.button('draft.take', p.page.locator('.drafts')));
	const note = p.field('visit.note');
	await until('the words', async () => await note.inputValue() === WORDS);
	same(`${what}: the answer is back too`, await p.page.locator('form.visit .chip.on').count(), 1);
}

async function throwAway(p) {
	await p.touch(p.button('visit.throw'));
	await until('no draft', async () => (await p.must('draft list')).drafts.length === 0);
	claim('what is thrown away is gone from the form', await empty(p));
}

export async function drafts(browser) {
	await part('drafts', async () => {
		const node = new Node('drafts').found();
		node.run('session', 'open', 'Lund Stadsbibliotek');

		const killed = await launch({ handleSIGINT: false });
		let p = await person(killed);
		await p.open(await node.serve());
		await p.unlock();
		await type(p);
		const pid = killed.process?.()?.pid;
		if (pid !== undefined) process.kill(pid, 'SIGKILL');
		else await killed.close();
		p = await person(browser);
		await p.open(JSON.parse(node.run('page')).http);
		await p.inside();
		await takenBack(p, 'browser killed');

		await node.stop('SIGKILL');
		await p.see('error.gone');
		same('node killed: the words stay on the screen', await p.field('visit.note').inputValue(), WORDS);
		await p.open(await node.serve());
		await p.unlock();
		await takenBack(p, 'node killed');
		await throwAway(p);

		/* Words that the node had not taken when it went. */
		await type(p);
		await p.field('visit.note').pressSequentially(' och ringer');
		await p.touch(p.button('lock.now'));
		await p.field('passphrase').waitFor();
		claim('behind the lock nothing of it is drawn', !(await p.page.content()).includes('hyran'));
		await p.unlock();
		await p.touch(p.button('draft.take', p.page.locator('.drafts')));
		await until('the last words', async () => await p.field('visit.note').inputValue() === `${WORDS} och ringer`);

		await p.touch(p.button('visit.save'));
		await p.page.getByRole('heading', { name: p.t('visit.saved') }).waitFor();
		await p.touch(p.button('visit.next'));
		claim('after saving, the next form has nothing of the last visitor', await empty(p));
		same('a saved visit leaves no draft', (await p.must('draft list')).drafts.length, 0);
		await p.page.goBack().catch(() => undefined);
		await p.page.goForward().catch(() => undefined);
		await p.page.reload();
		await p.inside();
		claim('nor has a form after going back, forth and loading anew', await empty(p));
		await p.close();
		await node.stop();
	});
}
