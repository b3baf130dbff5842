/*
 * A second implementation of proto/, written from its text. Without a command
 * it checks every vector file:
 *
 *   node second.mjs VECTORS_DIR
 *   node second.mjs open-bundle BUNDLE --keystore FILE --passphrase-file FILE
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Case, Count } from './count';
import { checkCrypto } from './check_crypto';
import { checkCrdt } from './check_crdt';
import { checkLog } from './check_log';
import { checkOrg } from './check_org';
import { checkSync } from './check_sync';
import { ready } from './hc';

const CHECKS: [string, (v: Case, c: Count) => void][] = [
	['crypto.json', checkCrypto],
	['log.json', checkLog],
	['org.json', checkOrg],
	['sync.json', checkSync],
	['crdt.json', checkCrdt],
];

function checkVectors(dir: string): number {
	let passed = 0;
	let failed = 0;

	for (const [file, check] of CHECKS) {
		const path = join(dir, file);
		const count = new Count(file);

		if (existsSync(path))
			check(JSON.parse(readFileSync(path, 'utf8')), count);
		else
			count.check('file', file, () => 'missing: run `make vectors`');
		count.close();
		passed += count.passed;
		failed += count.failed;
	}
	console.log(`${passed} passed, ${failed} failed`);
	return failed === 0 ? 0 : 1;
}

await ready;
process.exitCode = checkVectors(process.argv[2] ?? 'proto/vectors');
