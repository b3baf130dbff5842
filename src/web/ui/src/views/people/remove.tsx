/* Removing a device for ever: what it could read and what follows, said before; what was cut off and what waits, after. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { href } from '../../base/route';
import { useLoad } from '../../base/load';
import { useTry } from '../../base/try';
import { changedHere } from '../../api/live';
import { lead, type Exposure, type Removal } from '../../api/lead';
import type { Member } from '../../api/types';
import { formatDate, useLanguage, useT } from '../../i18n';
import { ActButton, Button, Facts, Line, LinkButton, Notice, Own, Table, Tick, Trouble, Waiting } from '../../parts/basics';
import { Dialog } from '../../parts/dialog';

/* A team by its own name; the two lists that everybody reads by ours. */
function useLog(): (name: string) => ComponentChildren {
	const t = useT();
	return (name) => (name === 'membership' ? t('log.membership') : name === 'roster' ? t('log.roster') : <Own>{name}</Own>);
}

export function ExposureFacts({ x }: { x: Exposure }) {
	const t = useT();
	const lang = useLanguage();
	const log = useLog();
	return (
		<div class="stack tight">
			{x.could_read.length === 0 ? <p>{t('exposure.nothing')}</p> : (
				<Table seen caption={t('exposure.read')} rows={x.could_read} rowKey={(r) => r.team} columns={[
					{ key: 'team', head: t('teams.name'), cell: (r) => log(r.team) },
					{ key: 'n', head: t('exposure.changes'), number: true, cell: (r) => r.entries },
				]} />
			)}
			{x.teams_not_seen_here > 0 && <p>{t('exposure.unseen', { n: x.teams_not_seen_here })}</p>}
			{x.removed && x.removed_at !== null && <p>{t('exposure.removed', { date: formatDate(lang, x.removed_at) })}</p>}
			{x.removed && (x.still_sealed_to_it.length === 0 ? <p>{t('exposure.sealed.none')}</p> : (
				<Table seen caption={t('exposure.sealed')} rows={x.still_sealed_to_it} rowKey={(r) => r.team + r.by + r.period} columns={[
					{ key: 'team', head: t('teams.name'), cell: (r) => log(r.team) },
					{ key: 'by', head: t('exposure.by'), cell: (r) => <Own>{r.by}</Own> },
					{ key: 'period', head: t('exposure.period'), cell: (r) => <Own>{r.period}</Own> },
					{ key: 'n', head: t('exposure.changes'), number: true, cell: (r) => r.entries },
				]} />
			))}
		</div>
	);
}

export function ExposureDialog({ device, name, onClose }: { device: string; name: string; onClose: () => void }) {
	const t = useT();
	const x = useLoad((signal) => lead.exposure(device, signal), [device]);
	return (
		<Dialog title={t('exposure.of', { name })} onClose={onClose} actions={<Button kind="main" onClick={onClose}>{t('do.close')}</Button>}>
			<Trouble error={x.error} again={x.again} />
			{x.data !== undefined ? <ExposureFacts x={x.data} /> : x.error === undefined && <Waiting />}
		</Dialog>
	);
}

export function RemoveDialog({ member, me, onClose, onDone }: { member: Member; me: boolean; onClose: () => void; onDone: () => void }) {
	const t = useT();
	const before = useLoad((signal) => lead.exposure(member.id, signal), [member.id]);
	const { error, run } = useTry();
	const [reason, setReason] = useState('');
	const [day, setDay] = useState('');
	const [card, setCard] = useState('');
	const [sure, setSure] = useState(false);
	const [done, setDone] = useState<{ removal: Removal; x?: Exposure }>();

	const remove = (): Promise<unknown> => run(async () => {
		const removal = await lead.revoke({
			device: member.id, ...(reason.trim() !== '' ? { reason: reason.trim() } : {}), ...(day !== '' ? { before: [day] } : {}),
			...(card.trim() !== '' ? { 'kill-card': card.trim() } : {}),
		});
		const x = await lead.exposure(member.id).catch(() => undefined);
		setDone({ removal, ...(x !== undefined ? { x } : {}) });
		changedHere('membership');
		onDone();
	});
	if (done !== undefined) return <Gone done={done} onClose={onClose} />;
	return (
		<Dialog wide title={t('remove.title', { name: member.device })} onClose={onClose} actions={<>
			<Button onClick={onClose}>{t('do.cancel')}</Button>
			<ActButton kind="danger" disabled={!sure} act={remove}>{t('remove.yes')}</ActButton>
		</>}>
			{me && <Notice kind="bad" title={t('remove.self')} />}
			<h3>{t('remove.what')}</h3>
			<ul class="plain-list">
				<li>{t('remove.ends', { name: member.member })}</li>
				<li>{t('remove.keeps')}</li>
				<li>{t('remove.keys')}</li>
				<li>{t('remove.work')}</li>
				<li>{t('remove.ever')}</li>
			</ul>
			<Trouble error={before.error} again={before.again} />
			{before.data !== undefined ? <ExposureFacts x={before.data} /> : before.error === undefined && <Waiting />}
			<Line label={t('remove.reason')} help={t('remove.reason.help')} value={reason} onInput={setReason} />
			<details>
				<summary>{t('remove.more')}</summary>
				<div class="stack tight">
					<Line type="date" label={t('remove.before')} help={t('remove.before.help')} value={day} onInput={setDay} />
					<Line label={t('remove.card')} help={t('remove.card.help')} value={card} onInput={setCard} dir="ltr" />
				</div>
			</details>
			<Tick label={t('remove.sure')} checked={sure} onInput={setSure} />
			<Trouble error={error} />
		</Dialog>
	);
}

function Gone({ done, onClose }: { done: { removal: Removal; x?: Exposure }; onClose: () => void }) {
	const t = useT();
	const log = useLog();
	const { removal, x } = done;
	return (
		<Dialog wide title={t('remove.done', { name: removal.name })} onClose={onClose} actions={<>
			<LinkButton href={href('lead', 'rights')}>{t('remove.incident')}</LinkButton>
			<Button kind="main" onClick={onClose}>{t('do.done')}</Button>
		</>}>
			{removal.no_coordinator_left === true && <Notice kind="bad" title={t('remove.nobody')} />}
			{removal.cuts.length > 0 && (
				<>
					<p>{t('remove.counts')}</p>
					<Facts rows={removal.cuts.map((c) => [log(c.log), t('step.entries', { n: c.entries })] as const)} />
				</>
			)}
			<p>{removal.waiting_adoption > 0 ? t('late.count', { n: removal.waiting_adoption }) : t('remove.nothing')}</p>
			{x !== undefined && <ExposureFacts x={x} />}
			<p class="help">{t('remove.after')}</p>
		</Dialog>
	);
}
