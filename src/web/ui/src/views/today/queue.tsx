/*
 * The queue: who waits, since when, for what. It is in no log and is gone when
 * the session closes; only counts remain.
 */
import { useEffect, useReducer, useState } from 'preact/hooks';
import { app } from '../../base/app';
import { asApiError, useLoad } from '../../base/load';
import { say } from '../../base/say';
import { useStore } from '../../base/store';
import { day, type Place, type Triage } from '../../api/day';
import { changedHere, concerns } from '../../api/live';
import { FieldInput } from '../../form/field';
import { choiceLabel } from '../../form/profile';
import { minutesSince, useLanguage, useT } from '../../i18n';
import { ActButton, Button, Empty, Line, Panel, plainError, Tag, Tick, Trouble } from '../../parts/basics';
import { Dialog } from '../../parts/dialog';
import { usage } from './usage';

const LOOK_EVERY_MS = 20_000; // waiting times grow by themselves

export function Queue({ onReceive, busy, receiving }: { onReceive: (p: Place) => void; busy: boolean; receiving: string | undefined }) {
	const t = useT();
	const queue = useLoad((signal) => day.queue(signal), [], (c) => concerns(c, ['queue', 'session']));
	const [triage, setTriage] = useState<Place>();
	const [, tick] = useReducer((n: number) => n + 1, 0);
	useEffect(() => {
		const timer = setInterval(() => tick(0), LOOK_EVERY_MS);
		return () => clearInterval(timer);
	}, []);

	const act = async (fn: () => Promise<{ place: Place }>, done: (p: Place) => string): Promise<void> => {
		try {
			const { place } = await fn();
			say(done(place));
			changedHere('queue');
		} catch (x) {
			say(plainError(t, asApiError(x)), 'warn');
		}
	};
	const places = queue.data?.places ?? [];
	const waiting = places.filter((p) => p.state === 'waiting'), called = places.filter((p) => p.state === 'called');
	const longest = Math.max(0, ...waiting.map((p) => minutesSince(p.arrived)));
	return (
		<Panel class="queue" title={t('queue.title')} actions={<>
			<ActButton small icon="plus" act={() => act(() => day.add({}), (p) => t('queue.added', { ticket: p.ticket }))}>{t('queue.add')}</ActButton>
			<ActButton small kind="main" icon="call" disabled={waiting.length === 0}
				act={() => act(() => day.callIn(), (p) => t('queue.called', { ticket: p.ticket }))}>{t('queue.next')}</ActButton>
		</>}>
			<Trouble error={queue.data === undefined ? queue.error : undefined} again={queue.again} />
			{queue.data !== undefined && (
				<p class="soft">{waiting.length === 0 ? t('queue.none') : `${t('queue.waiting', { n: waiting.length })} · ${t('queue.longest', { n: longest })}`}</p>
			)}
			{places.length === 0 && queue.data !== undefined && <Empty icon="ticket">{t('queue.empty')}</Empty>}
			{called.length > 0 && (
				<ul class="places" aria-label={t('queue.called.list')}>
					{called.map((p) => (
						<PlaceRow key={p.id} place={p} onTriage={() => setTriage(p)}>
							{receiving === p.ticket ? <Tag kind="strong">{t('queue.receiving')}</Tag> : <>
								<Button small kind="main" onClick={() => (busy ? say(t('queue.busy'), 'warn') : onReceive(p))}>{t('queue.receive')}</Button>
								<ActButton small act={() => act(() => day.leave(p.ticket), () => t('queue.left', { ticket: p.ticket }))}>{t('queue.leave')}</ActButton>
							</>}
						</PlaceRow>
					))}
				</ul>
			)}
			{waiting.length > 0 && (
				<ol class="places" aria-label={t('queue.waiting.list')}>
					{waiting.map((p) => (
						<PlaceRow key={p.id} place={p} onTriage={() => setTriage(p)}>
							<ActButton small icon="call" act={() => act(() => day.callIn(p.ticket), () => t('queue.called', { ticket: p.ticket }))}>{t('queue.call')}</ActButton>
							<ActButton small kind="quiet" act={() => act(() => day.leave(p.ticket), () => t('queue.left', { ticket: p.ticket }))}>{t('queue.leave')}</ActButton>
						</PlaceRow>
					))}
				</ol>
			)}
			<p class="help">{t('queue.kept')}</p>
			{triage !== undefined && <TriageDialog place={triage} onClose={() => setTriage(undefined)} />}
		</Panel>
	);
}

