/*
 * Ids made here, so that saving twice is saving once: a form draws its
 * record's id when it opens, and a retry after a lost answer names the same.
 */
export function newId(): string {
	const b = crypto.getRandomValues(new Uint8Array(16));
	return [...b].map((x) => x.toString(16).padStart(2, '0')).join('');
}
