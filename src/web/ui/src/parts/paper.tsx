/* What was printed for this computer and nobody has said to keep: a paper that never reached its place is missed years later. */
import { loadStatus } from '../base/app';
import { href } from '../base/route';
import { useTry } from '../base/try';
import { call } from '../api/client';
import type { Status } from '../api/types';
import { useT } from '../i18n';
import { ActButton, LinkButton, Notice, Trouble } from './basics';

export const paperKept = (): Promise<unknown> => call('paper confirm');

/* `here`: where a new paper is made, if that is not on this very view. */
export function PaperNotice({ status, here }: { status: Status | undefined; here: boolean }) {
	const t = useT();
	const { error, run } = useTry();
	const which = status?.paper_unconfirmed ?? [];
	const kept = (): Promise<unknown> => run(async () => {
		await paperKept();
		await loadStatus();
	});
	if (which.length === 0) return null;
	return (
		<Notice kind="wait" actions={
			<div class="row">
				<ActButton small act={kept}>{t('paper.kept')}</ActButton>
				{here && which.includes('recovery_code') && <LinkButton small href={href('more', 'here')}>{t('paper.do')}</LinkButton>}
			</div>
		}>
			{which.map((w) => <p key={w}>{w === 'recovery_code' ? t('paper.code.unkept') : t('paper.card.unkept')}</p>)}
			<Trouble error={error} />
		</Notice>
	);
}
