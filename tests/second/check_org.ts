/*
 * proto/vectors/org.json against org.md, 4 and 5: organisations made by chance,
 * and what parts of each come to.
 */
import { NONE, hex, unhex } from './bytes';
import { Case, Count } from './count';
import { Entry, readEntry } from './log';
import { decode } from './msgpack';
import { HC, signPair, verify } from './hc';
import { evaluate, orgId } from './org';
import { checkForms } from './ops';
import { killed, readGenesis, readRevoke, readRootrot, rotationHash, turnDigest } from './org_ops';

function checkKeys(v: Case, c: Count): void {
	for (const x of v.organisations) {
		const g = readGenesis(unhex(x.genesis));

		c.same('organisations', 'org_id', x.org_id, () => orgId(g));
		c.same('organisations', 'roster', x.roster, () => HC(16, NONE, 'fb1/roster', orgId(g)));
		c.same('organisations', 'fingerprint', x.fingerprint, () => HC(32, NONE, 'fb1/root/print', g.root, orgId(g)));
	}
	for (const x of v.kill_cards) {
		const r = readRevoke(unhex(x.revoke));

		c.same('kill cards', 'key of a code', x.kill_pk, () => signPair(HC(32, unhex(x.code), 'fb1/kill')).pk);
		c.check('kill cards', 'its REVOKE', () => killed(r, unhex(x.org_id), unhex(x.kill_pk)));
		c.check('kill cards', 'in another organisation', () => !killed(r, unhex(x.kill_pk), unhex(x.kill_pk)));
		c.check('kill cards', 'with other cuts', () => !killed({ ...r, rawCuts: Uint8Array.of(0x91) }, unhex(x.org_id), unhex(x.kill_pk)));
	}
	for (const x of v.rotations) {
		const t = readRootrot(unhex(x.rootrot));
		const good = (turn: typeof t, org: string) => verify('fb1/root/sig', turnDigest(turn, unhex(org)), turn.sig, turn.rotation);

		c.same('rotations', 'what is committed to', x.rotation_hash, () => rotationHash(t.rotation));
		c.check('rotations', 'its signature', () => good(t, x.org_id));
		c.check('rotations', 'in another organisation', () => !good(t, x.rotation_hash));
		c.check('rotations', 'to another root', () => !good({ ...t, root: t.rotation }, x.org_id));
		c.check('rotations', 'without what comes next', () => t.next === null || !good({ ...t, next: null }, x.org_id));
	}
}

function checkPart(name: string, all: Entry[], part: Case, c: Count): void {
	const entries = part.take.map((i: number) => all[i]);
	const org = evaluate(entries);
	const devices = org === null ? [] : [...org.devices.values()].sort((a, b) => (hex(a.dev) < hex(b.dev) ? -1 : 1))
		.map((d) => [hex(d.dev), org.rankOf(d.dev), org.roles(d.dev), org.gone.has(hex(d.dev)) ? 1 : 0, d.sealIndex]);
	const streams = new Map<string, Uint8Array>(entries.map((e: Entry) => [hex(e.header.stream), e.header.stream]));
	const ids = new Set([...streams.values()].flatMap((s) => (org === null || hex(s) === hex(org.control) ? [] : org.effective(s)))
		.map((e) => hex(e.id)));
	const effective = part.take.filter((i: number) => ids.has(hex(all[i].id)));

	c.same('digest', name, part.digest, () => (org === null ? '' : org.digest()));
	c.same('digest', `${name}, the other way round`, part.digest, () => evaluate([...entries].reverse())!.digest());
	c.same('devices', name, JSON.stringify(part.devices), () => JSON.stringify(devices));
	const gone = new Set(org === null ? [] : org.covered().map((e) => hex(e.id)));

	c.same('erasure', name, JSON.stringify(part.covered), () => JSON.stringify(part.take.filter((i: number) => gone.has(hex(all[i].id)))));
	c.same('effective', name, JSON.stringify(part.effective), () => JSON.stringify(effective));
}

export function checkOrg(v: Case, c: Count): void {
	checkKeys(v, c);
	checkForms('operations', v.operations, c);
	v.worlds.forEach((world: Case, w: number) => {
		const all = world.entries.map((e: string) => readEntry(decode(unhex(e))));

		world.parts.forEach((part: Case, p: number) => checkPart(`world ${w}, part ${p}`, all, part, c));
	});
}
