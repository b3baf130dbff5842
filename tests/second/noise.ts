/*
 * proto/sync.md: Noise_XXpsk0_25519_ChaChaPoly_SHA256 (the Noise Protocol
 * Framework, revision 34) with its three messages written out, and the frames
 * that it carries.
 */
import { createHash, createHmac } from 'node:crypto';
import sodium from 'libsodium-wrappers-sumo';
import { Bytes, NONE, concat, must, refuse, utf8 } from './bytes';
import { agree, publicOf } from './hc';

function sha256(...parts: Bytes[]): Bytes {
	return new Uint8Array(createHash('sha256').update(concat(...parts)).digest());
}

function hmac(key: Bytes, ...parts: Bytes[]): Bytes {
	return new Uint8Array(createHmac('sha256', key).update(concat(...parts)).digest());
}

/* The framework's HKDF: `n` outputs of 32 bytes. */
function hkdf(ck: Bytes, input: Bytes, n: number): Bytes[] {
	const temp = hmac(ck, input);
	const out: Bytes[] = [];

	for (let i = 1; i <= n; i++)
		out.push(hmac(temp, out.at(-1) ?? NONE, Uint8Array.of(i)));
	return out;
}

/* A key and the count of its messages. */
export class Cipher {
	private n = 0n;

	constructor(private k: Bytes) {}

	private nonce(n: bigint): Bytes {
		const b = new Uint8Array(12);

		new DataView(b.buffer).setBigUint64(4, n, true);
		return b;
	}

	encrypt(ad: Bytes, plain: Bytes): Bytes {
		return sodium.crypto_aead_chacha20poly1305_ietf_encrypt(plain, ad, null, this.nonce(this.n++), this.k);
	}

	decrypt(ad: Bytes, sealed: Bytes): Bytes {
		must(sealed.length >= 16, 'a message shorter than its tag');
		try {
			const plain = sodium.crypto_aead_chacha20poly1305_ietf_decrypt(null, sealed, ad, this.nonce(this.n), this.k);

			this.n++;
			return plain;
		} catch {
			refuse('a message that its key does not open');
		}
	}

	rekey(): void {
		this.k = sodium.crypto_aead_chacha20poly1305_ietf_encrypt(new Uint8Array(32), NONE, null,
			this.nonce(2n ** 64n - 1n), this.k).slice(0, 32);
	}
}

class Symmetric {
	private ck: Bytes;
	h: Bytes;
	private cipher: Cipher | null = null;

	constructor(name: string) {
		const raw = utf8(name);

		this.h = raw.length <= 32 ? concat(raw, new Uint8Array(32 - raw.length)) : sha256(raw);
		this.ck = this.h;
	}

	mixHash(b: Bytes): void {
		this.h = sha256(this.h, b);
	}

	mixKey(input: Bytes): void {
		const [ck, k] = hkdf(this.ck, input, 2);

		this.ck = ck;
		this.cipher = new Cipher(k);
	}

	mixKeyAndHash(input: Bytes): void {
		const [ck, h, k] = hkdf(this.ck, input, 3);

		this.ck = ck;
		this.mixHash(h);
		this.cipher = new Cipher(k);
	}

	encryptAndHash(plain: Bytes): Bytes {
		const sealed = this.cipher === null ? plain : this.cipher.encrypt(this.h, plain);

		this.mixHash(sealed);
		return sealed;
	}

	decryptAndHash(sealed: Bytes): Bytes {
		const plain = this.cipher === null ? sealed : this.cipher.decrypt(this.h, sealed);

		this.mixHash(sealed);
		return plain;
	}

	split(): [Cipher, Cipher] {
		const [a, b] = hkdf(this.ck, NONE, 2);

		return [new Cipher(a), new Cipher(b)];
	}
}

type Token = 'psk' | 'e' | 's' | 'ee' | 'es' | 'se';

const XXPSK0: Token[][] = [['psk', 'e'], ['e', 'ee', 's', 'es'], ['s', 'se']];

export interface HandshakeKeys { prologue: Bytes; psk: Bytes; staticSk: Bytes; ephemeralSk: Bytes; initiator: boolean }

/* One side of a handshake; the caller writes and reads its three messages in turn. */
export class Handshake {
	private ss = new Symmetric('Noise_XXpsk0_25519_ChaChaPoly_SHA256');
	private step = 0;
	private remote: { e: Bytes; s: Bytes } = { e: NONE, s: NONE };

	constructor(private keys: HandshakeKeys) {
		this.ss.mixHash(keys.prologue);
	}

	get hash(): Bytes {
		return this.ss.h;
	}

	get remoteStatic(): Bytes {
		return this.remote.s;
	}

	private dh(token: Token): Bytes {
		const { initiator, staticSk, ephemeralSk } = this.keys;
		const mine = token[initiator ? 0 : 1] === 'e' ? ephemeralSk : staticSk;
		const theirs = token[initiator ? 1 : 0] === 'e' ? this.remote.e : this.remote.s;

		return agree(mine, theirs);
	}

	/* In a psk handshake the ephemeral is mixed as key too, so that no two keys are the same. */
	private mixEphemeral(pk: Bytes): void {
		this.ss.mixHash(pk);
		this.ss.mixKey(pk);
	}

	write(payload: Bytes): Bytes {
		const out: Bytes[] = [];

		for (const token of XXPSK0[this.step++]) {
			if (token === 'psk') {
				this.ss.mixKeyAndHash(this.keys.psk);
			} else if (token === 'e') {
				out.push(publicOf(this.keys.ephemeralSk));
				this.mixEphemeral(out[out.length - 1]);
			} else if (token === 's') {
				out.push(this.ss.encryptAndHash(publicOf(this.keys.staticSk)));
			} else {
				this.ss.mixKey(this.dh(token));
			}
		}
		return concat(...out, this.ss.encryptAndHash(payload));
	}

	read(message: Bytes): Bytes {
		let at = 0;
		const take = (n: number) => {
			must(message.length >= at + n, 'a handshake message that is too short');
			return message.slice(at, at += n);
		};

		for (const token of XXPSK0[this.step++]) {
			if (token === 'psk') {
				this.ss.mixKeyAndHash(this.keys.psk);
			} else if (token === 'e') {
				this.remote.e = take(32);
				this.mixEphemeral(this.remote.e);
			} else if (token === 's') {
				this.remote.s = this.ss.decryptAndHash(take(48));
			} else {
				this.ss.mixKey(this.dh(token));
			}
		}
		return this.ss.decryptAndHash(message.slice(at));
	}

	/* What to send with, then what to receive with. */
	split(): [Cipher, Cipher] {
		const [a, b] = this.ss.split();

		return this.keys.initiator ? [a, b] : [b, a];
	}
}
