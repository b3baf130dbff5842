/*
 * proto/org.md, 10 and 11: ATTEST and NETKEY.
 */
import { Bytes, equal, must } from './bytes';
import { HC, ascending, publicOf, unseal } from './hc';
import { asArray, asBin, asCount, asUint, decode, orNull } from './msgpack';
import { Int } from './log';

export interface Item { log: Bytes; len: bigint; head: Bytes }

/* "log8 ‖ length (LEB128, shortest form) ‖ head8" */
function readItems(delta: Bytes): Item[] {
	const items: Item[] = [];
	let at = 0;

	while (at < delta.length) {
		const log = delta.slice(at, at + 8);
		let [len, shift, byte] = [0n, 0n, 0x80];

		for (at += 8; byte >= 0x80; shift += 7n) {
			must(at < delta.length && shift < 63n, 'a length without an end');
			byte = delta[at++];
			len |= BigInt(byte & 0x7f) << shift;
		}
		must(byte !== 0 || shift === 7n, 'a length in another than its shortest form');
		must(at + 8 <= delta.length, 'an item that is cut short');
		items.push({ log, len, head: delta.slice(at, at + 8) });
		at += 8;
	}
	return items;
}

export interface Attest { day: number; digest: Bytes; root: Bytes; logs: number; items: Item[]; epochs: { stream: Bytes; epoch: Bytes | null; oldest: number }[] }

const UINT32_MAX = 0xffffffff;

export function readAttest(payload: Bytes): Attest {
	const [day, digest, root, logs, delta, list] = asArray(decode(payload), 6);
	const epochs = asArray(list).map((row) => {
		const [stream, epoch, oldest] = asArray(row, 3);

		return { stream: asBin(stream, 16), epoch: orNull(epoch, (v) => asBin(v, 16)), oldest: asCount(oldest, UINT32_MAX) };
	});

	must(epochs.length <= 256 && ascending(epochs, (e) => e.stream), 'streams that are too many or out of order');
	must(asBin(delta).length <= 2000 * 26, 'a delta that is too long');
	return {
		day: asCount(day, UINT32_MAX), digest: asBin(digest, 16), root: asBin(root, 32), logs: asCount(logs, UINT32_MAX),
		items: readItems(asBin(delta)), epochs,
	};
}

/* sync.md, 8 "Leaving": "its first entry there, behind the OPEN of the control stream, is an ATTEST with an empty `delta`". */
export interface Written { seq: number; isAttest: boolean; payload: Bytes }

function listsNothing(e: Written): boolean {
	try {
		return e.isAttest && readAttest(e.payload).items.length === 0;
	} catch {
		return false;
	}
}

export const saysLeaving = (e: Written): boolean => e.seq === 1 && listsNothing(e);

/* "While that ATTEST is the last that the incarnation has written": the lengths of its control log and of its others together. */
export const isLeaving = (e: Written, control: number, elsewhere: number): boolean => saysLeaving(e) && control === 2 && elsewhere === 0;

/* org.md, 10: "no other ATTEST lists nothing". */
export const listsNothingElsewhere = (e: Written): boolean => listsNothing(e) && e.seq !== 1;

export interface Netkey { n: Int; commit: Bytes; epk: Bytes; rows: { dev: Bytes; index: Int; sealed: Bytes }[] }

export function readNetkey(payload: Bytes): Netkey {
	const [n, commit, epk, list] = asArray(decode(payload), 4);
	const rows = asArray(list).map((row) => {
		const [dev, index, sealed] = asArray(row, 3);

		return { dev: asBin(dev, 16), index: asUint(index, 2 ** 30), sealed: asBin(sealed, 48) };
	});

	must(rows.length <= 512 && ascending(rows, (r) => r.dev), 'devices that are too many or out of order');
	must(n !== 0, 'the number that the founder\'s key has');
	return { n: asUint(n, 2 ** 30), commit: asBin(commit, 32), epk: asBin(epk, 32), rows };
}

export function netkeyCommit(key: Bytes, org: Bytes): Bytes {
	return HC(32, key, 'fb1/net/commit', org);
}

/* The key, for the device that has one of these seal secrets; null when it has no row, or none opens to what is committed to. */
export function openNetkey(k: Netkey, org: Bytes, dev: Bytes, seals: Bytes[]): Bytes | null {
	const mine = k.rows.find((r) => equal(r.dev, dev));

	for (const sk of mine === undefined ? [] : seals) {
		const key = unseal({ org, stream: org.slice(0, 16), commit: k.commit, epk: k.epk }, publicOf(sk), sk, mine!.sealed);

		if (key !== null && equal(netkeyCommit(key, org), k.commit))
			return key;
	}
	return null;
}
