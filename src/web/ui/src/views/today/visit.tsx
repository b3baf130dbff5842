/*
 * The walk-in form. Nothing about the person is asked for before the adviser
 * asks for it; four questions and Save; the rest is there for who has time.
 * Each form is a new one with an id of its own: nothing of the last visitor can
 * stand in it.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { app } from '../../base/app';
import { asApiError } from '../../base/load';
import { say } from '../../base/say';
import { useStore } from '../../base/store';
import type { ApiError } from '../../api/client';
import { day, type CardFound, type Place, type Session, type VisitSaved } from '../../api/day';
import { changedHere } from '../../api/live';
import type { FieldDef } from '../../api/types';
import { get } from '../../api/records';
import { dropDraft, useDraft } from '../../form/draft';
import { FieldInput } from '../../form/field';
import { findPersonal } from '../../form/personal';
import type { Profile } from '../../form/profile';
import { answered, misfits, NO_VALUES, relevant, toAssign, withValue, type Values } from '../../form/values';
import type { Usage } from '../../form/usage';
import { formatDate, useLanguage, useT, type Key } from '../../i18n';
import { Button, Code, Line, Notice, Switch, Tag, Trouble } from '../../parts/basics';
import { Choose } from '../../parts/choose';
import { Saved } from './saved';
import { loadUsage, usage } from './usage';

export const DRAFT_PREFIX = 'visit-';
export interface FormStart { id: string; place?: Place; draft?: VisitDraft }
interface Content { person: Person; values: Values; note: string; card: string; case: string; ticket: string }
export interface VisitDraft { content: Content; start: Omit<FormStart, 'draft'> }
type Person = 'none' | 'card';

/* Asked first, in this order, of a profile that has them. */
const FIRST = ['topic', 'case.responsible', 'first_visit', 'language'];
/* Never asked here: the session says it, it points at a record, or it needs a decision of its own. */
const NOT_ASKED = new Set(['session', 'channel', 'visitor', 'adviser', 'residence_status']);
const CASE_LATER = ['case.status', 'case.outcome', 'case.complexity', 'case.deadline', 'case.next_step'];

function fieldOf(profile: Profile, name: string): FieldDef | undefined {
	const [type, field] = name.includes('.') ? name.split('.') as [string, string] : ['visit', name];
	return profile.field(type, field);
}

function beginning(start: FormStart): Content {
	if (start.draft !== undefined) return start.draft.content;
	const place = start.place;
	let values = NO_VALUES;
	if (place?.language !== undefined) values = withValue(values, 'language', [place.language]);
	if (place?.topic !== undefined) values = withValue(values, 'topic', [place.topic]);
	return { person: 'none', values, note: '', card: '', case: '', ticket: place?.ticket ?? '' };
}

