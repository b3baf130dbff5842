/*
 * proto/crdt.md: change bodies, the clock, what changes come to, and the one
 * form of it that is hashed.
 */
import { Bytes, NONE, compare, concat, hex, must } from './bytes';
import { HC } from './hc';
import { DEPTH_MAX, Float, Value, asArray, asBin, asCount, asInt, asUint, decode, depth, encode, orNull } from './msgpack';

const OPS_MAX = 512;
const UINT32_MAX = 2 ** 32 - 1;
const YEAR_1_MS = Date.parse('0001-01-01T00:00:00Z');
const YEAR_10000_MS = Date.UTC(10000, 0);
/* A value stands in an op, in the list of ops, in the body. */
const BODY_DEPTH = 3 + DEPTH_MAX;

export const KIND = { set: 1, add: 2, remove: 3, sum: 4, note: 5, blob: 6, clear: 7 } as const;

export interface Dot { entry: Bytes; index: number }

export interface Op { kind: number; field: number; value: Value; over: Dot[] }

export interface Change {
	group: Bytes;
	record: Bytes;
	type: number;
	hlc: bigint;
	import16: Bytes | null;
	ops: Op[];
}

// ---- 2. Body ----

function readDot(v: Value): Dot {
	const [entry, index] = asArray(v, 2);

	return { entry: asBin(entry, 16), index: asCount(index, OPS_MAX - 1) };
}

function readOp(v: Value): Op {
	const [kind, field, value, over] = asArray(v, 4);

	must(asCount(kind, 255) >= 1, 'op kind 0');
	must(depth(value) <= DEPTH_MAX, 'a value more than 8 containers deep');
	return { kind: asCount(kind), field: asCount(field, UINT32_MAX), value, over: asArray(over).map(readDot) };
}

export function readChange(body: Bytes): Change {
	must(body.length <= 55295, 'a body over 55 295 bytes');
	const f = asArray(decode(body, BODY_DEPTH));

	must(f[0] === 1, 'a body of another version');
	asArray(f, 9);
	asCount(f[1], UINT32_MAX);
	orNull(f[6], (shown) => {
		const [ms, offset] = asArray(shown, 2);

		asInt(ms, YEAR_1_MS, YEAR_10000_MS - 1);
		asInt(offset, -1439, 1439);
	});
	const c = {
		group: asBin(f[2], 16), record: asBin(f[3], 16), type: asCount(f[4], UINT32_MAX), hlc: BigInt(asUint(f[5])),
		import16: orNull(f[7], (v) => asBin(v, 16)), ops: asArray(f[8]).map(readOp),
	};

	must(c.type !== 0, 'type 0');
	must(c.ops.length <= OPS_MAX, 'too many ops');
	return c;
}

// ---- 3. Clock ----

const DAY_MS = 86400000n;
const LAST_MAX = 2n ** 64n - 1n;

function wallMs(ms: number): bigint {
	const limit = 2n ** 48n - 1n;

	return ms < 0 ? 0n : BigInt(ms) > limit ? limit : BigInt(ms);
}

export function tick(last: bigint, ms: number): bigint {
	const wall = wallMs(ms) << 16n;
	const next = last < LAST_MAX ? last + 1n : LAST_MAX;

	return wall > next ? wall : next;
}

export function observe(last: bigint, ms: number, hlc: bigint): { last: bigint; suspect: boolean } {
	if ((hlc >> 16n) > wallMs(ms) + DAY_MS)
		return { last, suspect: true };
	return { last: hlc > last ? hlc : last, suspect: false };
}

// ---- 4. Merge rules ----

interface Surviving { dot: Dot; kind: number; value: Value }

interface RecordState {
	id: Bytes;
	/* Of the change with the smallest (hlc, entry16). */
	first: { hlc: bigint; entry: Bytes; type: number; group: Bytes };
	fields: Map<number, Surviving[]>;
	over: Map<number, Set<string>>;
	notes: { dot: Dot; note: Value[] }[];
}

function dotKey(d: Dot): string {
	return `${hex(d.entry)}.${d.index}`;
}

function compareDots(a: Dot, b: Dot): number {
	return compare(a.entry, b.entry) || a.index - b.index;
}

function isBin16(v: Value): boolean {
	return v instanceof Uint8Array && v.length === 16;
}

