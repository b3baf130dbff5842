/* What is not needed at every visit: booked times, planning, the directory; and this computer itself. */
import { app } from '../../base/app';
import { useStore } from '../../base/store';
import { Rooms, type Room } from '../../parts/rooms';
import type { ViewProps } from '../registry';

/* `of`: a type without which there is nothing to do there. */
const ROOMS: readonly (Room & { of?: string })[] = [
	{ path: 'times', label: 'more.times', of: 'booking', load: () => import('../times/index') },
	{ path: 'plan', label: 'more.plan', of: 'session', load: () => import('../plan/index') },
	{ path: 'directory', label: 'more.directory', of: 'service', load: () => import('../directory/index') },
	{ path: 'doubles', label: 'more.doubles', of: 'case', load: () => import('../doubles/index') },
	{ path: 'hours', label: 'more.hours', of: 'hours', load: () => import('../hours/index') },
	{ path: 'here', label: 'more.here', load: () => import('../here/index') },
];

export default function More({ path }: ViewProps) {
	const profile = useStore(app, (a) => a.profile);
	const reader = useStore(app, (a) => a.role !== 'auditor' && a.role !== 'hub');
	const rooms = ROOMS.filter((r) => r.of === undefined || (reader && profile?.has(r.of) === true));
	return <Rooms view="more" label="nav.more" rooms={rooms} path={path} />;
}
