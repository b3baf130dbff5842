/* Cases: found as one types, one open beside the list. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { app } from '../../base/app';
import { asApiError, useLoad } from '../../base/load';
import { go, href } from '../../base/route';
import { useStore } from '../../base/store';
import { isAbort, type ApiError } from '../../api/client';
import { day } from '../../api/day';
import { concerns, useLive } from '../../api/live';
import { conflicts, newest, search } from '../../api/records';
import type { Rec } from '../../api/types';
import { isConflict } from '../../api/types';
import { capital, choiceLabel, label, text, type Profile } from '../../form/profile';
import { recordName } from '../../form/field';
import { formatDate, useLanguage, useT } from '../../i18n';
import { Button, Empty, LinkButton, Switch, Tag, Trouble, Waiting } from '../../parts/basics';
import { Icon } from '../../parts/icons';
import type { ViewProps } from '../registry';
import { CaseView } from './case';

const NEWEST = 50, FOUND = 20;
type Which = 'newest' | 'conflicts';

export default function Cases({ path }: ViewProps) {
	const t = useT();
	const id = path[0];
	const [query, setQuery] = useState('');
	const [which, setWhich] = useState<Which>('newest');
	const latest = useLoad((signal) => (which === 'conflicts' ? conflicts(signal) : newest('case', NEWEST, signal)), [which],
		(c) => concerns(c, ['case', 'referral']) || c.kind === 'conflicts');
	const found = useFound(query);
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const rows = query.trim() !== '' ? found.rows : latest.data?.rows;
	const count = useStore(app, (a) => a.status?.conflicts ?? 0);
	return (
		<div class={`cases${id !== undefined ? ' one' : ''}`}>
			<section class="finder stack" aria-label={t('cases.find')}>
				{id === undefined && <h1>{t('nav.cases')}</h1>}
				<div class="search-box">
					<Icon name="search" />
					<input type="search" dir="auto" autocomplete="off" spellcheck={false} value={query} aria-label={t('cases.search')} placeholder={t('cases.search')}
						autofocus={id === undefined} onInput={(e) => setQuery(e.currentTarget.value)}
						onKeyDown={(e) => e.key === 'Enter' && rows?.[0] !== undefined && go('cases', rows[0].id)} />
				</div>
				<CodeRow text={query} />
				{/^[0-9a-f]{6,32}$/i.test(query.trim()) && <LinkButton icon="cases" href={href('cases', query.trim().toLowerCase())}>{t('case.open', { code: query.trim() })}</LinkButton>}
				{query.trim() === '' && (
					<Switch<Which> label={t('cases.which')} value={which} onInput={setWhich} options={[
						{ code: 'newest', label: t('cases.newest') }, { code: 'conflicts', label: t('cases.conflicts', { n: count }) },
					]} />
				)}
				<Trouble error={query.trim() !== '' ? found.error : latest.data === undefined ? latest.error : undefined} again={latest.again} />
				{rows === undefined ? <Waiting /> : rows.length === 0
					? <Empty icon="cases">{query.trim() !== '' ? t('cases.notfound') : which === 'conflicts' ? t('cases.noconflicts') : t('cases.empty')}</Empty>
					: <ul class="hits">{rows.map((r) => <Hit key={r.id} rec={r} here={r.id === id} t={t} lang={lang} profile={profile} />)}</ul>}
				{query.trim() === '' && (latest.data?.hidden ?? 0) > 0 && <p class="help hidden-cases"><Icon name="shield" /> {t('cases.protected', { n: latest.data?.hidden ?? 0 })}</p>}
				<p class="unseen" role="status">{query.trim() !== '' && rows !== undefined ? t('cases.count', { n: rows.length }) : ''}</p>
			</section>
			<div class="opened">
				{id === undefined ? <div class="nothing"><Empty icon="cases">{t('cases.pick')}</Empty></div> : (
					<>
						<a class="button quiet back" href={href('cases')}><Icon name="back" /><span>{t('cases.all')}</span></a>
						<CaseView key={id} id={id} />
					</>
				)}
			</div>
		</div>
	);
}

/* Asks at each letter; an answer that a later letter has overtaken is not drawn. */
function useFound(query: string): { rows: Rec[] | undefined; error: ApiError | undefined } {
	const [state, setState] = useState<{ rows?: Rec[]; error?: ApiError }>({});
	const [turn, setTurn] = useState(0);
	const wanted = query.trim();
	useLive((c) => wanted !== '' && concerns(c, ['case', 'visit', 'referral']), () => setTurn((n) => n + 1), 1000);
	useEffect(() => {
		if (wanted === '') {
			setState({});
			return;
		}
		const control = new AbortController();
		search(wanted, undefined, FOUND, control.signal).then((rows) => setState({ rows }),
			(e: unknown) => isAbort(e) || control.signal.aborted || setState((old) => ({ ...old, error: asApiError(e) })));
		return () => control.abort();
	}, [wanted, turn]);
	return { rows: state.rows, error: state.error };
}

