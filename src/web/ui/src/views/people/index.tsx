/* Members: who belongs and with which device, who is on the way in, what waits for a yes. */
import { useState } from 'preact/hooks';
import { app } from '../../base/app';
import { useLoad } from '../../base/load';
import { useStore } from '../../base/store';
import { useTry } from '../../base/try';
import { lead } from '../../api/lead';
import { concerns, type Change } from '../../api/live';
import { step } from '../../api/step';
import { useT } from '../../i18n';
import { Button, Notice, Trouble, Waiting } from '../../parts/basics';
import type { ViewProps } from '../registry';
import { AlarmList } from './alarmlist';
import { alarms } from './alarms';
import { Invitations, InviteDialog } from './invite';
import { Members, Removed } from './members';
import { Teams } from './teams';
import { LateWork, WaitingKeys } from './waiting';

const membership = (c: Change): boolean => c.kind === 'members' || c.kind === 'sync' || concerns(c, []);

export default function People(_: ViewProps) {
	const t = useT();
	const me = useStore(app, (a) => a.status?.device);
	const [inviting, setInviting] = useState(false);
	const all = useLoad(async (signal) => {
		const [members, teams, status] = await Promise.all([lead.members(signal), lead.teams(signal), step.status(signal)]);
		return { members, teams, status };
	}, [], membership);
	const here = all.data;
	const { error, run } = useTry();
	const seen = (device: string): Promise<void> => run(async () => {
		await lead.seen(device);
		all.again();
	});
	return (
		<div class="stack">
			<div class="head">
				<h1>{t('lead.people')}</h1>
				<Button kind="main" icon="plus" onClick={() => setInviting(true)}>{t('invite.new')}</Button>
			</div>
			<Trouble error={all.error} again={all.again} />
			{here === undefined ? all.error === undefined && <Waiting /> : (
				<>
					{here.status.removed === true && <Notice kind="bad" title={t('custody.removed')} />}
					<AlarmList alarms={alarms(here.members, here.status)} seen={seen} />
					<Trouble error={error} />
					<Invitations />
					<WaitingKeys />
					<LateWork />
					<Members members={here.members} teams={here.teams} me={me ?? ''} onChanged={all.again} />
					<Removed members={here.members} />
					<Teams teams={here.teams} onChanged={all.again} />
					{inviting && <InviteDialog teams={here.teams} onClose={() => setInviting(false)} />}
				</>
			)}
		</div>
	);
}
