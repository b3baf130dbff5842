/*
 * Words that point at one person, found before they are saved: personal and
 * coordination numbers, telephone numbers, e-mail addresses. A hint, never a
 * hindrance: the node looks again when it saves.
 */
export type Personal = 'number' | 'phone' | 'email';

function isDay(month: number, day: number): boolean {
	const plain = day > 60 ? day - 60 : day; // a coordination number's day has 60 added
	return month >= 1 && month <= 12 && plain >= 1 && plain <= 31;
}

export function findPersonal(text: string): Personal[] {
	const found = new Set<Personal>();
	const western = text.replace(/[٠-٩۰-۹]/g, (c) => String(c.charCodeAt(0) & 15));
	for (const m of western.matchAll(/(?<!\d)(?:19|20)?\d{2}(\d{2})(\d{2})[-+ ]?\d{4}(?!\d)/g))
		if (isDay(Number(m[1]), Number(m[2]))) found.add('number');
	for (const m of western.matchAll(/(?<![\d-])(?:\+46|0046|0)[ -]?[1-9](?:[ -]?\d){6,9}(?!\d)/g))
		if (m[0].replace(/\D/g, '').length >= 8) found.add('phone');
	if (/[^\s@]+@[^\s@]+\.\p{L}{2,}/u.test(western)) found.add('email');
	return [...found];
}
