/* proto/vectors/log.json against log.md, audit.md, 2, and org.md, 2. */
import { concat, hex, unhex } from './bytes';
import { Case, Count } from './count';
import { verify } from './hc';
import { deviceId } from './keystore';
import { branch8, encodeHeader, entryId, frontierRoot, log8, readEntry, readFork, readHeader } from './log';
import { decode } from './msgpack';
import { readRequest } from './org_ops';
import { readRuns, writeRun } from './sync';

function checkHeaders(v: Case, c: Count): void {
	for (const x of v.headers) {
		const h = {
			kind: x.kind, author: unhex(x.author), stream: unhex(x.stream), inc: unhex(x.inc), seq: x.seq,
			prev: unhex(x.prev), phash: unhex(x.phash), plen: x.plen,
		};
		const raw = unhex(x.header);

		c.same('headers', x.name, x.header, () => encodeHeader(h));
		c.same('headers', `${x.name}, read`, x.header, () => encodeHeader(readHeader(raw)));
		c.same('headers', `${x.name}, id`, x.id, () => entryId(raw));
		c.check('headers', `${x.name}, signature`, () => verify('fb1/entry/sig', entryId(raw), unhex(x.sig), h.author));
		c.same('headers', `${x.name}, log8`, x.log8, () => log8(h));
		c.same('headers', `${x.name}, branch`, x.branch_log8, () => branch8(h, x.seq, unhex(x.id)));
	}
}

function checkCorpus(list: string, cases: Case[], c: Count, read: (raw: Uint8Array) => unknown): void {
	for (const x of cases) {
		if (x.accept)
			c.check(list, x.name, () => read(unhex(x.bytes)) !== null);
		else
			c.refuses(list, x.name, () => read(unhex(x.bytes)));
	}
}

export function checkLog(v: Case, c: Count): void {
	checkHeaders(v, c);
	checkCorpus('header_corpus', v.header_corpus, c, readHeader);
	checkCorpus('entries', v.entries, c, (raw) => readEntry(decode(raw)));
	checkCorpus('forks', v.forks, c, (raw) => readFork(decode(raw)));
	checkCorpus('requests', v.requests, c, readRequest);
	for (const x of v.requests.filter((r: Case) => r.words)) {
		c.same('requests', `${x.name}, words`, x.words, () => readRequest(unhex(x.bytes)).words);
		c.same('requests', `${x.name}, device`, x.dev, () => deviceId(readRequest(unhex(x.bytes)).keys.sign));
	}
	for (const x of v.runs) {
		c.check('runs', x.name, () => {
			const got = readRuns(unhex(x.bytes)).flat()
				.map((e) => ({ id: hex(e.id), payload: e.payload !== null, signed: e.sig !== null }));

			return JSON.stringify(got) === JSON.stringify(x.entries);
		});
		c.same('runs', `${x.name}, written`, x.bytes, () => concat(...readRuns(unhex(x.bytes)).map(writeRun)));
	}
	v.frontiers.forEach((x: Case) => {
		const leaves = x.logs.map((l: Case) => ({
			author: unhex(l.author), stream: unhex(l.stream), inc: unhex(l.inc), length: l.len, head: unhex(l.head),
			branch: l.branch === undefined ? null : { seq: l.branch_seq ?? l.seq ?? 0, first: unhex(l.branch) },
		}));

		c.same('frontiers', `${leaves.length} logs`, x.root, () => frontierRoot(leaves));
		c.same('frontiers', `${leaves.length} logs, the other way round`, x.root, () => frontierRoot(leaves.reverse()));
	});
}

