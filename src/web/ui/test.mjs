// Bundles each unit/*.test.ts for Node and runs them with its own test runner.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const tests = readdirSync(join(here, 'unit')).filter((f) => f.endsWith('.test.ts'));
const out = mkdtempSync(join(tmpdir(), 'faltbok-ui-'));
try {
	await build({
		absWorkingDir: here, entryPoints: tests.map((f) => `unit/${f}`), outdir: out, outExtension: { '.js': '.mjs' }, bundle: true,
		platform: 'node', format: 'esm', target: 'node18', jsx: 'automatic', jsxImportSource: 'preact', loader: { '.css': 'empty' }, logLevel: 'warning',
	});
	const run = spawnSync(process.execPath, ['--test', ...tests.map((f) => join(out, f.replace(/\.ts$/, '.mjs')))], { encoding: 'utf8' });
	const count = (word) => Number(new RegExp(`^(?:#|ℹ) ${word} (\\d+)`, 'm').exec(run.stdout)?.[1] ?? 0);
	if (run.status !== 0) process.stdout.write(run.stdout + run.stderr);
	console.log(`ui-unit: ${count('pass')} passed, ${count('fail')} failed`);
	process.exitCode = run.status === 0 && count('pass') > 0 ? 0 : 1;
} finally {
	rmSync(out, { recursive: true, force: true });
}
