/*
 * proto/vault.md: epochs, case keys, and what two layers seal.
 */
import { Bytes, NONE, be64, compare, concat, equal, hex, must, unlessRefused, utf8 } from './bytes';
import { HC, agree, ascending, keyAndCommit, publicOf, unbox, unpad, unseal } from './hc';
import { Header, Int, SEQ_MAX } from './log';
import { Value, asArray, asBin, asCount, asStr, asUint, decode, orNull } from './msgpack';

const READERS_MAX = 512;
const CASES_MAX = 500;
const METAS_MAX = 64;
const GRANTED_MAX = 256;
const TAG_BYTES = 16;

/* Who opens: a device of an organisation, with the seal secrets it still has. */
export interface Reader { org: Bytes; dev: Bytes; seals: Bytes[] }

/* "of the entry: four parts of HC" */
function place(h: Pick<Header, 'author' | 'stream' | 'inc' | 'seq'>): Bytes[] {
	return [h.author, h.stream, h.inc, be64(h.seq)];
}

function atMost(v: Value, max: number): Value[] {
	must(asArray(v).length <= max, 'a list that is too long');
	return asArray(v);
}

export function epochCommit(e: Bytes, stream: Bytes): Bytes {
	return HC(32, e, 'fb1/epoch/commit', stream);
}

export function metaKey(e: Bytes, epoch: Bytes): Bytes {
	return HC(32, e, 'fb1/epoch/meta', epoch);
}

// ---- 3. EPOCH ----

const NUMBER_MAX = 2 ** 30;
const REASON_MAX = 255;

interface Recipient { dev: Bytes; index: Int; sealed: Bytes }

export interface Epoch {
	n: Int; parent: Bytes | null; reason: Int; commit: Bytes; epk: Bytes; recipients: Recipient[]; escrow: Bytes | null; dropPk: Bytes | null;
}

export function readEpoch(payload: Bytes): Epoch {
	const f = asArray(decode(payload));

	must(f.length === 7 || f.length === 8, 'an EPOCH of another length');
	const recipients = atMost(f[5], READERS_MAX).map((row) => {
		const [dev, index, sealed] = asArray(row, 3);

		return { dev: asBin(dev, 16), index: asUint(index, NUMBER_MAX), sealed: asBin(sealed, 48) };
	});

	must(ascending(recipients, (r) => r.dev), 'readers out of order');
	return {
		n: asUint(f[0], NUMBER_MAX), parent: orNull(f[1], (v) => asBin(v, 16)), reason: asUint(f[2], REASON_MAX), commit: asBin(f[3], 32),
		epk: asBin(f[4], 32), recipients, escrow: orNull(f[6], (v) => asBin(v, 48)), dropPk: f.length === 8 ? asBin(f[7], 32) : null,
	};
}

/* "An opener tries its seal keys, newest first, and checks the commitment" */
function openSealed(who: Reader, stream: Bytes, commit: Bytes, epk: Bytes, sealed: Bytes): Bytes | null {
	for (const sk of who.seals) {
		const e = unseal({ org: who.org, stream, commit, epk }, publicOf(sk), sk, sealed);

		if (e !== null && equal(epochCommit(e, stream), commit))
			return e;
	}
	return null;
}

export function openEpoch(epoch: Epoch, stream: Bytes, who: Reader): Bytes | null {
	const mine = epoch.recipients.find((r) => equal(r.dev, who.dev));

	return mine === undefined ? null : openSealed(who, stream, epoch.commit, epoch.epk, mine.sealed);
}

// ---- 6. KEYGRANT ----

export interface Keygrant { dev: Bytes; index: Int; epk: Bytes; rows: { epoch: Bytes; commit: Bytes; sealed: Bytes }[] }

export function readKeygrant(payload: Bytes): Keygrant {
	const [dev, index, epk, list] = asArray(decode(payload), 4);

	return {
		dev: asBin(dev, 16), index: asUint(index, NUMBER_MAX), epk: asBin(epk, 32),
		rows: atMost(list, GRANTED_MAX).map((row) => {
			const [epoch, commit, sealed] = asArray(row, 3);

			return { epoch: asBin(epoch, 16), commit: asBin(commit, 32), sealed: asBin(sealed, 48) };
		}),
	};
}

