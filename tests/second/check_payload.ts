/*
 * proto/vectors/payload.json against org.md, 3, 9, 10 and 11, and log.md, 6: payloads that have no
 * part in the evaluation of an organisation.
 */
import { hex, unhex } from './bytes';
import { Case, Count } from './count';
import { isLeaving, listsNothingElsewhere, netkeyCommit, openNetkey, readAttest, readNetkey, saysLeaving } from './attest';
import { checkForms } from './ops';
import { KIND } from './org_ops';

function checkAttests(v: Case, c: Count): void {
	for (const x of v.attests) {
		const told = [x.day, x.ctl_digest, x.frontier_root, x.logs, x.items, x.epochs];

		c.same('attests', `${x.items.length} logs`, JSON.stringify(told), () => {
			const a = readAttest(unhex(x.payload));

			return JSON.stringify([a.day, hex(a.digest), hex(a.root), a.logs, a.items.map((i) => [hex(i.log), Number(i.len), hex(i.head)]),
				a.epochs.map((e) => [hex(e.stream), e.epoch === null ? '' : hex(e.epoch), e.oldest])]);
		});
	}
}

function checkLeaving(v: Case, c: Count): void {
	for (const x of v.leaving) {
		const e = { seq: x.seq, isAttest: x.kind === KIND.attest, payload: unhex(x.payload) };

		c.same('leaving', x.name, JSON.stringify([x.says, x.leaving, x.out_of_place]), () =>
			JSON.stringify([saysLeaving(e), isLeaving(e, x.control, x.elsewhere), listsNothingElsewhere(e)].map(Number)));
	}
}

export function checkPayload(v: Case, c: Count): void {
	const n = v.netkeys;
	const org = unhex(n.org);

	checkAttests(v, c);
	checkLeaving(v, c);
	c.same('netkeys', 'commitment', n.commit, () => hex(netkeyCommit(unhex(n.key), org)));
	for (const x of n.rows) {
		c.check('netkeys', x.name, () => {
			const k = readNetkey(unhex(x.payload));
			const key = openNetkey(k, org, unhex(x.device), [new Uint8Array(32).fill(9), unhex(x.seal_sk)]);

			return Number(k.n) === n.n && (x.opens ? key !== null && hex(key) === n.key : key === null);
		});
		c.check('netkeys', `${x.name}, in another organisation`, () =>
			openNetkey(readNetkey(unhex(x.payload)), unhex(n.key), unhex(x.device), [unhex(x.seal_sk)]) === null);
	}
	checkForms('forms', v.forms, c);
}
