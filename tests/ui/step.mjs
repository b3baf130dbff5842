/*
 * In step by the page: an address that is typed, what an exchange brought, and
 * closing a site, which destroys nothing before others have signed for it all.
 */
import { createServer } from 'node:net';
import { claim, part, same, until } from './lib/check.mjs';
import { Node } from './lib/node.mjs';
import { person } from './lib/browser.mjs';

const row = (p, what) => p.page.locator('.steps li').filter({ hasText: what });

async function typedAddress(p, at) {
	await p.go('nav.step');
	await p.touch(p.page.locator('summary').filter({ hasText: p.t('hubs.new') }));
	await p.write(p.field('hubs.address'), 'ingenstans');
	await p.touch(p.button('hubs.add'));
	await p.page.getByText(p.t('hubs.wrong')).waitFor();
	claim('what is no address is refused in plain words', true);
	await p.write(p.field('hubs.address'), at);
	await p.touch(p.button('hubs.add'));
	await p.see('hubs.added');
	await p.page.locator('.hubs .tag.good').waitFor();
	claim('an address that was typed links by itself, and says who is there', /Stina/.test(await p.page.locator('.hubs li').first().textContent()));
	claim('with the address', (await p.page.locator('.hubs .code').first().textContent()) === at);
}

/* What the colleague wrote comes by the link that stands; the page says so without being asked. */
async function brought(p, node, other) {
	await other.stop();
	const saved = JSON.parse(other.run('visit', 'save', '+topic=housing', 'case.topic=housing', 'case.next_step=Ring', '--note', 'Brev om hyran.'));
	await other.serve({ open: true });
	const one = p.page.locator('ol.exchanges > li').filter({ has: p.page.locator('.brought-list') });
	await one.first().waitFor({ state: 'attached' });
	const text = await one.first().textContent();
	claim('the sentence counts what came', p.w.lang !== 'sv' || /1 nytt besök från .*Stina|1 nytt ärende från/.test(text), text);
	await p.touch(one.first().locator('summary'));
	const link = one.first().locator(`a[href="#/cases/${saved.case}"]`);
	same('the list leads to what came', await link.count(), 1);
	await p.touch(link);
	await p.page.locator('.note-text').filter({ hasText: 'Brev om hyran.' }).waitFor();
	claim('a note says the person and the device', /Signe \(.*Stinas dator/.test((await p.page.locator('.timeline .by strong').first().textContent()).replace(/[\u2066-\u2069]/g, '')));
	await p.go('nav.step');
}

async function close(p, node, other) {
	await p.go('nav.today');
	await p.openSession('Dalby');
	await p.touch(p.button('queue.add'));
	await p.page.locator('.queue .ticket').first().waitFor();
	await p.visit();
	await p.go('nav.step');
	await p.touch(p.button('closing.begin'));
	const dialog = p.page.locator('dialog');
	await p.touch(p.button('closing.do', dialog));
	await dialog.getByText(p.t('closing.waits')).waitFor();
	claim('a queue is not swept away unasked', (await p.must('session current')).session !== null);
	await other.stop();
	await p.touch(p.button('closing.force', dialog));
	await row(p, p.t('closing.alone')).waitFor();
	claim('the session is closed', (await p.must('session current')).session === null);
	claim('alone, nothing may be wiped, and it says who lacks what', /Stinas dator/.test(await dialog.locator('.notice.bad').textContent()));
	same('no button destroys what is only here', await p.button('wipe.do', dialog).count(), 0);
	const refused = await p.ask('close-site', { wipe: true, yes: true });
	same('nor does the node itself', refused.error?.code, 'refused');
	await other.serve({ open: true });
	await until('the proof', async () => {
		await p.button('do.again', dialog).click();
		await dialog.locator('.steps').waitFor();
		return await dialog.getByText(p.t('closing.safe'), { exact: true }).count() > 0;
	});
	claim('with the colleague there, all is proved to be with her', /Stinas dator/.test(await dialog.locator('.notice.good').textContent()));
	claim('the wipe wants a tick first', await p.button('wipe.do', dialog).isDisabled());
	await p.tick(p.field('wipe.sure', dialog));
	await p.touch(p.button('wipe.do', dialog));
	await p.page.getByRole('heading', { level: 1, name: p.t('first.title') }).waitFor();
	claim('what is wiped leaves a home to begin in', true);
	const left = await p.page.evaluate(async () => (await fetch('/api/v1/session', { method: 'GET' })).json());
	same('the node says so too', left.state, 'none');
}

/* Whoever has a queue in front of them opens the home, whatever another program does with its port. */
async function takenPort(browser) {
	const node = new Node('Veras dator').found(), p = await person(browser), taken = createServer();
	await p.open(await node.serve());
	await new Promise((go) => taken.listen(node.listen, '127.0.0.1', go));
	await p.unlock();
	claim('a port that another program has does not keep a home shut', true);
	const { warnings } = await p.must('status');
	claim('and status says that nobody can call', warnings.some((w) => w.includes('others cannot call this device') && w.includes(`${node.listen}`)), warnings.join('; '));
	await p.close();
	await node.stop();
	await new Promise((go) => taken.close(go));
}

export async function step(browser) {
	await part('in step', async () => {
		const other = new Node('Stinas dator').found(), node = new Node('Lånedator');
		other.admit(node, 'Amal');
		await other.serve({ open: true });
		const p = await person(browser);
		await p.open(await node.serve());
		await p.unlock();
		await typedAddress(p, `127.0.0.1:${other.listen}`);
		await brought(p, node, other);
		await close(p, node, other);
		await p.close();
		await node.stop();
		await other.stop();
		await takenPort(browser);
	});
}
