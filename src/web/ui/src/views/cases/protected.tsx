/*
 * A protected identity: nothing is shown before somebody has said why it must
 * be read, and everybody in the team sees who did, when and why.
 */
import { useState } from 'preact/hooks';
import { say } from '../../base/say';
import { useTry } from '../../base/try';
import { care } from '../../api/care';
import { changedHere } from '../../api/live';
import { get, put } from '../../api/records';
import type { Rec } from '../../api/types';
import { text } from '../../form/profile';
import { useT } from '../../i18n';
import { ActButton, Code, Line, Notice, Own, Panel, Tick, Trouble } from '../../parts/basics';
import { Confirm } from '../../parts/dialog';
import { Icon } from '../../parts/icons';

export interface Opened { rec: Rec; reason: string }

export function BreakGlass({ id, onOpened }: { id: string; onOpened: (o: Opened) => void }) {
	const t = useT();
	const [reason, setReason] = useState('');
	const { error, run } = useTry();
	const why = reason.trim();
	const open = (): Promise<unknown> => run(async () => onOpened({ rec: await care.breakGlass(id, why), reason: why }));
	return (
		<div class="narrow stack">
			<div class="head"><h1><Icon name="shield" /> {t('protected')}</h1><span class="soft">{t('case.number')} <Code>{id.slice(0, 6)}</Code></span></div>
			<Panel>
				<p>{t('glass.text')}</p>
				<form class="stack" onSubmit={(e) => { e.preventDefault(); if (why !== '') void open(); }}>
					<Line label={t('glass.reason')} help={t('glass.reason.help')} value={reason} onInput={setReason} max={400} />
					<div><ActButton kind="danger" disabled={why === ''} act={open}>{t('glass.do')}</ActButton></div>
				</form>
				<Trouble error={error} />
			</Panel>
		</div>
	);
}

export function ProtectedBanner({ reason }: { reason: string }) {
	const t = useT();
	return <Notice kind="bad" title={t('protected.case')}><p>{t('glass.opened')} <Own>{reason}</Own></p></Notice>;
}

export function ProtectDialog({ rec, onClose }: { rec: Rec; onClose: () => void }) {
	const t = useT();
	const { error, run } = useTry();
	const visitor = text(rec, 'visitor');
	const [person, setPerson] = useState(visitor !== '');
	/* Of a protected person nothing is kept but the code: what would point at her goes in the same change. */
	const protect = (): Promise<unknown> => run(async () => {
		if (person) {
			const known = await get(visitor);
			const gone = Object.fromEntries(['name', 'phone', 'email'].filter((f) => text(known, f) !== '').map((f) => [f, null]));
			await put({ type: 'visitor', id: visitor, set: { mode: 'protected', ...gone } });
		}
		await put({ type: rec.type, id: rec.id, set: { protected: true } });
		say(t('protect.done'));
		onClose();
		changedHere(rec.type);
	});
	return (
		<Confirm title={t('protect.do')} yes={t('protect.do')} act={protect} onClose={onClose}>
			<ul class="plain-list">
				<li>{t('protect.hidden')}</li>
				<li>{t('protect.open')}</li>
				<li>{t('protect.paper')}</li>
			</ul>
			{visitor !== '' && <Tick label={t('protect.visitor')} help={t('protect.visitor.help')} checked={person} onInput={setPerson} />}
			<Trouble error={error} />
		</Confirm>
	);
}
