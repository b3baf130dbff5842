/*
 * proto/encoding.md, 2 to 5: HC, signatures, padding, authenticated encryption,
 * and the one way a key is sealed to a device.
 */
import sodium from 'libsodium-wrappers-sumo';
import { Bytes, NONE, be32, compare, concat, hex, isZero, must, refuse, unlessRefused, utf8 } from './bytes';

export const ready = sodium.ready;

/* HC(n, key, ctx, p1, …, pk): every part carries its length. */
export function HC(n: number, key: Bytes, ctx: string, ...parts: Bytes[]): Bytes {
	const lp = [utf8(ctx), ...parts].flatMap((p) => [be32(p.length), p]);

	return sodium.crypto_generichash(n, concat(...lp), key.length > 0 ? key : null);
}

/* "`key‖commit = HC(64, …)` always means: the first 32 bytes are the key, the last 32 the commitment." */
export function keyAndCommit(key: Bytes, ctx: string, ...parts: Bytes[]): [Bytes, Bytes] {
	const out = HC(64, key, ctx, ...parts);

	return [out.slice(0, 32), out.slice(32)];
}

// ---- 3. Signatures ----

export interface SignPair { pk: Bytes; sk: Bytes }

export function signPair(seed: Bytes): SignPair {
	const pair = sodium.crypto_sign_seed_keypair(seed);

	return { pk: pair.publicKey, sk: pair.privateKey };
}

function statement(ctx: string, digest: Bytes): Bytes {
	const padded = new Uint8Array(16);

	padded.set(utf8(ctx));
	return concat(padded, digest);
}

export function sign(ctx: string, digest: Bytes, sk: Bytes): Bytes {
	return sodium.crypto_sign_detached(statement(ctx, digest), sk);
}

/* What was asked before: universes are full of the same few requests. */
const verified = new Map<string, boolean>();

export function verify(ctx: string, digest: Bytes, sig: Bytes, pk: Bytes): boolean {
	const key = `${ctx} ${hex(digest)} ${hex(sig)} ${hex(pk)}`;
	let good = verified.get(key);

	if (good === undefined) {
		if (verified.size > 20000)
			verified.clear();
		good = sodium.crypto_sign_verify_detached(sig, statement(ctx, digest), pk);
		verified.set(key, good);
	}
	return good;
}

/* A signature over other bytes than a statement: notes and checkpoints. */
export function verifyText(text: Bytes, sig: Bytes, pk: Bytes): boolean {
	return sodium.crypto_sign_verify_detached(sig, text, pk);
}

// ---- 4. Padding ----

export const PADDED_MAX = 55296;

export function padme(len: number): number {
	if (len < 2)
		return len;
	const e = Math.floor(Math.log2(len));
	const s = Math.floor(Math.log2(e)) + 1;
	const mask = 2n ** BigInt(e - s) - 1n;

	return Number((BigInt(len) + mask) & ~mask);
}

/* The padded size of `len` bytes of content, whose mark takes one byte more. */
export function bucket(len: number): number {
	const marked = len + 1;
	let size = 256;

	if (marked > 8192)
		return padme(marked);
	while (size < marked)
		size *= 2;
	return size;
}

export function pad(content: Bytes): Bytes {
	const size = bucket(content.length);

	must(size <= PADDED_MAX, 'content over 55 295 bytes');
	const out = new Uint8Array(size);

	out.set(content);
	out[content.length] = 0x80;
	return out;
}

export function unpad(padded: Bytes): Bytes {
	const len = padded.lastIndexOf(0x80);

	must(len >= 0 && isZero(padded.subarray(len + 1)), 'padding that does not end in 80 00*');
	must(padded.length <= PADDED_MAX && bucket(len) === padded.length, 'a bucket other than the smallest');
	return padded.slice(0, len);
}

// ---- 5. Authenticated encryption ----

const ZERO_NONCE = new Uint8Array(24);

export function box(key: Bytes, nonce: Bytes | null, ad: Bytes, plain: Bytes): Bytes {
	return sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plain, ad, null, nonce ?? ZERO_NONCE, key);
}

export function unbox(key: Bytes, nonce: Bytes | null, ad: Bytes, sealed: Bytes): Bytes {
	must(sealed.length >= 16, 'a box shorter than its tag');
	try {
		return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, sealed, ad, nonce ?? ZERO_NONCE, key);
	} catch {
		refuse('a box that its key does not open');
	}
}

/* X25519, refused when all zero. */
export function agree(sk: Bytes, pk: Bytes): Bytes {
	try {
		const shared = sodium.crypto_scalarmult(sk, pk);

		must(!isZero(shared), 'a low-order key');
		return shared;
	} catch {
		refuse('a low-order key');
	}
}

export function publicOf(sk: Bytes): Bytes {
	return sodium.crypto_scalarmult_base(sk);
}

/* The lists that carry sealed keys are sorted; equal ids are never in order. */
export function ascending<T>(list: T[], id: (x: T) => Bytes): boolean {
	return list.every((x, i) => i === 0 || compare(id(list[i - 1]), id(x)) < 0);
}

export interface SealContext { org: Bytes; stream: Bytes; commit: Bytes; epk: Bytes }

/* A key that was sealed to the pair (pk, sk); null when it is not for that pair or that place. */
export function unseal(c: SealContext, pk: Bytes, sk: Bytes, sealed: Bytes): Bytes | null {
	return unlessRefused(() => {
		const k = HC(32, agree(sk, c.epk), 'fb1/seal', c.org, c.stream, c.commit, c.epk, pk);

		return unbox(k, null, NONE, sealed);
	});
}
