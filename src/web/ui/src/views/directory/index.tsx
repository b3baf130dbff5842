/* The directory: where else a visitor can get help, how fresh that is, and in and out as HSDS. */
import { useMemo, useState } from 'preact/hooks';
import { app } from '../../base/app';
import { fold, fits } from '../../base/fold';
import { useLoad } from '../../base/load';
import { say } from '../../base/say';
import { useStore } from '../../base/store';
import { useTry } from '../../base/try';
import { directory, type Taken } from '../../api/directory';
import { fileIn, saveAnswer } from '../../api/files';
import { changedHere, concerns } from '../../api/live';
import { list, put } from '../../api/records';
import type { Rec } from '../../api/types';
import { RecordDialog } from '../../form/record';
import { fieldLabel, scalars, scalarText, text } from '../../form/profile';
import { formatDate, today, useLanguage, useT } from '../../i18n';
import { ActButton, Button, Empty, Facts, Notice, Own, Panel, Tag, Trouble, Waiting } from '../../parts/basics';
import { FilePick } from '../../parts/file';
import { Icon } from '../../parts/icons';
import type { ViewProps } from '../registry';

const TYPES = ['service', 'organisation'] as const;
const ALL = 1000, SHOWN = 60, STALE_DAYS = 180;

const ageDays = (date: string): number => Math.floor((Date.now() - new Date(`${date}T00:00:00Z`).getTime()) / 86400000);

export default function Directory(_: ViewProps) {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const types = TYPES.filter((x) => profile?.has(x) === true);
	const all = useLoad((signal) => Promise.all(types.map((x) => list(x, {}, ALL, {}, signal))).then((l) => l.flat()), [types.join()], (c) => concerns(c, types));
	const [query, setQuery] = useState('');
	const [adding, setAdding] = useState<string>();
	/* What is searched: every word of it, and the labels of its choices in any language. */
	const rows = useMemo(() => (all.data ?? []).map((r) => {
		const of = text((all.data ?? []).find((o) => o.id === text(r, 'organisation')), 'name');
		const words = Object.entries(r.fields).flatMap(([name, v]) => {
			const f = profile?.field(r.type, name);
			return f?.type === 'ref' ? [] : scalars(v).flatMap((s) => [String(s), ...Object.values(f?.choices?.find((c) => c.code === s)?.label ?? {})]);
		});
		return { r, of, folded: fold([...words, of].join(' · ')) };
	}).sort((a, b) => text(a.r, 'name').localeCompare(text(b.r, 'name'), lang)), [all.data, profile, lang]);
	const wanted = fold(query.trim()).split(/\s+/).filter((w) => w !== '');
	const found = rows.filter((x) => wanted.every((w) => fits(w, x.folded) > 0));
	return (
		<div class="narrow stack">
			<div class="head">
				<h1>{t('more.directory')}</h1>
				{types.includes('service') && <Button icon="plus" onClick={() => setAdding('service')}>{t('directory.service')}</Button>}
				{types.includes('organisation') && <Button icon="plus" onClick={() => setAdding('organisation')}>{t('directory.organisation')}</Button>}
			</div>
			<div class="search-box">
				<Icon name="search" />
				<input type="search" dir="auto" autocomplete="off" spellcheck={false} value={query} aria-label={t('directory.search')} placeholder={t('directory.search')}
					onInput={(e) => setQuery(e.currentTarget.value)} />
			</div>
			<Trouble error={all.data === undefined ? all.error : undefined} again={all.again} />
			{all.data === undefined ? all.error === undefined && <Waiting /> : found.length === 0
				? <Panel><Empty icon="search">{t(rows.length === 0 ? 'directory.empty' : 'cases.notfound')}</Empty></Panel>
				: <ul class="entries">{found.slice(0, SHOWN).map((x) => <Entry key={x.r.id} rec={x.r} of={x.of} />)}</ul>}
			{found.length > SHOWN && <p class="help">{t('directory.more', { n: found.length - SHOWN })}</p>}
			<p class="unseen" role="status">{wanted.length > 0 ? t('cases.count', { n: found.length }) : ''}</p>
			<InAndOut />
			{adding !== undefined && <RecordDialog type={adding} without={['hsds_id', 'assured']} start={{ assured: [today()] }} onClose={() => setAdding(undefined)} onSaved={() => say(t('saved'))} />}
		</div>
	);
}

