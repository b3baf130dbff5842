/*
 * Bytes, and nothing about what they mean.
 */
export type Bytes = Uint8Array;

export const NONE: Bytes = new Uint8Array(0);

/* Why some bytes are not what a chapter of proto/ asks for. */
export class Refused extends Error {}

export function refuse(why: string): never {
	throw new Refused(why);
}

export function must(ok: boolean, why: string): asserts ok {
	if (!ok)
		refuse(why);
}

/* What `f` returns, or null where it refuses; other errors are ours and pass. */
export function unlessRefused<T>(f: () => T): T | null {
	try {
		return f();
	} catch (e) {
		if (e instanceof Refused)
			return null;
		throw e;
	}
}

export function hex(b: Bytes): string {
	return Buffer.from(b.buffer, b.byteOffset, b.length).toString('hex');
}

export function unhex(s: string): Bytes {
	const b = new Uint8Array(Buffer.from(s, 'hex'));

	if (b.length * 2 !== s.length)
		throw new Error(`not hex: ${s.slice(0, 40)}`);
	return b;
}

export function utf8(s: string): Bytes {
	return new TextEncoder().encode(s);
}

export function concat(...parts: Bytes[]): Bytes {
	return new Uint8Array(Buffer.concat(parts));
}

export function compare(a: Bytes, b: Bytes): number {
	return Buffer.compare(a, b);
}

export function equal(a: Bytes, b: Bytes): boolean {
	return compare(a, b) === 0;
}

export function isZero(b: Bytes): boolean {
	return b.every((x) => x === 0);
}

export function be32(n: number): Bytes {
	const b = new Uint8Array(4);

	new DataView(b.buffer).setUint32(0, n);
	return b;
}

export function be64(n: number | bigint): Bytes {
	const b = new Uint8Array(8);

	new DataView(b.buffer).setBigUint64(0, BigInt(n));
	return b;
}

export function xor(a: Bytes, b: Bytes): Bytes {
	return a.map((x, i) => x ^ b[i]);
}
