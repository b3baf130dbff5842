/*
 * All chapters together: a bundle and one device's keystore come to the state
 * that the device's own program prints. A device that joined by files and knows
 * nothing else holds its welcome as well.
 */
import { readFileSync } from 'node:fs';
import { readBundle } from './bundle';
import { Bytes, equal, hex, isZero, must, unlessRefused, utf8 } from './bytes';
import { Change, State, readChange } from './crdt';
import { Body, deviceKeys, openKeystore } from './keystore';
import { Entry } from './log';
import { Org, evaluate } from './org';
import { KIND } from './org_ops';
import { Epoch, Reader, Vault, dropEpochOf, dropSecret, epochOf, openDrop, openEpoch, openKeygrant, openKeytable, readEpoch, tombImage } from './vault';
import { openWelcome } from './welcome';

/* vault.md, 8: "They are in the state hash and in no list." */
const ROSTER_TYPE = 1;
const TOMBSTONE = { caseKey: 1, group: 2 } as const;

export interface Opened {
	entries: number;
	records: number;
	state_hash: string;
	conflict: boolean;
	end: string;
	/* Epoch keys that the log alone gave, and whether the keystore holds the same. */
	epochs: { fromLog: number; agree: boolean };
	unopened: number;
}

export function readPassphrase(path: string): Bytes {
	return utf8(readFileSync(path, 'utf8').replace(/\r?\n$/, '').normalize('NFC'));
}

function ofKind(entries: Entry[], kind: number): { e: Entry; payload: Bytes }[] {
	return entries.flatMap((e) => (e.header.kind === kind && e.payload !== null ? [{ e, payload: e.payload }] : []));
}

/* What the log itself gives this device: EPOCHs and KEYGRANTs sealed to it, then the tables under those. */
function learnFromLog(vault: Vault, entries: Entry[], stream: Bytes, who: Reader): Map<string, Bytes> {
	const found = new Map<string, Bytes>();
	const epochs = new Map(ofKind(entries, KIND.epoch).flatMap(({ e, payload }) => {
		const epoch = unlessRefused(() => readEpoch(payload));

		return epoch === null ? [] : [[hex(e.id.subarray(0, 16)), epoch] as const];
	}));

	for (const [id, epoch] of epochs) {
		const key = openEpoch(epoch, stream, who);

		if (key !== null)
			found.set(id, key);
	}
	for (const { payload } of ofKind(entries, KIND.keygrant)) {
		for (const g of unlessRefused(() => openKeygrant(payload, stream, who)) ?? []) {
			const epoch = epochs.get(hex(g.epoch));

			if (epoch !== undefined && equal(epoch.commit, g.commit))
				found.set(hex(g.epoch), g.e);
		}
	}
	for (const [id, key] of found)
		vault.learnEpoch(new Uint8Array(Buffer.from(id, 'hex')), key);
	for (const { e, payload } of ofKind(entries, KIND.keytable)) {
		const key = unlessRefused(() => vault.epochKey(epochOf(payload)));
		const table = key === null ? null : unlessRefused(() => openKeytable(payload, e.header, key));

		table?.metas.forEach((m) => vault.learnEpoch(m.epoch, null, m.mk));
		table?.cases.forEach((row) => vault.learnCase(row.kid, row.ck));
	}
	return found;
}

interface Read { id: Bytes; change: Change }

/* The changes of one stream that are in effect and that this device can read. */
function readStream(vault: Vault, effective: Entry[], body: Body): { read: Read[]; unopened: number } {
	const data = ofKind(effective, KIND.data).map(({ e, payload }) => ({ e, outer: vault.outer(payload, e.header) }));
	const dead = (kind: number, id: Bytes) => body.tombstones.some((t) => t.kind === kind && equal(t.id, id));
	const read: Read[] = [];
	let unopened = 0;

	for (const { outer } of data) {
		const ck = outer === null ? null : vault.wrapped(outer);

		if (outer !== null && ck !== null)
			vault.learnCase(outer.kid, ck);
	}
	for (const { e, outer } of data) {
		const plain = outer === null || dead(TOMBSTONE.caseKey, outer.kid) ? null : vault.body(outer, e.header);
		const change = plain === null ? null : unlessRefused(() => readChange(plain));

		if (change === null)
			unopened++;
		else if (!dead(TOMBSTONE.group, tombImage(change.group)))
			read.push({ id: e.id, change });
	}
	return { read, unopened };
}

