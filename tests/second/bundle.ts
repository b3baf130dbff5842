/*
 * proto/bundle.md: what one replica holds, in a file.
 */
import { Bytes, NONE, concat, isZero, must, unlessRefused } from './bytes';
import { HC, box, padme, unbox } from './hc';
import { Entry } from './log';
import { Reader, asArray, asBin, asCount, asUint, orNull } from './msgpack';
import { Ack, readAck, readRuns, vouched } from './sync';

const SALT = 32;
const HEAD = 256;
const CHUNK = 65536;
const TAG = 16;

export interface Bundle {
	exporter: Bytes;
	to: Bytes | null;
	runs: Entry[][];
	acks: Ack[];
	/* How the file ends: "cut" and "damaged" leave what the whole chunks before held. */
	end: 'whole' | 'cut' | 'damaged';
}

function nonceOf(i: number, last: boolean): Bytes {
	const nonce = new Uint8Array(24);

	new DataView(nonce.buffer).setBigUint64(15, BigInt(i));
	nonce[23] = last ? 1 : 0;
	return nonce;
}

function openChunk(key: Bytes, i: number, last: boolean, sealed: Bytes): Bytes | null {
	return unlessRefused(() => unbox(key, nonceOf(i, last), NONE, sealed));
}

export function bundleKey(n: Bytes, salt: Bytes): Bytes {
	return HC(32, n, 'fb1/bundle', salt);
}

/* The content's chunks, as far as they open. */
export function openContent(key: Bytes, file: Bytes): { chunks: Bytes[]; end: Bundle['end'] } {
	const chunks: Bytes[] = [];

	for (let at = SALT + HEAD + TAG, i = 1; at < file.length; at += CHUNK + TAG, i++) {
		const sealed = file.subarray(at, at + CHUNK + TAG);
		const atEnd = at + sealed.length === file.length;
		const last = atEnd ? openChunk(key, i, true, sealed) : null;
		const chunk = last ?? openChunk(key, i, false, sealed);

		if (chunk === null)
			return { chunks, end: atEnd ? 'cut' : 'damaged' };
		chunks.push(chunk);
		if (last !== null)
			return { chunks, end: 'whole' };
	}
	return { chunks, end: 'cut' };
}

/* `messages` end to end, padded and sealed: all of a bundle follows from these four. */
export function sealBundle(n: Bytes, salt: Bytes, head: Bytes, messages: Bytes): Bytes {
	const key = bundleKey(n, salt);
	const content = concat(messages, new Uint8Array(padme(messages.length) - messages.length));
	const parts = [salt, box(key, nonceOf(0, false), NONE, concat(head, new Uint8Array(HEAD - head.length)))];

	for (let at = 0, i = 1; at < content.length; at += CHUNK, i++)
		parts.push(box(key, nonceOf(i, at + CHUNK >= content.length), NONE, content.subarray(at, at + CHUNK)));
	return concat(...parts);
}

/* `keys` are network keys; messages other than ENTRIES and ACK are skipped. */
export function readBundle(file: Bytes, keys: Bytes[]): Bundle {
	must(file.length >= SALT + HEAD + TAG, 'cut short');
	const salt = file.subarray(0, SALT);

	for (const n of keys) {
		const key = bundleKey(n, salt);
		const head = openChunk(key, 0, false, file.subarray(SALT, SALT + HEAD + TAG));

		if (head !== null) {
			const { chunks, end } = openContent(key, file);

			return readContent(head, concat(...chunks), end);
		}
	}
	must(false, 'not of this organisation');
}

function readContent(head: Bytes, content: Bytes, end: Bundle['end']): Bundle {
	const r = new Reader(head);
	const [version, exporter, to] = asArray(r.value());
	const b: Bundle = { exporter: asBin(exporter, 32), to: orNull(to, (v) => asBin(v, 16)), runs: [], acks: [], end };

	must(asUint(version) === 1 && head.length === HEAD && isZero(head.subarray(r.at)), 'a head that is malformed');
	for (let at = 0; at < content.length;) {
		const message = new Reader(content.subarray(at));

		if (content[at] === 0) {
			must(isZero(content.subarray(at)), 'anything else than zeroes after the messages');
			must(end !== 'whole' || padme(at) === content.length, 'padding to another size');
			return b;
		}
		const v = end === 'whole' ? message.value() : unlessRefused(() => message.value());

		if (v === null)
			return b;
		const [number, ...fields] = asArray(v);

		at += message.at;
		if (asCount(number) === 6)
			b.runs.push(...readRuns(asBin(fields[0])).filter(vouched));
		else if (number === 12)
			b.acks.push(readAck(fields[1]));
	}
	return b;
}

