/*
 * The one sentence. It claims what others have signed for, and nothing else:
 * not that something was sent, not that it will arrive.
 */
import type { Status } from '../api/types';
import type { Key, Values } from '../i18n';

export interface CustodyLine { text: string; kind: 'good' | 'wait' | 'bad' | 'plain' }
type T = (key: Key, values?: Values) => string;

/* `hubs`: which peers are hubs; undefined while the members are not known. */
export function custodyLine(t: T, alive: boolean, s: Status | undefined, hubs: ReadonlySet<string> | undefined): CustodyLine {
	if (!alive) return { text: t('custody.gone'), kind: 'bad' };
	if (s === undefined) return { text: t('custody.unknown'), kind: 'plain' };
	if (s.removed === true) return { text: t('custody.removed'), kind: 'bad' };
	const { only_here, also_hub, elsewhere } = s.custody;
	if (only_here + also_hub + elsewhere === 0) return { text: t('custody.nothing'), kind: 'good' };
	if (only_here > 0) return { text: t('custody.only', { n: only_here }), kind: 'wait' };
	/* Devices that lack nothing of what they may have. */
	const devices = hubs === undefined ? 0 : s.peers.filter((p) => p.behind === 0 && !hubs.has(p.id)).length;
	if (elsewhere === 0) return { text: devices > 0 ? t('custody.hub.devices', { n: devices }) : t('custody.hub'), kind: 'good' };
	return { text: devices > 0 ? t('custody.devices', { n: devices }) : t('custody.spread'), kind: 'good' };
}
