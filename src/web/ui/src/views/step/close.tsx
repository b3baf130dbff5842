/* The end of a pop-up: everything is somewhere else too, or a plain no. */
import { useState } from 'preact/hooks';
import { loadStatus } from '../../base/app';
import { asApiError } from '../../base/load';
import { call, type ApiError } from '../../api/client';
import type { Status } from '../../api/types';
import { useT } from '../../i18n';
import { ActButton, Notice, Panel, Trouble } from '../../parts/basics';

export function CloseSite({ status }: { status: Status }) {
	const t = useT();
	const [asked, setAsked] = useState(false);
	const [error, setError] = useState<ApiError>();
	/* One last round, then what others have signed for decides. */
	const look = async (): Promise<void> => {
		setError(undefined);
		try {
			await call('sync').catch((x: unknown) => {
				if (asApiError(x).code !== 'network') throw x;
			});
			await loadStatus();
			setAsked(true);
		} catch (x) {
			setError(asApiError(x));
		}
	};
	return (
		<Panel title={t('closing.title')}>
			<p class="help">{t('closing.text')}</p>
			<div><ActButton act={look}>{t('closing.check')}</ActButton></div>
			{asked && (status.safe_to_wipe
				? <Notice live kind="good" title={t('closing.safe')}>{t('closing.safe.text')}</Notice>
				: <Notice live kind="bad" title={t('closing.unsafe', { n: status.custody.only_here })}>{t('closing.unsafe.text')}</Notice>)}
			<Trouble error={error} />
		</Panel>
	);
}
