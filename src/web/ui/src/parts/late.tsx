/* A part of a view that is fetched from the node when it is first shown. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useT } from '../i18n';
import { Notice, Waiting } from './basics';
import type { ViewProps } from '../views/registry';

export type Loader = () => Promise<{ default: ComponentType<ViewProps> }>;
const kept = new Map<Loader, ComponentType<ViewProps>>();

export function Late({ load, path }: { load: Loader; path: readonly string[] }) {
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
