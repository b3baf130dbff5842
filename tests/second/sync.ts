/*
 * proto/sync.md: frames, summaries, runs and the proof of custody.
 */
import { Bytes, NONE, be64, concat, isZero, must } from './bytes';
import { HC, verify } from './hc';
import { Entry, Int, SEQ_MAX, after, encodeHeader, entryId, payloadHash, readHeader, verifyEntry } from './log';
import { Reader, Value, asArray, asBin, asCount, asUint, decode, encode } from './msgpack';
import { Cipher } from './noise';

// ---- 2. Frames ----

const FRAME_UNIT = 256;
const FRAME_MAX = 65536;
const TAG = 16;

export function writeFrame(cipher: Cipher, value: Bytes): Bytes {
	const size = frameBytes(value.length);

	must(size <= FRAME_MAX, 'a message that is too long');
	const plain = concat(value, new Uint8Array(size - 2 - TAG - value.length));

	return concat(Uint8Array.of((size - 2) >> 8, (size - 2) & 255), cipher.encrypt(NONE, plain));
}

/* The message of one whole frame, as the bytes of its value. */
export function readFrame(cipher: Cipher, frame: Bytes): Bytes {
	must(frame.length >= FRAME_UNIT && frame.length % FRAME_UNIT === 0 && frame.length <= FRAME_MAX, 'another size');
	must((frame[0] << 8 | frame[1]) === frame.length - 2, 'a length that is not the frame’s');
	return valueOf(cipher.decrypt(NONE, frame.subarray(2)));
}

/* The value in the plaintext of a frame. */
export function valueOf(plain: Bytes): Bytes {
	const r = new Reader(plain);

	must((plain.length + 2 + TAG) % FRAME_UNIT === 0, 'another size');
	r.value();
	must(r.left < FRAME_UNIT && isZero(plain.subarray(r.at)), 'anything else than zeroes after the value');
	return plain.slice(0, r.at);
}

export function frameBytes(valueBytes: number): number {
	return Math.ceil((2 + valueBytes + TAG) / FRAME_UNIT) * FRAME_UNIT;
}

// ---- 3. Summaries ----

export interface Item { log8: Bytes; length: Int; head8: Bytes }

export function readItems(b: Bytes): Item[] {
	const items: Item[] = [];

	for (let at = 0; at < b.length;) {
		const log8 = b.slice(at, at + 8);
		let length = 0n;
		let shift = 0n;

		must(log8.length === 8, 'an item that is cut short');
		at += 8;
		for (;; shift += 7n) {
			const byte = b[at++];

			must(byte !== undefined && shift < 64n, 'a length that does not end');
			length |= BigInt(byte & 127) << shift;
			if (byte < 128) {
				must(byte !== 0 || shift === 0n, 'a length in more bytes than it needs');
				break;
			}
		}
		must(at + 8 <= b.length, 'an item that is cut short');
		items.push({ log8, length, head8: b.slice(at, at + 8) });
		at += 8;
	}
	return items;
}

function leb128(n: bigint): Bytes {
	const out: number[] = [];

	for (; n >= 128n; n >>= 7n)
		out.push(Number(n & 127n) | 128);
	return Uint8Array.from([...out, Number(n)]);
}

export function writeItems(items: Item[]): Bytes {
	return concat(...items.map((i) => concat(i.log8, leb128(BigInt(i.length)), i.head8)));
}

/* The power of two that is no fewer than an eighth of the number of logs, within 16 to 256. */
export function bucketCount(logs: number): number {
	let n = 16;

	while (n < 256 && n * 8 < logs)
		n *= 2;
	return n;
}

export interface Log { log8: Bytes; length: Int; head: Bytes }

export interface Log { log8: Bytes; length: Int; head: Bytes }

/* One digest per bucket, whatever the order of its logs: four sums of their hashes' words. */
export function buckets(logs: Log[], n: number): Bytes {
	const sums = Array.from({ length: n }, () => [0n, 0n, 0n, 0n]);

	for (const l of logs) {
		const hash = HC(32, NONE, 'fb1/bucket/log', l.log8, be64(l.length), l.head.slice(0, 8));
		const words = new DataView(hash.buffer, hash.byteOffset, 32);

		sums[l.log8[0] % n].forEach((sum, i, all) => {
			all[i] = BigInt.asUintN(64, sum + words.getBigUint64(8 * i));
		});
	}
	return concat(...sums.map((sum) => HC(16, NONE, 'fb1/bucket', concat(...sum.map(be64))).slice(0, 8)));
}

// ---- 4. Messages ----

const HELLO_FIELDS = 10;
const bin = (len: number) => (v: Value) => asBin(v, len);
const upTo = (max: number) => (v: Value) => asCount(v, max);

function asBuckets(v: Value): number {
	must([16, 32, 64, 128, 256].includes(asCount(v)), 'a count of buckets that is none');
	return asCount(v);
}

function asAckOrNil(v: Value): void {
	if (v !== null)
		readAck(v);
}

function readWants(v: Value): void {
	must(asArray(v).length <= 256, 'too many ranges');
	for (const row of asArray(v)) {
		const [log, from, to] = asArray(row, 3);

		asBin(log, 8);
		must(asUint(from) < asUint(to), 'a range of nothing');
	}
}

