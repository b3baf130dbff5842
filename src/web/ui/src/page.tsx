/* Which door is open: first run, locked, or the work itself. */
import { useEffect } from 'preact/hooks';
import { app } from './base/app';
import { usePath } from './base/route';
import { useStore } from './base/store';
import { useLanguage, useT } from './i18n';
import { LinkButton, Notice, Waiting } from './parts/basics';
import { Late, type Loader } from './parts/late';
import { Door, Shell } from './parts/shell';
import { Unlock } from './views/door/unlock';
import { firstView, VIEWS } from './views/registry';

const firstRun: Loader = () => import('./views/door/first');

export function Page() {
	const t = useT();
	const lang = useLanguage();
	const phase = useStore(app, (a) => a.phase);
	const path = usePath();
	const first = useStore(app, firstView), here = path[0] ?? first;
	useEffect(() => {
		document.title = phase === 'open' ? `${t(VIEWS.find((v) => v.path === here)?.label ?? 'nav.today')} – Fältbok` : 'Fältbok';
	}, [lang, phase, here]);

	if (phase === 'starting') return <Waiting />;
	if (phase === 'away') return <Door title={t('away.title')}><p>{t('away.text')}</p></Door>;
	if (phase === 'new') return <Late load={firstRun} path={path} />;
	if (phase === 'locked') return <Unlock />;
	const view = VIEWS.find((v) => v.path === here);
	return (
		<Shell>
			{view === undefined
				? <Notice title={t('view.missing')} actions={<LinkButton href="#/">{t('nav.today')}</LinkButton>} />
				: <Late key={view.path} load={view.load} path={path.slice(1)} />}
		</Shell>
	);
}
