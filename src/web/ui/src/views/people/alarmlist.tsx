import { useT } from '../../i18n';
import { ActButton, Notice } from '../../parts/basics';
import type { Alarm } from './alarms';

/* `seen`: what to do when a person says that they know of a coordinator's own grant; without it nobody here may. */
export function AlarmList({ alarms, seen }: { alarms: readonly Alarm[]; seen?: (device: string) => Promise<void> }) {
	const t = useT();
	const silent = alarms.filter((a) => a.kind === 'silent');
	if (alarms.length === 0) return null;
	const say = (a: Alarm): { title: string; text: string; kind: 'bad' | 'wait' | 'plain' } => {
		switch (a.kind) {
		case 'dispute': return { kind: 'bad', title: t('alarm.dispute', { name: a.by, other: a.target }), text: t('alarm.dispute.text') };
		case 'copies': return { kind: 'bad', title: t('alarm.copies', { name: a.name }), text: t('alarm.copies.text') };
		case 'fork': return { kind: 'bad', title: t('alarm.fork', { name: a.name }), text: t('alarm.fork.text') };
		case 'selfgrant': return { kind: 'plain', title: t('alarm.selfgrant', { name: a.name, teams: a.teams }), text: t('alarm.selfgrant.text') };
		case 'silent': return {
			kind: 'wait', title: a.days === null ? t('alarm.silent.never', { name: a.name }) : t('plain.silent', { name: a.name, n: a.days }), text: t('alarm.silent.text'),
		};
		case 'late': return { kind: 'wait', title: t('late.count', { n: a.n }), text: t('late.text') };
		case 'keys': return { kind: 'wait', title: t('keys.count', { n: a.n }), text: t('keys.text') };
		}
	};
	return (
		<section class="stack tight" aria-label={t('alarm.title')}>
			{alarms.filter((a) => a.kind !== 'silent').map((a, i) => {
				const said = say(a);
				const actions = a.kind === 'selfgrant' && seen !== undefined ? <ActButton small act={() => seen(a.id)}>{t('alarm.selfgrant.seen')}</ActButton> : undefined;
				return <Notice key={i} kind={said.kind} title={said.title} actions={actions}><p>{said.text}</p></Notice>;
			})}
			{silent.length > 0 && (
				<Notice kind="wait" title={silent.length === 1 && silent[0] !== undefined ? say(silent[0]).title : t('alarm.silent', { n: silent.length })}>
					<p>{t('alarm.silent.text')}</p>
					{silent.length > 1 && <ul class="plain-list">{silent.map((a, i) => <li key={i}>{say(a).title}</li>)}</ul>}
				</Notice>
			)}
		</section>
	);
}
