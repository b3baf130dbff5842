/* What waits for a person's yes: keys for new readers, and work written after a removal. */
import { useState } from 'preact/hooks';
import { app } from '../../base/app';
import { useLoad } from '../../base/load';
import { say } from '../../base/say';
import { useStore } from '../../base/store';
import { useTry } from '../../base/try';
import { changedHere } from '../../api/live';
import { concerns, type Change } from '../../api/live';
import { lead, type Late, type WaitingKey } from '../../api/lead';
import { label } from '../../form/profile';
import { formatMoment, useLanguage, useT } from '../../i18n';
import { ActButton, Button, Own, Panel, Table, Tag, Trouble } from '../../parts/basics';
import { Confirm } from '../../parts/dialog';
import { byAuthor } from './alarms';

const matters = (c: Change): boolean => c.kind === 'members' || c.kind === 'sync' || concerns(c, ['membership']);

export function WaitingKeys() {
	const t = useT();
	const keys = useLoad((signal) => lead.keys(signal), [], matters);
	const { error, run } = useTry();
	const rows = (keys.data ?? []).filter((k) => !k.refused);
	const answer = (k: WaitingKey, yes: boolean): Promise<unknown> => run(async () => {
		await (yes ? lead.giveKey(k.id) : lead.refuseKey(k.id));
		say(t(yes ? 'keys.given' : 'keys.refused', { name: k.name, team: k.team }));
		changedHere('membership');
	});
	if (rows.length === 0 && keys.error === undefined) return null;
	return (
		<Panel title={t('keys.title')}>
			<p class="help">{t('keys.text')}</p>
			{rows.length > 0 && <Table caption={t('keys.title')} rows={rows} rowKey={(k) => k.id} columns={[
				{ key: 'who', head: t('people.who'), cell: (k) => <span class="who"><Own>{k.member}</Own> <span class="soft"><Own>{k.name}</Own></span></span> },
				{ key: 'team', head: t('keys.team'), cell: (k) => <Own>{k.team}</Own> },
				{ key: 'by', head: t('keys.by'), cell: (k) => <Own>{k.granted_by}</Own> },
				{ key: 'why', head: t('keys.why'), cell: (k) => (k.why === 'dispute' ? <Tag kind="bad">{t('keys.why.dispute')}</Tag> : t(k.why === 'hand' ? 'keys.why.hand' : 'keys.why.stale')) },
				{ key: 'do', head: <span class="unseen">{t('keys.answer')}</span>, cell: (k) => (
					<div class="row">
						<ActButton small kind="main" act={() => answer(k, true)} aria-label={t('keys.give.to', { name: k.name })}>{t('keys.give')}</ActButton>
						<ActButton small act={() => answer(k, false)} aria-label={t('keys.refuse.to', { name: k.name })}>{t('keys.refuse')}</ActButton>
					</div>
				) },
			]} />}
			<Trouble error={error ?? keys.error} />
		</Panel>
	);
}

export function LateWork() {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const late = useLoad((signal) => lead.late(signal), [], matters);
	const [asking, setAsking] = useState<{ name: string; rows: Late[] }>();
	const { error, run } = useTry();
	const rows = late.data ?? [];
	const why = (x: Late): string => (x.why.includes('removed device') ? t('late.removed') : x.why.includes('two copies') ? t('late.copies') : t('late.right'));
	const adopt = (): Promise<unknown> => run(async () => {
		if (asking === undefined) return;
		const answer = await lead.adopt(asking.rows.map((x) => x.entry));
		say(t('late.adopted', { n: answer.adopted }));
		setAsking(undefined);
		changedHere('membership', 'visit', 'case', 'session', 'referral');
	});
	if (rows.length === 0 && late.error === undefined) return null;
	return (
		<Panel title={t('late.title')}>
			<p class="help">{t('late.text')}</p>
			{byAuthor(rows).map(([name, mine]) => (
				<div class="stack tight" key={name}>
					<div class="row"><h3><Own>{name}</Own></h3>
						<Button small onClick={() => setAsking({ name, rows: mine })}>{t('late.all', { n: mine.length })}</Button></div>
					<Table caption={name} rows={mine} rowKey={(x) => x.entry} columns={[
						{ key: 'what', head: t('late.what'), cell: (x) => (typeof x.type === 'string' ? label(profile?.type(x.type)?.label, lang, x.type) : t('late.sealed')) },
						{ key: 'at', head: t('late.at'), cell: (x) => (x.at === undefined ? '–' : formatMoment(lang, x.at)) },
						{ key: 'team', head: t('keys.team'), cell: (x) => <Own>{x.team}</Own> },
						{ key: 'why', head: t('keys.why'), cell: why },
						{ key: 'do', head: <span class="unseen">{t('late.one')}</span>, cell: (x) => <Button small onClick={() => setAsking({ name, rows: [x] })}>{t('late.one')}</Button> },
					]} />
				</div>
			))}
			<Trouble error={error ?? late.error} />
			{asking !== undefined && (
				<Confirm title={t('late.ask', { n: asking.rows.length, name: asking.name })} yes={t('late.yes')} act={adopt} onClose={() => setAsking(undefined)}>
					<p>{t('late.ask.text')}</p>
					<Trouble error={error} />
				</Confirm>
			)}
		</Panel>
	);
}
