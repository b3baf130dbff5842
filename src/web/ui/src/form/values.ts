/*
 * What a form holds: for each field the texts that are chosen or written, and
 * from that the "set" and "add" of an operation. An empty answer is not sent:
 * a question that nobody answered is missing, which is counted as missing.
 */
import type { FieldDef, Rec, Value } from '../api/types';
import { scalars } from './profile';

export type Values = Readonly<Record<string, readonly string[]>>; // name, or "case.name" → answers
export const NO_VALUES: Values = {};

export function answered(v: Values): boolean {
	return Object.values(v).some((a) => a.some((x) => x.trim() !== ''));
}

export function withValue(v: Values, name: string, answers: readonly string[]): Values {
	return { ...v, [name]: answers };
}

/* The JSON of one answer, by the field's type; undefined when it does not fit. */
export function toValue(f: FieldDef, text: string): Value | undefined {
	const plain = text.trim();
	switch (f.type) {
	case 'bool': return plain === 'true';
	case 'integer': return /^-?\d{1,15}$/.test(plain) ? Number(plain) : undefined;
	case 'decimal': {
		const n = plain.replace(',', '.');
		return /^-?\d{1,12}(\.\d{1,6})?$/.test(n) ? Number(n) : undefined;
	}
	default: return plain;
	}
}

export function misfits(f: FieldDef, answers: readonly string[]): boolean {
	return answers.some((a) => {
		const v = a.trim() === '' ? null : toValue(f, a);
		return v === undefined || (typeof v === 'number' && ((f.min !== undefined && v < f.min) || (f.max !== undefined && v > f.max)));
	});
}

/* Is the question asked, given what has been answered? */
export function relevant(f: FieldDef, values: Values, prefix = ''): boolean {
	const r = f.relevant;
	return r === undefined || (values[prefix + r.field] ?? []).some((v) => r.is.includes(v));
}

export interface Assign { set: Record<string, Value>; add: Record<string, Value> }

export function toAssign(values: Values, fieldOf: (name: string) => FieldDef | undefined): Assign {
	const out: Assign = { set: {}, add: {} };
	for (const [name, answers] of Object.entries(values)) {
		const f = fieldOf(name);
		const given = f === undefined ? [] : answers.filter((a) => a.trim() !== '').map((a) => toValue(f, a)).filter((v) => v !== undefined);
		if (f === undefined || given.length === 0) continue;
		if (f.holds === 'set') out.add[name] = given as string[];
		else if (f.holds === 'sum') out.add[name] = given[0] as Value;
		else out.set[name] = given[0] as Value;
	}
	return out;
}

/* What a form for an existing record begins with. Conflicts are settled elsewhere, not here. */
export function fromRecord(r: Rec, fields: readonly FieldDef[]): Values {
	const out: Record<string, string[]> = {};
	for (const f of fields) {
		const v = r.fields[f.name];
		if (v === undefined || f.holds === 'sum' || (typeof v === 'object' && v !== null && !Array.isArray(v))) continue;
		out[f.name] = scalars(v).map(String);
	}
	return out;
}

/* Only what was changed, as one change: set, add to a set, take away from it. A cleared answer is set to nothing. */
export function toChange(before: Values, after: Values, fieldOf: (name: string) => FieldDef | undefined): Assign & { remove: Record<string, Value> } {
	const out: Assign & { remove: Record<string, Value> } = { set: {}, add: {}, remove: {} };
	for (const [name, answers] of Object.entries(after)) {
		const f = fieldOf(name);
		if (f === undefined) continue;
		const was = before[name] ?? [], now = answers.filter((a) => a.trim() !== '');
		if (f.holds === 'set') {
			const more = now.filter((a) => !was.includes(a)), less = was.filter((a) => !now.includes(a));
			if (more.length > 0) out.add[name] = more;
			if (less.length > 0) out.remove[name] = less;
		} else if (f.holds === 'sum') {
			const v = now[0] === undefined ? undefined : toValue(f, now[0]);
			if (v !== undefined) out.add[name] = v;
		} else if (now[0] !== was[0]) {
			const v = now[0] === undefined ? null : toValue(f, now[0]);
			if (v !== undefined) out.set[name] = v;
		}
	}
	return out;
}
