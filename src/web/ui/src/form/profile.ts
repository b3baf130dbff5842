/*
 * The programme profile as the page uses it: labels in the reader's language,
 * what a type has, what a code is called. Built once for a profile.
 */
import { fold } from '../base/fold';
import type { Choice, FieldDef, FieldValue, Labels, ProfileDoc, Rec, Scalar, TypeDef } from '../api/types';
import { isConflict } from '../api/types';
import { formatDate, formatMoment, today } from '../i18n/format';
import { formatNumber } from '../i18n/catalogue';

export interface Option { code: string; label: string; folded: string[]; ended: boolean }

export class Profile {
	private readonly types = new Map<string, TypeDef>();
	private readonly options_kept = new Map<string, Option[]>();

	constructor(readonly doc: ProfileDoc) {
		for (const t of doc.types) this.types.set(t.name, t);
	}

	has(type: string): boolean {
		return this.types.has(type);
	}

	type(name: string): TypeDef | undefined {
		return this.types.get(name);
	}

	field(type: string, name: string): FieldDef | undefined {
		return this.types.get(type)?.fields.find((f) => f.name === name);
	}

	/* A list's choices: the label shown, and every label of it folded for search in any language. */
	options(type: string, name: string, lang: string): Option[] {
		const key = `${type}.${name}.${lang}`;
		let all = this.options_kept.get(key);
		if (all === undefined) {
			all = (this.field(type, name)?.choices ?? []).map((c) => toOption(c, lang));
			this.options_kept.set(key, all);
		}
		return all;
	}
}

function toOption(c: Choice, lang: string): Option {
	const words = new Set([...Object.values(c.label), c.code].map(fold));
	const day = today();
	const ended = (c.valid_to !== undefined && c.valid_to < day) || (c.valid_from !== undefined && c.valid_from > day);
	return { code: c.code, label: label(c.label, lang, c.code), folded: [...words], ended };
}

/* In the reader's language; else Swedish, English, whatever there is, and the code at last. */
export function label(labels: Labels | undefined, lang: string, otherwise: string): string {
	if (labels === undefined) return otherwise;
	return labels[lang] ?? labels[lang.split('-')[0] ?? ''] ?? labels['sv'] ?? labels['en'] ?? Object.values(labels)[0] ?? otherwise;
}

export function capital(text: string): string {
	const first = [...text][0] ?? '';
	return first.toLocaleUpperCase() + text.slice(first.length);
}

export function fieldLabel(f: FieldDef, lang: string): string {
	return capital(label(f.label, lang, f.name));
}

export function choiceLabel(f: FieldDef, code: string, lang: string): string {
	const c = f.choices?.find((x) => x.code === code);
	return c === undefined ? code : label(c.label, lang, code);
}

/* One value in words. `names` tells what a reference is called. */
export function scalarText(f: FieldDef | undefined, v: Scalar, lang: string, words: { yes: string; no: string }, names?: (id: string) => string): string {
	if (typeof v === 'boolean') return v ? words.yes : words.no;
	if (typeof v === 'number') return formatNumber(lang, v);
	if (f === undefined) return v;
	if (f.choices !== undefined) return choiceLabel(f, v, lang);
	if (f.type === 'date') return formatDate(lang, v);
	if (f.type === 'datetime') return formatMoment(lang, v);
	if (f.type === 'ref') return names?.(v) ?? v.slice(0, 6);
	return v;
}

/* The plain values of a field; of a conflict, all that claim it. */
export function scalars(v: FieldValue | undefined): Scalar[] {
	if (v === undefined || v === null) return [];
	if (isConflict(v)) return v.conflict.flatMap((c) => scalars(c.value));
	return Array.isArray(v) ? v : [v];
}

export function text(r: Rec | undefined, field: string): string {
	const v = scalars(r?.fields[field])[0];
	return v === undefined ? '' : String(v);
}