export interface Granted { epoch: Bytes; commit: Bytes; e: Bytes }

/* The epoch keys that a KEYGRANT gives to `who`. */
export function openKeygrant(payload: Bytes, stream: Bytes, who: Reader): Granted[] {
	const g = readKeygrant(payload);

	return (equal(g.dev, who.dev) ? g.rows : []).flatMap(({ epoch, commit, sealed }) => {
		const e = openSealed(who, stream, commit, g.epk, sealed);

		return e === null ? [] : [{ epoch, commit, e }];
	});
}

// ---- 5. KEYTABLE ----

export interface Table { cases: { kid: Bytes; ck: Bytes; group: Bytes; birth: Bytes }[]; metas: { epoch: Bytes; mk: Bytes }[] }

/* The outside: whose rows these are cannot be told without the epoch's key. */
export function readKeytable(payload: Bytes): { epoch: Bytes; salt: Bytes; box: Bytes } {
	const [epoch, salt, box] = asArray(decode(payload), 3);

	must(asBin(box).length > TAG_BYTES, 'a box that holds nothing');
	return { epoch: asBin(epoch, 16), salt: asBin(salt, 24), box: asBin(box) };
}

export function readRows(rows: Bytes): Table {
	const [cases, metas] = asArray(decode(rows), 2);

	return {
		cases: atMost(cases, CASES_MAX).map((row) => {
			const [kid, ck, group, birth] = asArray(row, 4);

			return { kid: asBin(kid, 16), ck: asBin(ck, 32), group: asBin(group, 16), birth: asBin(birth, 16) };
		}),
		metas: atMost(metas, METAS_MAX).map((row) => {
			const [of, mk] = asArray(row, 2);

			return { epoch: asBin(of, 16), mk: asBin(mk, 32) };
		}),
	};
}

export function openKeytable(payload: Bytes, h: Pick<Header, 'author' | 'stream' | 'inc' | 'seq'>, e: Bytes): Table {
	const { epoch, salt, box } = readKeytable(payload);
	const tk = HC(32, e, 'fb1/epoch/table', epoch);

	return readRows(unbox(HC(32, tk, 'fb1/tbl', salt, ...place(h)), salt, NONE, box));
}

// ---- 2. DATA ----

export interface Outer { epoch: Bytes; salt: Bytes; kid: Bytes; wrap: Bytes | null; commit: Bytes; inner: Bytes }

export function epochOf(payload: Bytes): Bytes {
	return asBin(asArray(decode(payload), 3)[0], 16);
}

export function openOuter(payload: Bytes, h: Pick<Header, 'author' | 'stream' | 'inc' | 'seq'>, mk: Bytes): Outer {
	const [epoch, salt, sealed] = asArray(decode(payload), 3);
	const okey = HC(32, mk, 'fb1/outer', asBin(salt, 24), ...place(h));
	const f = asArray(decode(unbox(okey, asBin(salt), NONE, asBin(sealed))), 4);

	return {
		epoch: asBin(epoch, 16), salt: asBin(salt), kid: asBin(f[0], 16), wrap: orNull(f[1], (v) => asBin(v, 48)),
		commit: asBin(f[2], 32), inner: asBin(f[3]),
	};
}

export function unwrap(o: Outer, e: Bytes): Bytes {
	const wk = HC(32, e, 'fb1/epoch/wrap', o.epoch);

	must(o.wrap !== null, 'no wrap');
	return unbox(HC(32, wk, 'fb1/wrap', o.kid), null, o.kid, o.wrap);
}

/* The body under `ck`; the commitment is compared before anything is decrypted. */
export function openInner(o: Outer, h: Pick<Header, 'author' | 'stream' | 'inc' | 'seq'>, ck: Bytes): Bytes {
	const [ek, commit] = keyAndCommit(ck, 'fb1/entry/key', o.salt, ...place(h));

	must(equal(commit, o.commit), 'another key than the one this entry commits to');
	return unpad(unbox(ek, o.salt, o.kid, o.inner));
}

