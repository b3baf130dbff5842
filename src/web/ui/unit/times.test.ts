import { test } from 'node:test';
import assert from 'node:assert/strict';
import { dayAfter, endOf } from '../src/api/times';

test('days go over months, years and the change of the clock', () => {
	assert.equal(dayAfter('2026-12-31', 1), '2027-01-01');
	assert.equal(dayAfter('2024-02-28', 1), '2024-02-29');
	assert.equal(dayAfter('2026-03-28', 2), '2026-03-30');
	assert.equal(dayAfter('2026-10-26', -7), '2026-10-19');
});

test('a time ends after its minutes, past midnight too', () => {
	assert.equal(endOf('13:00', 30), '13:30');
	assert.equal(endOf('09:45', 90), '11:15');
	assert.equal(endOf('23:45', 30), '00:15');
});