/* The fields of a message by its number, those of HELLO that are known. */
const FORMS: Record<number, ((v: Value) => unknown)[]> = {
	1: [asUint, asUint, bin(8), asUint, asUint, bin(16), bin(32), asUint, asAckOrNil],
	2: [upTo(1), asBuckets, asBin],
	3: [upTo(1), asBin, upTo(1), (v) => readItems(asBin(v))],
	5: [readWants],
	6: [asBin],
	8: [upTo(2 ** 32 - 1)],
	10: [upTo(1), asUint, asUint, asAckOrNil],
	11: [upTo(5)],
	12: [upTo(1), readAck],
	13: [upTo(2), asUint],
	14: [bin(8), asUint, upTo(2 ** 32 - 1), asUint, asBin],
};

function checkProbe(lo: number, hi: number, step: number, ids: Bytes): void {
	const k = ids.length / 8;

	must(Number.isInteger(k) && k <= 64 && lo <= hi, 'a PROBE that is malformed');
	must(k === 0 || (step > 0 && lo + (k - 1) * step < hi), 'a sample that is not below hi');
}

/* A message's number and fields; everything that is not in the table is refused. */
export function readMessage(raw: Bytes): { number: number; fields: Value[] } {
	const [number, ...fields] = asArray(decode(raw));
	const forms = FORMS[asCount(number)];

	must(forms !== undefined, 'a number that is not in use');
	must(fields.length === forms.length || (number === 1 && fields.length >= HELLO_FIELDS - 1), 'another number of fields');
	forms.forEach((form, i) => form(fields[i]));
	if (number === 2)
		must(asBin(fields[2]).length === 8 * asCount(fields[1]), 'digests of another count');
	if (number === 3)
		must(asBin(fields[3]).length <= 65000 && [2, 4, 8, 16, 32].includes(asBin(fields[1]).length), 'a HAVE that is malformed');
	if (number === 6)
		must(asBin(fields[0]).length >= 1 && asBin(fields[0]).length <= 65513, 'runs of another size');
	if (number === 11)
		must(asCount(fields[0]) >= 1, 'no code');
	if (number === 14)
		checkProbe(asCount(fields[1]), asCount(fields[2]), asCount(fields[3]), asBin(fields[4]));
	return { number: asCount(number), fields };
}

// ---- 5. Runs ----

/* Each header is built again from what the run shares; its encoding is unique, so it verifies or is refused. */
export function readRun(v: Value): Entry[] {
	const [author, stream, inc, first, prevId, rows] = asArray(v, 6);
	const entries: Entry[] = [];
	let seq = asUint(first, SEQ_MAX);
	let prev = asBin(prevId, 32);

	for (const row of asArray(rows)) {
		const [kind, content, sig] = asArray(row, 3);
		const payload = content instanceof Uint8Array ? content : null;
		const [plen, phash] = payload !== null ? [payload.length, payloadHash(payload)] : asArray(content, 2);
		const raw = encodeHeader({
			kind: asCount(kind, 127), author: asBin(author, 32), stream: asBin(stream, 16), inc: asBin(inc, 8),
			seq, prev, phash: asBin(phash, 32), plen: asCount(plen),
		});
		const e = { header: readHeader(raw), id: entryId(raw), sig: sig === null ? null : asBin(sig, 64), payload };

		must(e.sig === null || verifyEntry(e.header.author, e.id, e.sig), 'a signature that does not match the author');
		entries.push(e);
		prev = e.id;
		seq = after(seq);
	}
	must(entries.length > 0, 'a run of nothing');
	return entries;
}

/* What is taken from a peer or a bundle: the signature of the last entry vouches for all of a run. */
export function vouched(run: Entry[]): boolean {
	return run[run.length - 1].sig !== null;
}

/* "ENTRIES holds runs end to end." */
export function readRuns(b: Bytes): Entry[][] {
	const r = new Reader(b);
	const runs: Entry[][] = [];

	while (r.left > 0)
		runs.push(readRun(r.value()));
	return runs;
}

export function writeRun(entries: Entry[]): Bytes {
	const { author, stream, inc, seq, prev } = entries[0].header;

	return encode([author, stream, inc, seq, prev,
		entries.map((e) => [e.header.kind, e.payload ?? [e.header.plen, e.header.phash], e.sig])]);
}

// ---- 8. Proof of custody ----

export interface Ack { n: Int; root: Bytes; delta: Bytes; sig: Bytes }

export function readAck(v: Value): Ack {
	const [n, root, delta, sig] = asArray(v, 4);

	readItems(asBin(delta));
	return { n: asUint(n, 2n ** 63n - 1n), root: asBin(root, 32), delta: asBin(delta), sig: asBin(sig, 64) };
}

export function ackDigest(a: Ack, org: Bytes): Bytes {
	return HC(32, NONE, 'fb1/ack', org, be64(a.n), a.root, a.delta);
}

export function verifyAck(a: Ack, org: Bytes, signPk: Bytes): boolean {
	return verify('fb1/ack/sig', ackDigest(a, org), a.sig, signPk);
}