// ---- 7. Names ----

export function openName(encName: Bytes, mk: Bytes): Bytes {
	const [epoch, salt, box] = asArray(decode(encName), 3);

	return unpad(unbox(HC(32, mk, 'fb1/name', asBin(salt, 24)), asBin(salt), asBin(epoch, 16), asBin(box)));
}

/* When and why, of a REVOKE. */
export function openReason(reason: Bytes, mk: Bytes): { ms: number; text: string } {
	const [ms, text] = asArray(decode(openName(reason, mk)), 2);

	return { ms: asCount(ms), text: asStr(text) };
}

// ---- 10. What an order to erase is about ----

export interface Place { author: Bytes; stream: Bytes; inc: Bytes; ranges: [Int, Int, Bytes][] }

/* What stands for an erased group or record. */
export const tombImage = (id: Bytes) => HC(16, NONE, 'fb1/tomb', id);

/* org.md, 3: "The ranges of a log ascend by from, then to, then head16, from ≤ to; there are at most 2048 in all." */
function isBefore(a: [Int, Int, Bytes], b: [Int, Int, Bytes]): boolean {
	return a[0] !== b[0] ? a[0] < b[0] : a[1] !== b[1] ? a[1] < b[1] : compare(a[2], b[2]) < 0;
}

function readPlaces(v: Value): Place[] {
	let left = 2048;
	const places = atMost(v, 256).map((row) => {
		const [author, stream, inc, list] = asArray(row, 4);
		const ranges = asArray(list).map((r): [Int, Int, Bytes] => {
			const [from, to, head] = asArray(r, 3);

			return [asUint(from, SEQ_MAX), asUint(to, SEQ_MAX), asBin(head, 16)];
		});

		left -= ranges.length;
		must(left >= 0, 'too many ranges');
		must(ranges.length > 0 && ranges.every((r, i) => r[0] <= r[1] && (i === 0 || isBefore(ranges[i - 1], r))), 'ranges out of order');
		return { author: asBin(author, 32), stream: asBin(stream, 16), inc: asBin(inc, 8), ranges };
	});

	must(ascending(places, (p) => concat(p.author, p.stream, p.inc)), 'places out of order');
	return places;
}

export interface Order { places: Place[]; group: Bytes; keys: { kid: Bytes; birth: Bytes }[]; records: Bytes[]; reason: Bytes; content: Bytes }

/* "the places of an ERASE_REQ and a RECEIPT (logs by author, stream and inc; of an ERASE_REQ at least one)" */
export function readEraseReq(payload: Bytes): { places: Place[]; salt: Bytes; box: Bytes } {
	const [logs, salt, box] = asArray(decode(payload), 3);
	const places = readPlaces(logs);

	must(places.length > 0, 'an order that names nothing');
	must(asBin(box).length <= 8448, 'a box that is too long');
	return { places, salt: asBin(salt, 24), box: asBin(box) };
}

export function readEraseOk(payload: Bytes): Bytes {
	return asBin(asArray(decode(payload), 1)[0], 32);
}

/* The group in clear; none in a box of an earlier version. */
export function orderGroup(payload: Bytes): Bytes | null {
	const parts = asArray(decode(readEraseReq(payload).box));

	must(parts.length === 2 || parts.length === 3, 'a box of another form');
	return parts.length === 3 ? asBin(parts[2], 16) : null;
}

export function openOrder(payload: Bytes, mk: Bytes): Order {
	const { places, salt, box } = readEraseReq(payload);
	const clear = orderGroup(payload);
	const [epoch, sealed] = asArray(decode(box));
	const content = unpad(unbox(HC(32, mk, 'fb1/erase', salt), salt, asBin(epoch, 16), asBin(sealed)));
	const [group, keys, records, reason] = asArray(decode(content), 4);

	must(typeof reason === 'string', 'a reason that is no text');
	must(clear === null || compare(clear, asBin(group, 16)) === 0, 'one group in clear and another in the box');
	return {
		places, group: asBin(group, 16), content, reason: utf8(reason as string),
		records: atMost(records, 128).map((id) => asBin(id, 16)),
		keys: atMost(keys, 96).map((row) => {
			const [kid, birth] = asArray(row, 2);

			return { kid: asBin(kid, 16), birth: asBin(birth, 16) };
		}),
	};
}

