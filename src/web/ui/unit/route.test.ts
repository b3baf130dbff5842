import assert from 'node:assert/strict';
import { test } from 'node:test';
import { href, parsePath } from '../src/base/route';
import { address } from '../src/api/client';
import { base64, bytesOf } from '../src/api/files';
import { custodyLine } from '../src/parts/custody';
import type { Status } from '../src/api/types';

test('an address goes there and back, and the first token is no place', () => {
	assert.deepEqual(parsePath(href('cases', 'å/b')), ['cases', 'å/b']);
	assert.deepEqual(parsePath('#t=abc'), []);
	assert.deepEqual(parsePath(''), []);
	assert.deepEqual(parsePath('#/%E0%A4%A'), ['%E0%A4%A']);
});

test('spaces in an operation\'s name are slashes in its address', () => {
	assert.equal(address('erase status'), '/api/v1/erase/status');
});

test('files survive the way through JSON', () => {
	const bytes = new Uint8Array(70000).map((_, i) => i * 7);
	assert.deepEqual(bytesOf(base64(bytes)), bytes);
});

test('the sentence never claims more than others have confirmed', () => {
	const say = (k: string): string => k;
	const status = (only: number, hub: number, other: number, behind: number[]): Status => ({
		custody: { only_here: only, also_hub: hub, elsewhere: other }, peers: behind.map((b, i) => ({ name: 'x', id: String(i), last_seen: null, behind: b })),
	}) as unknown as Status;
	const none = new Set<string>(), first = new Set(['0']);
	assert.equal(custodyLine(say, true, status(3, 0, 5, [0]), none).text, 'custody.only');
	assert.equal(custodyLine(say, true, status(0, 4, 1, [0, 2]), first).text, 'custody.spread');
	assert.equal(custodyLine(say, true, status(0, 5, 0, [0, 2]), first).text, 'custody.hub');
	assert.equal(custodyLine(say, true, status(0, 5, 0, [0, 0]), first).text, 'custody.hub.devices');
	assert.equal(custodyLine(say, true, status(0, 0, 4, [0]), none).text, 'custody.devices');
	assert.equal(custodyLine(say, true, status(0, 0, 4, [0]), undefined).text, 'custody.spread');
	assert.equal(custodyLine(say, true, status(0, 0, 4, [1]), none).text, 'custody.spread');
	assert.equal(custodyLine(say, false, status(0, 4, 0, [0]), none).kind, 'bad');
	assert.equal(custodyLine(say, true, undefined, none).text, 'custody.unknown');
});
