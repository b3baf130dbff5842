/*
 * proto/vectors/org.json against org.md, 4 and 5: organisations made by chance,
 * and what parts of each come to.
 */
import { hex, unhex } from './bytes';
import { Case, Count } from './count';
import { Entry, readEntry } from './log';
import { decode } from './msgpack';
import { evaluate } from './org';

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
	c.same('effective', name, JSON.stringify(part.effective), () => JSON.stringify(effective));
}

export function checkOrg(v: Case, c: Count): void {
	v.worlds.forEach((world: Case, w: number) => {
		const all = world.entries.map((e: string) => readEntry(decode(unhex(e))));

		world.parts.forEach((part: Case, p: number) => checkPart(`world ${w}, part ${p}`, all, part, c));
	});
}
