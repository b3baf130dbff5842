/* proto/vectors/crypto.json against encoding.md and keystore.md. */
import { concat, hex, unhex, utf8 } from './bytes';
import { Case, Count } from './count';
import { HC, bucket, box, pad, padme, sign, unbox, unpad, unseal, verify } from './hc';
import { deviceKeys, join, openKeystore, printRecoveryCode, printShare, readRecoveryCode, readShare, split, words } from './keystore';
import { decode, encode } from './msgpack';

function checkEncoding(v: Case, c: Count): void {
	for (const x of v.msgpack) {
		if (x.accept)
			c.same('msgpack', x.name, x.bytes, () => encode(decode(unhex(x.bytes))));
		else
			c.refuses('msgpack', x.name, () => decode(unhex(x.bytes)));
	}
	for (const x of v.hc)
		c.same('hc', x.name, x.out, () => HC(x.out.length / 2, unhex(x.key), x.ctx, ...x.parts.map(unhex)));
	for (const [len, want] of v.padme)
		c.check('padme', String(len), () => padme(len) === want);
	for (const [len, want] of v.buckets)
		c.check('buckets', String(len), () => bucket(len) === want && bucket(len + 1) !== want);
	for (const x of v.padded) {
		c.same('padded', x.name, x.padded, () => pad(unhex(x.content)));
		c.same('padded', x.name, x.content, () => unpad(unhex(x.padded)));
		c.refuses('padded', `${x.name}, in a larger bucket`, () => unpad(concat(unhex(x.padded), new Uint8Array(x.padded.length / 2))));
	}
	for (const x of v.aead) {
		const [key, nonce, ad, sealed] = [x.key, x.nonce, x.ad, x.box].map(unhex);

		c.same('aead', x.name, x.plain, () => unbox(key, nonce, ad, sealed));
		c.same('aead', x.name, x.box, () => box(key, nonce, ad, unhex(x.plain)));
		c.refuses('aead', `${x.name}, other data`, () => unbox(key, nonce, concat(ad, Uint8Array.of(0)), sealed));
	}
	for (const x of v.seal) {
		const [org, stream, commit, epk, pk, sk, sealed] =
			[x.org, x.stream, x.commit, x.eph_pk, x.my_pk, x.my_sk, x.sealed].map(unhex);

		c.check('seal', x.name, () => {
			const got = unseal({ org, stream, commit, epk }, pk, sk, sealed);

			return x.key === null ? got === null : got !== null && hex(got) === x.key;
		});
	}
}

function checkKeystore(v: Case, c: Count): void {
	for (const x of v.device) {
		const d = deviceKeys(unhex(x.seed));

		for (const [field, got] of [['sign_pk', d.sign.pk], ['noise_sk', d.noiseSk], ['noise_pk', d.noisePk],
			['note_pk', d.note.pk], ['device_id', d.id]] as const)
			c.same('device', `${x.name} ${field}`, x[field], () => got);
		c.same('device', `${x.name} signs`, x.sig, () => sign(x.sig_ctx, unhex(x.digest), d.sign.sk));
		c.check('device', `${x.name} verifies`, () => verify(x.sig_ctx, unhex(x.digest), unhex(x.sig), d.sign.pk)
			&& !verify('fb1/ack/sig', unhex(x.digest), unhex(x.sig), d.sign.pk));
	}
	for (const x of v.words)
		c.same('words', x.name, x.words, () => words(unhex(x.bytes)));
	for (const x of v.recovery) {
		c.same('recovery', x.name, x.code, () => readRecoveryCode(x.text));
		c.same('recovery', `${x.name}, as typed`, x.code,
			() => readRecoveryCode(x.text.toLowerCase().replaceAll('o', '0').replaceAll('i', '1').replaceAll('b', '8').replace(/.{4}/g, '$& - ')));
		c.same('recovery', `${x.name}, printed`, x.text, () => printRecoveryCode(unhex(x.code)));
	}
	for (const x of v.shares) {
		const [a, cc, e] = [0, 64, 128].map((at) => unhex(x.random.slice(at, at + 64)));

		split(unhex(x.secret), a, cc, e).forEach((s, i) => c.same('shares', `printed ${i + 1}`, x.printed[i], () => printShare(s)));
		for (const [i, j] of [[0, 1], [2, 0], [1, 2]])
			c.same('shares', `${i + 1} and ${j + 1}`, x.secret, () => join(readShare(x.printed[i]), readShare(x.printed[j].toUpperCase())));
		c.refuses('shares', 'another trustee', () => readShare(x.printed[0].replace('share-1', 'share-2')));
		c.refuses('shares', 'text behind it', () => readShare(`${x.printed[0]} and more`));
	}
	for (const x of v.keystore) {
		const file = unhex(x.file);
		const changed = (at: number) => file.map((b, i) => (i === at ? b ^ 1 : b));
		const fails = (name: string, why: string, bytes: Uint8Array, secret: string) => c.check('keystore', name, () => {
			try {
				openKeystore(bytes, 1, utf8(secret));
			} catch (e) {
				return (e as Error).message.startsWith(why) || (e as Error).message;
			}
			return 'opened';
		});

		c.same('keystore', 'passphrase', x.body, () => openKeystore(file, 1, utf8(x.passphrase)).raw);
		c.same('keystore', 'recovery code', x.body, () => openKeystore(file, 2, unhex(x.recovery_code)).raw);
		fails('another passphrase', 'wrong passphrase', file, 'wrong horse');
		fails('a changed salt', 'damaged', changed(8), x.passphrase);
		fails('a changed body', 'damaged', changed(file.length - 1), x.passphrase);
		c.refuses('keystore', 'one byte short', () => openKeystore(file.slice(0, -1), 1, utf8(x.passphrase)));
		c.check('keystore', 'nonces', () => openKeystore(file, 2, unhex(x.recovery_code)).hedged);
	}
}

export function checkCrypto(v: Case, c: Count): void {
	checkEncoding(v, c);
	checkKeystore(v, c);
}
