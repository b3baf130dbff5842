/* The table of devices; what one of them may read; and those that were removed. */
import { useState } from 'preact/hooks';
import { say } from '../../base/say';
import { useTry } from '../../base/try';
import { lead, type TeamRow } from '../../api/lead';
import type { Member } from '../../api/types';
import { formatAgo, formatDate, listed, useLanguage, useT, type Key } from '../../i18n';
import { Button, Code, Empty, Facts, Notice, Own, Panel, Table, Tag, Tick, Trouble } from '../../parts/basics';
import { Dialog } from '../../parts/dialog';
import { ExposureDialog, RemoveDialog } from './remove';

export const ROLES = ['advisor', 'coordinator', 'auditor', 'hub'] as const;
const ROLE_WORDS: Record<string, Key> = { advisor: 'role.advisor', coordinator: 'role.coordinator', auditor: 'role.auditor', hub: 'role.hub' };

export function useRole(): (role: string) => string {
	const t = useT();
	return (role) => (ROLE_WORDS[role] === undefined ? role : t(ROLE_WORDS[role]));
}

export function Members({ members, teams, me, onChanged }: { members: readonly Member[]; teams: readonly TeamRow[]; me: string; onChanged: () => void }) {
	const t = useT();
	const lang = useLanguage();
	const role = useRole();
	const [opened, setOpened] = useState<Member>();
	const rows = members.filter((m) => m.state !== 'removed');
	/* Whoever is removed leaves the list at once; what it meant is still to be read. */
	const one = opened === undefined ? undefined : members.find((m) => m.id === opened.id) ?? opened;
	return (
		<Panel title={t('people.devices', { n: rows.length })}>
			<Table caption={t('lead.people')} rows={rows} rowKey={(m) => m.id} columns={[
				{ key: 'name', head: t('people.who'), cell: (m) => (
					<span class="who"><Own>{m.member}</Own> <span class="soft"><Own>{m.device}</Own></span>
						{m.id === me && <> <Tag>{t('people.here')}</Tag></>}</span>
				) },
				{ key: 'role', head: t('people.role'), cell: (m) => (m.roles.length === 0 ? <Tag kind="wait">{t('people.admitted')}</Tag> : listed(lang, m.roles.map(role))) },
				{ key: 'teams', head: t('people.reads'), cell: (m) => (m.teams.length === 0 ? <span class="soft">{t('people.reads.none')}</span>
					: <Own>{listed(lang, m.teams)}</Own>) },
				{ key: 'seen', head: t('people.seen'), cell: (m) => (m.id === me ? t('people.now') : m.last_seen === null ? t('step.never') : formatAgo(lang, m.last_seen)) },
				{ key: 'do', head: <span class="unseen">{t('do.change')}</span>, cell: (m) => (
					<Button small onClick={() => setOpened(m)} aria-label={t('people.change', { name: `${m.member}, ${m.device}` })}>{t('do.change')}</Button>
				) },
			]} />
			{one !== undefined && <MemberDialog member={one} teams={teams} me={one.id === me} onChanged={onChanged} onClose={() => setOpened(undefined)} />}
		</Panel>
	);
}