export function readReceipt(payload: Bytes): { request: Bytes; gone: Int; absent: Int; keys: boolean; oldest: Int; late: Place[] } {
	const [request, gone, absent, keys, oldest, late] = asArray(decode(payload), 6);

	must(typeof keys === 'boolean', 'a flag that is none');
	return {
		request: asBin(request, 32), gone: asUint(gone, SEQ_MAX), absent: asUint(absent, SEQ_MAX), keys: keys as boolean, oldest: asUint(oldest, SEQ_MAX),
		late: readPlaces(late),
	};
}

// ---- 11. Drop-boxes ----

export function dropSecret(e: Bytes, commit: Bytes): Bytes {
	return HC(32, e, 'fb1/epoch/drop', commit);
}

export function dropEpochOf(payload: Bytes): Bytes {
	return asBin(asArray(decode(payload), 5)[0], 16);
}

/* What a reader of the drop-box makes of a row's payload. */
export function openDrop(payload: Bytes, h: Pick<Header, 'author' | 'stream' | 'inc' | 'seq'>, secret: Bytes): Bytes {
	const [epoch, salt, epk, commit, sealed] = asArray(decode(payload), 5);
	const [key, made] = keyAndCommit(agree(secret, asBin(epk, 32)), 'fb1/drop', asBin(epk), publicOf(secret), ...place(h));

	must(equal(made, asBin(commit, 32)), 'another commitment');
	return unpad(unbox(key, asBin(salt, 24), asBin(epoch, 16), asBin(sealed)));
}

// ---- everything that a device holds ----

export class Vault {
	private epochs = new Map<string, { e: Bytes | null; mk: Bytes }>();
	private caseKeys = new Map<string, Bytes[]>();

	learnEpoch(epoch: Bytes, e: Bytes | null, mk?: Bytes): void {
		const held = this.epochs.get(hex(epoch));

		this.epochs.set(hex(epoch), { e: e ?? held?.e ?? null, mk: held?.mk ?? mk ?? metaKey(e!, epoch) });
	}

	epochKey(epoch: Bytes): Bytes | null {
		return this.epochs.get(hex(epoch))?.e ?? null;
	}

	learnCase(kid: Bytes, ck: Bytes): void {
		this.caseKeys.set(hex(kid), [...(this.caseKeys.get(hex(kid)) ?? []), ck]);
	}

	/* The outer layer, or null while the epoch is not held or where it does not open. */
	outer(payload: Bytes, h: Pick<Header, 'author' | 'stream' | 'inc' | 'seq'>): Outer | null {
		return unlessRefused(() => {
			const mk = this.epochs.get(hex(epochOf(payload)))?.mk;

			return mk === undefined ? null : openOuter(payload, h, mk);
		});
	}

	/* The case key that a wrap brings. */
	wrapped(o: Outer): Bytes | null {
		const e = this.epochKey(o.epoch);

		return e === null || o.wrap === null ? null : unlessRefused(() => unwrap(o, e));
	}

	/*
	 * "Where a wrap stands, the entry opens under the key it brings and no other;
	 * where none stands, under whichever key held for that kid the commitment names."
	 */
	body(o: Outer, h: Pick<Header, 'author' | 'stream' | 'inc' | 'seq'>): Bytes | null {
		const brought = this.wrapped(o);
		const keys = o.wrap !== null && this.epochKey(o.epoch) !== null ? (brought === null ? [] : [brought])
			: this.caseKeys.get(hex(o.kid)) ?? [];

		for (const ck of keys) {
			const body = unlessRefused(() => openInner(o, h, ck));

			if (body !== null)
				return body;
		}
		return null;
	}
}

