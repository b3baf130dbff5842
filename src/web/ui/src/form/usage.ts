/*
 * Which choices come first: those used most and latest, by what is on record.
 * A use counts half after ten later ones, so a morning's run of housing moves
 * up without burying what is asked for every week.
 */
import type { Rec } from '../api/types';
import { scalars } from './profile';
import type { Option } from './profile';

export type Usage = Map<string, number>; // "type.field=code" → weight

const HALF_LIFE = 10;

/* `newest` first, as `list` gives them. */
export function countUse(newest: readonly Rec[], usage: Usage = new Map()): Usage {
	newest.forEach((r, i) => {
		for (const [field, value] of Object.entries(r.fields))
			for (const v of scalars(value)) {
				if (typeof v !== 'string') continue;
				const key = `${r.type}.${field}=${v}`;
				usage.set(key, (usage.get(key) ?? 0) + 0.02 + 0.5 ** (i / HALF_LIFE));
			}
	});
	return usage;
}

/* Most used first, then the profile's own order. Ended choices are for old records only. */
export function ordered(options: readonly Option[], usage: Usage, type: string, field: string): Option[] {
	const weight = (o: Option): number => usage.get(`${type}.${field}=${o.code}`) ?? 0;
	return options.filter((o) => !o.ended).map((o, i) => ({ o, i, w: weight(o) }))
		.sort((a, b) => b.w - a.w || a.i - b.i).map((x) => x.o);
}
