/* proto/vectors/crdt.json against crdt.md, and profile.md, 5. */
import { hex, unhex } from './bytes';
import { Case, Count } from './count';
import { State, importId, observe, readChange, stateHash, tick } from './crdt';

/* Every order of a few things: "The order in which entries arrive makes no difference". */
function orders<T>(list: T[]): T[][] {
	if (list.length < 2)
		return [list];
	return list.flatMap((x, i) => orders([...list.slice(0, i), ...list.slice(i + 1)]).map((rest) => [x, ...rest]));
}

function merged(changes: Case[]): State {
	const state = new State();

	for (const c of changes)
		state.add(unhex(c.entry), readChange(unhex(c.body)));
	return state;
}

function hlc(text: string): bigint {
	return BigInt(`0x${text}`);
}

export function checkCrdt(v: Case, c: Count): void {
	for (const x of v.bodies) {
		if (x.accept)
			c.check('bodies', x.name, () => readChange(unhex(x.body)).record.length === 16);
		else
			c.refuses('bodies', x.name, () => readChange(unhex(x.body)));
	}
	for (const x of v.merges) {
		for (const order of orders<Case>(x.changes).slice(0, 24)) {
			c.same('merges', x.name, x.canonical, () => merged(order).canonical());
			c.same('merges', x.name, x.state, () => merged(order).hash());
		}
		c.check('merges', `${x.name}, conflict`, () => merged(x.changes).anyConflict() === x.conflict);
	}
	for (const x of v.states)
		c.same('states', x.name, x.state, () => stateHash(unhex(x.canonical)));
	for (const x of v.clock) {
		c.check('clock', x.name, () => {
			if (x.observe === undefined)
				return tick(hlc(x.last), x.wall_ms) === hlc(x.then);
			const got = observe(hlc(x.last), x.wall_ms, hlc(x.observe));

			return got.last === hlc(x.then) && got.suspect === x.suspect;
		});
	}
	for (const x of [v.import].flat())
		c.same('import', hex(unhex(x.record)), x.import, () => importId(unhex(x.record), unhex(x.line)));
}
