/* Letting someone in: a code on the spot with six digits to compare, or two files. */
import { useRef, useState } from 'preact/hooks';
import { useLoad } from '../../base/load';
import { say } from '../../base/say';
import { useTry } from '../../base/try';
import { fileIn, saveAnswer, type FileIn } from '../../api/files';
import { changedHere, type Change } from '../../api/live';
import { lead, type Admitted, type Invitation, type TeamRow } from '../../api/lead';
import { formatClock, useLanguage, useT } from '../../i18n';
import { ActButton, Button, Code, Line, Notice, Own, Panel, Pick, Switch, Trouble } from '../../parts/basics';
import { Dialog } from '../../parts/dialog';
import { FilePick } from '../../parts/file';
import { printSheets, Qr, Sheet } from '../../parts/print';
import { ROLES, TeamTicks, useRole } from './members';

const invited = (c: Change): boolean => c.kind === 'invite' || c.kind === 'members' || c.kind === 'resync' || (c.kind === 'here' && c.types?.has('invite') === true);

export function Invitations() {
	const t = useT();
	const all = useLoad((signal) => lead.invitations(signal), [], invited);
	const rows = (all.data ?? []).filter((i) => i.state !== 'over' && i.state !== 'refused' && i.state !== 'joined');
	if (rows.length === 0) return null;
	return (
		<Panel title={t('invite.open')}>
			{rows.map((i) => <OneInvitation key={i.code} invitation={i} />)}
		</Panel>
	);
}

function OneInvitation({ invitation: i }: { invitation: Invitation }) {
	const t = useT();
	const lang = useLanguage();
	const role = useRole();
	const { error, run } = useTry();
	const paper = useRef<HTMLDivElement>(null);
	const answer = (yes: boolean): Promise<unknown> => run(async () => {
		await lead.answer(i.code, yes);
		say(t(yes ? 'invite.admitted' : 'invite.refused'), yes ? 'done' : 'warn');
		changedHere('invite');
	});
	const withdraw = (): Promise<unknown> => run(async () => {
		await lead.withdraw(i.code);
		say(t('invite.withdrawn'));
		changedHere('invite');
	});
	if (i.state === 'waiting for your answer' && i.newcomer !== undefined)
		return (
			<div class="stack tight" role="status">
				<h3>{t('invite.compare', { name: i.newcomer.member, device: i.newcomer.device })}</h3>
				<p class="digits" dir="ltr">{i.newcomer.digits.replace(/(...)(?=.)/g, '$1 ')}</p>
				<p>{t('invite.compare.text')}</p>
				<div class="row">
					<ActButton kind="main" act={() => answer(true)}>{t('invite.same')}</ActButton>
					<ActButton kind="danger" act={() => answer(false)}>{t('invite.differ')}</ActButton>
				</div>
				<Trouble error={error} />
			</div>
		);
	return (
		<div class="stack tight">
			<div ref={paper}>
				<Sheet lang={lang}>
					<h3>{t('invite.for', { role: role(i.role) })}</h3>
					<div class="slip-code">
						{i.picture !== undefined && <Qr svg={i.picture} label={t('invite.qr')} />}
						<div class="stack tight">
							<p class="secret"><Code>{i.code}</Code></p>
							<p>{t('invite.how')}</p>
							<p class="soft">{t('invite.until', { time: formatClock(lang, i.expires) })}</p>
						</div>
					</div>
				</Sheet>
			</div>
			{i.state === 'admitted' && <Notice live kind="good" title={t('invite.sending')} />}
			{i.trouble !== undefined && (
				<Notice kind="wait" title={t('invite.trouble')}><details><summary>{t('error.details')}</summary><p lang="en" dir="ltr">{i.trouble}</p></details></Notice>
			)}
			<div class="row">
				<Button icon="print" onClick={() => paper.current !== null && printSheets(paper.current.querySelectorAll('.sheet'))}>{t('do.print')}</Button>
				<ActButton act={withdraw}>{t('invite.withdraw')}</ActButton>
			</div>
			<Trouble error={error} />
		</div>
	);
}

export function InviteDialog({ teams, onClose }: { teams: readonly TeamRow[]; onClose: () => void }) {
	const t = useT();
	const role = useRole();
	const [way, setWay] = useState<'code' | 'file'>('code');
	const [as, setAs] = useState<string>('advisor');
	const [chosen, setChosen] = useState<string[]>(() => {
		const readers = teams.filter((x) => x.drop_box !== true);
		return readers.length === 1 && readers[0] !== undefined ? [readers[0].team] : [];
	});
	const [address, setAddress] = useState('');
	const [request, setRequest] = useState<FileIn>();
	const [admitted, setAdmitted] = useState<Admitted>();
	const { error, run } = useTry();
	const reads = as === 'advisor' || as === 'coordinator' ? chosen : [];

	const invite = (): Promise<unknown> => run(async () => {
		await lead.invite(as, reads, address.trim() === '' ? [] : [address.trim()]);
		changedHere('invite');
		onClose();
	});
	const admit = (): Promise<unknown> => run(async () => {
		if (request === undefined) return;
		const answer = await lead.admit(request, as, reads);
		saveAnswer(answer);
		setAdmitted(answer);
		changedHere('membership');
	});
	if (admitted !== undefined)
		return (
			<Dialog title={t('admit.done', { name: admitted.member })} onClose={onClose} actions={<>
				<Button icon="out" onClick={() => saveAnswer(admitted)}>{t('admit.again')}</Button>
				<Button kind="main" onClick={onClose}>{t('do.done')}</Button>
			</>}>
				<p>{t('admit.words', { name: admitted.member })}</p>
				<p class="secret" dir="ltr">{admitted.words}</p>
				<p>{t('admit.give', { name: 'welcome.faltbok' })}</p>
				<p class="help">{t('admit.differ')}</p>
			</Dialog>
		);
	return (
		<Dialog title={t('invite.new')} onClose={onClose} actions={<>
			<Button onClick={onClose}>{t('do.cancel')}</Button>
			{way === 'code' ? <ActButton kind="main" act={invite}>{t('invite.do')}</ActButton>
				: <ActButton kind="main" disabled={request === undefined} act={admit}>{t('admit.do')}</ActButton>}
		</>}>
			<Switch label={t('invite.way')} value={way} onInput={setWay} options={[{ code: 'code', label: t('invite.way.code') }, { code: 'file', label: t('invite.way.file') }]} />
			<p class="help">{t(way === 'code' ? 'invite.way.code.help' : 'invite.way.file.help')}</p>
			<Pick label={t('people.role')} value={as} onInput={setAs} options={ROLES.map((r) => ({ code: r, label: role(r) }))}
				help={t(as === 'coordinator' ? 'role.coordinator.help' : as === 'auditor' ? 'role.auditor.help' : as === 'hub' ? 'role.hub.help' : 'role.advisor.help')} />
			{(as === 'advisor' || as === 'coordinator') && <TeamTicks teams={teams} chosen={chosen} set={setChosen} />}
			{way === 'code' ? (
				<details open={error !== undefined}><summary>{t('invite.address')}</summary>
					<Line label={t('invite.address.label')} help={t('invite.address.help')} value={address} onInput={setAddress} dir="ltr" />
				</details>
			) : <>
				<FilePick label={t('admit.pick')} onPick={(f) => void fileIn(f).then(setRequest)} />
				{request !== undefined && <p><Own>{request.name}</Own></p>}
			</>}
			<Trouble error={error} />
		</Dialog>
	);
}
