/* One case: what does not agree first, then what is known, then what has happened. */
import { useState } from 'preact/hooks';
import { app } from '../../base/app';
import { useLoad } from '../../base/load';
import { href } from '../../base/route';
import { say } from '../../base/say';
import { useStore } from '../../base/store';
import { care } from '../../api/care';
import { changedHere, concerns, useLive } from '../../api/live';
import { get, put } from '../../api/records';
import type { Rec } from '../../api/types';
import { RecordDialog } from '../../form/record';
import { recordName } from '../../form/field';
import { capital, choiceLabel, fieldLabel, label, scalars, scalarText, text } from '../../form/profile';
import { formatDate, listed, today, useLanguage, useT } from '../../i18n';
import { ActButton, Button, Code, Facts, LinkButton, Notice, Own, Panel, Tag, Trouble, Waiting } from '../../parts/basics';
import { CardDialog, NextStepDialog } from '../../parts/slips';
import { usage } from '../today/usage';
import { Merged } from '../doubles/merged';
import { EraseDialog } from '../erase/ask';
import { Conflicts } from './conflicts';
import { BreakGlass, ProtectDialog, ProtectedBanner, type Opened } from './protected';
import { ReferDialog, Referrals } from './referrals';
import { NewNote, Timeline } from './timeline';

type Shown = 'edit' | 'slip' | 'card' | 'refer' | 'protect' | 'erase';

