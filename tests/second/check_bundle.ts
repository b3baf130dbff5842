/* What the real programs wrote, against all chapters: run.sh says what they print. */
import { Case, Count } from './count';
import { Opened, openBundleFiles } from './open_bundle';

export function checkBundle(v: Case, c: Count): void {
	c.check('opened', 'homes', () => v.openings.length === 3);
	for (const x of v.openings) {
		const name = (what: string) => `${x.name}: ${what}`;
		let got: Opened | null = null;

		c.check('opened', x.name, () => {
			got = openBundleFiles(x.bundle, x.keystore, v.passphrase_file, x.welcome);
			return got.end === x.ends || `the file is ${got.end}`;
		});
		if (got === null)
			continue;
		const it: Opened = got;

		c.same('state_hash', x.name, x.state_hash, () => it.state_hash);
		c.check('records', x.name, () => it.records === x.records || `${it.records}, not ${x.records}`);
		c.check('keys', name('what the log gives is what the keystore holds'), () => it.epochs.fromLog > 0 && it.epochs.agree);
		c.check('conflicts', x.name, () => it.conflict === x.conflicts > 0);
		if (x.entries !== undefined) {
			c.check('entries', x.name, () => it.entries === x.entries || `${it.entries}, not ${x.entries}`);
			c.check('entries', name('all are readable'), () => it.unopened === 0 || `${it.unopened} do not open`);
		}
	}
}
