/* What has happened in a case, newest first: notes, visits, referrals, bookings. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { app } from '../../base/app';
import { newId } from '../../base/ids';
import { asApiError, useLoad } from '../../base/load';
import { say } from '../../base/say';
import { useStore } from '../../base/store';
import type { ApiError } from '../../api/client';
import { changedHere, concerns } from '../../api/live';
import { get, list, put } from '../../api/records';
import type { Note, Rec } from '../../api/types';
import { dropDraft, listDrafts, readDraft, useDraft } from '../../form/draft';
import { choiceLabel, scalars, text } from '../../form/profile';
import { formatClock, formatDate, formatMoment, listed, useLanguage, useT } from '../../i18n';
import { ActButton, Button, Empty, Hand, Line, Notice, Panel, Tag, Trouble } from '../../parts/basics';
import { Icon, type IconName } from '../../parts/icons';
import { PersonalHint } from '../today/visit';

export function NewNote({ rec, corrects, onDone }: { rec: Rec; corrects?: Note; onDone?: () => void }) {
	const t = useT();
	const key = `note-${(corrects?.id ?? rec.id).slice(0, 16)}`;
	const [words, setWords] = useState(corrects?.text ?? '');
	const [kept, setKept] = useState<string>();
	const [error, setError] = useState<ApiError>();
	const [round, setRound] = useState(newId);
	const draft = useDraft(key, words, words.trim() !== '' && words !== corrects?.text);
	useEffect(() => {
		listDrafts().then(async (all) => {
			const d = all.some((k) => k.key === key) ? await readDraft<string>(key) : undefined;
			if (d !== undefined) setKept(d.value);
		}, () => undefined);
	}, [key]);

	const save = async (): Promise<void> => {
		if (words.trim() === '') return;
		setError(undefined);
		try {
			await put({ type: rec.type, id: rec.id, note: words.trim(), ...(corrects !== undefined ? { corrects: corrects.id } : {}) });
			draft.forget();
			void dropDraft(key);
			setWords('');
			setRound(newId());
			say(t('note.saved'));
			changedHere(rec.type);
			onDone?.();
		} catch (x) {
			setError(asApiError(x));
		}
	};
	return (
		<form class="panel note-form" key={round} aria-label={t('note.new')} onSubmit={(e) => { e.preventDefault(); void save(); }}
			onKeyDown={(e) => { if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) { e.preventDefault(); void save(); } }}>
			{kept !== undefined && words === (corrects?.text ?? '') && (
				<Notice kind="wait" title={t('draft.note')} actions={<>
					<Button small kind="main" onClick={() => { setWords(kept); setKept(undefined); }}>{t('draft.take')}</Button>
					<Button small onClick={() => { void dropDraft(key); setKept(undefined); }}>{t('draft.drop')}</Button>
				</>} />
			)}
			<Line label={corrects === undefined ? t('note.new') : t('note.correct')} help={t('note.help')} lines={3} value={words} onInput={setWords} autofocus={corrects !== undefined} />
			<PersonalHint text={words} />
			<Trouble error={error} />
			<div class="row">
				<ActButton kind="main" disabled={words.trim() === ''} act={save}>{t('note.save')}</ActButton>
				{onDone !== undefined && <Button onClick={onDone}>{t('do.cancel')}</Button>}
			</div>
		</form>
	);
}

interface Item { id: string; at: string; icon: IconName; body: ComponentChildren }

export function Timeline({ rec }: { rec: Rec }) {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const visits = [...scalars(rec.fields['visit']), ...scalars(rec.fields['more_visits'])].map(String);
	const beside = useLoad((signal) => Promise.all([
		Promise.all(visits.map((v) => visitWithDay(v, signal).catch(() => undefined))),
		rec.type === 'case' && profile?.has('referral') === true ? list('referral', { case: rec.id }, 50, {}, signal) : [],
		rec.type === 'case' && profile?.has('booking') === true ? list('booking', { case: rec.id }, 50, {}, signal) : [],
	]), [rec.id, visits.join()], (c) => concerns(c, ['visit', 'referral', 'booking']));
	const [correcting, setCorrecting] = useState<Note>();
	const word = (r: Rec, name: string): string => {
		const f = profile?.field(r.type, name);
		return listed(lang, scalars(r.fields[name]).map((v) => (f?.choices === undefined ? String(v) : choiceLabel(f, String(v), lang))));
	};
	const corrected = new Set((rec.notes ?? []).map((n) => n.corrects).filter((c) => c !== undefined && c !== null));
	const items: Item[] = (rec.notes ?? []).map((n) => ({
		id: n.id, at: n.at, icon: 'pen',
		body: correcting?.id === n.id ? <NewNote rec={rec} corrects={n} onDone={() => setCorrecting(undefined)} /> : (
			<>
				<p class="by"><strong><Hand by={n} /></strong> <span class="soft">{formatMoment(lang, n.at)}</span>
					{n.corrects !== undefined && n.corrects !== null && <Tag>{t('note.corrects')}</Tag>}
					{corrected.has(n.id) && <Tag kind="wait">{t('note.corrected')}</Tag>}
				</p>
				<p class={`note-text${corrected.has(n.id) ? ' corrected' : ''}`} dir="auto">{n.text}</p>
				{!corrected.has(n.id) && <Button small kind="quiet" onClick={() => setCorrecting(n)}>{t('note.correct.do')}</Button>}
			</>
		),
	}));
	const [seen, referrals, bookings] = beside.data ?? [[], [], []];
	for (const v of seen)
		if (v !== undefined)
			items.push({ id: v.visit.id, at: v.day, icon: 'people', body: <p class="by"><strong>{t('timeline.visit')}</strong> <span class="soft">{formatDate(lang, v.day)}</span>
				{' '}<bdi>{[v.site, word(v.visit, 'channel'), word(v.visit, 'language')].filter((s) => s !== '').join(' · ')}</bdi></p> });
	for (const r of referrals)
		items.push({ id: r.id, at: text(r, 'sent'), icon: 'forward', body: <p class="by"><strong>{t('timeline.referral')}</strong> <span class="soft">{formatDate(lang, text(r, 'sent'))}</span>
			{' '}<bdi>{[word(r, 'to'), word(r, 'reason'), word(r, 'status')].filter((s) => s !== '').join(' · ')}</bdi></p> });
	for (const b of bookings)
		items.push({ id: b.id, at: text(b, 'date'), icon: 'clock', body: <p class="by"><strong>{t('timeline.booking')}</strong> <span class="soft">{formatDate(lang, text(b, 'date'))} {formatClock(lang, text(b, 'time'))}</span>
			{' '}<bdi>{word(b, 'status')}</bdi></p> });
	items.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
	return (
		<Panel title={t('timeline')}>
			{items.length === 0 ? <Empty icon="pen">{t('timeline.empty')}</Empty> : (
				<ol class="timeline">{items.map((i) => <li key={i.id}><Icon name={i.icon} /><div>{i.body}</div></li>)}</ol>
			)}
		</Panel>
	);
}

/* A visit's day and place are its session's. */
async function visitWithDay(id: string, signal: AbortSignal): Promise<{ visit: Rec; day: string; site: string }> {
	const visit = await get(id, false, signal);
	const session = text(visit, 'session') === '' ? undefined : await get(text(visit, 'session'), false, signal).catch(() => undefined);
	const site = text(session, 'site') === '' ? undefined : await get(text(session, 'site'), false, signal).catch(() => undefined);
	return { visit, day: text(session, 'date'), site: text(site, 'name') };
}