export function CaseView({ id }: { id: string }) {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const lead = useStore(app, (a) => a.role === 'coordinator');
	const rec = useLoad((signal) => get(id, false, signal), [id], (c) => concerns(c, ['case', 'visit', 'referral', 'booking']) || c.kind === 'conflicts');
	const [shown, setShown] = useState<Shown>();
	/* Opened in spite of a protected identity: as it was then, for each look is written down. After a change of one's own it is opened again. */
	const [opened, setOpened] = useState<Opened>();
	useLive((c) => opened !== undefined && c.kind === 'here' && concerns(c, ['case', 'referral', 'booking']), () => opened !== undefined && void care.breakGlass(id, opened.reason)
		.then((now) => setOpened({ rec: now, reason: opened.reason }), () => setOpened(undefined)));
	const hidden = rec.error?.code === 'refused';
	const r = hidden ? opened?.rec : rec.data;
	if (hidden && opened === undefined) return <BreakGlass id={id} onOpened={setOpened} />;
	if (r === undefined) return rec.error !== undefined ? <Trouble error={rec.error} again={rec.again} /> : <Waiting />;

	const word = (name: string): string => {
		const f = profile?.field(r.type, name), v = text(r, name);
		return f === undefined || v === '' ? '' : f.choices !== undefined ? capital(choiceLabel(f, v, lang)) : v;
	};
	const type = profile?.type(r.type);
	const isCase = r.type === 'case';
	const closed = text(r, 'status') === 'closed';
	const title = word('title') || word('topic') || (isCase ? t('case') : `${capital(label(type?.label, lang, r.type))} ${recordName(r)}`);
	const close = async (): Promise<void> => {
		await put({ type: r.type, id: r.id, set: closed ? { status: 'open', closed: null } : { status: 'closed', closed: today() } });
		say(closed ? t('case.reopened') : t('case.closed'));
		changedHere('case');
	};
	return (
		<article class="stack case" aria-labelledby="case-title">
			<div class="head">
				<h1 id="case-title"><Own>{title}</Own></h1>
				{word('status') !== '' && <Tag kind={closed ? 'plain' : 'strong'}>{word('status')}</Tag>}
				<span class="soft">{t('case.number')} <Code>{r.id.slice(0, 6)}</Code></span>
			</div>
			{hidden && opened !== undefined && <ProtectedBanner reason={opened.reason} />}
			<Conflicts rec={r} />
			<Trouble error={hidden ? undefined : rec.error} />
			<div class="actions">
				{isCase && !hidden && <Button icon="print" onClick={() => setShown('slip')}>{t('slip.next')}</Button>}
				{isCase && profile?.has('referral') && <Button icon="forward" onClick={() => setShown('refer')}>{t('refer')}</Button>}
				{isCase && !hidden && <Button icon="card" onClick={() => setShown('card')}>{text(r, 'visitor') !== '' ? t('card.show') : t('card.new')}</Button>}
				{isCase && profile?.field('case', 'status') !== undefined && <ActButton icon="done" act={close}>{closed ? t('case.reopen') : t('case.close')}</ActButton>}
				{isCase && <details class="more-actions">
					<summary>{t('more')}</summary>
					<div class="actions">
						{profile?.has('booking') && !closed && <LinkButton icon="clock" href={href('more', 'times', r.id)}>{t('case.book')}</LinkButton>}
						{profile?.field('case', 'protected') !== undefined && !hidden && <Button icon="shield" onClick={() => setShown('protect')}>{t('protect.do')}</Button>}
						{lead && <LinkButton icon="leaf" href={href('lead', 'erase', r.id)}>{t('erase.ask')}</LinkButton>}
					</div>
				</details>}
			</div>
			<div class="two">
				<div class="stack">
					{type?.notes === true && <NewNote rec={r} />}
					<Timeline rec={r} />
				</div>
				<div class="stack">
					<Panel title={t('case.facts')} actions={<Button small icon="pen" onClick={() => setShown('edit')}>{t('do.change')}</Button>}>
						<KnownFacts rec={r} />
					</Panel>
					{isCase && profile?.has('referral') && <Referrals caseId={r.id} />}
					{(r.merged ?? []).length > 0 && <Merged records={r.merged ?? []} onApart={rec.again} />}
					<p class="help">{t('case.reads')}</p>
					<div><Button small kind="quiet" onClick={() => setShown('erase')}>{t('erase.ask')}</Button></div>
				</div>
			</div>
			{r.fields['practice'] === true && <Notice kind="wait">{t('practice.record')}</Notice>}
			{shown === 'edit' && <RecordDialog type={r.type} record={r} usage={usage.get()} without={['visit', 'more_visits', 'previous', 'visitor', 'case', 'session']}
				title={t('case.change')} onClose={() => setShown(undefined)} onSaved={() => say(t('saved'))} />}
			{shown === 'slip' && <NextStepDialog id={r.id} language={undefined} onClose={() => setShown(undefined)} />}
			{shown === 'card' && <CardDialog {...(text(r, 'visitor') !== '' ? { visitor: text(r, 'visitor') } : { caseId: r.id })} onClose={() => setShown(undefined)} />}
			{shown === 'protect' && <ProtectDialog rec={r} onClose={() => setShown(undefined)} />}
			{shown === 'erase' && <EraseDialog id={r.id} onClose={() => setShown(undefined)} />}
			{shown === 'refer' && <ReferDialog caseId={r.id} onClose={() => setShown(undefined)} />}
		</article>
	);
}

function KnownFacts({ rec }: { rec: Rec }) {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const words = { yes: t('yes'), no: t('no') };
	const rows = (profile?.type(rec.type)?.fields ?? []).filter((f) => f.type !== 'ref' && scalars(rec.fields[f.name]).length > 0)
		.map((f) => [fieldLabel(f, lang), <bdi>{listed(lang, scalars(rec.fields[f.name]).map((v) => scalarText(f, v, lang, words)))}</bdi>] as const);
	const clock = useLoad((signal) => (rec.type === 'case' ? care.clock(rec.id, signal) : Promise.resolve(undefined)), [rec.id, text(rec, 'status')]);
	const due = clock.data?.due ?? null;
	return rows.length === 0 && due === null ? <p class="soft">{t('case.nofacts')}</p>
		: <Facts rows={[...rows, due !== null && [t('case.kept'), formatDate(lang, due)] as const]} />;
}
