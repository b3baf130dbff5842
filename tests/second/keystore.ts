/*
 * proto/keystore.md: a device's keys, the file that holds them, and what is
 * printed on paper.
 */
import sodium from 'libsodium-wrappers-sumo';
import { Bytes, NONE, Refused, concat, equal, hex, must, refuse, unhex, unlessRefused, utf8, xor } from './bytes';
import { HC, keyAndCommit, publicOf, signPair, unbox } from './hc';
import { Reader, Value, asArray, asBin, asCount, asStr, asUint, decode, orNull } from './msgpack';

// ---- 1. Keys of a device ----

const deviceIds = new Map<string, Bytes>();

export function deviceId(signPk: Bytes): Bytes {
	const key = hex(signPk);
	const id = deviceIds.get(key) ?? HC(16, NONE, 'fb1/device/id', signPk);

	deviceIds.set(key, id);
	return id;
}

export function deviceKeys(seed: Bytes) {
	const noiseSk = HC(32, seed, 'fb1/device/noise');
	const sign = signPair(HC(32, seed, 'fb1/device/sign'));

	return { sign, note: signPair(HC(32, seed, 'fb1/device/note')), noiseSk, noisePk: publicOf(noiseSk), id: deviceId(sign.pk) };
}

// ---- 2. File ----

const FILE_MAX = 8 << 20;
const MIB = 1 << 20;

interface Slot { type: number; salt: Bytes; ops: number; mem: number; nonce: Bytes; sealed: Bytes; commit: Bytes }

function readSlot(v: Value): Slot {
	const [type, salt, ops, mem, nonce, sealed, commit] = asArray(v, 7);
	const slot = {
		type: asCount(type, 255), salt: asBin(salt, 16), ops: asCount(ops, 16), mem: asCount(mem, 1024 * MIB),
		nonce: asBin(nonce, 24), sealed: asBin(sealed, 48), commit: asBin(commit, 32),
	};

	must(slot.ops >= 2 && slot.mem >= 64 * MIB, 'malformed: a slot that is too cheap');
	return slot;
}

/* The slots of a body and of a header alike: 1 to 8, one of each type, in order. */
function checkSlots(types: number[]): void {
	must(types.length >= 1 && types.length <= 8, 'malformed: no slots, or too many');
	must(types.every((t, i) => i === 0 || types[i - 1] < t), 'malformed: slots out of order');
}

/* The file key from what a person typed: `type` 1 a passphrase, 2 a recovery code. */
function fileKey(slot: Slot, secret: Bytes): Bytes {
	const kek = sodium.crypto_pwhash(32, secret, slot.salt, slot.ops, slot.mem, sodium.crypto_pwhash_ALG_ARGON2ID13);
	const [k, commit] = keyAndCommit(kek, 'fb1/ks/slot', slot.salt);

	must(equal(commit, slot.commit), 'wrong passphrase');
	return unlessRefused(() => unbox(k, slot.nonce, NONE, slot.sealed)) ?? refuse('wrong passphrase');
}

/* `hedged`: its nonces are those that its writer must have made from the file key. A reader does not ask for it. */
export interface Keystore { raw: Bytes; body: Body; hedged: boolean }

/* The body, after the checks in the order that the chapter gives. */
export function openKeystore(file: Bytes, type: number, secret: Bytes): Keystore {
	must(file.length <= FILE_MAX && file[0] === 0x96, 'malformed');
	/* Behind the header's tag its six fields follow, so where `sum` begins is known without encoding anything again. */
	const r = new Reader(file.subarray(1));
	const version = asCount(r.value());

	must(version <= 2, 'written by a newer version');
	must(version >= 1, 'malformed: version');
	const slots = asArray(r.value()).map(readSlot);

	checkSlots(slots.map((s) => s.type));
	const nonce = asBin(r.value(), 24);
	const commit = asBin(r.value(), 32);
	const head = file.subarray(0, 1 + r.at);
	const sum = asBin(r.value(), 16);
	const sealed = asBin(r.value());

	must(r.left === 0, 'malformed: bytes after the last field');
	must(equal(sum, HC(16, NONE, 'fb1/ks/head', head)), 'damaged');
	const slot = slots.find((s) => s.type === type) ?? refuse('no such slot');
	const fk = fileKey(slot, secret);
	const [k, want] = keyAndCommit(fk, 'fb1/ks/body', nonce);

	must(equal(commit, want), 'damaged');
	const raw = unlessRefused(() => unbox(k, nonce, head, sealed)) ?? refuse('damaged');
	const made = (of: number) => HC(24, fk, 'fb1/ks/nonce', Uint8Array.of(of));

	const body = readBody(raw);

	must((body.others.length > 0) === (version === 2), 'malformed: version');
	return { raw, body, hedged: equal(nonce, made(0)) && slots.every((s) => equal(s.nonce, made(s.type))) };
}

