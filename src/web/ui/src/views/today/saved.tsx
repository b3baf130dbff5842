/* Saved: what may follow for this visitor, and the next one in a touch. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { app } from '../../base/app';
import { href } from '../../base/route';
import { useStore } from '../../base/store';
import type { VisitSaved, Warning } from '../../api/day';
import { useT } from '../../i18n';
import { Button, LinkButton, Notice, Panel } from '../../parts/basics';
import { CardDialog, NextStepDialog } from '../../parts/slips';

export function Saved({ saved, language, onDone }: { saved: VisitSaved; language: string | undefined; onDone: () => void }) {
	const t = useT();
	const copies = useStore(app, (a) => a.status?.custody.only_here);
	const [shown, setShown] = useState<'card' | 'slip'>();
	const next = useRef<HTMLDivElement>(null);
	useEffect(() => next.current?.querySelector('button')?.focus(), []);
	return (
		<Panel class="visit" title={t('visit.saved')}>
			<Notice kind="good" title={t('visit.saved.text')}>{saved.copies === 0 && copies !== undefined ? t('visit.saved.here') : undefined}</Notice>
			<Warnings warnings={saved.warnings} />
			{saved.duplicates.length > 0 && (
				<Notice kind="wait" title={t('duplicate.title')} actions={
					<LinkButton small href={href('cases', saved.duplicates[0]?.b.id ?? '')}>{t('duplicate.look')}</LinkButton>
				}>{t('duplicate.text')}</Notice>
			)}
			<div class="row" ref={next}>
				<Button kind="main" class="large" icon="forward" onClick={onDone}>{t('visit.next')}</Button>
			</div>
			<div class="row">
				{saved.case !== null && <Button icon="print" onClick={() => setShown('slip')}>{t('slip.next')}</Button>}
				{saved.case !== null && <Button icon="card" onClick={() => setShown('card')}>{t('card.new')}</Button>}
				{saved.case !== null && <LinkButton icon="cases" href={href('cases', saved.case)}>{t('visit.case')}</LinkButton>}
			</div>
			{shown === 'card' && saved.case !== null && <CardDialog caseId={saved.case} onClose={() => setShown(undefined)} />}
			{shown === 'slip' && saved.case !== null && <NextStepDialog id={saved.case} language={language} onClose={() => setShown(undefined)} />}
		</Panel>
	);
}

export function Warnings({ warnings }: { warnings: readonly Warning[] }) {
	const t = useT();
	if (warnings.length === 0) return null;
	const personal = warnings.some((w) => typeof w !== 'string');
	const other = warnings.filter((w): w is string => typeof w === 'string');
	return (
		<>
			{personal && <Notice kind="wait" title={t('personal.title')}>{t('personal.text')}</Notice>}
			{other.length > 0 && <Notice kind="wait" title={t('warnings.some', { n: other.length })}>
				<details><summary>{t('error.details')}</summary>{other.map((w) => <p key={w} dir="ltr" lang="en"><bdi>{w}</bdi></p>)}</details>
			</Notice>}
		</>
	);
}
