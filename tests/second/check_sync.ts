/* proto/vectors/sync.json against sync.md and bundle.md. */
import { bundleKey, openContent, readBundle, sealBundle } from './bundle';
import { NONE, concat, equal, unhex, utf8 } from './bytes';
import { Case, Count } from './count';
import { HC } from './hc';
import { branch8, log8 } from './log';
import { decode, encode } from './msgpack';
import { Cipher, Handshake } from './noise';
import { ackDigest, bucketCount, buckets, frameBytes, readAck, readFrame, readItems, readMessage, readRuns, valueOf, verifyAck, writeFrame, writeItems, writeRun } from './sync';

const REKEY_EVERY = 65536;

function checkHandshake(v: Case, c: Count): [Cipher, Cipher] {
	const k = v.noise_keys[0];
	const psk = HC(32, unhex(k.network_key), 'fb1/noise/psk');
	const side = (name: string) => new Handshake({
		prologue: unhex(k.prologue), psk, initiator: name === 'init',
		staticSk: unhex(k[`${name}_static`]), ephemeralSk: unhex(k[`${name}_ephemeral`]),
	});
	const sides = [side('init'), side('resp')];

	c.same('noise_keys', 'psk', k.psk, () => psk);
	v.noise_handshake.forEach((x: Case, i: number) => {
		c.same('noise_handshake', x.name, x.bytes, () => sides[i % 2].write(NONE));
		c.same('noise_handshake', `${x.name}, read`, '', () => sides[1 - (i % 2)].read(unhex(x.bytes)));
	});
	c.check('noise_handshake', 'each knows the other', () => sides[0].remoteStatic.length === 32 && equal(sides[0].hash, sides[1].hash));
	c.same('noise_transport', 'hash', v.noise_transport[0].bytes, () => sides[0].hash);
	return [sides[0].split()[0], sides[1].split()[1]];
}

/* Enough messages that the key moves on once. */
function checkTransport(v: Case, c: Count): void {
	const [send, receive] = checkHandshake(v, c);
	const wanted = new Map<number, string>(v.noise_transport.slice(1).map((x: Case) => [Number(/message (\d+)/.exec(x.name)![1]), x.bytes]));

	for (let i = 0; i <= Math.max(...wanted.keys()); i++) {
		if (i > 0 && i % REKEY_EVERY === 0) {
			send.rekey();
			receive.rekey();
		}
		const box = send.encrypt(NONE, utf8('fold'));
		const plain = receive.decrypt(NONE, box);

		if (wanted.has(i))
			c.same('noise_transport', `message ${i}`, wanted.get(i)!, () => (equal(plain, utf8('fold')) ? box : NONE));
	}
}

function checkFrames(v: Case, c: Count): void {
	for (const x of v.frame_plaintexts) {
		if (x.accept)
			c.same('frame_plaintexts', x.name, x.value, () => valueOf(unhex(x.plaintext)));
		else
			c.refuses('frame_plaintexts', x.name, () => valueOf(unhex(x.plaintext)));
	}
	for (const x of v.frame_sizes)
		c.check('frame_sizes', `${x.value_bytes} bytes`, () => frameBytes(x.value_bytes) === x.frame_bytes);
	c.check('frame_sizes', 'a frame there and back', () => {
		const key = new Uint8Array(32);
		const value = encode([8, 262144]);
		const frame = writeFrame(new Cipher(key), value);

		return frame.length === 256 && equal(readFrame(new Cipher(key), frame), value);
	});
}

function checkSummaries(v: Case, c: Count): void {
	const logs = v.logs.map((x: Case) => ({ log8: unhex(x.log8), length: x.len, head: unhex(x.head) }));

	for (const x of v.logs) {
		const name = { author: unhex(x.author), stream: unhex(x.stream), inc: unhex(x.inc) };
		const item = { log8: unhex(x.log8), length: x.len, head8: unhex(x.head).slice(0, 8) };

		c.same('logs', `${x.name} log8`, x.log8, () => (x.branch_id ? branch8(name, x.branch_seq, unhex(x.branch_id)) : log8(name)));
		c.same('logs', `${x.name} item`, x.item, () => writeItems([item]));
		c.same('logs', `${x.name} item, read`, x.item, () => writeItems(readItems(unhex(x.item))));
	}
	for (const x of v.buckets) {
		c.same('buckets', x.name, x.digests, () => buckets(logs, x.n));
		c.same('buckets', `${x.name}, the other way round`, x.digests, () => buckets([...logs].reverse(), x.n));
	}
	for (const x of v.bucket_counts)
		c.check('bucket_counts', `${x.logs} logs`, () => bucketCount(x.logs) === x.n);
}

function checkMessages(v: Case, c: Count): void {
	for (const x of v.messages) {
		if (x.accept)
			c.check('messages', x.name, () => readMessage(unhex(x.bytes)).number > 0);
		else
			c.refuses('messages', x.name, () => readMessage(unhex(x.bytes)));
	}
	for (const x of v.acks) {
		const ack = readAck(decode(unhex(x.ack)));

		c.same('acks', x.name, x.delta, () => ack.delta);
		c.same('acks', `${x.name}, digest`, x.digest, () => ackDigest(ack, unhex(x.org_id)));
		c.check('acks', `${x.name}, signature`, () => verifyAck(ack, unhex(x.org_id), unhex(x.sign_pk)));
		c.check('acks', `${x.name}, with a larger number`, () => !verifyAck({ ...ack, n: BigInt(ack.n) + 1n }, unhex(x.org_id), unhex(x.sign_pk)));
		c.check('acks', `${x.name}, of another organisation`, () => !verifyAck(ack, unhex(x.root), unhex(x.sign_pk)));
	}
	for (const x of v.runs) {
		c.same('runs', x.name, x.last_id, () => readRuns(unhex(x.bytes)).flat().at(-1)!.id);
		c.same('runs', `${x.name}, written`, x.bytes, () => concat(...readRuns(unhex(x.bytes)).map(writeRun)));
	}
}

function checkBundles(v: Case, c: Count): void {
	const x = v.bundles[0];
	const [n, salt, head] = [unhex(x.network_key), unhex(x.salt), unhex(x.head)];

	c.same('bundles', 'key', x.key, () => bundleKey(n, salt));
	c.same('bundles', x.name, x.file, () => sealBundle(n, salt, head, unhex(x.content)));
	c.check('bundles', `${x.name}, read`, () => readBundle(unhex(x.file), [salt, n]).end === 'whole');
	c.refuses('bundles', 'another organisation', () => readBundle(unhex(x.file), [salt]));
	const long = v.long_bundles[0];
	const file = sealBundle(n, salt, head, new Uint8Array(long.content_bytes).fill(0x5a));

	c.same('long_bundles', long.name, long.file_digest, () => HC(32, NONE, 'test/file', file));
	c.check('long_bundles', 'size', () => file.length === long.file_bytes);
	for (const cut of v.long_bundle_cut) {
		c.check('long_bundle_cut', `to ${cut.to_bytes}`, () => {
			const { chunks, end } = openContent(bundleKey(n, salt), file.slice(0, cut.to_bytes));

			return chunks.length === cut.content_chunks && (end === 'cut' ? 'cut short' : end) === cut.name;
		});
	}
}

export function checkSync(v: Case, c: Count): void {
	checkTransport(v, c);
	checkFrames(v, c);
	checkSummaries(v, c);
	checkMessages(v, c);
	checkBundles(v, c);
}

