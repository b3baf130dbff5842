/*
 * proto/log.md: headers, entries, runs, forks and the frontier.
 */
import { createHash } from 'node:crypto';
import { Bytes, NONE, be64, compare, concat, equal, isZero, must } from './bytes';
import { HC, verify } from './hc';
import { Value, asArray, asBin, asCount, asUint, decode, encode } from './msgpack';

export function after(n: Int): Int {
	return n < Number.MAX_SAFE_INTEGER ? Number(n) + 1 : BigInt(n) + 1n;
}

export const PAYLOAD_MAX = 57344;
const HEADER_MAX = 192;

/* One above any safe number stays a bigint, so equal numbers are always identical. */
export type Int = number | bigint;

export const SEQ_MAX = 2n ** 63n - 2n;

export interface Header {
	kind: number;
	author: Bytes;
	stream: Bytes;
	inc: Bytes;
	seq: Int;
	prev: Bytes;
	phash: Bytes;
	plen: number;
}

export interface Entry {
	header: Header;
	id: Bytes;
	/* null: one that its sender knew to be bad and left out of a run */
	sig: Bytes | null;
	payload: Bytes | null;
}

export function encodeHeader(h: Header): Bytes {
	return encode([1, h.kind, h.author, h.stream, h.inc, h.seq, h.prev, h.phash, h.plen]);
}

export function readHeader(raw: Bytes): Header {
	must(raw.length <= HEADER_MAX, 'a header over 192 bytes');
	const [fmt, kind, author, stream, inc, seq, prev, phash, plen] = asArray(decode(raw), 9);
	const h = {
		kind: asCount(kind, 127), author: asBin(author, 32), stream: asBin(stream, 16), inc: asBin(inc, 8),
		seq: asUint(seq, SEQ_MAX), prev: asBin(prev, 32), phash: asBin(phash, 32), plen: asCount(plen, PAYLOAD_MAX),
	};

	must(asUint(fmt) === 1, 'a format of another version');
	must(h.kind >= 1 && h.plen >= 1, 'a number out of its range');
	must((h.seq === 0) === isZero(h.prev), 'prev is zero at seq 0 and only there');
	return h;
}

export function entryId(header: Bytes): Bytes {
	return HC(32, NONE, 'fb1/entry', header);
}

export function payloadHash(payload: Bytes): Bytes {
	return HC(32, NONE, 'fb1/payload', payload);
}

export function checkPayload(h: Header, payload: Bytes): void {
	must(payload.length === h.plen && equal(payloadHash(payload), h.phash), 'a payload that is not the one of its header');
}

export function verifyEntry(author: Bytes, id: Bytes, sig: Bytes): boolean {
	return verify('fb1/entry/sig', id, sig, author);
}

/* An entry that stands alone. Its header is hashed as it came. */
export function readEntry(v: Value): Entry {
	const [raw, sig, body] = asArray(v, 3);
	const header = readHeader(asBin(raw));
	const payload = body === null ? null : asBin(body);
	const e = { header, id: entryId(asBin(raw)), sig: asBin(sig, 64), payload };

	if (payload !== null)
		checkPayload(header, payload);
	must(verifyEntry(header.author, e.id, e.sig), 'a signature that does not match the author');
	return e;
}

// ---- 6. Forks ----

export interface Fork { author: Bytes; stream: Bytes; inc: Bytes; seq: Int; ids: [Bytes, Bytes]; sides: [Header, Bytes][] }

export function readFork(v: Value): Fork {
	const [ha, sa, hb, sb] = asArray(v, 4).map((x) => asBin(x));
	const [a, b] = [readHeader(ha), readHeader(hb)];
	const ids: [Bytes, Bytes] = [entryId(ha), entryId(hb)];

	must(equal(logKey(a), logKey(b)) && a.seq === b.seq, 'two places, so no fork');
	must(compare(ids[0], ids[1]) < 0, 'one entry, or the wrong order');
	must(verifyEntry(a.author, ids[0], asBin(sa, 64)) && verifyEntry(b.author, ids[1], asBin(sb, 64)), 'a fork with a bad signature');
	return { author: a.author, stream: a.stream, inc: a.inc, seq: a.seq, ids, sides: [[a, sa], [b, sb]] };
}

// ---- audit.md, 2: frontier ----

function sha256(...parts: Bytes[]): Bytes {
	return new Uint8Array(createHash('sha256').update(concat(...parts)).digest());
}

/* RFC 6962, 2.1: the tree hash over leaves that are in their order already. */
export function treeHash(leaves: Bytes[]): Bytes {
	if (leaves.length === 0)
		return sha256();
	if (leaves.length === 1)
		return sha256(Uint8Array.of(0), leaves[0]);
	const k = 1 << (31 - Math.clz32(leaves.length - 1));

	return sha256(Uint8Array.of(1), treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k)));
}

export interface LogName { author: Bytes; stream: Bytes; inc: Bytes }

export function logKey(l: LogName): Bytes {
	return concat(l.author, l.stream, l.inc);
}

// ---- 4. What a branch is called ----

export function log8(l: LogName): Bytes {
	return HC(16, NONE, 'fb1/log', l.author, l.stream, l.inc).slice(0, 8);
}

export function branch8(l: LogName, seq: Int, first: Bytes): Bytes {
	return HC(16, NONE, 'fb1/branch', l.author, l.stream, l.inc, be64(seq), first).slice(0, 8);
}

/* audit.md, 2: one leaf per log; of a branch also where it begins. */
export interface Leaf extends LogName { length: Int; head: Bytes; branch: { seq: Int; first: Bytes } | null }

export function frontierRoot(leaves: Leaf[]): Bytes {
	const place = (l: Leaf) => concat(logKey(l), l.branch === null ? NONE : concat(be64(l.branch.seq), l.branch.first));

	return treeHash([...leaves].sort((a, b) => compare(place(a), place(b)))
		.map((l) => concat(logKey(l), be64(l.length), l.head, l.branch?.first ?? NONE)));
}
