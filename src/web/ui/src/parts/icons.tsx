/* Line icons, drawn here. Those that point follow the direction of the text. */
const PATHS = {
	today: 'M4 6h16v14H4zM4 10h16M8 3v4M16 3v4',
	cases: 'M4 7h6l2 2h8v10H4z',
	step: 'M4 9a8 8 0 0 1 14-3l2 2M20 4v4h-4M20 15a8 8 0 0 1-14 3l-2-2M4 20v-4h4',
	people: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 20c0-4 3-6 6-6s6 2 6 6M16 4.5a3.5 3.5 0 0 1 0 6.5M17 14c2.5 .6 4 2.6 4 6',
	check: 'M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6zM8.5 12l2.5 2.5 4.5-5',
	plus: 'M12 5v14M5 12h14',
	close: 'M6 6l12 12M18 6L6 18',
	done: 'M5 12.5l4.5 4.5L19 7',
	warn: 'M12 4l9 16H3zM12 10v4.5M12 17.2v.3',
	info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5.5M12 7.5v.3',
	lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
	print: 'M7 9V4h10v5M5 9h14v7h-2M7 16H5V9M7 14h10v6H7z',
	search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l5 5',
	back: 'M15 5l-7 7 7 7',
	forward: 'M9 5l7 7-7 7',
	down: 'M5 9l7 7 7-7',
	ticket: 'M4 7h16v3.5a1.5 1.5 0 0 0 0 3V17H4v-3.5a1.5 1.5 0 0 0 0-3zM14 7v10',
	call: 'M4 10v4h3l6 4V6l-6 4zM17 9a4 4 0 0 1 0 6M19.5 6.5a8 8 0 0 1 0 11',
	usb: 'M9 3h6v5H9zM7 8h10v12a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1zM11 5v1M13 5v1',
	out: 'M12 16V4M7 9l5-5 5 5M4 15v5h16v-5',
	in: 'M12 4v12M7 11l5 5 5-5M4 15v5h16v-5',
	pen: 'M4 20l1-5L16 4l4 4L9 19zM14 6l4 4',
	card: 'M3 6h18v12H3zM3 10h18M6 14h5',
	moon: 'M19 14.5A7.5 7.5 0 1 1 9.5 5a6 6 0 0 0 9.5 9.5z',
	leaf: 'M5 19c0-9 5-14 14-14 0 9-5 14-14 14zM5 19l7-7',
	language: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18',
	clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.5 2',
	branch: 'M7 4v16M7 12c6 0 9-2 9-6M16 3v3M13.5 5.5L16 3l2.5 2.5',
	more: 'M5 5h5v5H5zM14 5h5v5h-5zM5 14h5v5H5zM14 14h5v5h-5z',
	shield: 'M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6z',
	home: 'M4 11l8-7 8 7M6 10v10h12V10',
} as const;

export type IconName = keyof typeof PATHS;
const POINTING = new Set<IconName>(['back', 'forward', 'call', 'branch']);

export function Icon({ name }: { name: IconName }) {
	return (
		<svg class={`icon${POINTING.has(name) ? ' pointing' : ''}`} viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
			<path d={PATHS[name]} fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" />
		</svg>
	);
}
