/*
 * proto/org.md, 4 and 5: the evaluation, its digest, and which entries of team
 * logs have effect. A set of entries goes in; the answer starts from nothing
 * every time.
 */
import { Bytes, NONE, compare, concat, equal, hex, unlessRefused } from './bytes';
import { HC, verify } from './hc';
import { deviceId } from './keystore';
import { Entry, Int, LogName, logKey, readFork } from './log';
import { Value, decode, encode } from './msgpack';
import { Place, readEraseOk, readEraseReq, readReceipt } from './vault';
import { Admit, Genesis, Grant, KIND, Mark, ROLE, Revoke, Rootrot, Team, Ungrant, killed, readAdmit, readAdopt, readGenesis, readGrant, readOpen, readRevoke, readRootrot, readSealkey, readTeam, readUngrant, rotationHash, turnDigest } from './org_ops';

const RANK_NONE = 255;
const STRATA = 16;

// ---- the entries held, by log and by id ----

export class Held {
	readonly byId = new Map<string, Entry>();
	/* What a control entry says: read once, a kind has one form. null: in none. */
	readonly read = new Map<Entry, unknown>();
	private logs = new Map<string, Entry[]>();

	constructor(entries: Entry[]) {
		for (const e of entries) {
			const key = hex(logKey(e.header));
			const known = this.byId.get(hex(e.id));

			if (known !== undefined) {
				known.payload ??= e.payload;
				continue;
			}
			this.byId.set(hex(e.id), e);
			this.logs.set(key, [...(this.logs.get(key) ?? []), e]);
		}
	}

	get entries(): Entry[] {
		return [...this.byId.values()];
	}

	log(l: LogName): Entry[] {
		return this.logs.get(hex(logKey(l))) ?? [];
	}

	parent(e: Entry): Entry | null {
		return this.byId.get(hex(e.header.prev)) ?? null;
	}

	/* The entry of a log at `seq` whose id begins with `head16`, if that is held. */
	at(l: LogName, seq: Int, head16: Bytes): Entry | null {
		return this.log(l).find((e) => e.header.seq === seq && equal(e.id.subarray(0, 16), head16)) ?? null;
	}

	/* Is `e` the entry `head`, or one that `head` rests on? */
	isWithin(e: Entry, head: Entry): boolean {
		let at: Entry | null = head;

		while (at !== null && at.header.seq > e.header.seq)
			at = this.parent(at);
		return at !== null && equal(at.id, e.id);
	}

	/* The least seq at which two entries of a log are held. */
	parting(l: LogName): Int | null {
		const seen = new Set<string>();
		let least: Int | null = null;

		for (const { header } of this.log(l)) {
			if (seen.has(String(header.seq)) && (least === null || header.seq < least))
				least = header.seq;
			seen.add(String(header.seq));
		}
		return least;
	}
}

// ---- cuts ----

/* Per log of a device, by stream and incarnation. A log that is not there is cut at −1. */
type Cuts = Map<string, Mark>;

function markKey(m: { stream: Bytes; inc: Bytes }): string {
	return hex(concat(m.stream, m.inc));
}

function cutsOf(marks: Mark[]): Cuts {
	return new Map(marks.map((m) => [markKey(m), m]));
}

/* c ∧ c' */
function both(c: Cuts | undefined, d: Cuts): Cuts {
	const out: Cuts = new Map();

	if (c === undefined)
		return d;
	for (const [key, a] of c) {
		const b = d.get(key);

		if (b === undefined)
			continue;
		const same = a.seq === b.seq && (a.head === null || b.head === null || !equal(a.head, b.head));

		out.set(key, same ? { ...a, head: null } : a.seq <= b.seq ? a : b);
	}
	return out;
}

function marks(cuts: Cuts): Value[] {
	return [...cuts.values()].filter((m) => m.seq >= 0)
		.sort((a, b) => compare(concat(a.stream, a.inc), concat(b.stream, b.inc)))
		.map((m) => [m.stream, m.inc, m.seq, m.head]);
}