/* "of entries with one import16 only the one with the smallest id" */
function withoutRepeats(read: Read[]): Read[] {
	const imports = new Map<string, Read>();

	for (const r of read) {
		const key = r.change.import16 === null ? hex(r.id) : hex(r.change.import16);
		const known = imports.get(key);

		if (known === undefined || hex(r.id) < hex(known.id))
			imports.set(key, r);
	}
	return [...imports.values()];
}

function streamsOf(org: Org): Bytes[] {
	return [org.roster, ...[...org.teams.values()].map((t) => t.op.team)];
}

/* How many rows of a drop-box do not open: each must be a change of the group of zeroes that came by its dot. */
function unopenedRows(vault: Vault, epochs: Map<string, Epoch>, effective: Entry[]): number {
	return ofKind(effective, KIND.data).filter(({ e, payload }) => {
		const id = dropEpochOf(payload);
		const [key, epoch] = [vault.epochKey(id), epochs.get(hex(id))];
		const row = key === null || epoch === undefined ? null
			: unlessRefused(() => readChange(openDrop(payload, e.header, dropSecret(key, epoch.commit))));

		return row === null || row.import16 === null || !isZero(row.group);
	}).length;
}

/* A run whose author was never admitted has no place in a store. */
function known(org: Org, e: Entry): boolean {
	return org.roots.some((r) => equal(e.header.author, r.pk)) || org.admitted.has(hex(e.header.author));
}

export function openBundle(file: Bytes, keystore: Bytes, passphrase: Bytes, welcome: Bytes | null): Opened {
	const { body } = openKeystore(keystore, 1, passphrase);
	const bundle = readBundle(file, body.networks.map((n) => n.n));
	const begun = welcome === null ? [] : openWelcome(welcome, body.seals).runs;
	const org = evaluate([...begun, ...bundle.runs].flat());

	must(org !== null && equal(org.id, body.org), 'another organisation');
	const me = deviceKeys(body.seed);
	const who: Reader = { org: body.org, dev: me.id, seals: body.seals };
	const vault = new Vault();
	const read: Read[] = [];
	const epochs = { fromLog: 0, agree: true };
	let unopened = 0;

	for (const s of body.epochs)
		vault.learnEpoch(s.epoch, s.e, s.mk);
	for (const stream of streamsOf(org)) {
		if (!org.readers(stream).some((d) => equal(d.dev, me.id)))
			continue;
		const effective = org.effective(stream);

		for (const [id, key] of learnFromLog(vault, effective, stream, who)) {
			const held = body.epochs.find((s) => hex(s.epoch) === id);

			epochs.fromLog++;
			epochs.agree &&= held === undefined || held.e === null || equal(held.e, key);
		}
		if (org.isDropBox(stream)) {
			const made = ofKind(effective, KIND.epoch).map(({ e, payload }): [string, Epoch] => [hex(e.id.slice(0, 16)), readEpoch(payload)]);

			unopened += unopenedRows(vault, new Map(made), effective);
			continue;
		}
		const got = readStream(vault, effective, body);

		read.push(...got.read);
		unopened += got.unopened;
	}
	const state = new State();

	for (const r of withoutRepeats(read))
		state.add(r.id.slice(0, 16), r.change);
	return {
		entries: org.held.entries.filter((e) => known(org, e)).length, records: state.count - state.countOf(ROSTER_TYPE), state_hash: hex(state.hash()),
		conflict: state.anyConflict(), end: bundle.end, epochs, unopened,
	};
}

export function openBundleFiles(bundle: string, keystore: string, passphraseFile: string, welcome?: string): Opened {
	const bytes = (path: string) => new Uint8Array(readFileSync(path));

	return openBundle(bytes(bundle), bytes(keystore), readPassphrase(passphraseFile), welcome ? bytes(welcome) : null);
}
