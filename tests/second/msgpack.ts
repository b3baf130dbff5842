/*
 * Strict msgpack (proto/encoding.md, 1): a reader that refuses every second
 * encoding of a value, and the writer of the one that is left.
 *
 * A value becomes: null, boolean, string, Uint8Array, an array, a MsgMap; a
 * number or, past 2^53, a bigint; and a Float, which keeps 1.0 apart from 1.
 */
import { Bytes, compare, concat, must, refuse, utf8 } from './bytes';

export class Float {
	constructor(readonly value: number) {}
}

/* Pairs, because a key may be any value and their order is part of the format. */
export class MsgMap {
	constructor(readonly pairs: [Value, Value][]) {}
}

export type Value = null | boolean | number | bigint | string | Float | Bytes | Value[] | MsgMap;

export const DEPTH_MAX = 8;
/* ignoreBOM keeps a leading U+FEFF, which would otherwise vanish from the text. */
const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class Reader {
	at = 0;
	private view: DataView;

	constructor(private b: Bytes, private depthMax = DEPTH_MAX) {
		this.view = new DataView(b.buffer, b.byteOffset, b.length);
	}

	get left(): number {
		return this.b.length - this.at;
	}

	private take(n: number): number {
		const at = this.at;

		must(n <= this.left, 'ends before its last field');
		this.at += n;
		return at;
	}

	/* A big-endian unsigned number of 1, 2, 4 or 8 bytes that needs them all. */
	private uint(bytes: number, shortest: bigint): bigint {
		const at = this.take(bytes);
		let n = 0n;

		for (let i = at; i < at + bytes; i++)
			n = (n << 8n) | BigInt(this.b[i]);
		must(n >= shortest, 'a number in more bytes than it needs');
		return n;
	}

	private int(bytes: number, shortest: bigint): bigint {
		const n = BigInt.asIntN(bytes * 8, this.uint(bytes, 0n));

		must(n < shortest, 'a signed form that a shorter one could replace');
		return n;
	}

	private bytes(n: number): Bytes {
		const at = this.take(n);

		return this.b.slice(at, at + n);
	}

	private str(n: number): string {
		const raw = this.bytes(n);

		try {
			return text.decode(raw);
		} catch {
			refuse('text that is not UTF-8');
		}
	}

	private array(n: number, depth: number): Value[] {
		must(depth < this.depthMax, 'too many containers inside each other');
		must(n <= this.left, 'claims more values than there are bytes');
		return Array.from({ length: n }, () => this.value(depth + 1));
	}

	private map(n: number, depth: number): MsgMap {
		const pairs: [Value, Value][] = [];
		let last: Bytes | null = null;

		must(depth < this.depthMax, 'too many containers inside each other');
		must(2 * n <= this.left, 'claims more values than there are bytes');
		for (let i = 0; i < n; i++) {
			const from = this.at;
			const key = this.value(depth + 1);
			const raw = this.b.subarray(from, this.at);

			must(last === null || compare(last, raw) < 0, 'keys that do not ascend');
			last = raw;
			pairs.push([key, this.value(depth + 1)]);
		}
		return new MsgMap(pairs);
	}

	value(depth = 0): Value {
		const tag = this.b[this.take(1)];
		const count = (bytes: number, shortest: number) => Number(this.uint(bytes, BigInt(shortest)));

		if (tag <= 0x7f)
			return tag;
		if (tag <= 0x8f)
			return this.map(tag & 15, depth);
		if (tag <= 0x9f)
			return this.array(tag & 15, depth);
		if (tag <= 0xbf)
			return this.str(tag & 31);
		if (tag >= 0xe0)
			return tag - 256;
		switch (tag) {
		case 0xc0: return null;
		case 0xc2: return false;
		case 0xc3: return true;
		case 0xc4: return this.bytes(count(1, 0));
		case 0xc5: return this.bytes(count(2, 0x100));
		case 0xc6: return this.bytes(count(4, 0x10000));
		case 0xcb: {
			const n = this.view.getFloat64(this.take(8));

			must(!Number.isNaN(n), 'NaN');
			return new Float(n);
		}
		case 0xcc: return number(this.uint(1, 0x80n));
		case 0xcd: return number(this.uint(2, 0x100n));
		case 0xce: return number(this.uint(4, 0x10000n));
		case 0xcf: return number(this.uint(8, 0x100000000n));
		case 0xd0: return number(this.int(1, -32n));
		case 0xd1: return number(this.int(2, -0x80n));
		case 0xd2: return number(this.int(4, -0x8000n));
		case 0xd3: return number(this.int(8, -0x80000000n));
		case 0xd9: return this.str(count(1, 32));
		case 0xda: return this.str(count(2, 0x100));
		case 0xdb: return this.str(count(4, 0x10000));
		case 0xdc: return this.array(count(2, 16), depth);
		case 0xdd: return this.array(count(4, 0x10000), depth);
		case 0xde: return this.map(count(2, 16), depth);
		case 0xdf: return this.map(count(4, 0x10000), depth);
		}
		refuse(`a form that is not allowed: ${tag.toString(16)}`);
	}
}

