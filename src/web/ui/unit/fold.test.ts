import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fits, fold } from '../src/base/fold';
import { matching } from '../src/form/choices';

test('case, accents and digits of any script fold to one form', () => {
	assert.equal(fold('Överklagan'), 'overklagan');
	assert.equal(fold('ÉTÉ'), 'ete');
	assert.equal(fold('٢٠٢٦ ۱۲'), '2026 12');
	assert.equal(fold('كتاب'), fold('کتاب'));
	assert.equal(fold('ё'), 'е');
});

test('the beginning of a text fits better than the beginning of a word, and that better than the inside', () => {
	assert.equal(fits('bo', 'boende'), 3);
	assert.equal(fits('skuld', 'budget & skuld'), 2);
	assert.equal(fits('uld', 'budget & skuld'), 1);
	assert.equal(fits('xyz', 'boende'), 0);
});

test('a choice is found in a language that is not the reader\'s, best fit first', () => {
	const o = (code: string, ...words: string[]): { code: string; label: string; folded: string[]; ended: boolean } =>
		({ code, label: words[0] ?? code, folded: words.map(fold), ended: false });
	const all = [o('debt', 'budget & skuld', 'budget and debt'), o('housing', 'boende', 'housing', 'السكن'), o('letter', 'brev & post', 'letters')];
	assert.deepEqual(matching(all, 'hous').map((x) => x.code), ['housing']);
	assert.deepEqual(matching(all, 'السك').map((x) => x.code), ['housing']);
	assert.deepEqual(matching(all, 'b').map((x) => x.code), ['debt', 'housing', 'letter']);
	assert.deepEqual(matching(all, '  ').length, 3);
	assert.deepEqual(matching(all, 'zzz'), []);
});
