/* What has been chosen lately, counted once in a while: an open form keeps its order. */
import { inBackground } from '../../api/client';
import { list } from '../../api/records';
import { createStore } from '../../base/store';
import { countUse, type Usage } from '../../form/usage';

const RECENT = 60;
export const usage = createStore<Usage>(new Map());

export async function loadUsage(): Promise<void> {
	const [visits, cases] = await Promise.all(inBackground(() =>
		[list('visit', {}, RECENT), list('case', {}, RECENT)].map((p) => p.catch(() => []))));
	usage.set(countUse(cases ?? [], countUse(visits ?? [])));
}
