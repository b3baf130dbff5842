/* What a coordinator does, in five rooms. */
import { Rooms, type Room } from '../../parts/rooms';
import type { ViewProps } from '../registry';

const ROOMS: readonly Room[] = [
	{ path: 'people', label: 'lead.people', load: () => import('../people/index') },
	{ path: 'figures', label: 'lead.figures', load: () => import('../figures/index') },
	{ path: 'erase', label: 'lead.erase', load: () => import('../erase/index') },
	{ path: 'rights', label: 'lead.rights', load: () => import('../rights/index') },
	{ path: 'programme', label: 'lead.programme', load: () => import('../programme/index') },
];

export default function Lead({ path }: ViewProps) {
	return <Rooms view="lead" label="nav.lead" rooms={ROOMS} path={path} />;
}
