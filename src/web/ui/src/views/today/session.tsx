/* The open session in one line, and closing it. */
import { useState } from 'preact/hooks';
import { asApiError } from '../../base/load';
import { say } from '../../base/say';
import { day, type Closed, type Session } from '../../api/day';
import { changedHere } from '../../api/live';
import { ApiError } from '../../api/client';
import { formatDay, useLanguage, useT } from '../../i18n';
import { Button, Facts, Line, Notice, Own, Tag, Trouble } from '../../parts/basics';
import { Dialog } from '../../parts/dialog';

export function SessionBar({ session }: { session: Session }) {
	const t = useT();
	const lang = useLanguage();
	const [closing, setClosing] = useState(false);
	return (
		<div class="head session">
			<h1><Own>{session.name}</Own></h1>
			<p class="soft">{formatDay(lang, session.date)}{session.start !== undefined && <> · {t('session.since', { time: session.start })}</>}</p>
			{session.practice && <Tag kind="wait">{t('practice')}</Tag>}
			<p class="counts"><strong>{t('session.visits', { n: session.visits })}</strong> · {t('session.cases', { n: session.cases })}</p>
			<Button small onClick={() => setClosing(true)}>{t('session.close')}</Button>
			{closing && <CloseSession session={session} onClose={() => setClosing(false)} />}
		</div>
	);
}

const whole = (s: string): number | undefined => (/^\d{1,5}$/.test(s.trim()) ? Number(s) : undefined);

function CloseSession({ session, onClose }: { session: Session; onClose: () => void }) {
	const t = useT();
	const [turned, setTurned] = useState('');
	const [leaflets, setLeaflets] = useState('');
	const [calls, setCalls] = useState('');
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<ApiError>();
	const [done, setDone] = useState<Closed>();
	const left = session.queue.waiting + session.queue.called;

	const close = async (): Promise<void> => {
		setBusy(true);
		setError(undefined);
		const n = whole(turned), l = whole(leaflets), c = whole(calls);
		try {
			setDone(await day.close({
				...(n !== undefined ? { 'turned-away': n } : {}), ...(l !== undefined ? { leaflets: l } : {}), ...(c !== undefined ? { calls: c } : {}),
				...(left > 0 || session.drafts > 0 ? { force: true } : {}),
			}));
		} catch (x) {
			setError(asApiError(x));
		}
		setBusy(false);
	};
	const finish = (): void => {
		onClose();
		if (done === undefined) return;
		say(t('session.closed'));
		changedHere('session', 'queue', 'visit');
	};
	if (done !== undefined)
		return (
			<Dialog title={t('session.closed')} onClose={finish} actions={<Button kind="main" onClick={finish}>{t('do.done')}</Button>}>
				<Facts rows={[
					[t('close.visits'), done.counts.visits], [t('close.cases'), done.counts.cases],
					done.counts.served !== undefined && [t('close.served'), done.counts.served],
					done.counts.turned_away !== undefined && [t('close.turned'), done.counts.turned_away],
					done.counts.left !== undefined && [t('close.left'), done.counts.left],
					done.counts.waited_minutes !== undefined && [t('close.waited'), t('minutes', { n: done.counts.waited_minutes })],
				]} />
				<Notice kind="good">{t('close.purged')}</Notice>
			</Dialog>
		);
	return (
		<Dialog title={t('session.close.title')} onClose={onClose} actions={<>
			<Button onClick={onClose}>{t('do.cancel')}</Button>
			<Button kind="main" busy={busy} onClick={() => void close()}>{t('session.close.do')}</Button>
		</>}>
			{left > 0 && <Notice kind="wait" title={t('close.waiting', { n: left })}>{t('close.waiting.text')}</Notice>}
			{session.drafts > 0 && <Notice kind="wait" title={t('close.drafts', { n: session.drafts })}>{t('close.drafts.text')}</Notice>}
			<Line label={t('close.turned')} help={t('close.turned.help')} inputmode="numeric" dir="ltr" value={turned} onInput={setTurned} />
			<div class="half">
				<Line label={t('close.leaflets')} inputmode="numeric" dir="ltr" value={leaflets} onInput={setLeaflets} />
				<Line label={t('close.calls')} inputmode="numeric" dir="ltr" value={calls} onInput={setCalls} />
			</div>
			<Trouble error={error} />
		</Dialog>
	);
}
