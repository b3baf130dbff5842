/* Records that may be about the same. Merging moves nothing: both numbers go on working, and it can be taken back. */
import { useState } from 'preact/hooks';
import { app } from '../../base/app';
import { useLoad } from '../../base/load';
import { href } from '../../base/route';
import { say } from '../../base/say';
import { useStore } from '../../base/store';
import { useTry } from '../../base/try';
import type { Hint } from '../../api/day';
import { doubles } from '../../api/directory';
import { changedHere, concerns } from '../../api/live';
import { capital, choiceLabel, label } from '../../form/profile';
import { useLanguage, useT, type Key } from '../../i18n';
import { ActButton, Code, Empty, LinkButton, Notice, Own, Panel, Trouble, Waiting } from '../../parts/basics';
import type { ViewProps } from '../registry';

const WHY: Record<string, Key> = {
	'same phone': 'doubles.phone', 'same e-mail': 'doubles.email', 'same name': 'doubles.name', 'same code': 'doubles.code', 'same visitor and topic': 'doubles.topic',
};
const SHOWN = 20;
const TYPES = ['case', 'visitor', 'visit', 'volunteer', 'organisation', 'service', 'site'];

export default function Doubles(_: ViewProps) {
	const t = useT();
	const all = useLoad((signal) => doubles.pairs(signal), [], (c) => concerns(c, TYPES));
	const [last, setLast] = useState<{ keep: string; other: string }>();
	const undo = useTry();
	const apart = (): Promise<unknown> => undo.run(async () => {
		if (last === undefined) return;
		await doubles.unmerge(last.other);
		setLast(undefined);
		say(t('doubles.apart'));
		changedHere(...TYPES);
	});
	const rows = all.data ?? [];
	return (
		<div class="narrow stack">
			<div class="head"><h1>{t('more.doubles')}</h1></div>
			<p class="help">{t('doubles.text')}</p>
			{last !== undefined && (
				<Notice live kind="good" title={t('doubles.merged')} actions={<>
					<LinkButton small href={href('cases', last.keep)}>{t('doubles.look')}</LinkButton>
					<ActButton small act={apart}>{t('doubles.undo')}</ActButton>
				</>} />
			)}
			<Trouble error={undo.error ?? (all.data === undefined ? all.error : undefined)} again={all.data === undefined ? all.again : undefined} />
			{all.data === undefined ? all.error === undefined && <Waiting /> : rows.length === 0 ? <Panel><Empty icon="done">{t('doubles.none')}</Empty></Panel>
				: rows.slice(0, SHOWN).map((p) => <Pair key={`${p.a.id} ${p.b.id}`} pair={p} onMerged={(keep, other) => setLast({ keep, other })} />)}
			{rows.length > SHOWN && <p class="help">{t('directory.more', { n: rows.length - SHOWN })}</p>}
		</div>
	);
}

function Pair({ pair, onMerged }: { pair: Hint; onMerged: (keep: string, other: string) => void }) {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const [keep, setKeep] = useState<'a' | 'b'>();
	const { error, run } = useTry();
	const type = pair.a.type;
	/* The words of a label are values: those that are codes are said as their labels. */
	const words = (l: string): string => l.split(', ').map((w) => {
		const f = profile?.type(type)?.fields.find((x) => x.choices?.some((c) => c.code === w));
		return f === undefined ? w : choiceLabel(f, w, lang);
	}).join(', ');
	const merge = (): Promise<unknown> => run(async () => {
		const stays = keep === 'b' ? pair.b.id : pair.a.id, goes = keep === 'b' ? pair.a.id : pair.b.id;
		await doubles.merge(stays, goes);
		onMerged(stays, goes);
		say(t('doubles.merged'));
		changedHere(...TYPES);
	});
	const name = `${pair.a.id}-${pair.b.id}`;
	return (
		<Panel level={2} title={capital(label(profile?.type(type)?.label, lang, type))}>
			<p class="soft">{pair.why.map((w) => (WHY[w] === undefined ? w : t(WHY[w]))).join(' · ')}</p>
			<fieldset class="claims">
				<legend class="unseen">{t('doubles.which')}</legend>
				{(['a', 'b'] as const).map((k) => (
					<label key={k} class={`claim${k === keep ? ' on' : ''}`}>
						<input type="radio" name={name} checked={k === keep} onChange={() => setKeep(k)} />
						<strong><Own>{words(pair[k].label) || pair[k].id.slice(0, 6)}</Own></strong>
						<span class="soft"><Code>{pair[k].id.slice(0, 6)}</Code></span>
					</label>
				))}
			</fieldset>
			<div class="row">
				<ActButton kind="main" disabled={keep === undefined} act={merge}>{t('doubles.merge')}</ActButton>
				{(['a', 'b'] as const).map((k) => <LinkButton key={k} kind="quiet" href={href('cases', pair[k].id)}>{t('doubles.see', { code: pair[k].id.slice(0, 6) })}</LinkButton>)}
			</div>
			{keep === undefined && <p class="help">{t('doubles.which')}</p>}
			<Trouble error={error} />
		</Panel>
	);
}
