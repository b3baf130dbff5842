/*
 * A second implementation of proto/, written from its text:
 *
 *   node second.mjs check VECTORS_DIR [ORGANISATION]
 *       all vector files, and what run.sh found out about a real organisation
 *   node second.mjs open-bundle BUNDLE --keystore FILE --passphrase-file FILE [--welcome FILE]
 *       {"entries", "records", "state_hash"} of what that device can read
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Refused } from './bytes';
import { checkBundle } from './check_bundle';
import { checkCrdt } from './check_crdt';
import { checkCrypto } from './check_crypto';
import { checkDay } from './check_day';
import { checkDiscovery } from './check_discovery';
import { checkJoin } from './check_join';
import { checkKeys, checkShares } from './check_keys';
import { checkLog } from './check_log';
import { checkOrg } from './check_org';
import { checkPayload } from './check_payload';
import { checkRelay } from './check_relay';
import { checkSync } from './check_sync';
import { checkTransport } from './check_transport';
import { checkVault } from './check_vault';
import { Case, Count } from './count';
import { ready } from './hc';
import { openBundleFiles } from './open_bundle';

type Check = (v: Case, c: Count) => void;

const VECTORS: [string, Check][] = [
	['crypto.json', checkCrypto],
	['log.json', checkLog],
	['org.json', checkOrg],
	['payload.json', checkPayload],
	['keys.json', checkKeys],
	['shares.json', checkShares],
	['sync.json', checkSync],
	['vault.json', checkVault],
	['crdt.json', checkCrdt],
	['join.json', checkJoin],
	['relay.json', checkRelay],
	['discovery.json', checkDiscovery],
	['day.json', checkDay],
	['transport.json', checkTransport],
];

function checkAll(dir: string, organisation?: string): number {
	const files: [string, Check][] = VECTORS.map(([file, check]) => [join(dir, file), check]);
	let passed = 0;
	let failed = 0;

	if (organisation !== undefined)
		files.push([organisation, checkBundle]);
	for (const [path, check] of files) {
		const count = new Count(basename(path));

		if (existsSync(path))
			check(JSON.parse(readFileSync(path, 'utf8')), count);
		else
			count.check('file', path, () => 'missing: `make vectors` writes it');
		count.close();
		passed += count.passed;
		failed += count.failed;
	}
	console.log(`${passed} passed, ${failed} failed`);
	return failed === 0 ? 0 : 1;
}

function openBundle(args: string[]): number {
	const { values, positionals } = parseArgs({
		args, allowPositionals: true,
		options: { keystore: { type: 'string' }, 'passphrase-file': { type: 'string' }, welcome: { type: 'string' } },
	});
	const { keystore, 'passphrase-file': passphrase, welcome } = values;

	if (positionals.length !== 1 || keystore === undefined || passphrase === undefined)
		return usage();
	const { entries, records, state_hash } = openBundleFiles(positionals[0], keystore, passphrase, welcome);

	console.log(JSON.stringify({ entries, records, state_hash }));
	return 0;
}

function usage(): number {
	console.error('usage: second.mjs check VECTORS_DIR [ORGANISATION] | '
		+ 'open-bundle BUNDLE --keystore FILE --passphrase-file FILE [--welcome FILE]');
	return 1;
}

function main(): number {
	const [command, ...args] = process.argv.slice(2);

	try {
		if (command === 'check' && args.length >= 1 && args.length <= 2)
			return checkAll(args[0], args[1]);
		if (command === 'open-bundle')
			return openBundle(args);
		return usage();
	} catch (e) {
		if (!(e instanceof Refused))
			throw e;
		console.error(`second: ${e.message}`);
		return 3;
	}
}

await ready;
process.exitCode = main();
