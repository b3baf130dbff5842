/* This computer: who works here, its passphrase, the paper for who forgets it, and what has been read here. */
import { useRef, useState } from 'preact/hooks';
import { app, loadStatus } from '../../base/app';
import { href } from '../../base/route';
import { say } from '../../base/say';
import { doorSession } from '../../base/session';
import { useStore } from '../../base/store';
import { useTry } from '../../base/try';
import type { ApiError } from '../../api/client';
import { door } from '../../api/door';
import { formatDate, today, useLanguage, useT } from '../../i18n';
import { ActButton, Button, Facts, Line, LinkButton, Notice, Own, Panel, Trouble } from '../../parts/basics';
import { PaperNotice, paperKept } from '../../parts/paper';
import { printSheets, Sheet } from '../../parts/print';
import { NewPassphrase, passphraseFault } from '../door/passphrase';
import { useRole } from '../people/members';
import type { ViewProps } from '../registry';
import { Reads } from '../rights/reads';

export default function Here(_: ViewProps) {
	const t = useT();
	const role = useRole();
	const { org, device_name, me, status } = useStore(app);
	const minutes = useStore(doorSession, (s) => Math.round((s?.lock_after_s ?? 0) / 60));
	return (
		<div class="stack">
			<div class="head"><h1>{t('more.here')}</h1></div>
			<PaperNotice status={status} here={false} />
			<div class="half">
				<Panel title={<Own>{device_name}</Own>}>
					<Facts rows={[
						[t('archive.org'), <Own>{org}</Own>],
						me !== undefined && [t('people.who'), <Own>{me.member}</Own>],
						me !== undefined && [t('people.role'), me.roles.map(role).join(', ')],
						me !== undefined && [t('people.reads'), me.teams.length === 0 ? t('people.reads.none') : <Own>{me.teams.join(', ')}</Own>],
						minutes > 0 && [t('here.locks'), t('minutes', { n: minutes })],
					]} />
					<p class="help">{t('here.leave')}</p>
					<div><LinkButton icon="step" href={href('step')}>{t('closing.title')}</LinkButton></div>
				</Panel>
				<ChangePassphrase />
				<NewPaper />
			</div>
			<Reads />
		</div>
	);
}

/* The node says 401 to a wrong passphrase, and everything else as it says everything. */
const isWrong = (e: ApiError | undefined): boolean => e?.status === 401;

function ChangePassphrase() {
	const t = useT();
	const [old, setOld] = useState('');
	const [first, setFirst] = useState('');
	const [again, setAgain] = useState('');
	const [tried, setTried] = useState(false);
	const [busy, setBusy] = useState(false);
	const { error, run } = useTry();
	const change = async (e: Event): Promise<void> => {
		e.preventDefault();
		setTried(true);
		if (busy || old === '' || passphraseFault(first, again) !== undefined) return;
		setBusy(true);
		await run(async () => {
			await door.passphrase(old, first);
			say(t('here.changed'));
			setOld('');
			setFirst('');
			setAgain('');
			setTried(false);
		});
		setBusy(false);
	};
	return (
		<Panel title={t('here.passphrase')}>
			<form class="stack" onSubmit={(e) => void change(e)} noValidate>
				<Line type="password" label={t('here.old')} value={old} onInput={setOld} dir="ltr"
					error={isWrong(error) ? t('unlock.wrong') : tried && old === '' ? t('field.needed') : undefined} />
				<NewPassphrase first={first} again={again} onFirst={setFirst} onAgain={setAgain} tried={tried} />
				<Trouble error={isWrong(error) ? undefined : error} />
				<div><Button kind="main" type="submit" busy={busy}>{t('here.change')}</Button></div>
			</form>
		</Panel>
	);
}

/* The code itself is kept nowhere: another paper is another code. */
function NewPaper() {
	const t = useT();
	const lang = useLanguage();
	const { org, device_name } = useStore(app);
	const [old, setOld] = useState('');
	const [code, setCode] = useState<string>();
	const [busy, setBusy] = useState(false);
	const { error, run } = useTry();
	const box = useRef<HTMLDivElement>(null);
	const make = async (e: Event): Promise<void> => {
		e.preventDefault();
		if (busy || old === '') return;
		setBusy(true);
		await run(async () => {
			setCode((await door.paper(old)).recovery_code);
			setOld('');
		});
		setBusy(false);
	};
	const kept = async (): Promise<void> => {
		await run(async () => {
			await paperKept();
			await loadStatus();
			setCode(undefined);
		});
	};
	return (
		<Panel title={t('paper.title')}>
			<p class="help">{t('paper.text')}</p>
			{code === undefined ? (
				<form class="stack" onSubmit={(e) => void make(e)} noValidate>
					<Line type="password" label={t('here.old')} value={old} onInput={setOld} dir="ltr" error={isWrong(error) ? t('unlock.wrong') : undefined} />
					<Trouble error={isWrong(error) ? undefined : error} />
					<div><Button type="submit" icon="print" disabled={old === ''} busy={busy}>{t('paper.do')}</Button></div>
				</form>
			) : (
				<div class="stack" role="status">
					<div ref={box}>
						<Sheet lang={lang}>
							<h3>{t('kit.code')}</h3>
							<p>{t('kit.code.text', { name: device_name })}</p>
							<p class="secret" dir="ltr">{code}</p>
							<p class="soft">{t('kit.of', { name: org, date: formatDate(lang, today()) })}</p>
						</Sheet>
					</div>
					<Notice kind="wait" title={t('paper.void')} />
					<div class="row">
						<Button kind="main" icon="print" onClick={() => box.current !== null && printSheets(box.current.querySelectorAll('.sheet'))}>{t('do.print')}</Button>
						<ActButton act={kept}>{t('paper.kept')}</ActButton>
					</div>
				</div>
			)}
			<details><summary>{t('paper.others')}</summary><p>{t('paper.others.text')}</p></details>
		</Panel>
	);
}