export function VisitForm({ start, session, onDirty, onDone }: { start: FormStart; session: Session | undefined; onDirty: (d: boolean) => void; onDone: () => void }) {
	const t = useT();
	const profile = useStore(app, (a) => a.profile) as Profile;
	const first = useMemo(() => beginning(start), []);
	const [c, setC] = useState<Content>(first);
	/* Choices may still move while nothing is chosen; from the first answer on they stay. */
	const latest = useStore(usage), held = useRef(latest);
	if (c === first) held.current = latest;
	const used = held.current;
	const [busy, setBusy] = useState(false);
	const [unsure, setUnsure] = useState(false);
	const [error, setError] = useState<ApiError>();
	const [saved, setSaved] = useState<VisitSaved>();
	const form = useRef<HTMLFormElement>(null);
	const key = DRAFT_PREFIX + start.id;
	const worth = saved === undefined && (start.draft !== undefined || c !== first) && (answered(c.values) || c.note.trim() !== '' || c.card !== '');
	const draft = useDraft(key, { content: c, start: { id: start.id, ...(start.place !== undefined ? { place: start.place } : {}) } } satisfies VisitDraft, worth);
	useEffect(() => onDirty(worth), [worth]);
	useEffect(() => form.current?.querySelector<HTMLElement>('.choose-filter, .chips input')?.focus({ preventScroll: true }), []);

	const set = (part: Partial<Content>): void => setC((old) => ({ ...old, ...part }));
	const answer = (name: string) => (v: string[]): void => setC((old) => ({ ...old, values: withValue(old.values, name, v) }));
	const bad = Object.entries(c.values).some(([name, v]) => { const f = fieldOf(profile, name); return f !== undefined && misfits(f, v); });

	const save = async (): Promise<void> => {
		if (busy || bad) return;
		setBusy(true);
		setError(undefined);
		try {
			await draft.settle();
			/* The last answer was lost on the way: the visit has the id that this form drew for it. */
			if (unsure && (await isSaved(start.id))) {
				finish(undefined);
				return;
			}
			finish(await day.saveVisit(params()));
		} catch (x) {
			const fault = asApiError(x);
			draft.resume();
			setUnsure(fault.code === 'gone');
			setError(fault);
			setBusy(false);
		}
	};
	const params = (): Parameters<typeof day.saveVisit>[0] => {
		const assign = toAssign(c.values, (name) => fieldOf(profile, name));
		const topic = c.values['topic']?.[0];
		const opens = Object.keys(assign.set).some((k) => k.startsWith('case.'));
		if (opens && topic !== undefined && profile.field('case', 'topic') !== undefined) assign.set['case.topic'] = topic;
		return {
			id: start.id, set: assign.set, add: assign.add,
			...(c.note.trim() !== '' ? { note: c.note.trim() } : {}), ...(c.ticket !== '' ? { queue: c.ticket } : {}),
			...(worth ? { draft: key } : {}),
			...(c.person === 'card' && c.card !== '' ? { card: c.card } : {}), ...(c.person === 'card' && c.case !== '' ? { case: c.case } : {}),
		};
	};
	const finish = (answer: VisitSaved | undefined): void => {
		draft.forget();
		setBusy(false);
		say(t('visit.saved'));
		changedHere('visit', 'case', 'queue');
		void loadUsage();
		if (answer === undefined) {
			void dropDraft(key);
			onDone();
		}
		else setSaved(answer);
	};
	const throwAway = (): void => {
		draft.forget();
		void dropDraft(key);
		onDone();
	};
	if (saved !== undefined) return <Saved saved={saved} language={c.values['language']?.[0]} onDone={onDone} />;

	const asked = FIRST.filter((name) => fieldOf(profile, name) !== undefined);
	return (
		<form class="visit panel" ref={form} aria-label={t('visit.title')} onSubmit={(e) => { e.preventDefault(); void save(); }}
			onKeyDown={(e) => { if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) { e.preventDefault(); void save(); } }}>
			<div class="panel-head">
				<h2>{t('visit.title')}</h2>
				{c.ticket !== '' && <Tag kind="strong">{t('visit.ticket')} <Code>{c.ticket}</Code></Tag>}
				<Switch<Person> label={t('visit.person')} value={c.person} onInput={(person) => set({ person })}
					options={[{ code: 'none', label: t('visit.person.none') }, { code: 'card', label: t('visit.person.card') }]} />
			</div>
			{c.person === 'card' && <CardPick code={c.card} chosen={c.case} onCode={(card) => set({ card, case: '' })} onCase={(id) => set({ case: id })} />}
			<div class="asked">
				{asked.map((name) => {
					const f = fieldOf(profile, name) as FieldDef;
					return <FieldInput key={name} type={name.includes('.') ? 'case' : 'visit'} field={f} usage={used} label={askedLabel(t, name)}
						value={c.values[name] ?? []} onInput={answer(name)} few={name === 'first_visit' ? 9 : 6} />;
				})}
			</div>
			<Line label={t('visit.note')} help={t('visit.note.help')} lines={2} value={c.note} onInput={(note) => set({ note })} />
			<PersonalHint text={c.note} />
			<More profile={profile} asked={asked} used={used} values={c.values} answer={answer} />
			<Trouble error={error} />
			{unsure && <p class="help">{t('visit.unsure')}</p>}
			<div class="save-bar">
				<Button kind="main" type="submit" class="large" busy={busy} icon="done">{t('visit.save')}</Button>
				<span class="help keys">{t('visit.keys')}</span>
				{worth && <Button kind="quiet" onClick={throwAway}>{t('visit.throw')}</Button>}
			</div>
			{session?.practice === true && <p class="help">{t('practice.saved')}</p>}
		</form>
	);
}