function PlaceRow({ place, onTriage, children }: { place: Place; onTriage: () => void; children: preact.ComponentChildren }) {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const word = (field: string, code: string | undefined): string => {
		const f = profile?.field('queue', field) ?? profile?.field('visit', field);
		return code === undefined ? '' : f === undefined ? code : choiceLabel(f, code, lang);
	};
	const facts = [word('language', place.language), word('topic', place.topic), place.documents ?? ''].filter((s) => s !== '');
	const waited = minutesSince(place.called ?? place.arrived);
	return (
		<li class={place.state}>
			<span class="ticket" dir="ltr">{place.ticket}</span>
			<div class="place">
				<span class={waited >= 45 && place.state === 'waiting' ? 'long' : 'soft'}>
					{place.state === 'called' ? t('queue.called.ago', { n: waited }) : t('queue.waited', { n: waited })}
				</span>
				{place.deadline_today === true && <Tag kind="bad">{t('queue.deadline')}</Tag>}
				{place.minutes !== undefined && <span class="soft">{t('queue.estimate', { n: place.minutes })}</span>}
				{facts.length > 0 && <span><bdi>{facts.join(' · ')}</bdi></span>}
			</div>
			<div class="actions">
				<Button small kind="quiet" icon="pen" aria-label={t('queue.triage.of', { ticket: place.ticket })} title={t('queue.triage')} onClick={onTriage} />
				{children}
			</div>
		</li>
	);
}

/* The first look while people wait: goes to whoever receives, then goes away. */
function TriageDialog({ place, onClose }: { place: Place; onClose: () => void }) {
	const t = useT();
	const profile = useStore(app, (a) => a.profile);
	const [language, setLanguage] = useState<string[]>(place.language === undefined ? [] : [place.language]);
	const [topic, setTopic] = useState<string[]>(place.topic === undefined ? [] : [place.topic]);
	const [documents, setDocuments] = useState(place.documents ?? '');
	const [deadline, setDeadline] = useState(place.deadline_today === true);
	const [minutes, setMinutes] = useState<string[]>(place.minutes === undefined ? [] : [String(place.minutes)]);
	const [error, setError] = useState<ReturnType<typeof asApiError>>();
	const languageField = profile?.field('queue', 'language'), topicField = profile?.field('queue', 'topic');

	const save = async (): Promise<void> => {
		const p: Triage = { 'deadline-today': deadline };
		if (language[0] !== undefined) p.language = language[0];
		if (topic[0] !== undefined) p.topic = topic[0];
		if (documents.trim() !== '') p.documents = documents.trim();
		if (minutes[0] !== undefined) p.minutes = Number(minutes[0]);
		try {
			await day.edit(place.ticket, p);
			changedHere('queue');
			onClose();
		} catch (x) {
			setError(asApiError(x));
		}
	};
	return (
		<Dialog title={<>{t('queue.triage')} <bdi class="code">{place.ticket}</bdi></>} onClose={onClose} actions={<>
			<Button onClick={onClose}>{t('do.cancel')}</Button>
			<ActButton kind="main" act={save}>{t('do.save')}</ActButton>
		</>}>
			<form class="stack" onSubmit={(e) => { e.preventDefault(); void save(); }}>
				{languageField !== undefined && <FieldInput type="queue" field={languageField} usage={asVisit(usage.get())} label={t('visit.language')} value={language} onInput={setLanguage} few={7} />}
				{topicField !== undefined && <FieldInput type="queue" field={topicField} usage={asVisit(usage.get())} label={t('queue.topic')} value={topic} onInput={setTopic} few={7} />}
				<Line label={t('queue.documents')} help={t('queue.documents.help')} value={documents} onInput={setDocuments} />
				<Choice5 value={minutes} onInput={setMinutes} />
				<Tick label={t('queue.deadline')} checked={deadline} onInput={setDeadline} />
				<Trouble error={error} />
				<input type="submit" hidden />
			</form>
		</Dialog>
	);
}

/* The queue's questions are the visit's: so is their order. */
function asVisit(all: ReadonlyMap<string, number>): Map<string, number> {
	return new Map([...all].filter(([k]) => k.startsWith('visit.')).map(([k, v]) => [k.replace('visit.', 'queue.'), v]));
}

function Choice5({ value, onInput }: { value: string[]; onInput: (v: string[]) => void }) {
	const t = useT();
	return (
		<div class="choose" role="radiogroup" aria-labelledby="triage-minutes">
			<p class="label" id="triage-minutes">{t('queue.minutes')}</p>
			<div class="chips">
				{['5', '15', '30', '60'].map((m) => (
					<label key={m} class={`chip${value[0] === m ? ' on' : ''}`}>
						<input type="radio" name="triage-minutes" checked={value[0] === m} onChange={() => onInput([m])} onClick={() => value[0] === m && onInput([])} />
						<span>{t('minutes', { n: Number(m) })}</span>
					</label>
				))}
			</div>
		</div>
	);
}
