/*
 * The one sentence. It claims what others have signed for, and nothing else:
 * not that something was sent, not that it will arrive.
 */
import type { Status } from '../api/types';
import type { Key, Values } from '../i18n';

export interface CustodyLine { text: string; kind: 'good' | 'wait' | 'bad' | 'plain' }
type T = (key: Key, values?: Values) => string;

export function custodyLine(t: T, alive: boolean, s: Status | undefined): CustodyLine {
	if (!alive) return { text: t('custody.gone'), kind: 'bad' };
	if (s === undefined) return { text: t('custody.unknown'), kind: 'plain' };
	if (s.removed === true) return { text: t('custody.removed'), kind: 'bad' };
	const { only_here, also_hub } = s.custody;
	const own = only_here + also_hub + s.custody.elsewhere;
	const holders = s.peers.filter((p) => p.behind === 0).length;
	if (own === 0) return { text: t('custody.nothing'), kind: 'good' };
	if (only_here > 0) return { text: t('custody.only', { n: only_here }), kind: 'wait' };
	if (holders > 0 && also_hub > 0) return { text: t('custody.hub', { n: holders }), kind: 'good' };
	if (holders > 0) return { text: t('custody.devices', { n: holders }), kind: 'good' };
	return { text: t('custody.spread'), kind: 'good' };
}