function number(n: bigint): number | bigint {
	return n >= Number.MIN_SAFE_INTEGER && n <= Number.MAX_SAFE_INTEGER ? Number(n) : n;
}

/* How many containers stand inside each other in `v`. */
export function depth(v: Value): number {
	const inside = v instanceof MsgMap ? v.pairs.flat() : Array.isArray(v) ? v : null;

	return inside === null ? 0 : 1 + Math.max(0, ...inside.map(depth));
}

/* The one value in `b`, with nothing behind it. */
export function decode(b: Bytes, depthMax = DEPTH_MAX): Value {
	const r = new Reader(b, depthMax);
	const v = r.value();

	must(r.left === 0, 'bytes after the last field');
	return v;
}

function sized(n: number, forms: [number, number, number][]): Bytes {
	for (const [limit, tag, bytes] of forms) {
		if (n < limit)
			return tagged(tag, BigInt(n), bytes);
	}
	throw new Error('too long for msgpack');
}

function tagged(tag: number, n: bigint, bytes: number): Bytes {
	const b = new Uint8Array(1 + bytes);

	b[0] = tag;
	for (let i = bytes; i > 0; i--, n >>= 8n)
		b[i] = Number(n & 255n);
	return b;
}

function encodeInteger(n: bigint): Bytes {
	if (n >= -32n && n < 128n)
		return Uint8Array.of(Number(n & 255n));
	for (let k = 0; k < 4; k++) {
		const bits = 8n << BigInt(k);

		if (n >= 0n ? n < 1n << bits : n >= -(1n << (bits - 1n)))
			return tagged((n >= 0n ? 0xcc : 0xd0) + k, BigInt.asUintN(Number(bits), n), 1 << k);
	}
	throw new Error('a number past 64 bits');
}

function header(n: number, fix: number, fixLimit: number, tag16: number): Bytes {
	if (n < fixLimit)
		return Uint8Array.of(fix | n);
	return sized(n, [[0x10000, tag16, 2], [2 ** 32, tag16 + 1, 4]]);
}

export function encode(v: Value): Bytes {
	if (v === null)
		return Uint8Array.of(0xc0);
	if (typeof v === 'boolean')
		return Uint8Array.of(v ? 0xc3 : 0xc2);
	if (typeof v === 'number' || typeof v === 'bigint')
		return encodeInteger(BigInt(v));
	if (v instanceof Float) {
		const b = new Uint8Array(9);

		b[0] = 0xcb;
		new DataView(b.buffer).setFloat64(1, v.value);
		return b;
	}
	if (typeof v === 'string') {
		const raw = utf8(v);

		return concat(raw.length < 32 ? Uint8Array.of(0xa0 | raw.length)
			: sized(raw.length, [[0x100, 0xd9, 1], [0x10000, 0xda, 2], [2 ** 32, 0xdb, 4]]), raw);
	}
	if (v instanceof Uint8Array)
		return concat(sized(v.length, [[0x100, 0xc4, 1], [0x10000, 0xc5, 2], [2 ** 32, 0xc6, 4]]), v);
	if (v instanceof MsgMap) {
		const pairs = v.pairs.map(([k, x]) => [encode(k), encode(x)]).sort((a, b) => compare(a[0], b[0]));

		return concat(header(pairs.length, 0x80, 16, 0xde), ...pairs.flat());
	}
	return concat(header(v.length, 0x90, 16, 0xdc), ...v.map(encode));
}

// ---- exactly the fields that a format names ----

export function asUint(v: Value, max: number | bigint = 2n ** 64n - 1n): number | bigint {
	must((typeof v === 'number' || typeof v === 'bigint') && v >= 0 && v <= max, 'not a number in its range');
	return v;
}

export function asInt(v: Value, min: number, max: number): number {
	must(typeof v === 'number' && v >= min && v <= max, 'not a number in its range');
	return v;
}

/* A number that stands for a count or a code, so never near 2^53. */
export function asCount(v: Value, max = Number.MAX_SAFE_INTEGER): number {
	return Number(asUint(v, max));
}

export function asBin(v: Value, len?: number): Bytes {
	must(v instanceof Uint8Array && (len === undefined || v.length === len), `not ${len ?? 'some'} bytes`);
	return v;
}

export function asStr(v: Value): string {
	must(typeof v === 'string', 'not text');
	return v;
}

export function asBool(v: Value): boolean {
	must(typeof v === 'boolean', 'not yes or no');
	return v;
}

export function asArray(v: Value, len?: number): Value[] {
	must(Array.isArray(v) && (len === undefined || v.length === len), `not a list of ${len ?? 'values'}`);
	return v;
}

export function orNull<T>(v: Value, form: (v: Value) => T): T | null {
	return v === null ? null : form(v);
}

