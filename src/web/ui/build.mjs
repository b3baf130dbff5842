// Bundles the page into dist/: index.html, app.js with its chunks, app.css and
// lang/*.json. Ends with what it weighs, and fails above the limit.
import { build } from 'esbuild';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const LIMIT = 250 * 1024;
const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');

rmSync(dist, { recursive: true, force: true });
mkdirSync(join(dist, 'lang'), { recursive: true });

await build({
	absWorkingDir: here,
	entryPoints: { app: 'src/main.tsx' },
	outdir: 'dist',
	bundle: true,
	format: 'esm',
	splitting: true,
	minify: true,
	target: ['chrome100', 'firefox102', 'safari15'],
	jsx: 'automatic',
	jsxImportSource: 'preact',
	chunkNames: 'part-[name]-[hash]',
	charset: 'utf8',
	legalComments: 'none',
	logLevel: 'warning',
});

writeFileSync(join(dist, 'index.html'), readFileSync(join(here, 'index.html'), 'utf8').replace(/\n\s*/g, '\n'));
writeFileSync(join(dist, 'icon.svg'), readFileSync(join(here, 'icon.svg')));
for (const file of readdirSync(join(here, 'lang')))
	if (file !== 'sv.json') // the source is inside app.js: there is always something to fall back to
		writeFileSync(join(dist, 'lang', file), JSON.stringify(JSON.parse(readFileSync(join(here, 'lang', file), 'utf8'))));

function files(dir) {
	return readdirSync(dir).sort().flatMap((name) => {
		const path = join(dir, name);
		return statSync(path).isDirectory() ? files(path) : [path];
	});
}

let total = 0;
for (const path of files(dist)) {
	const packed = gzipSync(readFileSync(path), { level: 9 }).length;
	total += packed;
	console.log(`  ${relative(dist, path).padEnd(32)} ${String(packed).padStart(7)}`);
}
console.log(`page: ${(total / 1024).toFixed(1)} KB compressed, limit ${LIMIT / 1024} KB`);
if (total > LIMIT) process.exit(1);
