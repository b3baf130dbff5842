/* What the page takes, printed and never judged: build/ui/measures.json. ENTRIES=100000 in the store. */
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OUT, until } from './lib/check.mjs';
import { launch, person } from './lib/browser.mjs';
import { Node, PASSPHRASE, scratch } from './lib/node.mjs';

const ENTRIES = Number(process.env.ENTRIES ?? 100_000), ROUNDS = 20, WORDS = ['hyresvärden', 'försörjningsstöd', 'uppehållstillstånd', 'skuldsanering'];
const TOPICS = ['housing', 'migration', 'income_support', 'budget_debt'];

/* A made-up history: visits with their cases and notes. */
function history() {
	const lines = [], id = (kind, n) => kind + n.toString(16).padStart(31, '0');
	const day = (n) => new Date(Date.UTC(2023, 0, 1, 9, 0, n)).toISOString();
	for (let n = 0; lines.length < ENTRIES; n++) {
		const topic = TOPICS[n % TOPICS.length];
		lines.push({ t: day(n * 60), by: 'lund', type: 'visit', id: id('a', n), set: { channel: 'physical', first_visit: n % 3 === 0 ? 'yes' : 'no', language: ['ar', 'fa', 'so', 'sv'][n % 4] }, add: { topic: [topic] } });
		if (lines.length < ENTRIES)
			lines.push({ t: day(n * 60 + 5), by: 'lund', type: 'case', id: id('c', n), set: { visit: id('a', n), topic, status: n % 5 === 0 ? 'open' : 'closed', title: `${WORDS[n % WORDS.length]} ${n % 997}` },
				note: { id: id('e', n), text: `Fråga om ${WORDS[n % WORDS.length]}; nästa steg är att ringa på dag ${n % 211}.` } });
	}
	const file = scratch('history.jsonl');
	writeFileSync(file, lines.map((l) => JSON.stringify(l)).join('\n') + '\n');
	return file;
}

const ordered = (all) => [...all].sort((a, b) => a - b);
const at = (all, part) => Math.round(ordered(all)[Math.min(all.length - 1, Math.floor(all.length * part))] * 10) / 10;
const figures = (all) => ({ median: at(all, 0.5), p95: at(all, 0.95), most: at(all, 1), rounds: all.length });


const node = new Node('bench').found();
node.run('import', history());
node.run('session', 'open', 'Lund Stadsbibliotek');
const browser = await launch();
const p = await person(browser);
p.page.context().setDefaultTimeout(300_000);
/* The stopwatch is the tests' own: a policy for what pages may evaluate does not bind the debugger. */
const measures = { entries: ENTRIES, machine: 'milliseconds on this machine' };

await p.open(await node.serve());
await p.write(p.field('passphrase'), PASSPHRASE);
await p.page.evaluate(() => {
	const fetch0 = globalThis.fetch;
	globalThis.marks = {};
	globalThis.fetch = async (...a) => {
		const unlocking = String(a[1]?.body).includes('"unlock"');
		const answer = await fetch0(...a);
		if (unlocking) globalThis.marks.unlocked = performance.now();
		return answer;
	};
	new MutationObserver(() => {
		if (globalThis.marks.ready === undefined && document.querySelector('form.visit .chip') !== null) requestAnimationFrame(() => { globalThis.marks.ready ??= performance.now(); });
	}).observe(document.body, { childList: true, subtree: true });
});
await p.touch(p.button('unlock.do'));
await p.page.locator('form.visit .chip').first().waitFor();
await until('a drawn form', () => p.page.evaluate(() => globalThis.marks.ready !== undefined));
measures.interactive_after_unlock_ms = Math.round(await p.page.evaluate(() => globalThis.marks.ready - globalThis.marks.unlocked));

/* From the click on Save to Saved, drawn; by the page's own clock. */
const saves = [], asked = [];
for (let i = 0; i < ROUNDS; i++) {
	const form = p.page.getByRole('form', { name: p.t('visit.title') });
	await form.waitFor();
	for (const key of ['visit.topic', 'visit.responsible', 'visit.first', 'visit.language']) await p.choose(p.t(key), i % 3, form);
	const took = await p.page.evaluate(() => new Promise((go) => {
		const start = performance.now();
		new MutationObserver((_, o) => {
			if (document.querySelector('section.visit .notice.good') === null) return;
			o.disconnect();
			requestAnimationFrame(() => go({ all: performance.now() - start, asked: performance.getEntriesByType('resource').filter((r) => r.startTime >= start).map((r) => [r.name.split('/api/v1/')[1], Math.round(r.startTime - start), Math.round(r.duration)]) }));
		}).observe(document.body, { childList: true, subtree: true });
		document.querySelector('form.visit button[type=submit]').click();
	}));
	saves.push(took.all);
	asked.push(took.asked);
	await p.touch(p.button('visit.next'));
}
measures.save_to_saved_ms = figures(saves);
measures.slowest_save_asked = asked[saves.indexOf(Math.max(...saves))];

await p.go('nav.cases');
const box = p.page.locator('input[type=search]');
await box.waitFor();
const strokes = [], answers = []; // all of it; and what of it was the node's answer, by the browser's own account
for (const word of WORDS.slice(0, 3))
	for (let n = 1; n <= word.length; n++) {
		const took = await p.page.evaluate((text) => new Promise((go) => {
			const input = document.querySelector('input[type=search]'), fetch0 = globalThis.fetch;
			const start = performance.now();
			globalThis.fetch = async (...a) => {
				const answer = await fetch0(...a);
				if (String(a[0]).endsWith('/search')) {
					globalThis.fetch = fetch0;
					const json = answer.json.bind(answer);
					answer.json = async () => { const all = await json(); setTimeout(() => requestAnimationFrame(() => go({ all: performance.now() - start, node: performance.getEntriesByType('resource').filter((r) => r.startTime >= start && r.name.endsWith('/search')).at(-1)?.duration })), 0); return all; };
				}
				return answer;
			};
			input.value = text;
			input.dispatchEvent(new Event('input', { bubbles: true }));
		}), word.slice(0, n));
		strokes.push(took.all);
		answers.push(took.node ?? took.all);
	}
measures.keystroke_to_result_ms = figures(strokes);
measures.of_which_answer_ms = figures(answers);

const assets = join(new URL('../../', import.meta.url).pathname, process.env.BUILD ?? 'build', 'web');
measures.assets_compressed_bytes = readdirSync(assets).filter((f) => f.endsWith('.gz')).reduce((sum, f) => sum + statSync(join(assets, f)).size, 0);
writeFileSync(`${OUT}measures.json`, JSON.stringify(measures, null, '\t') + '\n');
console.log(JSON.stringify(measures, null, '  '));
await browser.close();
await node.stop();
process.exit(0);