/* "A known op whose value has the wrong form changes nothing. An op of an unknown kind changes nothing." */
function hasForm(op: Op): boolean {
	const v = op.value;

	switch (op.kind) {
	case KIND.set:
	case KIND.add:
	case KIND.remove:
		return true;
	case KIND.sum:
		return typeof v === 'number' || typeof v === 'bigint' || (v instanceof Float && Number.isFinite(v.value));
	case KIND.note:
		return Array.isArray(v) && v.length === 3 && isBin16(v[0]) && typeof v[1] === 'string' && (v[2] === null || isBin16(v[2]));
	case KIND.blob:
		return Array.isArray(v) && v.length === 4 && isBin16(v[0]) && typeof v[1] === 'number' && typeof v[2] === 'number'
			&& v[1] >= 0 && v[1] < v[2] && v[2] <= 1024 && v[3] instanceof Uint8Array;
	case KIND.clear:
		return v === null;
	}
	return false;
}

/* All records that a set of effective changes comes to, whatever order they are added in. */
export class State {
	private records = new Map<string, RecordState>();

	get count(): number {
		return this.records.size;
	}

	countOf(type: number): number {
		return [...this.records.values()].filter((r) => r.first.type === type).length;
	}

	private record(entry: Bytes, c: Change): RecordState {
		const first = { hlc: c.hlc, entry, type: c.type, group: c.group };
		let r = this.records.get(hex(c.record));

		if (r === undefined) {
			r = { id: c.record, first, fields: new Map(), over: new Map(), notes: [] };
			this.records.set(hex(c.record), r);
		} else if (c.hlc < r.first.hlc || (c.hlc === r.first.hlc && compare(entry, r.first.entry) < 0)) {
			r.first = first;
		}
		return r;
	}

	/* `entry` is the first 16 bytes of the id of the entry that `c` is the body of. */
	add(entry: Bytes, c: Change): void {
		const r = this.record(entry, c);

		c.ops.forEach((op, index) => {
			const dot = { entry, index };

			if (!hasForm(op))
				return;
			if (op.kind === KIND.note) {
				r.notes.push({ dot, note: op.value as Value[] });
				return;
			}
			if (op.kind !== KIND.remove && op.kind !== KIND.clear)
				r.fields.set(op.field, [...(r.fields.get(op.field) ?? []), { dot, kind: op.kind, value: op.value }]);
			const over = r.over.get(op.field) ?? new Set();

			op.over.forEach((d) => over.add(dotKey(d)));
			r.over.set(op.field, over);
		});
	}

	private static surviving(r: RecordState, field: number): Surviving[] {
		return r.fields.get(field)!.filter((v) => !r.over.get(field)!.has(dotKey(v.dot)))
			.sort((a, b) => compareDots(a.dot, b.dot));
	}

	/* "two surviving values of kind set or blob that differ in their bytes. Pieces with one blob16 are one value." */
	conflict(record: Bytes, field: number): boolean {
		const r = this.records.get(hex(record))!;
		const values = State.surviving(r, field).filter((v) => v.kind === KIND.set || v.kind === KIND.blob)
			.map((v) => hex(concat(Uint8Array.of(v.kind), encode(v.kind === KIND.blob ? (v.value as Value[])[0] : v.value))));

		return new Set(values).size > 1;
	}

	anyConflict(): boolean {
		return [...this.records.values()].some((r) => [...r.fields.keys()].some((f) => this.conflict(r.id, f)));
	}

	// ---- 5. Canonical form and state hash ----

	canonical(): Bytes {
		const records = [...this.records.values()].sort((a, b) => compare(a.id, b.id)).map((r) => {
			const fields = [...r.fields.keys()].sort((a, b) => a - b)
				.map((f) => [f, State.surviving(r, f).map((v) => [v.dot.entry, v.dot.index, v.kind, v.value])] as Value[])
				.filter(([, values]) => (values as Value[]).length > 0);
			const notes = r.notes.sort((a, b) => compareDots(a.dot, b.dot)).map((n) => [n.dot.entry, n.dot.index, ...n.note]);

			return [r.id, r.first.type, r.first.group, fields, notes];
		});

		return encode(records);
	}

	hash(): Bytes {
		return stateHash(this.canonical());
	}
}

export function stateHash(canonical: Bytes): Bytes {
	return HC(32, NONE, 'fb1/state', canonical);
}

/* profile.md, 5: what two imports of one line have in common. */
export function importId(record: Bytes, line: Bytes): Bytes {
	return HC(16, NONE, 'fb1/import', record, line);
}

