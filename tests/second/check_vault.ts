/* proto/vectors/vault.json against vault.md. */
import { equal, hex, unhex, utf8 } from './bytes';
import { Case, Count } from './count';
import { Copied, codeRow } from './rows';
import { publicOf } from './hc';
import { Place, Reader, Vault, dropSecret, epochCommit, metaKey, openDrop, openEpoch, openKeygrant, openKeytable, openName, openOrder, openOuter, openReason, orderGroup, readEpoch, readReceipt, unwrap } from './vault';

function placeOf(x: Case) {
	return { author: unhex(x.author), stream: unhex(x.stream), inc: unhex(x.inc), seq: x.seq };
}

/* The profile of the rows: what of a session and of a visit is copied. */
const SESSION = new Map<number, Copied>([[1, { kind: 'plain' }]]);
const VISIT = new Map<number, Copied>([[1, { kind: 'plain' }], [3, { kind: 'ref', open: true }], [4, { kind: 'ref', open: false }],
	[5, { kind: 'codes', codes: ['one'] }]]);

function checkDrops(v: Case, org: Uint8Array, c: Count): void {
	const epoch = readEpoch(unhex(v.epoch_payload));
	const secret = dropSecret(unhex(v.epoch_key), epoch.commit);

	c.check('drops', 'the epoch opens for a reader', () => {
		const e = openEpoch(epoch, unhex(v.stream), { org, dev: unhex(v.device), seals: [unhex(v.seal_sk)] });

		return e !== null && hex(e) === v.epoch_key;
	});
	c.check('drops', 'drop_pk', () => epoch.dropPk !== null && hex(epoch.dropPk) === v.drop_pk && equal(publicOf(secret), epoch.dropPk));
	for (const x of v.rows) {
		if (x.opens)
			c.same('drops', x.name, x.body, () => openDrop(unhex(x.payload), placeOf(x), secret));
		else
			c.refuses('drops', x.name, () => openDrop(unhex(x.payload), placeOf(x), secret));
	}
}

/* The two ranges that stand in the vectors. */
const placed = (p: Place) => p.ranges.map(([from, to, head]) => `${from},${to},${head[0]}`).join() === '3,4,52,9,9,153';

export function checkVault(v: Case, c: Count): void {
	const reader = (x: Case): Reader => ({ org: unhex(v.org), dev: unhex(x.device), seals: [new Uint8Array(32).fill(9), unhex(x.seal_sk)] });
	const [epoch, e] = [unhex(v.epoch), unhex(v.epoch_key)];
	const vault = new Vault();

	vault.learnEpoch(epoch, e);
	for (const x of v.epochs) {
		c.check('epochs', x.name, () => {
			const got = openEpoch(readEpoch(unhex(x.payload)), unhex(x.stream), reader(x));

			return x.opens ? got !== null && hex(got) === x.key : got === null;
		});
	}
	c.same('epochs', 'commitment', v.epoch_commit, () => epochCommit(e, unhex(v.epochs[0].stream)));
	for (const x of v.data) {
		c.check('data', x.name, () => {
			const outer = vault.outer(unhex(x.payload), placeOf(x));
			const brought = outer === null ? null : vault.wrapped(outer);

			if (outer !== null && brought !== null)
				vault.learnCase(outer.kid, brought);
			const body = outer === null ? null : vault.body(outer, placeOf(x));

			return x.opens ? body !== null && hex(body) === x.body && hex(outer!.kid) === x.kid : body === null;
		});
		if (x.opens)
			c.check('data', `${x.name}, case key`, () => {
				const outer = openOuter(unhex(x.payload), placeOf(x), metaKey(e, epoch));

				return outer.wrap === null || hex(unwrap(outer, e)) === x.case_key;
			});
	}
	for (const x of v.keygrants) {
		c.check('keygrants', x.name, () => openKeygrant(unhex(x.payload), unhex(x.stream), reader(x))
			.some((g) => hex(g.epoch) === x.epoch && hex(g.e) === x.key));
		c.check('keygrants', `${x.name}, for another`, () => openKeygrant(unhex(x.payload), unhex(x.stream), reader(v.epochs[0])).length === 0);
	}
	for (const x of v.keytables) {
		c.check('keytables', x.name, () => {
			const t = openKeytable(unhex(x.payload), placeOf(x), e);
			const row = t.cases[0];

			return hex(row.kid) === x.kid && hex(row.ck) === x.case_key && hex(row.group) === x.group && hex(row.birth) === x.birth
				&& hex(t.metas[0].mk) === x.meta_key;
		});
		c.refuses('keytables', `${x.name}, at another place`, () => openKeytable(unhex(x.payload), { ...placeOf(x), seq: x.seq + 1 }, e));
	}
	for (const x of v.orders) {
		const mk = metaKey(unhex(x.epoch_key), unhex(x.epoch));

		c.check('orders', x.name, () => {
			const o = openOrder(unhex(x.payload), mk);

			return hex(o.content) === x.content && hex(o.group) === x.group && hex(o.keys[0].kid) === x.kid && o.records.length === 2
				&& equal(o.reason, utf8(x.reason)) && hex(o.places[0].author) === x.author && placed(o.places[0]);
		});
		c.refuses('orders', `${x.name}, under another key`, () => openOrder(unhex(x.payload), unhex(x.epoch_key)));
		c.check('orders', `${x.name}, its receipt`, () => {
			const r = readReceipt(unhex(x.receipt));

			return r.gone == 2 && r.absent == 1 && r.keys && r.oldest == 1 && placed(r.late[0]);
		});
	}
	for (const x of v.order_groups) {
		const mk = metaKey(unhex(x.epoch_key), unhex(x.epoch));

		if (x.opens)
			c.check('order_groups', x.name, () => hex(orderGroup(unhex(x.payload)) ?? new Uint8Array()) === x.clear
				&& (x.clear === '' || hex(openOrder(unhex(x.payload), mk).group) === x.clear));
		else
			c.refuses('order_groups', x.name, () => openOrder(unhex(x.payload), mk));
	}
	checkDrops(v.drops, unhex(v.org), c);
	for (const x of v.coded)
		c.same('rows', x.name, x.row, () => codeRow(unhex(x.change), unhex(x.entry), x.open, x.open ? SESSION : VISIT,
			new Map([[x.imported_entry, unhex(x.its_import)]])));
	for (const x of v.names)
		c.check('names', x.name, () => equal(openName(unhex(x.sealed), metaKey(unhex(x.epoch_key), unhex(x.epoch))), utf8(x.text)));
	for (const x of v.reasons)
		c.check('reasons', x.name, () => {
			const got = openReason(unhex(x.sealed), metaKey(unhex(x.epoch_key), unhex(x.epoch)));

			return got.ms === x.ms && got.text === x.text;
		});
}