// ---- what the evaluation comes to ----

/* How many older incarnations an OPEN has room for. */
const OLDER_MAX = 16;

interface Accepted<T> { entry: Entry; op: T; stratum: number }

interface Device extends Accepted<Admit> { dev: Bytes; sealPk: Bytes; sealIndex: number; seals: Bytes[] }

export class Org {
	readonly id: Bytes;
	readonly control: Bytes;
	readonly roster: Bytes;
	readonly rank = new Map<string, number>();
	readonly gone = new Map<string, Cuts>();
	readonly devices = new Map<string, Device>();
	/* The sign keys that any stored ADMIT names, accepted or not. */
	readonly admitted = new Set<string>();
	readonly grants = new Map<string, Accepted<Grant>>();
	readonly withdrawn = new Map<string, Cuts>();
	readonly teams = new Map<string, Accepted<Team> & { mode: number }>();
	readonly forks = new Map<string, { log: LogName; seq: Int }>();
	/* Everybody who was, is or claims to be the root, in their order, with the digests of the turns that retired them. */
	readonly roots: { pk: Bytes; dev: string; state: 'retired' | 'root' | 'contested'; turns: [Bytes, Cuts][] }[] = [];
	private withdrawals: Ungrant[] = [];

	constructor(readonly held: Held, readonly genesis: Genesis) {
		this.id = orgId(genesis);
		this.control = this.id.slice(0, 16);
		this.roster = HC(16, NONE, 'fb1/roster', this.id);
	}

	rankOf(dev: Bytes): number {
		return this.rank.get(hex(dev)) ?? RANK_NONE;
	}

	// ---- 4. Evaluation ----

	private *ofKind<T>(entries: Iterable<Entry>, kind: number, read: (payload: Bytes) => T): Generator<[Entry, T]> {
		for (const e of entries) {
			if (e.header.kind !== kind || e.payload === null || !equal(e.header.stream, this.control))
				continue;
			if (!this.held.read.has(e))
				this.held.read.set(e, unlessRefused(() => read(e.payload!)));
			const op = this.held.read.get(e) as T | null;

			if (op !== null)
				yield [e, op];
		}
	}

	/* "An entry of a control log **counts**" */
	private *counting(dev: Bytes): Generator<Entry> {
		for (const e of this.held.entries) {
			if (equal(e.header.stream, this.control) && equal(deviceId(e.header.author), dev) && this.counts(e, dev))
				yield e;
		}
	}

	private counts(e: Entry, dev: Bytes): boolean {
		const own = this.gone.get(hex(dev));
		const root = this.roots.find((r) => r.dev === hex(dev));
		const removes = e.header.kind === KIND.revoke || e.header.kind === KIND.ungrant;

		if (root?.state === 'contested')
			return removes && this.isUnder(e, own);
		if (root === undefined || root.turns.length === 0)
			return this.isUnder(e, own);
		/* "under the cuts of every turn that retired it; a REVOKE or UNGRANT when it does under the cuts of any" */
		const kept = root.turns.map(([, cuts]) => this.isUnder(e, cuts));

		return (own === undefined || this.isUnder(e, own)) && (removes ? kept.includes(true) : !kept.includes(false));
	}

	/* Does it count under these cuts, or without any? */
	private isUnder(e: Entry, cuts: Cuts | undefined): boolean {
		const cut = cuts?.get(markKey(e.header));
		const { kind, seq } = e.header;

		if (cuts !== undefined && (cut === undefined || cut.seq < 0))
			return false;
		const head = cut?.head ? this.held.at(e.header, cut.seq, cut.head) : null;

		if (head !== null)
			return this.held.isWithin(e, head);
		if (cut !== undefined && seq > cut.seq)
			return false;
		if (kind === KIND.revoke || kind === KIND.ungrant || kind === KIND.eraseReq || kind === KIND.eraseOk)
			return true;
		const fork = this.forks.get(hex(logKey(e.header)));

		return fork === undefined || seq < fork.seq;
	}

