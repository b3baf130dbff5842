/* The suite's record: each claim passes or fails once, and the closing line says how many. */
import { mkdirSync } from 'node:fs';

export const OUT = new URL('../../../build/ui/', import.meta.url).pathname;
mkdirSync(OUT, { recursive: true });

export const record = { passed: 0, failed: 0 };
export const LIMIT_MS = Number(process.env.LIMIT_MS ?? 120_000); // reached only by what never comes

export function claim(what, holds, more = '') {
	if (holds) record.passed++;
	else {
		record.failed++;
		console.log(`FAILED ${what}${more === '' ? '' : `: ${more}`}`);
	}
	return holds;
}

export function same(what, got, want) {
	const a = JSON.stringify(got), b = JSON.stringify(want);
	return claim(what, a === b, `${a}, not ${b}`);
}

let failed = async () => undefined;
export function whenFailed(fn) {
	failed = fn;
}

/* A part of the suite: an error in it is one failure, and the next part goes on. */
export async function part(name, fn) {
	const before = { ...record };
	try {
		await fn();
	} catch (e) {
		record.failed++;
		console.log(`FAILED ${name}: ${e.stack ?? e}`);
		await failed(name);
	}
	console.log(`${name}: ${record.passed - before.passed} passed, ${record.failed - before.failed} failed`);
}

/* Waits until `look` gives something true. */
export async function until(what, look) {
	const end = Date.now() + LIMIT_MS;
	for (;;) {
		const seen = await look();
		if (seen) return seen;
		if (Date.now() > end) throw new Error(`never came: ${what}`);
		await new Promise((go) => setTimeout(go, 40));
	}
}
