import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReportLine } from '../src/api/figures';
import { alarms, byAuthor } from '../src/views/people/alarms';
import { byType } from '../src/views/erase/ask';
import { receipts } from '../src/views/erase/receipts';
import { bars, blocks, hiddenCells, period, shapeOf } from '../src/views/figures/model';

const line = (id: string, value: ReportLine['value']): ReportLine =>
	({ id, label: id, value, unit: 'visits', n: null, rule: null, reconciles: null, suppressed: false, warnings: [] });
const cell = (key: string, value: number | null) => ({ key, label: key, value });
const status = (more: object) => ({ forks: [], waiting_adoption: 0, peers: [], conflicts: 0, warnings: [], ...more }) as unknown as NonNullable<Parameters<typeof alarms>[1]>;
const member = (name: string, more: object = {}) => ({ member: name, device: name, id: name, roles: [], teams: [], state: 'member', last_seen: null, ...more });

test('a membership where nothing is the matter raises no alarm', () => {
	assert.deepEqual(alarms([member('Sara')], status({})), []);
	assert.deepEqual(alarms([], undefined), []);
});

test('alarms come worst first: disputes, copies, forks, self-grants, what waits, silence', () => {
	const all = alarms([member('Sara', { self_granted: ['Lund', 'Dalby', 'Veberöd'], self_granted_unseen: ['Lund', 'Dalby'] })], status({
		disputes: [{ by: 'A', target: 'B' }], copies: [{ name: 'C', id: 'c', self: false, entries: [3, 4] }], forks: [{ device: 'D', stream: 's', seq: 7, entries: 2 }],
		waiting_adoption: 5, keys_waiting: 1, silent: [{ name: 'E', id: 'e', days: null }],
	}));
	assert.deepEqual(all.map((a) => a.kind), ['dispute', 'copies', 'fork', 'selfgrant', 'late', 'keys', 'silent']);
	assert.deepEqual(all[3], { kind: 'selfgrant', id: 'Sara', name: 'Sara', teams: 'Lund, Dalby' });
	assert.deepEqual(all[6], { kind: 'silent', name: 'E', days: null });
});

test('a fork that is known as two copies in use is said once, and a removed member\'s own grant not at all', () => {
	const all = alarms([member('Nils', { state: 'removed', self_granted: ['Lund'], self_granted_unseen: ['Lund'] })], status({
		copies: [{ name: 'D', id: 'd', self: true, entries: [1, 2] }], forks: [{ device: 'D', stream: 's', seq: 7, entries: 2 }],
	}));
	assert.deepEqual(all.map((a) => a.kind), ['copies']);
});

test('what a coordinator granted herself is no alarm once somebody here has said to know why', () => {
	assert.deepEqual(alarms([member('Sara', { self_granted: ['Lund'], self_granted_unseen: [] })], status({})), []);
});

test('what waits is gathered by who wrote it, in the order it came', () => {
	const rows = [{ by: 'a', n: 1 }, { by: 'b', n: 2 }, { by: 'a', n: 3 }];
	assert.deepEqual(byAuthor(rows).map(([name, mine]) => [name, mine.map((r) => r.n)]), [['a', [1, 3]], ['b', [2]]]);
});

test('a line\'s value is a figure, a table, a list or a text', () => {
	assert.equal(shapeOf(0).kind, 'figure');
	assert.equal(shapeOf(null).kind, 'figure');
	assert.equal(shapeOf('så räknas det').kind, 'text');
	assert.equal(shapeOf([cell('x', null)]).kind, 'table');
	assert.deepEqual(shapeOf(['Dalby', 'Lund']), { kind: 'list', items: ['Dalby', 'Lund'] });
	assert.deepEqual(shapeOf([]), { kind: 'list', items: [] });
});

test('single figures stand in one table in the report\'s order, and no line is lost', () => {
	const all = blocks([line('L01', 3), line('L02', [cell('x', 1)]), line('L03', null), line('L04', [])]);
	assert.deepEqual(all.map((b) => b.kind), ['figures', 'table', 'list']);
	const first = all[0];
	assert.deepEqual(first?.kind === 'figures' ? first.lines.map((l) => l.id) : [], ['L01', 'L03']);
});

test('a hidden cell is counted and never drawn as nought', () => {
	const cells = [cell('a', 12), cell('b', null), cell('c', 7)];
	assert.equal(hiddenCells(cells), 1);
	assert.deepEqual(bars(cells), [{ label: 'a', value: 12 }, { label: 'c', value: 7 }]);
});

test('bars are left out where they say nothing: one figure, only noughts, or too many', () => {
	assert.deepEqual(bars([cell('a', 4), cell('b', null)]), []);
	assert.deepEqual(bars([cell('a', 0), cell('b', 0)]), []);
	assert.deepEqual(bars(Array.from({ length: 17 }, (_, i) => cell(String(i), 5))), []);
	assert.equal(bars(Array.from({ length: 16 }, (_, i) => cell(String(i), 5))).length, 16);
});

test('periods by name are whole, also over the turn of a year and in February', () => {
	const at = new Date(2027, 1, 14);
	assert.deepEqual(period('year', at), { from: '2027-01-01', to: '2027-12-31' });
	assert.deepEqual(period('lastyear', at), { from: '2026-01-01', to: '2026-12-31' });
	assert.deepEqual(period('quarter', at), { from: '2026-10-01', to: '2026-12-31' });
	assert.deepEqual(period('month', at), { from: '2027-01-01', to: '2027-01-31' });
	assert.deepEqual(period('month', new Date(2028, 2, 31)), { from: '2028-02-01', to: '2028-02-29' });
});

test('an erasure is complete only when it is approved and nobody is left', () => {
	const d = (id: string, last_seen: string | null) => ({ member: id, device: id, id, last_seen });
	assert.equal(receipts({ state: 'waiting', confirmed: [], outstanding: [] }).complete, false);
	assert.equal(receipts({ state: 'approved', confirmed: [d('a', null)], outstanding: [] }).complete, true);
	const r = receipts({ state: 'approved', confirmed: [d('a', null)], outstanding: [d('b', '2026-11-02'), d('c', '2026-01-02'), d('d', null)] });
	assert.deepEqual([r.done, r.all, r.complete], [1, 4, false]);
	assert.deepEqual(r.rows.map((x) => x.id), ['d', 'c', 'b', 'a']); // who has been silent longest stands first
});

test('what an erasure takes is said by type', () => {
	assert.deepEqual(byType([{ type: 'case' }, { type: 'visit' }, { type: 'visit' }]), [['case', 1], ['visit', 2]]);
});
