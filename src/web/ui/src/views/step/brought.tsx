/* What one exchange brought: a sentence, and behind it the list. */
import { app } from '../../base/app';
import { href } from '../../base/route';
import { useStore } from '../../base/store';
import type { Brought, Told } from '../../api/step';
import { capital, label } from '../../form/profile';
import { useLanguage, useT } from '../../i18n';
import { Code, Tag } from '../../parts/basics';

/* The node says it in whole sentences of some languages; in the others each part stands for itself. */
export function BroughtLine({ told }: { told: Told }) {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const said = told.sentence?.[lang], b = told.brought;
	if (said !== undefined) return <p class="brought">{capital(said)}.</p>;
	if (b === undefined) return null;
	const what = (type: string): string => capital(label(profile?.type(type)?.label, lang, type));
	const parts = [
		...b.types.filter((x) => x.new > 0).map((x) => t('brought.new', { n: x.new, what: what(x.type), name: x.from })),
		...b.types.filter((x) => x.changed > 0).map((x) => t('brought.changed', { n: x.changed, what: what(x.type), name: x.from })),
		...(b.erased > 0 ? [t('brought.erased', { n: b.erased })] : []),
		...(b.after_removal > 0 ? [t('late.count', { n: b.after_removal })] : []),
		...(b.conflicts > 0 ? [t('brought.conflicts', { n: b.conflicts })] : []),
	];
	if (parts.length === 0) return <p class="brought">{t('brought.nothing')}</p>;
	return parts.length === 1 ? <p class="brought">{parts[0]}</p> : <ul class="plain-list brought">{parts.map((p) => <li key={p}>{p}</li>)}</ul>;
}

export function BroughtList({ brought }: { brought: Brought | undefined }) {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const records = brought?.records ?? [];
	if (records.length === 0) return null;
	return (
		<details>
			<summary>{t('brought.show', { n: records.length })}</summary>
			<ul class="brought-list">
				{records.map((r) => (
					<li key={r.id}>
						<a href={href('cases', r.id)}>{capital(label(profile?.type(r.type)?.label, lang, r.type))} <Code>{r.id.slice(0, 6)}</Code></a>
						{r.new ? <Tag kind="good">{t('brought.isnew')}</Tag> : <Tag>{t('brought.ischanged')}</Tag>}
					</li>
				))}
			</ul>
			{brought?.more === true && <p class="help">{t('brought.more')}</p>}
		</details>
	);
}
