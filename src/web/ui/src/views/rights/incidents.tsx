/* Incidents: a lost device writes its own first draft; every one can be handed to the authority. */
import { useState } from 'preact/hooks';
import { app } from '../../base/app';
import { useLoad } from '../../base/load';
import { say } from '../../base/say';
import { useStore } from '../../base/store';
import { useTry } from '../../base/try';
import { care, type LostDevice } from '../../api/care';
import { saveAnswer } from '../../api/files';
import { lead } from '../../api/lead';
import { changedHere, concerns } from '../../api/live';
import type { Rec } from '../../api/types';
import { RecordDialog } from '../../form/record';
import { choiceLabel, text } from '../../form/profile';
import { formatMoment, useLanguage, useT } from '../../i18n';
import { ActButton, Button, Empty, Notice, Own, Panel, Pick, Trouble } from '../../parts/basics';

export function Incidents() {
	const t = useT();
	const profile = useStore(app, (a) => a.profile);
	const known = profile?.has('incident') === true;
	const all = useLoad((signal) => (known ? care.incidents(signal) : Promise.resolve([])), [known], (c) => concerns(c, ['incident']));
	const [open, setOpen] = useState<Rec | 'new'>();
	if (!known) return null;
	return (
		<Panel title={t('incident.title')} actions={<Button small icon="plus" onClick={() => setOpen('new')}>{t('incident.new')}</Button>}>
			<p class="help">{t('incident.text')}</p>
			<Trouble error={all.error} again={all.again} />
			{all.data !== undefined && (all.data.length === 0 ? <Empty>{t('incident.none')}</Empty>
				: <ul class="stack tight">{all.data.map((r) => <Incident key={r.id} record={r} onOpen={() => setOpen(r)} />)}</ul>)}
			<Lost />
			{open !== undefined && (
				<RecordDialog type="incident" {...(open === 'new' ? {} : { record: open })} onClose={() => setOpen(undefined)} onSaved={() => changedHere('incident')} />
			)}
		</Panel>
	);
}

function Incident({ record, onOpen }: { record: Rec; onOpen: () => void }) {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const [missing, setMissing] = useState<string[]>();
	const { error, run } = useTry();
	const kind = profile?.field('incident', 'kind'), code = text(record, 'kind');
	const when = text(record, 'discovered') || text(record, 'date') || record.created || '';
	const file = (): Promise<unknown> => run(async () => {
		const answer = await care.incidentFile(record.id);
		if (saveAnswer(answer)) say(t('figures.saved'));
		setMissing(answer.missing);
	});
	const name = `${kind !== undefined && code !== '' ? choiceLabel(kind, code, lang) : t('incident')}`;
	return (
		<li class="stack tight">
			<div class="row"><strong><Own>{name}</Own></strong>{when !== '' && <span class="soft">{formatMoment(lang, when)}</span>}</div>
			<div class="row">
				<Button small onClick={onOpen} aria-label={`${t('do.change')}: ${name}`}>{t('do.change')}</Button>
				<ActButton small icon="out" act={file} aria-label={`${t('incident.file')}: ${name}`}>{t('incident.file')}</ActButton>
			</div>
			{missing !== undefined && missing.length > 0 && (
				<Notice kind="wait" title={t('incident.missing')}><ul class="plain-list" lang="sv">{missing.map((m) => <li key={m}><Own>{m}</Own></li>)}</ul></Notice>
			)}
			<Trouble error={error} />
		</li>
	);
}

function Lost() {
	const t = useT();
	const members = useLoad((signal) => lead.members(signal), [], (c) => c.kind === 'members');
	const [device, setDevice] = useState('');
	const [done, setDone] = useState<LostDevice>();
	const { error, run } = useTry();
	const write = (): Promise<unknown> => run(async () => {
		setDone(await care.lost(device));
		changedHere('incident');
	});
	return (
		<details>
			<summary>{t('lost.title')}</summary>
			<div class="stack">
				<p class="help">{t('lost.text')}</p>
				<Pick label={t('lost.device')} value={device} onInput={setDevice}
					options={[{ code: '', label: t('lost.choose') }, ...(members.data ?? []).map((m) => ({ code: m.id, label: `${m.device} (${m.member})` }))]} />
				<div><ActButton disabled={device === ''} act={write}>{t('lost.do')}</ActButton></div>
				{done !== undefined && (
					<Notice live kind="wait" title={t('lost.done', { persons: done.persons, cases: done.cases })}>
						{!done.removed && <p><strong>{t('lost.remove')}</strong></p>}
						<p>{t('lost.hours')}</p>
						<details><summary>{t('lost.steps')}</summary><ol class="plain-list" dir="auto">{done.next.map((n) => <li key={n}><Own>{n}</Own></li>)}</ol></details>
					</Notice>
				)}
				<Trouble error={error ?? members.error} />
			</div>
		</details>
	);
}