// ---- 3. Body ----

export interface EpochSecret { stream: Bytes; epoch: Bytes; n: number | bigint; e: Bytes | null; mk: Bytes }

export interface Body {
	seed: Bytes;
	seals: Bytes[];
	networks: { n: Bytes; retiredMs: number | bigint }[];
	epochs: EpochSecret[];
	tombstones: { kind: number; id: Bytes }[];
	org: Bytes;
	root: Bytes;
	inc: Bytes;
	member: string;
	device: string;
	role: number;
	others: Body[];
}

function asName(v: Value): string {
	const name = asStr(v);

	must(utf8(name).length <= 127 && !name.includes('\0'), 'malformed: a name');
	return name;
}

function few(v: Value, max: number): Value[] {
	const list = asArray(v);

	must(list.length <= max, 'malformed: a list that is too long');
	return list;
}

export function readBody(raw: Bytes): Body {
	return bodyOf(asArray(decode(raw)), false);
}

function bodyOf(f: Value[], isOther: boolean): Body {
	must(f.length === 15 || (f.length === 16 && !isOther), 'malformed: a body');
	const epochs = asArray(f[3]).map((row) => {
		const [stream, epoch, n, e, mk] = asArray(row, 5);
		const secret = {
			stream: asBin(stream, 16), epoch: asBin(epoch, 16), n: asUint(n),
			e: orNull(e, (v) => asBin(v, 32)), mk: asBin(mk, 32),
		};

		must(secret.e === null || secret.e.some((x) => x !== 0), 'malformed: an epoch key of zeroes');
		return secret;
	});
	const tombstones = asArray(f[4]).map((row) => {
		const [kind, id] = asArray(row, 2);

		return { kind: asCount(kind), id: asBin(id, 16) };
	});
	const networks = few(f[2], 8).map((row) => {
		const [n, retired] = asArray(row, 2);

		return { n: asBin(n, 32), retiredMs: asUint(retired) };
	});

	asBin(f[5], 32);
	asBin(f[12], 16);
	must(asBin(f[13]).length <= 64, 'malformed: place');
	const slots = asArray(f[14]).map((row) => {
		const [type, salt, ops, mem, kek] = asArray(row, 5);

		asBin(salt, 16), asCount(ops), asCount(mem), asBin(kek, 32);
		return asCount(type);
	});

	if (isOther)
		must(slots.length === 0, 'malformed: slots of another');
	else
		checkSlots(slots);
	const others = f.length === 16 ? few(f[15], 64).map((o) => bodyOf(asArray(o), true)) : [];

	must(f.length === 15 || others.length > 0, 'malformed: no others');
	return {
		seed: asBin(f[0], 32), seals: few(f[1], 2).map((v) => asBin(v, 32)), networks, epochs, tombstones,
		org: asBin(f[6], 32), root: asBin(f[7], 32), inc: asBin(f[8], 8),
		member: asName(f[9]), device: asName(f[10]), role: asCount(f[11], 255), others,
	};
}

// ---- 4. On paper ----

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const CONSONANTS = 'bdfghjklmnprstvz';
const VOWELS = 'aiou';

