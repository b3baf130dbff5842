import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addCatalogue, formatNumber, translate, type Key } from '../src/i18n/catalogue';
import { formatDate, minutesSince, today } from '../src/i18n/format';
import { bestLanguage, direction } from '../src/i18n/tags';

test('a missing string falls back to Swedish and says so', () => {
	addCatalogue('xx', {});
	const shown = translate('xx', 'do.save');
	assert.match(shown, /^Spara .*\(sv\)/);
	assert.equal(translate('sv', 'do.save'), 'Spara');
	assert.notEqual(translate('xx', 'nothing.like.this' as Key), '');
});

test('texts put into a string stand between isolates, numbers do not', () => {
	assert.equal(translate('sv', 'queue.called', { ticket: 'A7' }), '\u2068A7\u2069 är uppropad.');
	assert.equal(translate('sv', 'queue.waiting', { n: 4 }), '4 väntar');
});

test('plural forms are those of the language', () => {
	addCatalogue('ru', { 'step.entries': { one: '{n} запись', few: '{n} записи', many: '{n} записей', other: '{n} записи' } });
	assert.deepEqual([1, 3, 5, 21].map((n) => translate('ru', 'step.entries', { n })), ['1 запись', '3 записи', '5 записей', '21 запись']);
});

test('digits are western and the year is ours in every language', () => {
	for (const lang of ['ar', 'fa', 'sv', 'be']) {
		assert.match(formatNumber(lang, 128), /^128$/);
		assert.match(formatDate(lang, '2026-11-22'), /22.*2026|2026.*22/);
	}
});

test('direction comes from the tag', () => {
	assert.deepEqual(['sv', 'ar', 'fa', 'prs', 'ps', 'ckb', 'kmr', 'uk', 'ar-SE', 'ku-Arab', 'az-Latn'].map(direction),
		['ltr', 'rtl', 'rtl', 'rtl', 'rtl', 'rtl', 'ltr', 'ltr', 'rtl', 'rtl', 'ltr']);
});

test('the browser\'s first language that we speak is taken, else Swedish', () => {
	assert.equal(bestLanguage(['de-DE', 'uk-UA', 'en']), 'uk');
	assert.equal(bestLanguage(['de']), 'sv');
});

test('waiting is counted in whole minutes and never below none', () => {
	const now = new Date(2026, 10, 22, 13, 30);
	assert.equal(minutesSince('13:12', now), 18);
	assert.equal(minutesSince('13:45', now), 0);
	assert.equal(today(now), '2026-11-22');
});