function MemberDialog({ member, teams, me, onChanged, onClose }: { member: Member; teams: readonly TeamRow[]; me: boolean; onChanged: () => void; onClose: () => void }) {
	const t = useT();
	const role = useRole();
	const lang = useLanguage();
	const { error, run } = useTry();
	const [removing, setRemoving] = useState(false);
	const [busy, setBusy] = useState('');
	const [exposed, setExposed] = useState(false);
	const readers = teams.filter((x) => x.drop_box !== true);

	const turn = async (team: TeamRow, on: boolean): Promise<void> => {
		if (busy !== '') return;
		setBusy(team.team);
		await run(async () => {
			await (on ? lead.grant(member.id, team.team) : lead.ungrant(member.id, team.team));
			say(t(on ? 'people.granted' : 'people.ungranted', { name: member.member, team: team.name }));
			onChanged();
		});
		setBusy('');
	};
	if (removing) return <RemoveDialog member={member} me={me} onClose={onClose} onDone={onChanged} />;
	if (exposed) return <ExposureDialog device={member.id} name={member.device} onClose={() => setExposed(false)} />;
	return (
		<Dialog title={<><Own>{member.member}</Own> – <Own>{member.device}</Own></>} onClose={onClose} actions={<>
			<Button kind="danger" onClick={() => setRemoving(true)}>{t('remove.do')}</Button>
			<Button kind="main" onClick={onClose}>{t('do.done')}</Button>
		</>}>
			<Facts rows={[
				[t('people.role'), listed(lang, member.roles.map(role))],
				[t('people.seen'), me ? t('people.now') : member.last_seen === null ? t('step.never') : formatAgo(lang, member.last_seen)],
				[t('people.number'), <Code>{member.id.slice(0, 8)}</Code>],
			]} />
			<fieldset class="stack tight">
				<legend>{t('people.reads')}</legend>
				{me && !member.roles.includes('advisor') && <p class="help">{t('people.self')}</p>}
				{readers.length === 0 && <p class="soft">{t('teams.none')}</p>}
				{readers.map((x) => <Tick key={x.team} label={<Own>{x.name}</Own>} checked={member.teams.includes(x.name)} onInput={(on) => void turn(x, on)} />)}
				<p class="help">{t('people.reads.help')}</p>
			</fieldset>
			{(member.self_granted ?? []).length > 0 && <Notice title={t('alarm.selfgrant', { name: member.member, teams: listed(lang, member.self_granted ?? []) })} />}
			<div><Button small onClick={() => setExposed(true)}>{t('exposure.show')}</Button></div>
			<Trouble error={error} />
		</Dialog>
	);
}

export function Removed({ members }: { members: readonly Member[] }) {
	const t = useT();
	const lang = useLanguage();
	const [shown, setShown] = useState<Member>();
	const rows = members.filter((m) => m.state === 'removed');
	if (rows.length === 0) return null;
	return (
		<Panel title={t('removed.title')}>
			<Table caption={t('removed.title')} rows={rows} rowKey={(m) => m.id} columns={[
				{ key: 'name', head: t('people.who'), cell: (m) => <span class="who"><Own>{m.member}</Own> <span class="soft"><Own>{m.device}</Own></span></span> },
				{ key: 'when', head: t('removed.when'), cell: (m) => (m.removed_at === undefined ? t('unknown') : formatDate(lang, m.removed_at)) },
				{ key: 'by', head: t('removed.by'), cell: (m) => <Own>{m.removed_by ?? t('unknown')}</Own> },
				{ key: 'why', head: t('removed.why'), cell: (m) => <Own>{m.reason ?? '–'}</Own> },
				{ key: 'do', head: <span class="unseen">{t('exposure.show')}</span>, cell: (m) => (
					<Button small onClick={() => setShown(m)} aria-label={`${t('exposure.show')}: ${m.device}`}>{t('exposure.show')}</Button>
				) },
			]} />
			{shown !== undefined && <ExposureDialog device={shown.id} name={shown.device} onClose={() => setShown(undefined)} />}
		</Panel>
	);
}

export function TeamTicks({ teams, chosen, set }: { teams: readonly TeamRow[]; chosen: readonly string[]; set: (v: string[]) => void }) {
	const t = useT();
	const readers = teams.filter((x) => x.drop_box !== true);
	return (
		<fieldset class="stack tight">
			<legend>{t('people.reads')}</legend>
			{readers.length === 0 && <Empty>{t('teams.none')}</Empty>}
			{readers.map((x) => (
				<Tick key={x.team} label={<Own>{x.name}</Own>} checked={chosen.includes(x.team)}
					onInput={(on) => set(on ? [...chosen, x.team] : chosen.filter((c) => c !== x.team))} />
			))}
		</fieldset>
	);
}

