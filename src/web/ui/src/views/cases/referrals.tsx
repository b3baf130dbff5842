/* Sending a case on, within the programme or to another body, and what became of it. */
import { useState } from 'preact/hooks';
import { app } from '../../base/app';
import { asApiError, useLoad } from '../../base/load';
import { say } from '../../base/say';
import { useStore } from '../../base/store';
import type { ApiError } from '../../api/client';
import { day } from '../../api/day';
import { changedHere, concerns } from '../../api/live';
import { list } from '../../api/records';
import type { FieldDef, Rec } from '../../api/types';
import { FieldInput } from '../../form/field';
import { capital, choiceLabel, text } from '../../form/profile';
import { formatDate, useLanguage, useT } from '../../i18n';
import { ActButton, Button, Line, Panel, Pick, plainError, Tag, Tick, Trouble } from '../../parts/basics';
import { Choose } from '../../parts/choose';
import { Dialog } from '../../parts/dialog';
import { ReferralSlipDialog } from '../../parts/slips';

export function Referrals({ caseId }: { caseId: string }) {
	const t = useT();
	const all = useLoad((signal) => list('referral', { case: caseId }, 50, {}, signal), [caseId], (c) => concerns(c, ['referral']));
	const sites = useLoad((signal) => list('site', {}, 200, {}, signal), [], (c) => concerns(c, ['site']));
	const [slip, setSlip] = useState<string>();
	const siteName = (id: string): string => text(sites.data?.find((s) => s.id === id), 'name');
	if (all.data === undefined || all.data.length === 0) return null;
	return (
		<Panel title={t('referrals')}>
			<ul class="stack tight">{all.data.map((r) => <OneReferral key={r.id} rec={r} site={siteName(text(r, 'site'))} onSlip={() => setSlip(r.id)} />)}</ul>
			{slip !== undefined && <ReferralSlipDialog id={slip} language={undefined} onClose={() => setSlip(undefined)} />}
		</Panel>
	);
}

/* From where it stands, only to where it may go. */
function nextStates(f: FieldDef | undefined, now: string): string[] {
	const all = f?.choices?.map((c) => c.code) ?? [];
	const may = f?.workflow?.next?.[now];
	return may ?? all.filter((c) => c !== now);
}

function OneReferral({ rec, site, onSlip }: { rec: Rec; site: string; onSlip: () => void }) {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const status = profile?.field('referral', 'status');
	const now = text(rec, 'status');
	const word = (name: string): string => {
		const f = profile?.field('referral', name), v = text(rec, name);
		return f === undefined || v === '' ? v : capital(choiceLabel(f, v, lang));
	};
	const move = async (to: string): Promise<void> => {
		if (to === '') return;
		try {
			await day.setReferral(rec.id, to);
			say(t('referral.changed'));
			changedHere('referral');
		} catch (x) {
			say(plainError(t, asApiError(x)), 'warn');
		}
	};
	const next = nextStates(status, now);
	return (
		<li class="referral stack tight">
			<div class="row">
				<strong><bdi>{word('to') || site || t('referral.internal')}</bdi></strong><Tag kind="strong">{word('status')}</Tag>
				{text(rec, 'sent') !== '' && <span class="soft">{formatDate(lang, text(rec, 'sent'))}</span>}
			</div>
			<div class="row">
				<Button small icon="print" onClick={onSlip}>{t('slip.referral')}</Button>
				{next.length > 0 && status !== undefined && (
					<Pick label={<span class="unseen">{t('referral.move')}</span>} value="" onInput={(v) => void move(v)}
						options={[{ code: '', label: t('referral.move') }, ...next.map((c) => ({ code: c, label: capital(choiceLabel(status, c, lang)) }))]} />
				)}
			</div>
		</li>
	);
}

export function ReferDialog({ caseId, onClose }: { caseId: string; onClose: () => void }) {
	const t = useT();
	const profile = useStore(app, (a) => a.profile);
	const sites = useLoad((signal) => list('site', {}, 200, {}, signal), []);
	const [to, setTo] = useState<string[]>([]);
	const [site, setSite] = useState<string[]>([]);
	const [reason, setReason] = useState<string[]>([]);
	const [mode, setMode] = useState<string[]>([]);
	const [consent, setConsent] = useState(false);
	const [note, setNote] = useState('');
	const [tried, setTried] = useState(false);
	const [error, setError] = useState<ApiError>();
	const [sent, setSent] = useState<string>();
	const f = (name: string): FieldDef | undefined => profile?.field('referral', name);

	const send = async (): Promise<void> => {
		setTried(true);
		if (to.length === 0 && site.length === 0) return;
		setError(undefined);
		try {
			const answer = await day.refer({
				case: caseId, consent, ...(to[0] !== undefined ? { to: to[0] } : {}), ...(site[0] !== undefined ? { site: site[0] } : {}),
				...(reason[0] !== undefined ? { reason: reason[0] } : {}), ...(mode[0] !== undefined ? { mode: mode[0] } : {}),
				...(note.trim() !== '' ? { note: note.trim() } : {}),
			});
			say(t('referral.sent'));
			changedHere('referral', 'case');
			setSent(answer.referral);
		} catch (x) {
			setError(asApiError(x));
		}
	};
	if (sent !== undefined) return <ReferralSlipDialog id={sent} language={undefined} onClose={onClose} />;
	const toField = f('to'), reasonField = f('reason'), modeField = f('mode');
	return (
		<Dialog title={t('refer')} onClose={onClose} actions={<>
			<Button onClick={onClose}>{t('do.cancel')}</Button>
			<ActButton kind="main" act={send}>{t('refer.do')}</ActButton>
		</>}>
			<form class="stack" onSubmit={(e) => { e.preventDefault(); void send(); }}>
				{(sites.data ?? []).length > 0 && (
					<Choose label={t('refer.site')} help={t('refer.site.help')} few={6} value={site} onInput={(v) => { setSite(v); if (v.length > 0) setTo([]); }}
						options={(sites.data ?? []).map((s) => ({ code: s.id, label: text(s, 'name'), folded: [text(s, 'name').toLowerCase()], ended: false }))} />
				)}
				{toField !== undefined && <FieldInput type="referral" field={toField} label={t('refer.to')} value={to} onInput={(v) => { setTo(v); if (v.length > 0) setSite([]); }} />}
				{tried && to.length === 0 && site.length === 0 && <p class="error" role="alert">{t('refer.needed')}</p>}
				{reasonField !== undefined && <FieldInput type="referral" field={reasonField} value={reason} onInput={setReason} />}
				{modeField !== undefined && <FieldInput type="referral" field={modeField} value={mode} onInput={setMode} />}
				<Tick label={t('refer.consent')} help={t('refer.consent.help')} checked={consent} onInput={setConsent} />
				<Line label={t('refer.note')} lines={2} value={note} onInput={setNote} />
				<Trouble error={error} />
			</form>
		</Dialog>
	);
}
