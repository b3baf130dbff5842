import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldDef, Rec } from '../src/api/types';
import { findPersonal } from '../src/form/personal';
import { Profile } from '../src/form/profile';
import { countUse, ordered } from '../src/form/usage';
import { answered, fromRecord, misfits, relevant, toAssign, toChange } from '../src/form/values';

const field = (name: string, type: FieldDef['type'], more: Partial<FieldDef> = {}): FieldDef =>
	({ name, number: 1, type, holds: 'one', required: false, label: { sv: name }, ...more });
const fields: Record<string, FieldDef> = {
	topic: field('topic', 'choice', { holds: 'set' }), language: field('language', 'language'), minutes: field('minutes', 'integer', { min: 0, max: 600 }),
	child: field('child', 'bool'), hours: field('hours', 'decimal'), leaflets: field('leaflets', 'integer', { holds: 'sum' }),
	'case.responsible': field('responsible', 'choice'),
};
const of = (n: string): FieldDef | undefined => fields[n];

test('answers become set and add by how the field holds them; what nobody answered is not sent', () => {
	assert.deepEqual(toAssign({ topic: ['housing', 'debt'], language: ['ar'], minutes: ['15'], child: ['true'], hours: ['1,5'], leaflets: ['4'],
		'case.responsible': ['csn'], unknown: ['x'] }, of), {
		set: { language: 'ar', minutes: 15, child: true, hours: 1.5, 'case.responsible': 'csn' }, add: { topic: ['housing', 'debt'], leaflets: 4 },
	});
	assert.deepEqual(toAssign({ topic: [], language: ['  '], minutes: ['many'] }, of), { set: {}, add: {} });
});

test('a change names what differs and nothing else', () => {
	assert.deepEqual(toChange({ topic: ['a', 'b'], language: ['ar'], minutes: ['5'] }, { topic: ['b', 'c'], language: [], minutes: ['5'] }, of),
		{ set: { language: null }, add: { topic: ['c'] }, remove: { topic: ['a'] } });
});

test('a conflict in a record is not put into a form', () => {
	const r: Rec = { id: 'x', type: 'case', fields: { language: { conflict: [{ value: 'ar', by: 'a', at: '' }, { value: 'fa', by: 'b', at: '' }] }, minutes: 5 } };
	assert.deepEqual(fromRecord(r, Object.values(fields)), { minutes: ['5'] });
});

test('numbers outside their limits do not fit', () => {
	assert.equal(misfits(fields['minutes'] as FieldDef, ['700']), true);
	assert.equal(misfits(fields['minutes'] as FieldDef, ['1.5']), true);
	assert.equal(misfits(fields['minutes'] as FieldDef, ['60']), false);
	assert.equal(misfits(fields['minutes'] as FieldDef, ['']), false);
});

test('a question is asked only when its condition holds', () => {
	const f = field('method', 'choice', { relevant: { field: 'first', is: ['yes'] } });
	assert.equal(relevant(f, {}), false);
	assert.equal(relevant(f, { first: ['yes'] }), true);
	assert.equal(relevant(f, { 'case.first': ['yes'] }, 'case.'), true);
});

test('an empty form has nothing worth keeping', () => {
	assert.equal(answered({}), false);
	assert.equal(answered({ a: [], b: [' '] }), false);
	assert.equal(answered({ a: ['x'] }), true);
});

test('what was used latest and most comes first, ended choices not at all', () => {
	const p = new Profile({ profile: 'p', version: 1, types: [{ name: 'visit', number: 9, label: {}, notes: false, fields: [field('language', 'language', {
		choices: ['sv', 'en', 'ar', 'old'].map((code) => ({ code, label: { sv: code }, ...(code === 'old' ? { valid_to: '2001-01-01' } : {}) })) })] }] });
	const visit = (language: string): Rec => ({ id: language, type: 'visit', fields: { language } });
	const use = countUse([visit('ar'), visit('ar'), visit('en')]);
	assert.deepEqual(ordered(p.options('visit', 'language', 'sv'), use, 'visit', 'language').map((o) => o.code), ['ar', 'en', 'sv']);
});

test('personal numbers, telephone numbers and e-mail addresses are noticed; dates and amounts are not', () => {
	assert.deepEqual(findPersonal('pnr 19850612-1234'), ['number']);
	assert.deepEqual(findPersonal('samordning 850672-1234'), ['number']);
	assert.deepEqual(findPersonal('ring 070-123 45 67'), ['phone']);
	assert.deepEqual(findPersonal('tel +46 70 123 45 67'), ['phone']);
	assert.deepEqual(findPersonal('skriv till a.b@example.org'), ['email']);
	assert.deepEqual(findPersonal('möte 2026-11-22, hyra 12 500 kr, dnr 2019/0089, 13:45'), []);
	assert.deepEqual(findPersonal('رقم ٨٥٠٦١٢-١٢٣٤'), ['number']);
});
