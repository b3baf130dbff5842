/* A home that takes a while to open: the page says how far it has come, and the door answers meanwhile. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { claim, part, same } from './lib/check.mjs';
import { Node, PASSPHRASE, scratch } from './lib/node.mjs';
import { person } from './lib/browser.mjs';

const VISITS = 6000;

export async function large(browser) {
	await part('a large home', async () => {
		const node = new Node('large').found();
		const file = scratch('large.jsonl');
		writeFileSync(file, Array.from({ length: VISITS }, (_, n) => JSON.stringify({
			t: new Date(Date.UTC(2023, 0, 1, 9, n)).toISOString(), by: 'lund', type: 'case', id: `c${n.toString(16).padStart(31, '0')}`, set: { topic: 'housing', title: `Hyra ${n}` },
		})).join('\n') + '\n');
		node.run('import', file);
		rmSync(join(node.home, 'view.snap')); // as after an erasure, or a version that reads it otherwise
		const p = await person(browser);
		await p.open(await node.serve());
		await p.write(p.field('passphrase'), PASSPHRASE);
		const seen = p.page.evaluate(() => new Promise((go) => {
			const out = { shares: [], answers: 0 };
			const ask = async () => {
				const s = await (await fetch('/api/v1/session')).json();
				if (s.opening !== undefined) out.answers++;
				if (s.state === 'open') go(out);
				else setTimeout(() => void ask(), 10);
			};
			new MutationObserver(() => {
				const bar = document.querySelector('.opening progress');
				if (bar !== null && bar.max > 0) out.shares.push(bar.value / bar.max);
			}).observe(document.body, { childList: true, subtree: true, attributes: true });
			void ask();
		}));
		await p.touch(p.button('unlock.do'));
		await p.inside();
		const { shares, answers } = await seen;
		claim('the page shows how far the opening has come', shares.length > 1, `${shares.length} times`);
		claim('which only grows', shares.every((x, i) => i === 0 || x >= shares[i - 1]) && shares.every((x) => x >= 0 && x <= 1), shares.join(' '));
		claim('the door answers meanwhile', answers > 0);
		await p.go('nav.cases');
		await p.write(p.page.locator('input[type=search]'), `Hyra ${VISITS - 1}`);
		await p.page.locator('ul.hits').getByText(`Hyra ${VISITS - 1}`, { exact: true }).first().waitFor();
		same('and all of it is there', (await p.must('status')).records >= VISITS, true);
		await p.close();
		await node.stop();
	});
}
