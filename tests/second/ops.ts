/*
 * Every kind of log.md, 2, whose payload is in clear: how it is read, and how it
 * is written again from what was read. A payload that is in its form comes back
 * as it was, so that a reader here cannot pass over a field.
 */
import { Bytes, hex, unhex } from './bytes';
import { Attest, Netkey, readAttest, readNetkey } from './attest';
import { Case, Count } from './count';
import { Fork, encodeHeader, readFork } from './log';
import { Value, decode, encode } from './msgpack';
import { Admit, Adopted, Genesis, Grant, KIND, Keys, Mark, Open, Revoke, Rootrot, Team, Ungrant, readAdmit, readAdopt, readGenesis, readGrant, readOpen, readRevoke, readRootrot, readSealkey, readTeam, readUngrant } from './org_ops';
import { Epoch, Keygrant, Place, readEpoch, readEraseOk, readEraseReq, readKeygrant, readKeytable, readReceipt } from './vault';

interface Form { read: (payload: Bytes) => any; write: (x: any) => Value }

function form<T>(read: (payload: Bytes) => T, write: (x: T) => Value): Form {
	return { read, write };
}

const keys = (k: Keys): Value[] => [k.sign, k.noise, k.note, k.seal, k.kill];
const cuts = (list: Mark[]): Value => list.map((m) => [m.stream, m.inc, m.seq, m.head]);
const places = (list: Place[]): Value => list.map((p) => [p.author, p.stream, p.inc, p.ranges]);

/* "log8 ‖ length (LEB128, shortest form) ‖ head8" */
function delta(a: Attest): Bytes {
	return new Uint8Array(a.items.flatMap((item) => {
		const len: number[] = [];
		let left = item.len;

		for (; left >= 0x80n; left >>= 7n)
			len.push(Number(left & 0x7fn) | 0x80);
		return [...item.log, ...len, Number(left), ...item.head];
	}));
}

const OPEN = form(readOpen, (x: Open) => [x.grant, x.older.map((o) => [o.inc, o.len, o.head])]);

export const FORMS: Record<number, Form> = {
	[KIND.genesis]: form(readGenesis, (x: Genesis) => [1, x.root, x.nonce, [x.escrow, 0], x.escrowPk, x.next]),
	[KIND.admit]: form(readAdmit, (x: Admit) => [...keys(x.keys), x.member, x.encName, x.nonce, x.sig]),
	[KIND.grant]: form(readGrant, (x: Grant) => [x.dev, x.role, x.team, x.rank]),
	[KIND.revoke]: form(readRevoke, (x: Revoke) => [x.dev, cuts(x.cuts), x.reason, x.killSig]),
	[KIND.ungrant]: form(readUngrant, (x: Ungrant) => [x.dev, x.team, x.grants, cuts(x.cuts)]),
	[KIND.team]: form(readTeam, (x: Team) => [x.team, x.encName, x.state, x.mode]),
	[KIND.netkey]: form(readNetkey, (x: Netkey) => [x.n, x.commit, x.epk, x.rows.map((r) => [r.dev, r.index, r.sealed])]),
	[KIND.eraseReq]: form(readEraseReq, (x) => [places(x.places), x.salt, x.box]),
	[KIND.eraseOk]: form(readEraseOk, (x) => [x]),
	[KIND.receipt]: form(readReceipt, (x) => [x.request, x.gone, x.absent, x.keys, x.oldest, places(x.late)]),
	[KIND.attest]: form(readAttest, (x: Attest) => [x.day, x.digest, x.root, x.logs, delta(x), x.epochs.map((e) => [e.stream, e.epoch, e.oldest])]),
	[KIND.fork]: form((p) => readFork(decode(p)), (x: Fork) => x.sides.flatMap(([h, sig]) => [encodeHeader(h), sig])),
	[KIND.sealkey]: form(readSealkey, (x) => [x]),
	[KIND.rootrot]: form(readRootrot, (x: Rootrot) => [x.rotation, x.root, x.next, cuts(x.cuts), x.sig]),
	[KIND.open]: OPEN,
	[KIND.epoch]: form(readEpoch, (x: Epoch) => [x.n, x.parent, x.reason, x.commit, x.epk, x.recipients.map((r) => [r.dev, r.index, r.sealed]), x.escrow,
		...(x.dropPk === null ? [] : [x.dropPk])]),
	[KIND.keygrant]: form(readKeygrant, (x: Keygrant) => [x.dev, x.index, x.epk, x.rows.map((r) => [r.epoch, r.commit, r.sealed])]),
	[KIND.keytable]: form(readKeytable, (x) => [x.epoch, x.salt, x.box]),
	[KIND.adopt]: form(readAdopt, (x: Adopted[]) => x.map((a) => [a.author, a.stream, a.inc, a.from, a.to, a.head])),
	[KIND.teamOpen]: OPEN,
};

/* [[kind, payload, 1 when it is in its form]…] */
export function checkForms(list: string, rows: Case[string], c: Count): void {
	for (const [kind, payload, ok] of rows) {
		const f = FORMS[kind];
		const name = `kind ${kind}, ${payload.slice(0, 160)}`;

		if (ok === 1)
			c.same(list, name, payload, () => hex(encode(f.write(f.read(unhex(payload))))));
		else
			c.refuses(list, name, () => f.read(unhex(payload)));
	}
}
