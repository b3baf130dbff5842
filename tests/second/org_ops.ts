/*
 * proto/org.md, 2 and 3: requests, and the payloads of control entries. One in
 * another form is kept with its entry and has no part in the evaluation: readers
 * here refuse it, and the evaluation skips what they refuse.
 */
import { Bytes, NONE, compare, concat, must, utf8 } from './bytes';
import { HC, verify } from './hc';
import { Int, SEQ_MAX } from './log';
import { Value, asArray, asBin, asBool, asCount, asInt, asStr, asUint, decode, encode, orNull } from './msgpack';

export const KIND = {
	genesis: 1, admit: 2, grant: 3, revoke: 4, ungrant: 5, team: 6, netkey: 7, eraseReq: 8, eraseOk: 9, receipt: 10, attest: 11, fork: 12, sealkey: 13, rootrot: 14, open: 15,
	data: 32, epoch: 33, keygrant: 34, keytable: 35, adopt: 36, teamOpen: 37,
} as const;

export const ROLE = { coordinator: 1, advisor: 2, auditor: 3, hub: 4 } as const;

/* Cuts, and the grants of an UNGRANT: sets, in ascending order, each thing once. */
function asSet<T>(v: Value, max: number, form: (v: Value) => T, place: (x: T) => Bytes): T[] {
	const list = asArray(v);

	must(list.length <= max, 'a list that is too long');
	const items = list.map(form);

	must(items.every((x, i) => i === 0 || compare(place(items[i - 1]), place(x)) < 0), 'a set out of order');
	return items;
}

const bin = (len: number) => (v: Value) => asBin(v, len);

function short(v: Value): Bytes {
	must(asBin(v).length <= 1024, 'more than 1024 bytes');
	return asBin(v);
}

// ---- 2. Joining ----

export interface Keys { sign: Bytes; noise: Bytes; note: Bytes; seal: Bytes; kill: Bytes | null }

function requestDigest(k: Keys, nonce: Bytes): Bytes {
	return HC(32, NONE, 'fb1/request', k.sign, k.noise, k.note, k.seal, k.kill ?? NONE, nonce);
}

function readKeys(f: Value[]): Keys {
	return {
		sign: asBin(f[0], 32), noise: asBin(f[1], 32), note: asBin(f[2], 32), seal: asBin(f[3], 32), kill: orNull(f[4], bin(32)),
	};
}

function asName(v: Value): string {
	const name = asStr(v);

	must(utf8(name).length <= 127 && !/[\u0000-\u001f\u007f-\u009f]/.test(name), 'a name that is too long, or not for a terminal');
	return name;
}

export interface Request { keys: Keys; nonce: Bytes; member: string; device: string; words: Bytes }

export function readRequest(raw: Bytes): Request {
	const f = asArray(decode(raw));

	must(f[0] === 1, 'a request of another version');
	asArray(f, 10);
	const keys = readKeys(f.slice(1, 6));
	const nonce = asBin(f[6], 16);
	const digest = requestDigest(keys, nonce);
	const [member, device] = [asName(f[8]), asName(f[9])];

	must(verify('fb1/request/sig', digest, asBin(f[7], 64), keys.sign), 'keys that the newcomer does not hold');
	return { keys, nonce, member, device, words: HC(32, NONE, 'fb1/request/words', digest, utf8(member), utf8(device)) };
}

// ---- 3. Operations ----

export interface Genesis { root: Bytes; nonce: Bytes; escrow: boolean; escrowPk: Bytes | null; next: Bytes | null }

export function readGenesis(payload: Bytes): Genesis {
	const [suite, root, nonce, policy, escrowPk, next] = asArray(decode(payload), 6);
	const [escrow, peerRemoval] = asArray(policy, 2);

	must(suite === 1 && peerRemoval === 0, 'a suite or a policy that is not known');
	return {
		root: asBin(root, 32), nonce: asBin(nonce, 32), escrow: asBool(escrow), escrowPk: orNull(escrowPk, bin(32)),
		next: orNull(next, bin(32)),
	};
}

export interface Admit { keys: Keys; member: Bytes; encName: Bytes; nonce: Bytes; sig: Bytes; possessed: boolean }

export function readAdmit(payload: Bytes): Admit {
	const f = asArray(decode(payload), 9);
	const keys = readKeys(f);
	const [nonce, sig] = [asBin(f[7], 16), asBin(f[8], 64)];

	return {
		keys, member: asBin(f[5], 16), encName: short(f[6]), nonce, sig,
		possessed: verify('fb1/request/sig', requestDigest(keys, nonce), sig, keys.sign),
	};
}

export interface Grant { dev: Bytes; role: number; team: Bytes | null; rank: number }

