/*
 * proto/vault.md: epochs, case keys, and entries that two layers seal.
 */
import { Bytes, NONE, be64, equal, hex, must, refuse, unlessRefused } from './bytes';
import { HC, SealContext, ascending, keyAndCommit, unbox, unpad, unseal } from './hc';
import { Header } from './log';
import { Value, asArray, asBin, asCount, asUint, decode, orNull } from './msgpack';

// ---- epochs ----

interface Recipient { dev: Bytes; index: number; sealed: Bytes }

export interface Epoch { n: number | bigint; parent: Bytes | null; reason: number; commit: Bytes; epk: Bytes; recipients: Recipient[] }

export function readRecipients(v: Value): Recipient[] {
	const list = asArray(v).map((row) => {
		const [dev, index, sealed] = asArray(row, 3);

		return { dev: asBin(dev, 16), index: asCount(index), sealed: asBin(sealed, 48) };
	});

	must(ascending(list, (r) => r.dev), 'recipients out of order');
	return list;
}

export function epochCommit(e: Bytes, stream: Bytes): Bytes {
	return HC(32, e, 'fb1/epoch/commit', stream);
}

export function metaKey(e: Bytes, epoch: Bytes): Bytes {
	return HC(32, e, 'fb1/epoch/meta', epoch);
}

/* The epoch key that was sealed to `dev`, tried with each seal secret it still has; checked against `commit`. */
export function openSealed(c: SealContext, list: Recipient[], dev: Bytes, seals: { pk: Bytes; sk: Bytes }[]): Bytes | null {
	const mine = list.find((r) => equal(r.dev, dev));

	for (const s of mine === undefined ? [] : seals) {
		const e = unseal(c, s.pk, s.sk, mine!.sealed);

		if (e !== null && equal(epochCommit(e, c.stream), c.commit))
			return e;
	}
	return null;
}

// ---- entries ----

/* Where an entry stands is part of each of its keys. */
function place(h: Header): Bytes[] {
	return [h.author, h.stream, h.inc, be64(h.seq)];
}

export interface Outer { epoch: Bytes; salt: Bytes; kid: Bytes; wrap: Bytes | null; commit: Bytes; inner: Bytes }

export function dataEpoch(payload: Bytes): Bytes {
	return asBin(asArray(decode(payload))[0], 16);
}

export function openOuter(payload: Bytes, h: Header, mk: Bytes): Outer {
	const [epoch, salt, sealed] = asArray(decode(payload), 3);
	const okey = HC(32, mk, 'fb1/outer', asBin(salt, 24), ...place(h));
	const f = asArray(decode(unbox(okey, asBin(salt), NONE, asBin(sealed))), 4);

	return {
		epoch: asBin(epoch, 16), salt: asBin(salt), kid: asBin(f[0], 16), wrap: orNull(f[1], (v) => asBin(v, 48)),
		commit: asBin(f[2], 32), inner: asBin(f[3]),
	};
}

export function unwrap(e: Bytes, epoch: Bytes, kid: Bytes, wrap: Bytes): Bytes {
	const wk = HC(32, e, 'fb1/epoch/wrap', epoch);

	return unbox(HC(32, wk, 'fb1/wrap', kid), null, kid, wrap);
}

/* The body of a DATA entry under its case key; the commitment is compared before anything is decrypted. */
export function openInner(o: Outer, h: Header, ck: Bytes): Bytes {
	const [ek, commit] = keyAndCommit(ck, 'fb1/entry/key', o.salt, ...place(h));

	must(equal(commit, o.commit), 'another key than the one this entry commits to');
	return unpad(unbox(ek, o.salt, o.kid, o.inner));
}

export { asUint, hex, refuse, unlessRefused };
