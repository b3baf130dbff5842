/* A view by axe and by its width, with a picture in build/ui. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { claim, OUT } from './check.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/* What WCAG 2.1 AA asks, as far as a program can tell; and that nothing is wider than the window. */
export async function look(p, name) {
	await p.page.evaluate(axe); // into the page's own world by the debugger: its policy lets no script in
	const { violations } = await p.page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }));
	claim(`axe finds nothing in ${name}`, violations.length === 0,
		violations.map((v) => `${v.id} (${v.nodes.length}): ${v.nodes[0].html.slice(0, 160)} ${v.nodes[0].any.map((x) => x.message).join('; ').slice(0, 200)}`).join('\n  '));
	const wide = await p.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
	claim(`${name} is no wider than its window`, wide <= 0, `${wide} px`);
	await p.page.evaluate(() => scrollTo(0, 0));
	await p.page.screenshot({ path: `${OUT}${name}.png`, fullPage: true });
}
