/*
 * The end of a pop-up: the session is closed, everyone reachable gets what was
 * written, and what others have signed for is counted. Only when that is all
 * of it can the work be destroyed here; else the page says who lacks what.
 */
import { useState } from 'preact/hooks';
import { app, loadStatus } from '../../base/app';
import { say } from '../../base/say';
import { take } from '../../base/session';
import { useStore } from '../../base/store';
import { useTry } from '../../base/try';
import { door } from '../../api/door';
import { changedHere } from '../../api/live';
import { step, type Closing, type Keeper } from '../../api/step';
import { formatMoment, useLanguage, useT } from '../../i18n';
import { ActButton, Button, Notice, Own, Panel, Tick, Trouble } from '../../parts/basics';
import { Dialog } from '../../parts/dialog';
import { Icon } from '../../parts/icons';

const LEFT_AFTER_MS = 2000;

export function CloseSite() {
	const t = useT();
	const [open, setOpen] = useState(false);
	return (
		<Panel title={t('closing.title')}>
			<p class="help">{t('closing.text')}</p>
			<div><Button icon="lock" onClick={() => setOpen(true)}>{t('closing.begin')}</Button></div>
			{open && <CloseDialog onClose={() => setOpen(false)} />}
		</Panel>
	);
}

function CloseDialog({ onClose }: { onClose: () => void }) {
	const t = useT();
	const [done, setDone] = useState<Closing>();
	const [sure, setSure] = useState(false);
	const closing = useTry(), wiping = useTry();
	const close = (force: boolean): Promise<unknown> => closing.run(async () => {
		setSure(false);
		setDone(undefined);
		setDone(await step.close(force));
		changedHere('session', 'visit', 'case', 'queue');
		await loadStatus();
	});
	const status = useStore(app, (a) => a.status);
	const wipe = (): Promise<unknown> => wiping.run(async () => {
		try {
			await step.wipe();
		} catch (e) {
			await loadStatus(); // it may have said that it leaves
			throw e;
		}
		say(t('wipe.done'));
		/* The node leaves the home once its answer is out, and says so; should its word be lost, it is asked. */
		setTimeout(() => app.get().phase !== 'new' && void door.look().then(take), LEFT_AFTER_MS);
	});
	const waits = closing.error?.code === 'refused';
	return (
		<Dialog title={t('closing.title')} onClose={onClose} actions={<>
			<Button onClick={onClose}>{t('do.close')}</Button>
			{waits && <ActButton kind="danger" act={() => close(true)}>{t('closing.force')}</ActButton>}
			{done?.proven !== true && <ActButton kind="main" act={() => close(false)}>{t(done === undefined && closing.error === undefined ? 'closing.do' : 'do.again')}</ActButton>}
		</>}>
			{done === undefined && closing.error === undefined && (
				<ol class="plain-list numbered">
					<li>{t('closing.step.session')}</li>
					<li>{t('closing.step.exchange')}</li>
					<li>{t('closing.step.proof')}</li>
					<li>{t('closing.step.leaving')}</li>
					<li>{t('closing.step.wipe')}</li>
				</ol>
			)}
			{waits ? <Notice live kind="wait" title={t('closing.waits')}><p>{t('closing.waits.text')}</p></Notice> : <Trouble error={closing.error} />}
			{done !== undefined && <Steps closing={done} />}
			{done?.proven === true && (
				<section class="stack wipe" aria-label={t('wipe.title')}>
					<h3>{t('wipe.title')}</h3>
					<p>{t('wipe.text', { name: app.get().device_name })}</p>
					<Tick label={t('wipe.sure')} checked={sure} onInput={setSure} />
					<div><ActButton kind="danger" disabled={!sure} act={wipe}>{t('wipe.do')}</ActButton></div>
					{wiping.error?.code === 'refused' ? <Notice live kind="bad" title={t('wipe.refused')}>
						{status?.leaving === true && <p>{t('closing.leaving')}</p>}
						<details><summary>{t('error.details')}</summary><p dir="ltr" lang="en"><bdi>{wiping.error.message}</bdi></p></details>
					</Notice> : <Trouble error={wiping.error} />}
				</section>
			)}
		</Dialog>
	);
}

function Steps({ closing: c }: { closing: Closing }) {
	const t = useT();
	const session = c.steps.find((s) => s.step === 'session')?.session, met = c.steps.find((s) => s.step === 'exchange')?.done === true;
	return (
		<div class="stack" role="status">
			<ul class="steps">
				<li><Icon name="done" /><span>{session === undefined || session === null ? t('closing.nosession')
					: t('closing.session', { visits: session.counts.visits, cases: session.counts.cases })}</span></li>
				<li class={met ? '' : 'not'}><Icon name={met ? 'done' : 'warn'} /><span>{t(met ? 'closing.met' : 'closing.alone')}</span></li>
			</ul>
			{c.proven ? (
				<Notice kind="good" title={t('closing.safe')}>
					<p>{t('closing.safe.at', { n: c.written })}</p>
					<ul class="plain-list">{c.by.filter((k) => k.lacks === 0).map((k) => <li key={k.id}><Own>{k.name}</Own></li>)}</ul>
				</Notice>
			) : (
				<Notice kind="bad" title={t('closing.unsafe', { n: c.lacking })}>
					<p>{t('closing.unsafe.text')}</p>
					<Lacking by={c.by} />
				</Notice>
			)}
		</div>
	);
}

function Lacking({ by }: { by: readonly Keeper[] }) {
	const t = useT();
	const lang = useLanguage();
	const rows = by.filter((k) => k.lacks > 0);
	if (rows.length === 0) return null;
	return (
		<ul class="plain-list">
			{rows.map((k) => <li key={k.id}>{t('closing.lacks', { n: k.lacks, name: k.name })} {k.last_seen === null ? t('closing.nevermet')
				: t('closing.met.last', { time: formatMoment(lang, k.last_seen) })}</li>)}
		</ul>
	);
}
