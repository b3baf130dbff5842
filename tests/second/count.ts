/*
 * Counting agreement. A vector file gets one line: how many of its cases this
 * implementation agrees with, list by list; every disagreement gets its own.
 */
import { Bytes, Refused, hex } from './bytes';

export type Case = Record<string, any>;

export class Count {
	passed = 0;
	failed = 0;
	private lists = new Map<string, number>();

	constructor(readonly file: string) {}

	/* One case: `claim` must hold, and it must not throw. */
	check(list: string, name: string, claim: () => boolean | string): void {
		let why: string | null;

		try {
			const got = claim();

			why = got === true ? null : got === false ? 'disagrees' : got;
		} catch (e) {
			why = e instanceof Refused ? `refused: ${e.message}` : String((e as Error).stack);
		}
		if (why === null) {
			this.passed++;
			this.lists.set(list, (this.lists.get(list) ?? 0) + 1);
			return;
		}
		this.failed++;
		console.log(`  FAIL ${this.file} ${list} "${name}": ${why}`);
	}

	same(list: string, name: string, want: string, got: () => Bytes | string): void {
		this.check(list, name, () => {
			const it = got();
			const text = typeof it === 'string' ? it : hex(it);

			return text === want || `want ${want.slice(0, 160)}, got ${text.slice(0, 160)}`;
		});
	}

	/* `f` must refuse, and for a reason of the format, not a fault of ours. */
	refuses(list: string, name: string, f: () => unknown): void {
		this.check(list, name, () => {
			try {
				f();
			} catch (e) {
				if (e instanceof Refused)
					return true;
				throw e;
			}
			return 'accepted';
		});
	}

	close(): void {
		const lists = [...this.lists].map(([name, n]) => `${name} ${n}`).join(', ');

		console.log(`${this.file}: ${this.passed} of ${this.passed + this.failed} agree (${lists})`);
	}
}
