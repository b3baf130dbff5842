/* A visit that was begun and never saved is offered back: never put into a form unasked. */
import { useEffect, useState } from 'preact/hooks';
import { dropDraft, listDrafts, readDraft } from '../../form/draft';
import { formatAgo, useLanguage, useT } from '../../i18n';
import { ActButton, Button, Notice } from '../../parts/basics';
import { DRAFT_PREFIX, type FormStart, type VisitDraft } from './visit';

export function Drafts({ own, busy, onOpen }: { own: string; busy: boolean; onOpen: (start: FormStart) => void }) {
	const t = useT();
	const lang = useLanguage();
	const [kept, setKept] = useState<{ key: string; at: string }[]>([]);
	useEffect(() => {
		listDrafts().then((all) => setKept(all.filter((d) => d.key.startsWith(DRAFT_PREFIX) && d.key !== DRAFT_PREFIX + own)), () => undefined);
	}, []);
	const gone = (key: string): void => setKept((all) => all.filter((d) => d.key !== key));
	const take = async (key: string): Promise<void> => {
		const draft = await readDraft<VisitDraft>(key);
		gone(key);
		if (draft !== undefined) onOpen({ ...draft.value.start, id: key.slice(DRAFT_PREFIX.length), draft: draft.value });
	};
	const shown = kept.filter((d) => d.key !== DRAFT_PREFIX + own);
	if (shown.length === 0) return null;
	return (
		<div class="stack tight drafts">
			{shown.map((d) => (
				<Notice key={d.key} kind="wait" title={t('draft.found', { when: formatAgo(lang, d.at) })} actions={<>
					<ActButton small kind="main" disabled={busy} act={() => take(d.key)}>{t('draft.take')}</ActButton>
					<Button small onClick={() => { void dropDraft(d.key); gone(d.key); }}>{t('draft.drop')}</Button>
				</>}>{busy ? t('draft.busy') : undefined}</Notice>
			))}
		</div>
	);
}
