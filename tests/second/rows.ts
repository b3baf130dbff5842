/* proto/vault.md, 12: the coded row of a change. */
import { Bytes, NONE, hex } from './bytes';
import { HC } from './hc';
import { Value, asArray, asBin, asCount, decode, encode, orNull } from './msgpack';
import { KIND } from './crdt';

/* What a profile says of a field that is copied: as it is; codes of a list alone; what a ref names. */
export type Copied = { kind: 'plain' } | { kind: 'codes'; codes: string[] } | { kind: 'ref'; open: boolean };

export const rowId = (record: Bytes) => HC(16, NONE, 'fb1/row', record);
export const rowDot = (record: Bytes, of: Bytes) => HC(16, NONE, 'fb1/row/dot', record, of);

const MERGED_INTO = 65536; /* proto/day.md, 1 */
const COPIED_KINDS: number[] = [KIND.set, KIND.add, KIND.remove, KIND.sum, KIND.clear];

function codedValue(kind: number, how: Copied, value: Value): Value | undefined {
	if (kind === KIND.clear || kind === KIND.sum || how.kind === 'plain')
		return value;
	if (how.kind === 'codes')
		return how.codes.some((code) => value === code) ? value : undefined;
	return how.open ? value : rowId(asBin(value, 16));
}

/* `importOf`: the import16 that an entry came by, by its hex. */
export function codeRow(change: Bytes, entry: Bytes, open: boolean, fields: Map<number, Copied>, importOf: Map<string, Bytes>): Bytes {
	const [v, version, , record, type, hlc, , import16, ops] = asArray(decode(change, 12), 9);
	const dot = (of: Value) => rowDot(asBin(record), importOf.get(hex(asBin(of, 16))) ?? asBin(of));
	let used = 0;
	const coded = asArray(ops).map((op, i): Value => {
		const [kind, field, value, over] = asArray(op, 4);
		const how: Copied | undefined = asCount(field) !== MERGED_INTO ? fields.get(asCount(field))
			: kind === KIND.set || kind === KIND.clear ? { kind: 'ref', open } : undefined;
		const copied = how === undefined || !COPIED_KINDS.includes(asCount(kind)) ? undefined : codedValue(asCount(kind), how, value);

		if (copied === undefined)
			return [255, 0, null, []];
		used = i + 1;
		return [kind, field, copied, asArray(over).map((d): Value => [dot(asArray(d, 2)[0]), asArray(d, 2)[1]])];
	});

	return encode([v, version, new Uint8Array(16), open ? record : rowId(asBin(record)), type, hlc, null,
		rowDot(asBin(record), orNull(import16, (x) => asBin(x, 16)) ?? entry), coded.slice(0, used)]);
}
