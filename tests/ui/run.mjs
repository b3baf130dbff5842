/* The page, tried in a browser. Ends with `N passed, N failed`; pictures and figures go to build/ui. */
import { OUT, record, whenFailed } from './lib/check.mjs';
import { launch, nothingLeft } from './lib/browser.mjs';
import { nodesSay } from './lib/node.mjs';

const PARTS = {
	sv: async (b) => (await import('./day.mjs')).day(b, 'sv'),
	ar: async (b) => (await import('./day.mjs')).day(b, 'ar'),
	views: async (b) => (await import('./views.mjs')).views(b),
	hostile: async (b) => (await import('./hostile.mjs')).hostile(b),
	drafts: async (b) => (await import('./drafts.mjs')).drafts(b),
	rooms: async (b) => (await import('./rooms.mjs')).rooms(b),
	more: async (b) => (await import('./more.mjs')).more(b),
	step: async (b) => (await import('./step.mjs')).step(b),
	large: async (b) => (await import('./large.mjs')).large(b),
	access: async (b) => (await import('./access.mjs')).access(b),
	keys: async (b) => (await import('./keys.mjs')).keys(b),
};
const wanted = process.argv.slice(2);
const browser = await launch();
/* What stood on the screens, and what the nodes said, when a part broke off. */
whenFailed(async (name) => {
	for (const line of nodesSay()) console.log(line);
	for (const [i, page] of browser.contexts().flatMap((c) => c.pages()).entries()) {
		console.log(`page ${i}: ${await page.evaluate(() => document.body.innerText.slice(0, 2000)).catch(String)}`);
		await page.screenshot({ path: `${OUT}failed-${name.replace(/\W+/g, '-')}-${i}.png` }).catch(() => undefined);
	}
	for (const context of browser.contexts()) await context.close();
});
try {
	for (const [name, run] of Object.entries(PARTS)) if (wanted.length === 0 || wanted.includes(name)) await run(browser);
	nothingLeft();
} finally {
	await browser.close();
}
console.log(`${record.passed} passed, ${record.failed} failed`);
process.exit(record.failed === 0 ? 0 : 1);
