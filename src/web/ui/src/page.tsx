/* Which door is open: first run, locked, or the work itself. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { app } from './base/app';
import { usePath } from './base/route';
import { useStore } from './base/store';
import { useLanguage, useT } from './i18n';
import { LinkButton, Notice, Waiting } from './parts/basics';
import { Door, Shell } from './parts/shell';
import { Unlock } from './views/door/unlock';
import { VIEWS, type ViewProps } from './views/registry';

type Loader = () => Promise<{ default: ComponentType<ViewProps> }>;
const kept = new Map<Loader, ComponentType<ViewProps>>();

/* A part of the page that is fetched from the node when it is first shown. */
function Late({ load, path }: { load: Loader; path: readonly string[] }) {
	const t = useT();
	const [, redraw] = useState(0);
	const [failed, setFailed] = useState(false);
	const Part = kept.get(load);
	useEffect(() => {
		if (Part !== undefined) return;
		let here = true;
		load().then((m) => {
			kept.set(load, m.default);
			if (here) redraw((n) => n + 1);
		}, () => here && setFailed(true));
		return () => void (here = false);
	}, [load]);
	if (Part !== undefined) return <Part path={path} />;
	return failed ? <Notice kind="bad" live title={t('error.gone')} /> : <Waiting />;
}

const firstRun: Loader = () => import('./views/door/first');

export function Page() {
	const t = useT();
	const lang = useLanguage();
	const phase = useStore(app, (a) => a.phase);
	const path = usePath();
	useEffect(() => {
		document.title = phase === 'open' ? `${t(VIEWS.find((v) => v.path === (path[0] ?? 'today'))?.label ?? 'nav.today')} – Fältbok` : 'Fältbok';
	}, [lang, phase, path[0]]);

	if (phase === 'starting') return <Waiting />;
	if (phase === 'away') return <Door title={t('away.title')}><p>{t('away.text')}</p></Door>;
	if (phase === 'new') return <Late load={firstRun} path={path} />;
	if (phase === 'locked') return <Unlock />;
	const view = VIEWS.find((v) => v.path === (path[0] ?? 'today'));
	return (
		<Shell>
			{view === undefined
				? <Notice title={t('view.missing')} actions={<LinkButton href="#/">{t('nav.today')}</LinkButton>} />
				: <Late key={view.path} load={view.load} path={path.slice(1)} />}
		</Shell>
	);
}
