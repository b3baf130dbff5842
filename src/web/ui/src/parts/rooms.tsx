/* A view with several rooms; each room's code comes when it is entered. */
import { href } from '../base/route';
import { useT, type Key } from '../i18n';
import { Late, type Loader } from './late';

export interface Room { path: string; label: Key; load: Loader }

export function Rooms({ view, label, rooms, path }: { view: string; label: Key; rooms: readonly Room[]; path: readonly string[] }) {
	const t = useT();
	const room = rooms.find((r) => r.path === path[0]) ?? rooms[0];
	if (room === undefined) return null;
	return (
		<>
			<nav class="rooms no-print" aria-label={t(label)}>
				{rooms.map((r) => <a key={r.path} href={href(view, r.path)} aria-current={r === room ? 'page' : undefined}>{t(r.label)}</a>)}
			</nav>
			<Late key={room.path} load={room.load} path={path.slice(1)} />
		</>
	);
}