/* What was scanned or read from paper goes straight to its case. */
function CodeRow({ text: typed }: { text: string }) {
	const t = useT();
	const [wrong, setWrong] = useState<string>();
	const asked = useRef('');
	const code = typed.trim();
	const looks = code.startsWith('faltbok:') || /^[0-9A-Za-z]{4,5}(-[0-9A-Za-z]{3,5}){1,7}$/.test(code);
	useEffect(() => setWrong(undefined), [code]);
	if (!looks) return null;
	const open = async (): Promise<void> => {
		asked.current = code;
		try {
			const s = await day.openSlip(code);
			if (s.case !== null && s.here) go('cases', s.case);
			else if (s.visitor !== null) {
				const card = await day.findCard(code);
				if (card.cases[0] !== undefined) go('cases', card.cases[0].id);
				else setWrong(t(card.protected === true ? 'card.protected' : 'card.nocases'));
			} else setWrong(t('slip.nothere'));
		} catch (x) {
			setWrong(asApiError(x).code === 'gone' ? t('error.gone') : t('card.notfound'));
		}
	};
	return (
		<div class="stack tight">
			<Button icon="card" onClick={() => void open()}>{t('cases.code', { text: code })}</Button>
			{wrong !== undefined && <p class="error" role="alert">{wrong}</p>}
		</div>
	);
}

/* Watches nothing itself: twenty are drawn anew at each letter. */
function Hit({ rec, here, t, lang, profile }: { rec: Rec; here: boolean; t: ReturnType<typeof useT>; lang: string; profile: Profile | undefined }) {
	const row = useMemo(() => {
		const word = (name: string): string => {
			const f = profile?.field(rec.type, name), v = text(rec, name);
			return f === undefined || v === '' ? '' : f.choices !== undefined ? capital(choiceLabel(f, v, lang)) : v;
		};
		return {
			title: word('title') || word('topic') || word('name') || (rec.type === 'case' ? t('case') : recordName(rec)), more: [word('responsible'), word('to')].filter((s) => s !== ''),
			status: word('status'), date: text(rec, 'opened') || text(rec, 'date') || text(rec, 'sent'),
			type: capital(label(profile?.type(rec.type)?.label, lang, rec.type)),
			torn: Object.values(rec.fields).some(isConflict),
		};
	}, [rec, lang, profile]);
	const target = rec.type === 'case' ? rec.id : text(rec, 'case') !== '' ? text(rec, 'case') : rec.id;
	return (
		<li>
			<a href={href('cases', target)} aria-current={here ? 'true' : undefined}>
				<span class="hit-title"><bdi>{row.title}</bdi>{row.torn && <Tag kind="wait">{t('conflict')}</Tag>}</span>
				<span class="hit-more">
					{rec.type !== 'case' && <span>{row.type}</span>}
					{row.more.map((m) => <bdi key={m}>{m}</bdi>)}
					{row.status !== '' && <bdi>{row.status}</bdi>}
					{row.date !== '' && <span>{formatDate(lang, row.date)}</span>}
				</span>
				{rec.match !== undefined && rec.match.trim() !== row.title && <span class="hit-match"><bdi>{rec.match}</bdi></span>}
			</a>
		</li>
	);
}