function Entry({ rec, of }: { rec: Rec; of: string }) {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const [editing, setEditing] = useState(false);
	const { error, run } = useTry();
	const words = { yes: t('yes'), no: t('no') };
	const value = (name: string): string => scalars(rec.fields[name]).map((v) => scalarText(profile?.field(rec.type, name), v, lang, words)).join(', ');
	const assured = text(rec, 'assured'), old = assured === '' || ageDays(assured) > STALE_DAYS;
	const facts = (profile?.type(rec.type)?.fields ?? []).filter((f) => f.type !== 'ref' && !['name', 'hsds_id', 'assured'].includes(f.name) && value(f.name) !== '');
	const check = (): Promise<unknown> => run(async () => {
		await put({ type: rec.type, id: rec.id, set: { assured: today() } });
		say(t('directory.checked'));
		changedHere(rec.type);
	});
	return (
		<li>
			<details>
				<summary>
					<span class="hit-title"><bdi>{text(rec, 'name') || rec.id.slice(0, 6)}</bdi>{old && <Tag kind="wait">{t(assured === '' ? 'directory.never' : 'directory.old')}</Tag>}</span>
					<span class="hit-more">{of !== '' && <bdi>{of}</bdi>}{value('topic') !== '' && <bdi>{value('topic')}</bdi>}{value('language') !== '' && <bdi>{value('language')}</bdi>}</span>
				</summary>
				<div class="stack">
					<Facts rows={facts.map((f) => [fieldLabel(f, lang), <Own>{value(f.name)}</Own>] as const)} />
					<p class="soft">{assured === '' ? t('directory.never.text') : t('dir.days', { n: Math.max(0, ageDays(assured)), date: formatDate(lang, assured) })}</p>
					<div class="row">
						<Button small icon="pen" onClick={() => setEditing(true)} aria-label={`${t('do.change')}: ${text(rec, 'name')}`}>{t('do.change')}</Button>
						<ActButton small icon="done" act={check} aria-label={`${t('directory.check')}: ${text(rec, 'name')}`}>{t('directory.check')}</ActButton>
					</div>
					<Trouble error={error} />
				</div>
			</details>
			{editing && <RecordDialog type={rec.type} record={rec} without={['hsds_id']} onClose={() => setEditing(false)} onSaved={() => say(t('saved'))} />}
		</li>
	);
}

function InAndOut() {
	const t = useT();
	const [taken, setTaken] = useState<Taken>();
	const { error, run } = useTry();
	const write = (): Promise<unknown> => run(async () => {
		const answer = await directory.write();
		if (saveAnswer(answer)) say(t('figures.saved'));
	});
	const read = (f: File): Promise<unknown> => run(async () => {
		setTaken(undefined);
		setTaken(await directory.read(await fileIn(f)));
		changedHere('service', 'organisation', 'site');
	});
	return (
		<details class="panel">
			<summary>{t('directory.swap')}</summary>
			<div class="stack">
				<p class="help">{t('directory.swap.text')}</p>
				<div><ActButton icon="out" act={write}>{t('directory.write')}</ActButton></div>
				<FilePick label={t('directory.read')} accept=".json,application/json" onPick={(f) => void read(f)} />
				{taken !== undefined && (
					<Notice live kind="good" title={t('directory.taken', { new: taken.new, changed: taken.changed, same: taken.same })}>
						{taken.not_taken.length > 0 && <p>{t('directory.nottaken', { n: taken.not_taken.length })}</p>}
					</Notice>
				)}
				{error !== undefined && (error.code === 'invalid' || error.code === 'refused' || error.code === 'damaged' || error.code === 'usage' ? (
					<Notice live kind="bad" title={t('directory.bad')}><p class="exact" dir="ltr" lang="en">{error.message}</p></Notice>
				) : <Trouble error={error} />)}
			</div>
		</details>
	);
}
