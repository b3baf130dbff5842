/*
 * proto/welcome.md: what a newcomer needs to begin offline.
 */
import { Bytes, NONE, equal, isZero, must, refuse } from './bytes';
import { HC, padme, publicOf, unbox, unseal } from './hc';
import { Entry } from './log';
import { asArray, asBin, asCount, decode } from './msgpack';
import { readRuns } from './sync';

const HEAD = 136;

export interface Welcome { org: Bytes; root: Bytes; fingerprint: Bytes; role: number; networks: Bytes[]; runs: Entry[][] }

/* "padded = plain ‖ 80 ‖ 00 … up to Padmé(len(plain) + 1)": one size class finer than what is sealed for a team. */
function plainOf(padded: Bytes): Bytes {
	const len = padded.lastIndexOf(0x80);

	must(len >= 0 && isZero(padded.subarray(len + 1)) && padme(len + 1) === padded.length, 'damaged');
	return padded.slice(0, len);
}

export function openWelcome(file: Bytes, seals: Bytes[]): Welcome {
	must(file.length > HEAD, 'damaged');
	const [epk, commit, sealed, nonce] = [[0, 32], [32, 64], [64, 112], [112, HEAD]].map(([a, b]) => file.slice(a, b));
	const context = { org: new Uint8Array(32), stream: new Uint8Array(16), commit, epk };
	const k = seals.map((sk) => unseal(context, publicOf(sk), sk, sealed)).find((x) => x !== null) ?? refuse('for another device');

	must(equal(commit, HC(32, k, 'fb1/welcome/commit', epk)), 'damaged');
	const plain = plainOf(unbox(HC(32, k, 'fb1/welcome/box', nonce), nonce, file.subarray(0, HEAD), file.subarray(HEAD)));
	const f = asArray(decode(plain));

	must(f[0] === 1, 'made by a newer version');
	asArray(f, 7);
	const [org, root, fingerprint, networks] = [asBin(f[1], 32), asBin(f[2], 32), asBin(f[3], 32), asBin(f[5])];

	must(equal(fingerprint, HC(32, NONE, 'fb1/root/print', root, org)), 'a fingerprint of another root');
	must(networks.length % 32 === 0 && networks.length >= 32 && networks.length <= 256, 'network keys that are malformed');
	return {
		org, root, fingerprint, role: asCount(f[4]), runs: readRuns(asBin(f[6])),
		networks: Array.from({ length: networks.length / 32 }, (_, i) => networks.slice(32 * i, 32 * i + 32)),
	};
}