/* "Reading ignores case, spaces, dashes and line ends" */
function typed(text: string): string {
	return text.replace(/[\s-]/g, '').toUpperCase();
}

export function readRecoveryCode(text: string): Bytes {
	const code = typed(text).replaceAll('0', 'O').replaceAll('1', 'I').replaceAll('8', 'B');
	let n = 0n;

	must(code.length === 26, 'not 26 characters');
	for (const c of code) {
		const digit = BASE32.indexOf(c);

		must(digit >= 0, 'not base32');
		n = (n << 5n) | BigInt(digit);
	}
	must((n & 3n) === 0n, 'bits left over that are not zero');
	return unhex((n >> 2n).toString(16).padStart(32, '0'));
}

export function printRecoveryCode(code: Bytes): string {
	const n = BigInt(`0x${hex(code)}`) << 2n;

	return Array.from({ length: 26 }, (_, i) => BASE32[Number((n >> BigInt(5 * (25 - i))) & 31n)]).join('');
}

export function words(b: Bytes): string {
	const word = (n: number) => CONSONANTS[n >> 12] + VOWELS[(n >> 10) & 3] + CONSONANTS[(n >> 6) & 15]
		+ VOWELS[(n >> 4) & 3] + CONSONANTS[n & 15];

	return Array.from({ length: b.length / 2 }, (_, i) => word((b[2 * i] << 8) | b[2 * i + 1])).join('-');
}

export interface Share { trustee: number; halves: [Bytes, Bytes] }

function shareSum(trustee: number, half: number, part: Bytes): Bytes {
	return HC(16, NONE, 'fb1/share', Uint8Array.of(trustee), Uint8Array.of(half), part).slice(0, 4);
}

export function readShare(text: string): Share {
	const m = /^FBSHARE([123])([0-9A-F]{144})$/.exec(typed(text)) ?? refuse('not a share');
	const trustee = Number(m[1]);
	const raw = unhex(m[2].toLowerCase());
	const half = (i: number) => {
		const part = raw.slice(36 * i, 36 * i + 32);

		must(equal(raw.slice(36 * i + 32, 36 * i + 36), shareSum(trustee, i, part)), 'a share with a wrong sum');
		return part;
	};

	return { trustee, halves: [half(0), half(1)] };
}

/* Every share on a sheet, whatever else stands there; `bad`: one begins and does not read. */
export function sharesOnSheet(sheet: Bytes): { shares: Share[]; bad: boolean } {
	const text = Buffer.from(sheet).toString('latin1');
	const shares: Share[] = [];
	let bad = false;

	for (const m of text.matchAll(/(?=fb-share)/gi)) {
		let signs = 0;
		let end = m.index!;

		while (end < text.length && signs < 152 && end - m.index! < 399)
			signs += /[0-9a-zA-Z]/.test(text[end++]) ? 1 : 0;
		try {
			shares.push(readShare(text.slice(m.index!, end)));
		} catch (e) {
			if (!(e instanceof Refused))
				throw e;
			bad = true;
		}
	}
	return { shares, bad };
}

export function printShare(s: Share): string {
	const raw = concat(...s.halves.flatMap((part, i) => [part, shareSum(s.trustee, i, part)]));

	return `fb-share-${s.trustee}-${hex(raw).match(/.{4}/g)!.join('-')}`;
}

/* The three shares of `s` under the random a, c and e. */
export function split(s: Bytes, a: Bytes, c: Bytes, e: Bytes): Share[] {
	return [
		{ trustee: 1, halves: [a, c] },
		{ trustee: 2, halves: [xor(s, a), e] },
		{ trustee: 3, halves: [xor(s, c), xor(s, e)] },
	];
}

export function join(x: Share, y: Share): Bytes {
	const [p, q] = x.trustee < y.trustee ? [x, y] : [y, x];

	must(p.trustee !== q.trustee, 'two shares of one trustee');
	if (q.trustee === 2)
		return xor(p.halves[0], q.halves[0]);
	return p.trustee === 1 ? xor(p.halves[1], q.halves[0]) : xor(p.halves[1], q.halves[1]);
}
