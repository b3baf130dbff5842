/* Which choices fit what is typed, best first; the order given breaks ties. */
import { fits, fold } from '../base/fold';
import type { Option } from './profile';

export function matching(options: readonly Option[], typed: string): Option[] {
	const query = fold(typed.trim());
	if (query === '') return [...options];
	return options.map((o, i) => ({ o, i, fit: Math.max(0, ...o.folded.map((w) => fits(query, w)), fits(query, fold(o.label))) }))
		.filter((x) => x.fit > 0).sort((a, b) => b.fit - a.fit || a.i - b.i).map((x) => x.o);
}
