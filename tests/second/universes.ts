/*
 * Universes that tests/universes made, evaluated anew: one JSON line each on
 * standard input. The same digest, the same entries in effect, in the order
 * given and backwards; who was removed stays removed whatever was appended; and
 * every admission and grant in force has a chain to a root.
 */
import { createInterface } from 'node:readline';
import { hex, unhex } from './bytes';
import { ready } from './hc';
import { deviceId } from './keystore';
import { Entry, entryId, readHeader } from './log';
import { Org, evaluate } from './org';
import { ROLE } from './org_ops';

interface Universe { seed: number; entries: string[]; digest: string; effective: number[]; covered: number[]; removed?: string; left?: string; extended: number;
	added: { forks: number; incarnations: number; adopts: number; cards: number; cuts: number } }

function readEntries(list: string[]): Entry[] {
	const out: Entry[] = [];

	for (let i = 0; i < list.length; i += 2) {
		const raw = unhex(list[i]);

		out.push({ header: readHeader(raw), id: entryId(raw), sig: null, payload: unhex(list[i + 1]) });
	}
	return out;
}

/* Whoever admitted or granted anything in force got the right from somebody more senior, up to a root that may grant. */
function unchained(org: Org): string[] {
	const rights = new Map(org.roots.filter((r) => r.state !== 'contested').map((r) => [r.dev, 0]));
	const made = [...org.grants.values()].filter((g) => g.op.role === ROLE.coordinator);
	let grew = true;

	while (grew) {
		grew = false;
		for (const g of made) {
			const by = rights.get(hex(deviceId(g.entry.header.author)));
			const to = hex(g.op.dev);

			if (by !== undefined && g.op.rank > by && g.op.rank < (rights.get(to) ?? 255)) {
				rights.set(to, g.op.rank);
				grew = true;
			}
		}
	}
	return [...org.grants.values(), ...org.devices.values()].map((x) => hex(deviceId(x.entry.header.author))).filter((d) => !rights.has(d));
}

function judge(u: Universe, entries: Entry[], org: Org | null): string | null {
	if (org === null)
		return 'no organisation';
	if (hex(org.digest()) !== u.digest)
		return `digest ${hex(org.digest())}, and ${u.digest} there`;
	if (u.seed % 8 === 0 && hex(evaluate([...entries].reverse())!.digest()) !== u.digest)
		return 'another digest when the entries come backwards';
	const streams = new Map(entries.map((e) => [hex(e.header.stream), e.header.stream]));
	const ids = new Set([...streams.values()].flatMap((s) => (hex(s) === hex(org.control) ? [] : org.effective(s))).map((e) => hex(e.id)));
	const effective = entries.flatMap((e, i) => (ids.has(hex(e.id)) ? [i] : []));

	if (JSON.stringify(effective) !== JSON.stringify(u.effective))
		return `in effect ${effective}, and ${u.effective} there`;
	const gone = new Set(org.covered().map((e) => hex(e.id)));
	const covered = entries.flatMap((e, i) => (gone.has(hex(e.id)) ? [i] : []));

	if (JSON.stringify(covered) !== JSON.stringify(u.covered))
		return `to be deleted ${covered}, and ${u.covered} there`;
	if (u.removed !== undefined && !org.gone.has(u.removed))
		return `the removal of ${u.removed} was undone`;
	if (u.left !== undefined && org.isMember(unhex(u.left)))
		return `${u.left}, who left, is a member again`;
	if (unchained(org).length > 0)
		return `${unchained(org)[0]} decided without a right`;
	return null;
}

await ready;
let [good, bad, extended, claimed, rotated, contested, forked, removed, erasing] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
const added = { forks: 0, incarnations: 0, adopts: 0, cards: 0, cuts: 0 }; // universes whose extension holds such a thing

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
	const u = JSON.parse(line) as Universe;
	const entries = readEntries(u.entries);
	const org = evaluate(entries);
	const why = judge(u, entries, org);

	why === null ? good++ : bad++;
	if (why !== null)
		console.log(`  FAIL universe ${u.seed}: ${why}`);
	extended += u.extended > 0 ? 1 : 0;
	claimed += u.removed !== undefined || u.left !== undefined ? 1 : 0;
	for (const what of Object.keys(added) as (keyof typeof added)[])
		added[what] += u.added[what] > 0 ? 1 : 0;
	rotated += org !== null && org.roots.length > 1 ? 1 : 0;
	contested += org?.roots.some((r) => r.state === 'contested') ? 1 : 0;
	forked += org !== null && org.forks.size > 0 ? 1 : 0;
	erasing += u.covered.length > 0 ? 1 : 0;
	removed += org !== null && org.gone.size > 0 ? 1 : 0;
}
console.log(`${good} universes agree: ${removed} with removals, ${forked} with forks, ${erasing} with erasures, ${rotated} with rotations (${contested} contested), ${extended} extended by adversaries (${claimed} against a removal)`);
console.log(`  in extensions: forks ${added.forks}, incarnations ${added.incarnations}, adopts ${added.adopts}, kill cards ${added.cards}, data cuts ${added.cuts}`);
console.log(`${good} passed, ${bad} failed`);
process.exitCode = bad === 0 && good > 0 ? 0 : 1;
