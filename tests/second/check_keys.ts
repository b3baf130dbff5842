/* proto/vectors/keys.json against vault.md, 3, 5 and 6; shares.json against keystore.md, 4. */
import { hex, unhex } from './bytes';
import { Case, Count } from './count';
import { printShare, readShare, sharesOnSheet } from './keystore';
import { encode } from './msgpack';
import { checkForms } from './ops';
import { readRows } from './vault';

export function checkKeys(v: Case, c: Count): void {
	checkForms('forms', v.forms, c);
	for (const x of v.rows) {
		const again = () => {
			const t = readRows(unhex(x.rows));

			return encode([t.cases.map((r) => [r.kid, r.ck, r.group, r.birth]), t.metas.map((m) => [m.epoch, m.mk])]);
		};

		if (x.accept)
			c.same('rows', x.name, x.rows, again);
		else
			c.refuses('rows', x.name, again);
	}
}

export function checkShares(v: Case, c: Count): void {
	for (const x of v.texts) {
		const text = new TextDecoder().decode(unhex(x.text));

		if (!x.accept) {
			c.refuses('texts', x.name, () => readShare(text));
			continue;
		}
		c.check('texts', x.name, () => {
			const s = readShare(text);

			return s.trustee === x.trustee && hex(s.halves[0]) === x.first && hex(s.halves[1]) === x.second;
		});
		c.check('texts', `${x.name}, printed`, () => printShare(readShare(text)).replaceAll('-', '') === text.replace(/[\s-]/g, '').toLowerCase());
	}
	for (const x of v.sheets)
		c.check('sheets', x.name, () => {
			const found = sharesOnSheet(unhex(x.text));
			const plain = found.shares.map((s) => ({ trustee: s.trustee, first: hex(s.halves[0]), second: hex(s.halves[1]) }));

			return found.bad === x.bad && JSON.stringify(plain) === JSON.stringify(x.shares);
		});
}
