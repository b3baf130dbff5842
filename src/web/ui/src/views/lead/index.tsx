/* What a coordinator does, in five rooms; each room's code comes when it is entered. */
import { href } from '../../base/route';
import { useT, type Key } from '../../i18n';
import { Late, type Loader } from '../../parts/late';
import type { ViewProps } from '../registry';

const ROOMS: readonly { path: string; label: Key; load: Loader }[] = [
	{ path: 'people', label: 'lead.people', load: () => import('../people/index') },
	{ path: 'figures', label: 'lead.figures', load: () => import('../figures/index') },
	{ path: 'erase', label: 'lead.erase', load: () => import('../erase/index') },
	{ path: 'rights', label: 'lead.rights', load: () => import('../rights/index') },
	{ path: 'programme', label: 'lead.programme', load: () => import('../programme/index') },
];

export default function Lead({ path }: ViewProps) {
	const t = useT();
	const room = ROOMS.find((r) => r.path === path[0]) ?? ROOMS[0];
	if (room === undefined) return null;
	return (
		<>
			<nav class="rooms no-print" aria-label={t('nav.lead')}>
				{ROOMS.map((r) => <a key={r.path} href={href('lead', r.path)} aria-current={r === room ? 'page' : undefined}>{t(r.label)}</a>)}
			</nav>
			<Late key={room.path} load={room.load} path={path.slice(1)} />
		</>
	);
}