export function readGrant(payload: Bytes): Grant {
	const f = asArray(decode(payload), 4);
	const g = { dev: asBin(f[0], 16), role: asCount(f[1], 4), team: orNull(f[2], bin(16)), rank: asCount(f[3], 255) };

	must(g.role >= ROLE.coordinator, 'no role');
	must(g.role === ROLE.coordinator ? g.rank >= 1 && g.rank <= 15 : g.rank === 255, 'a rank that its role cannot have');
	must(g.role === ROLE.advisor || g.team === null, 'only an advisor is granted a team');
	return g;
}

export interface Mark { stream: Bytes; inc: Bytes; seq: Int; head: Bytes | null }

function readCuts(v: Value): Mark[] {
	return asSet(v, 1024, (row) => {
		const [stream, inc, seq, head] = asArray(row, 4);

		return {
			stream: asBin(stream, 16), inc: asBin(inc, 8), head: asBin(head, 16),
			seq: seq === -1 ? asInt(seq, -1, -1) : asUint(seq, SEQ_MAX),
		};
	}, (m) => concat(m.stream, m.inc));
}

export interface Revoke { dev: Bytes; cuts: Mark[]; rawCuts: Bytes; reason: Bytes; killSig: Bytes | null }

export function readRevoke(payload: Bytes): Revoke {
	const f = asArray(decode(payload), 4);

	return { dev: asBin(f[0], 16), cuts: readCuts(f[1]), rawCuts: encode(f[1]), reason: short(f[2]), killSig: orNull(f[3], bin(64)) };
}

/* "digest `HC(32,∅,"fb1/kill/msg",org_id,dev,cuts)` with the cuts as they are encoded" */
export function killed(r: Revoke, org: Bytes, killPk: Bytes): boolean {
	return r.killSig !== null && verify('fb1/kill/sig', HC(32, NONE, 'fb1/kill/msg', org, r.dev, r.rawCuts), r.killSig, killPk);
}

export interface Rootrot { rotation: Bytes; root: Bytes; next: Bytes | null; cuts: Mark[]; rawCuts: Bytes; sig: Bytes }

export function readRootrot(payload: Bytes): Rootrot {
	const f = asArray(decode(payload), 5);

	return {
		rotation: asBin(f[0], 32), root: asBin(f[1], 32), next: orNull(f[2], bin(32)), cuts: readCuts(f[3]), rawCuts: encode(f[3]),
		sig: asBin(f[4], 64),
	};
}

export function rotationHash(rotation: Bytes): Bytes {
	return HC(32, NONE, 'fb1/root/next', rotation);
}

/* What the rotation key signs, and what two turns differ by. */
export function turnDigest(t: Rootrot, org: Bytes): Bytes {
	return HC(32, NONE, 'fb1/root/rotate', org, t.rotation, t.root, t.next ?? NONE, t.rawCuts);
}

export interface Ungrant { dev: Bytes; team: Bytes; grants: Bytes[]; cuts: Mark[] }

export function readUngrant(payload: Bytes): Ungrant {
	const f = asArray(decode(payload), 4);

	return { dev: asBin(f[0], 16), team: asBin(f[1], 16), grants: asSet(f[2], 64, bin(32), (id) => id), cuts: readCuts(f[3]) };
}

export interface Team { team: Bytes; encName: Bytes; state: number; mode: number }

export function readTeam(payload: Bytes): Team {
	const f = asArray(decode(payload), 4);
	const t = { team: asBin(f[0], 16), encName: short(f[1]), state: asCount(f[2], 2), mode: asCount(f[3], 1) };

	must(t.state >= 1, 'no state');
	return t;
}

export function readSealkey(payload: Bytes): Bytes {
	return asBin(asArray(decode(payload), 1)[0], 32);
}

export interface Open { grant: Bytes | null; older: { inc: Bytes; len: Int; head: Bytes }[] }

export function readOpen(payload: Bytes): Open {
	const [grant, older] = asArray(decode(payload), 2);
	const list = asArray(older);

	must(list.length <= 16, 'a list that is too long');
	return {
		grant: orNull(grant, bin(32)),
		older: list.map((row) => {
			const [inc, len, head] = asArray(row, 3);

			return { inc: asBin(inc, 8), len: asUint(len, SEQ_MAX + 1n), head: asBin(head, 16) };
		}),
	};
}

export interface Adopted { author: Bytes; stream: Bytes; inc: Bytes; from: Int; to: Int; head: Bytes }

export function readAdopt(payload: Bytes): Adopted[] {
	const list = asArray(decode(payload));

	must(list.length <= 256, 'a list that is too long');
	return list.map((row) => {
		const f = asArray(row, 6);
		const a = {
			author: asBin(f[0], 32), stream: asBin(f[1], 16), inc: asBin(f[2], 8),
			from: asUint(f[3], SEQ_MAX), to: asUint(f[4], SEQ_MAX), head: asBin(f[5], 16),
		};

		must(a.from <= a.to, 'a range that ends before it begins');
		return a;
	});
}