	// ---- Roots ----

	private addRoot(pk: Bytes, state: 'root' | 'contested'): void {
		const dev = hex(deviceId(pk));

		this.roots.push({ pk, dev, state, turns: [] });
		this.rank.set(dev, 0);
	}

	/* The different turns by the key that is wanted, by digest. */
	private turnsBy(wanted: Bytes): [Bytes, Rootrot][] {
		const found = new Map<string, [Bytes, Rootrot]>();

		for (const [, t] of this.ofKind(this.held.entries, KIND.rootrot, readRootrot)) {
			if (!equal(rotationHash(t.rotation), wanted) || this.roots.some((r) => equal(r.pk, t.root)))
				continue;
			const digest = turnDigest(t, this.id);

			if (verify('fb1/root/sig', digest, t.sig, t.rotation))
				found.set(hex(digest), [digest, t]);
		}
		return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, turn]) => turn);
	}

	private findRoots(): void {
		const wantedBefore = new Set<string>();
		let wanted = this.genesis.next;

		this.addRoot(this.genesis.root, 'root');
		while (wanted !== null && !wantedBefore.has(hex(wanted))) {
			const turns = this.turnsBy(wanted);
			const last = this.roots[this.roots.length - 1];

			wantedBefore.add(hex(wanted));
			if (turns.length === 0)
				return;
			last.state = 'retired';
			last.turns = turns.map(([digest, t]) => [digest, cutsOf(t.cuts)]);
			if (turns.length > 1) {
				const names = new Map(turns.map(([, t]) => [hex(t.root), t.root]));

				for (const [, pk] of [...names].sort(([a], [b]) => (a < b ? -1 : 1)))
					this.addRoot(pk, 'contested');
				return;
			}
			this.addRoot(turns[0][1].root, 'root');
			wanted = turns[0][1].next;
		}
	}

	private remove(dev: Bytes, cuts: Cuts): void {
		this.gone.set(hex(dev), both(this.gone.get(hex(dev)), cuts));
	}

	private collectForks(): void {
		for (const [, fork] of this.ofKind(this.held.entries, KIND.fork, (p) => readFork(decode(p)))) {
			const key = hex(logKey(fork));
			const known = this.forks.get(key);

			if (known === undefined || fork.seq < known.seq)
				this.forks.set(key, { log: fork, seq: fork.seq });
		}
	}

	private useKillCards(): void {
		const cards = new Map<string, Bytes[]>();

		for (const [, a] of this.ofKind(this.held.entries, KIND.admit, readAdmit)) {
			const dev = hex(deviceId(a.keys.sign));

			this.admitted.add(hex(a.keys.sign));
			if (a.possessed && a.keys.kill !== null)
				cards.set(dev, [...(cards.get(dev) ?? []), a.keys.kill]);
		}
		for (const [, r] of this.ofKind(this.held.entries, KIND.revoke, readRevoke)) {
			if ((cards.get(hex(r.dev)) ?? []).some((pk) => killed(r, this.id, pk)))
				this.remove(r.dev, cutsOf(r.cuts));
		}
	}

	/* All of a device's removals of itself are collected before the first of them cuts it. */
	private leave(dev: Bytes): void {
		const own = [...this.ofKind(this.counting(dev), KIND.revoke, readRevoke)].filter(([, r]) => equal(r.dev, dev));

		for (const [e, r] of own) {
			const cuts = cutsOf(r.cuts);
			const { stream, inc, seq } = e.header;

			cuts.set(markKey(e.header), { stream, inc, seq, head: e.id.slice(0, 16) });
			this.remove(dev, cuts);
		}
	}

	private admit(entry: Entry, op: Admit, stratum: number): void {
		const dev = deviceId(op.keys.sign);
		const known = this.devices.get(hex(dev));

		if (!op.possessed || this.roots.some((r) => equal(op.keys.sign, r.pk)))
			return;
		if (known === undefined || (known.stratum === stratum && compare(entry.id, known.entry.id) < 0))
			this.devices.set(hex(dev), { entry, op, stratum, dev, sealPk: op.keys.seal, sealIndex: 0, seals: [op.keys.seal] });
	}

	private grant(entry: Entry, op: Grant, stratum: number): void {
		if (op.role === ROLE.coordinator) {
			if (op.rank <= stratum)
				return;
			this.rank.set(hex(op.dev), Math.min(this.rankOf(op.dev), op.rank));
		}
		this.grants.set(hex(entry.id), { entry, op, stratum });
	}

	private team(entry: Entry, op: Team, stratum: number): void {
		const known = this.teams.get(hex(op.team));

		if (equal(op.team, this.control) || equal(op.team, this.roster))
			return;
		const mode = Math.min(op.mode, known?.mode ?? op.mode);
		const [a, b] = [entry.header.seq, known?.entry.header.seq ?? 0];
		const better = known === undefined || (known.stratum === stratum
			&& (a > b || (a === b && compare(entry.id, known.entry.id) < 0)));

		this.teams.set(hex(op.team), better ? { entry, op, stratum, mode } : { ...known, mode });
	}

	private stratum(r: number): void {
		const devs = [...this.rank].filter(([, rank]) => rank === r).map(([dev]) => new Uint8Array(Buffer.from(dev, 'hex')));

		for (const dev of devs) {
			this.leave(dev);
			const entries = [...this.counting(dev)];

			for (const [e, op] of this.ofKind(entries, KIND.admit, readAdmit))
				this.admit(e, op, r);
			for (const [e, op] of this.ofKind(entries, KIND.grant, readGrant))
				this.grant(e, op, r);
			for (const [e, op] of this.ofKind(entries, KIND.team, readTeam))
				this.team(e, op, r);
			for (const [, op] of this.ofKind(entries, KIND.revoke, readRevoke))
				this.revoke(dev, op, r);
			for (const [, op] of this.ofKind(entries, KIND.ungrant, readUngrant)) {
				if (equal(op.dev, dev) || this.rankOf(op.dev) > r)
					this.withdrawals.push(op);
			}
		}
	}

	private revoke(by: Bytes, op: Revoke, r: number): void {
		if (!equal(op.dev, by) && this.rankOf(op.dev) > r)
			this.remove(op.dev, cutsOf(op.cuts));
	}

	/* "Withdrawn is an accepted team GRANT whose id, device and team an accepted UNGRANT names." */
	private withdraw(): void {
		for (const u of this.withdrawals) {
			for (const id of u.grants) {
				const g = this.grants.get(hex(id))?.op;

				if (g !== undefined && g.team !== null && equal(g.team, u.team) && equal(g.dev, u.dev))
					this.withdrawn.set(hex(id), both(this.withdrawn.get(hex(id)), cutsOf(u.cuts)));
			}
		}
	}

	/* How many older incarnations the OPEN that a control entry rests on lists. */
	private older(e: Entry): number {
		let first: Entry | null = e;

		while (first !== null && first.header.seq > 0)
			first = this.held.parent(first);
		if (first === null || first.header.kind !== KIND.open || first.payload === null)
			return 0;
		const count = unlessRefused(() => readOpen(first!.payload!))?.older.length ?? 0;

		return count < OLDER_MAX ? count : count + (this.isListedByFull(first) ? 0 : 1);
	}

	/* "… an OPEN that lists 16 goes before one that another OPEN listing 16 lists." Of two OPENs of a log the smaller id stands. */
	private isListedByFull(open: Entry): boolean {
		const firsts = new Map<string, Entry>();

		for (const e of this.held.entries) {
			const key = hex(e.header.inc);
			const known = firsts.get(key);

			if (e.header.seq == 0 && e.header.kind === KIND.open && e.payload !== null && equal(e.header.author, open.header.author)
				&& equal(e.header.stream, open.header.stream) && unlessRefused(() => readOpen(e.payload!)) && (known === undefined || compare(e.id, known.id) < 0))
				firsts.set(key, e);
		}
		return [...firsts.values()].some((e) => {
			const listed = readOpen(e.payload!).older;

			return !equal(e.header.inc, open.header.inc) && listed.length === OLDER_MAX && listed.some((o) => equal(o.inc, open.header.inc));
		});
	}

	private sealKeys(d: Device): void {
		const keys = [...this.ofKind(this.counting(d.dev), KIND.sealkey, readSealkey)].map(([e, pk]) => ({ e, pk, older: this.older(e) }));

		keys.sort((a, b) => b.older - a.older || (a.e.header.seq < b.e.header.seq ? 1 : a.e.header.seq > b.e.header.seq ? -1 : 0)
			|| compare(a.e.id, b.e.id));
		d.sealIndex = keys.length;
		d.seals.push(...keys.map((k) => k.pk));
		if (keys.length > 0)
			d.sealPk = keys[0].pk;
	}

	evaluate(): this {
		this.collectForks();
		this.findRoots();
		this.useKillCards();
		for (let r = 0; r < STRATA; r++)
			this.stratum(r);
		for (const d of this.devices.values()) {
			if (this.rankOf(d.dev) !== RANK_NONE)
				continue;
			this.leave(d.dev);
			for (const [, op] of this.ofKind(this.counting(d.dev), KIND.ungrant, readUngrant)) {
				if (equal(op.dev, d.dev))
					this.withdrawals.push(op);
			}
		}
		this.withdraw();
		for (const d of this.devices.values())
			this.sealKeys(d);
		return this;
	}

	liveGrants(): Accepted<Grant>[] {
		return [...this.grants.values()].filter((g) => !this.withdrawn.has(hex(g.entry.id)))
			.sort((a, b) => compare(a.entry.id, b.entry.id));
	}

	isMember(dev: Bytes): boolean {
		return this.devices.has(hex(dev)) && !this.gone.has(hex(dev)) && this.liveGrants().some((g) => equal(g.op.dev, dev));
	}

	members(): Device[] {
		return [...this.devices.values()].filter((d) => this.isMember(d.dev)).sort((a, b) => compare(a.dev, b.dev));
	}

	hasRole(dev: Bytes, ...roles: number[]): boolean {
		return this.liveGrants().some((g) => equal(g.op.dev, dev) && roles.includes(g.op.role));
	}

	/* Bit role − 1 of each role that a device has. */
	roles(dev: Bytes): number {
		return this.liveGrants().filter((g) => equal(g.op.dev, dev)).reduce((bits, g) => bits | (1 << (g.op.role - 1)), 0);
	}

	// ---- ctl_digest ----

	state(): Value {
		const byKey = <T>(map: Map<string, T>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
		const raw = (key: string) => new Uint8Array(Buffer.from(key, 'hex'));

		return [
			this.id,
			byKey(this.devices).map(([, d]) => [d.dev, d.op.keys.sign, d.op.keys.noise, d.op.keys.note, d.sealPk, d.sealIndex,
				d.op.member, d.op.encName, d.entry.id, this.rankOf(d.dev), this.roles(d.dev), this.gone.has(hex(d.dev))]),
			this.liveGrants().map((g) => [g.entry.id, g.op.dev, deviceId(g.entry.header.author), g.op.role, g.op.team, g.op.rank]),
			byKey(this.teams).map(([, t]) => [t.op.team, t.op.encName, t.op.state, t.mode, t.entry.id]),
			byKey(this.gone).map(([dev, cuts]) => [raw(dev), marks(cuts)]),
			byKey(this.withdrawn).map(([id, cuts]) => [raw(id), marks(cuts)]),
			byKey(this.forks).map(([, f]) => [f.log.author, f.log.stream, f.log.inc, f.seq]),
			this.roots.map((r) => [r.pk, ['retired', 'root', 'contested'].indexOf(r.state), r.turns.map(([digest]) => digest)]),
		];
	}

	digest(): Bytes {
		return HC(16, NONE, 'fb1/ctl', encode(this.state()));
	}

	// ---- 5. Team logs ----

	private fits(g: Grant, team: Bytes): boolean {
		const wide = equal(team, this.roster) || this.teams.get(hex(team))?.mode === 1;

		return (g.team !== null && equal(g.team, team)) || (wide && (g.role === ROLE.coordinator || g.role === ROLE.advisor));
	}

	/* The grant that a team log was opened under, or null: then nothing of the log has effect. */
	private openedUnder(l: LogName): Accepted<Grant> | null {
		const dev = deviceId(l.author);
		const first = this.held.log(l).filter((e) => e.header.seq === 0 && e.header.kind === KIND.teamOpen)
			.sort((a, b) => compare(a.id, b.id))[0];
		const open = first?.payload ? unlessRefused(() => readOpen(first.payload!)) : null;
		const g = open?.grant ? this.grants.get(hex(open.grant)) : undefined;

		return g !== undefined && this.devices.has(hex(dev)) && equal(g.op.dev, dev) && this.fits(g.op, l.stream) ? g : null;
	}

	/* The cuts that hold for logs opened under this grant; undefined: none. */
	private cutsUnder(g: Accepted<Grant>, author: Bytes): Cuts | undefined {
		const gone = this.gone.get(hex(deviceId(author)));
		const withdrawn = this.withdrawn.get(hex(g.entry.id));

		return gone === undefined ? withdrawn : withdrawn === undefined ? gone : both(gone, withdrawn);
	}

	/* Was its log rightly opened, and does it lie within the cut? Forks aside. */
	private withinCut(e: Entry): boolean {
		const g = this.openedUnder(e.header);

		if (g === null)
			return false;
		const cuts = this.cutsUnder(g, e.header.author);
		const cut = cuts?.get(markKey(e.header));

		return cuts === undefined || (cut !== undefined && e.header.seq <= cut.seq);
	}

	/* "the ADOPT lies within its cut and below the least seq that a FORK entry proves of its log" */
	private mayAdopt(e: Entry): boolean {
		const proved = this.forks.get(hex(logKey(e.header)));

		return this.withinCut(e) && (proved === undefined || e.header.seq < proved.seq);
	}

	/* Does `e` of a team log lie below the limit of its log, adoptions aside? */
	private belowLimit(e: Entry): boolean {
		const { seq } = e.header;

		if (!this.withinCut(e))
			return false;
		const cut = this.cutsUnder(this.openedUnder(e.header)!, e.header.author)?.get(markKey(e.header));
		const proved = this.forks.get(hex(logKey(e.header)))?.seq ?? null;
		const parting = this.held.parting(e.header);
		const fork = proved === null ? parting : parting === null || proved < parting ? proved : parting;

		if (fork === null || seq < fork)
			return true;
		const head = cut?.head ? this.held.at(e.header, cut.seq, cut.head) : null;

		return head !== null && this.held.isWithin(e, head);
	}

	/* The ids of all entries of a team that have effect. */
	effective(team: Bytes): Entry[] {
		const all = this.held.entries.filter((e) => equal(e.header.stream, team));
		const ids = new Set(all.filter((e) => this.belowLimit(e)).map((e) => hex(e.id)));
		const adopts = all.filter((e) => e.header.kind === KIND.adopt && e.payload !== null && this.mayAdopt(e));

		for (const a of adopts.flatMap((e) => unlessRefused(() => readAdopt(e.payload!)) ?? [])) {
			const head = equal(a.stream, team) ? this.held.at(a, a.to, a.head) : null;

			for (let at = head; at !== null && at.header.seq >= a.from; at = this.held.parent(at))
				ids.add(hex(at.id));
		}
		return all.filter((e) => ids.has(hex(e.id)));
	}

	// ---- 9. Erasure ----

	private deviceOf(e: Entry): Device | undefined {
		return this.devices.get(hex(deviceId(e.header.author)));
	}

	/* Those of a kind that count, with what they say and whose device wrote them. */
	private said<T>(kind: number, read: (payload: Bytes) => T): { e: Entry; d: Device; says: T }[] {
		return this.held.entries.filter((e) => e.header.kind === kind && equal(e.header.stream, this.control) && e.payload !== null).flatMap((e) => {
			const d = this.deviceOf(e);
			const says = unlessRefused(() => read(e.payload!));

			return d !== undefined && says !== null && this.counts(e, d.dev) ? [{ e, d, says }] : [];
		});
	}

	/* "A range names an entry … when the entry's seq lies within it and the entry is that which head16 begins, or an ancestor of it." */
	private *named(places: Place[]): Generator<Entry> {
		for (const p of places) {
			for (const [from, to, head16] of p.ranges) {
				for (let at = this.held.at(p, to, head16); at !== null && at.header.seq >= from; at = this.held.parent(at))
					yield at;
			}
		}
	}

	/* The entries whose payloads every replica deletes. */
	covered(): Entry[] {
		const oks = this.said(KIND.eraseOk, readEraseOk);
		const approved = this.said(KIND.eraseReq, readEraseReq).filter((q) => oks.some((ok) => equal(ok.says, q.e.id)
			&& this.rankOf(ok.d.dev) <= 15 && !equal(ok.d.op.member, q.d.op.member)));
		const gone = new Set(approved.flatMap((q) => [...this.named(q.says.places)]));
		const lateBy = new Map<Entry, Set<string>>();

		for (const r of this.said(KIND.receipt, readReceipt)) {
			if (!approved.some((q) => equal(q.e.id, r.says.request)))
				continue;
			for (const e of this.named(r.says.late)) {
				if (this.readers(e.header.stream).some((d) => equal(d.dev, r.d.dev)))
					lateBy.set(e, (lateBy.get(e) ?? new Set()).add(hex(r.d.op.member)));
			}
		}
		for (const [e, members] of lateBy) {
			if (members.size > 1)
				gone.add(e);
		}
		return [...gone].filter((e) => e.header.kind === KIND.data && !equal(e.header.stream, this.control));
	}

	/* "Who reads." */
	isDropBox(stream: Bytes): boolean {
		return this.teams.get(hex(stream))?.mode === 1;
	}

	readers(team: Bytes): Device[] {
		const mode = this.teams.get(hex(team))?.mode;

		return this.members().filter((d) => {
			if (equal(team, this.roster))
				return this.hasRole(d.dev, ROLE.coordinator, ROLE.advisor);
			if (mode === 1)
				return this.hasRole(d.dev, ROLE.coordinator);
			return this.liveGrants().some((g) => equal(g.op.dev, d.dev) && g.op.team !== null && equal(g.op.team, team));
		});
	}
}

export function orgId(g: Genesis): Bytes {
	return HC(32, NONE, 'fb1/org', g.root, g.nonce, Uint8Array.of(g.escrow ? 1 : 0), g.escrowPk ?? NONE, g.next ?? NONE);
}

/* "the GENESIS entry that speaks for itself (log.md, 5) with the smallest id" */
export function evaluate(entries: Entry[]): Org | null {
	const found = entries.flatMap((e) => {
		const g = e.header.kind === KIND.genesis && e.header.seq === 0 && e.payload !== null
			? unlessRefused(() => readGenesis(e.payload!)) : null;

		return g !== null && equal(g.root, e.header.author) && equal(orgId(g).subarray(0, 16), e.header.stream) ? [{ e, g }] : [];
	}).sort((a, b) => compare(a.e.id, b.e.id));

	return found.length === 0 ? null : new Org(new Held(entries), found[0].g).evaluate();
}

