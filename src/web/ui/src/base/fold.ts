/*
 * Text as people search it: without case and accents, Arabic and Persian
 * letters that look alike as one, western digits.
 */
const SAME: Record<string, string> = {
	'أ': 'ا', 'إ': 'ا', 'آ': 'ا', 'ٱ': 'ا', 'ى': 'ی', 'ي': 'ی', 'ئ': 'ی', 'ك': 'ک', 'ة': 'ه', 'ۀ': 'ه', 'ؤ': 'و',
	'ё': 'е', 'ґ': 'г', 'ø': 'o', 'æ': 'a', 'ß': 'ss', 'ł': 'l',
};

export function fold(text: string): string {
	let out = '';
	for (const c of text.toLowerCase().normalize('NFD').replace(/\p{M}|\u0640|\u200c|\u200d/gu, '').normalize('NFC')) {
		const digit = '٠١٢٣٤٥٦٧٨٩'.indexOf(c), persian = '۰۱۲۳۴۵۶۷۸۹'.indexOf(c);
		out += digit >= 0 ? String(digit) : persian >= 0 ? String(persian) : (SAME[c] ?? c);
	}
	return out;
}

/* How well a folded query fits a folded text: 3 it begins it, 2 it begins a word, 1 it is inside, 0 not at all. */
export function fits(query: string, text: string): 0 | 1 | 2 | 3 {
	if (query === '' || text.startsWith(query)) return 3;
	const at = text.indexOf(query);
	if (at < 0) return 0;
	for (let i = at; i >= 0; i = text.indexOf(query, i + 1))
		if (/[^\p{L}\p{N}]/u.test(text[i - 1] ?? ' ')) return 2;
	return 1;
}