async function isSaved(id: string): Promise<boolean> {
	try {
		await get(id);
		return true;
	} catch (x) {
		if (asApiError(x).code === 'gone') throw x;
		return false;
	}
}

function askedLabel(t: (k: Key) => string, name: string): string | undefined {
	switch (name) {
	case 'topic': return t('visit.topic');
	case 'case.responsible': return t('visit.responsible');
	case 'first_visit': return t('visit.first');
	case 'language': return t('visit.language');
	default: return undefined;
	}
}

/* Everything else, folded away: none of it is needed. */
function More({ profile, asked, used, values, answer }: {
	profile: Profile; asked: readonly string[]; used: Usage; values: Values; answer: (name: string) => (v: string[]) => void;
}) {
	const t = useT();
	const names = useMemo(() => [
		...(profile.type('visit')?.fields ?? []).filter((f) => !NOT_ASKED.has(f.name) && f.type !== 'ref' && f.off !== true && f.number < 65536)
			.map((f) => f.name).filter((n) => !asked.includes(n) && n !== 'first_visit_method'),
		...CASE_LATER.filter((n) => fieldOf(profile, n) !== undefined),
		...(profile.field('action', 'kind') !== undefined ? ['action.kind'] : []),
	], [profile]);
	const some = names.some((n) => (values[n] ?? []).length > 0);
	const [open, setOpen] = useState(some);
	if (names.length === 0) return null;
	return (
		<details open={open} onToggle={(e) => setOpen(e.currentTarget.open)}>
			<summary>{t('visit.more')}</summary>
			{open && (
				<div class="asked">
					{names.filter((name) => relevant(fieldOf(profile, name) as FieldDef, values, name.includes('.') ? `${name.split('.')[0]}.` : '')).map((name) => {
						const f = fieldOf(profile, name) as FieldDef;
						return <FieldInput key={name} type={name.includes('.') ? name.split('.')[0] as string : 'visit'} field={f} usage={used} value={values[name] ?? []} onInput={answer(name)} />;
					})}
				</div>
			)}
		</details>
	);
}

export function PersonalHint({ text }: { text: string }) {
	const t = useT();
	const found = findPersonal(text);
	if (found.length === 0) return null;
	return <Notice kind="wait" live title={t('personal.title')}>{found.map((k) => t(`personal.${k}`)).join(' ')} {t('personal.text')}</Notice>;
}

/* The code on a visitor's card: typed or scanned, never a name. */
function CardPick({ code, chosen, onCode, onCase }: { code: string; chosen: string; onCode: (c: string) => void; onCase: (id: string) => void }) {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const [typed, setTyped] = useState(code);
	const [found, setFound] = useState<CardFound>();
	const [error, setError] = useState<ApiError>();
	const topic = profile?.field('case', 'topic');
	useEffect(() => {
		const wanted = typed.trim();
		setFound(undefined);
		setError(undefined);
		if (wanted.replace(/[^0-9a-z]/gi, '').length < 10) {
			if (code !== '') onCode('');
			return;
		}
		const control = new AbortController();
		day.findCard(wanted, control.signal).then((f) => { setFound(f); if (f.code !== code) onCode(f.code); },
			(x: unknown) => control.signal.aborted || setError(asApiError(x)));
		return () => control.abort();
	}, [typed]);
	return (
		<div class="card-pick">
			<Line label={t('card.code')} help={t('card.code.help')} value={typed} onInput={setTyped} dir="ltr" autofocus
				error={error === undefined ? undefined : error.code === 'gone' ? t('error.gone') : t('card.notfound')} />
			{found !== undefined && (found.cases.length === 0 ? <p>{t(found.protected === true ? 'card.protected' : 'card.nocases')}</p> : (
				<Choose label={t('card.which')} value={chosen === '' ? [] : [chosen]} onInput={(v) => onCase(v[0] ?? '')}
					options={found.cases.map((x) => {
						const name = topic?.choices?.find((o) => o.code === x.topic)?.label;
						const label = [name?.[lang] ?? name?.['sv'] ?? x.topic ?? t('case'), x.opened ? formatDate(lang, x.opened) : ''].filter((s) => s !== '').join(' · ');
						return { code: x.id, label, folded: [label], ended: false };
					})} help={t('card.which.help')} />
			))}
		</div>
	);
}
