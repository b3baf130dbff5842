/* Joining: with a code at the same table, or with two files that may travel on a stick. */
import { useRef, useState } from 'preact/hooks';
import { asApiError } from '../../base/load';
import { doorSession, take } from '../../base/session';
import { useStore } from '../../base/store';
import { useTry } from '../../base/try';
import type { ApiError } from '../../api/client';
import { door, type Asked, type Joined, type Session, type Welcomed } from '../../api/door';
import { bytesOf, fileIn, saveFile, type FileIn } from '../../api/files';
import { useLanguage, useT } from '../../i18n';
import { ActButton, Button, Code, Line, Notice, Panel, Tick, Trouble } from '../../parts/basics';
import { FilePick } from '../../parts/file';
import { paperKept } from '../../parts/paper';
import { printSheets, Sheet } from '../../parts/print';
import { Door } from '../../parts/shell';
import { Back } from './first';
import { StolenSheet } from './stolen';
import { useWho, whoIsReady, WhoFields } from './who';

export function JoinByCode({ onBack }: { onBack: () => void }) {
	const t = useT();
	const digits = useStore(doorSession, (s) => s?.digits);
	const [code, setCode] = useState('');
	const [who, setWho] = useWho();
	const [tried, setTried] = useState(false);
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<ApiError>();
	const [made, setMade] = useState<Joined>();

	const join = async (e: Event): Promise<void> => {
		e.preventDefault();
		setTried(true);
		if (busy || code.trim() === '' || !whoIsReady(who)) {
			(e.currentTarget as HTMLElement).querySelector<HTMLElement>('[aria-invalid]')?.focus();
			return;
		}
		setBusy(true);
		setError(undefined);
		try {
			const answer = await door.code({ code: code.trim(), member: who.member.trim(), device: who.device.trim(), passphrase: who.first });
			setMade(answer);
			await take(answer, answer.recovery_code === undefined && answer.kill_card === undefined);
		} catch (x) {
			setError(asApiError(x));
		}
		setBusy(false);
	};
	if (made?.recovery_code !== undefined || made?.kill_card !== undefined) return <OwnCode code={made.recovery_code} stolen={made.kill_card} device={who.device} next={made} />;
	return (
		<Door title={t('first.code')}>
			{busy ? <Comparing digits={digits} /> : (
				<form class="stack" onSubmit={(e) => void join(e)} noValidate>
					<Panel>
						<Line label={t('join.code')} help={t('join.code.help')} value={code} onInput={setCode} dir="ltr" autofocus
							error={tried && code.trim() === '' ? t('field.needed') : undefined} />
						<WhoFields who={who} set={setWho} tried={tried} />
					</Panel>
					<Trouble error={error} />
					<div class="row"><Button kind="main" type="submit" class="large">{t('join.do')}</Button><Back onBack={onBack} /></div>
				</form>
			)}
		</Door>
	);
}

/* The same digits on two screens mean that nobody stands between them. */
function Comparing({ digits }: { digits: string | undefined }) {
	const t = useT();
	return (
		<Panel title={digits === undefined ? t('join.connecting') : t('join.compare')}>
			{digits === undefined ? <p role="status">{t('join.connecting.text')}</p> : (
				<div role="status" class="stack">
					<p class="digits" dir="ltr">{digits.replace(/(...)(?=.)/g, '$1 ')}</p>
					<p>{t('join.compare.text')}</p>
				</div>
			)}
		</Panel>
	);
}

export function JoinByFile({ onBack }: { onBack: () => void }) {
	const t = useT();
	const [who, setWho] = useWho();
	const [tried, setTried] = useState(false);
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<ApiError>();
	const [made, setMade] = useState<Asked>();

	const ask = async (e: Event): Promise<void> => {
		e.preventDefault();
		setTried(true);
		if (busy || !whoIsReady(who)) return;
		setBusy(true);
		setError(undefined);
		try {
			const answer = await door.request({ member: who.member.trim(), device: who.device.trim(), passphrase: who.first });
			saveFile(answer.request.name, bytesOf(answer.request.data));
			setMade(answer);
			await take(answer);
		} catch (x) {
			setError(asApiError(x));
			setBusy(false);
		}
	};
	if (made !== undefined) return <WaitForWelcome asked={made} />;
	return (
		<Door title={t('first.file')}>
			<form class="stack" onSubmit={(e) => void ask(e)} noValidate>
				<p>{t('join.file.text')}</p>
				<Panel><WhoFields who={who} set={setWho} tried={tried} /></Panel>
				<Trouble error={error} />
				<div class="row"><Button kind="main" type="submit" class="large" busy={busy}>{t('join.file.do')}</Button><Back onBack={onBack} /></div>
			</form>
		</Door>
	);
}

export function WaitForWelcome({ asked }: { asked?: Asked }) {
	const t = useT();
	const lang = useLanguage();
	const [file, setFile] = useState<FileIn>();
	const [seen, setSeen] = useState<Welcomed>();
	const [same, setSame] = useState(false);
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<ApiError>();
	const paper = useRef<HTMLDivElement>(null);

	const read = async (f: FileIn, yes: boolean): Promise<void> => {
		setBusy(true);
		setError(undefined);
		try {
			const answer = await door.welcome(f, yes ? { yes } : {});
			if (answer.confirm === true) setSeen(answer);
			else await take(answer);
		} catch (x) {
			setError(asApiError(x));
		}
		setBusy(false);
	};
	return (
		<Door title={t('welcome.title')} wide>
			{asked !== undefined && (
				<Panel title={t('welcome.request')}>
					<p>{t('welcome.request.text', { name: asked.request.name })}</p>
					<p class="secret" dir="ltr">{asked.words}</p>
					<div class="row">
						<Button icon="out" onClick={() => saveFile(asked.request.name, bytesOf(asked.request.data))}>{t('welcome.request.again')}</Button>
					</div>
					<div class="stack" ref={paper}>
						<Sheet lang={lang}>
							<h3>{t('kit.code')}</h3>
							<p>{t('kit.code.text', { name: asked.device?.name ?? '' })}</p>
							<p class="secret" dir="ltr">{asked.recovery_code}</p>
						</Sheet>
						<StolenSheet code={asked.kill_card} device={asked.device?.name ?? ''} lang={lang} />
					</div>
					<div><Button icon="print" onClick={() => paper.current !== null && printSheets(paper.current.querySelectorAll('.sheet'))}>{t('do.print')}</Button></div>
				</Panel>
			)}
			<Panel title={t('welcome.file')}>
				<p>{t('welcome.file.text')}</p>
				<FilePick label={t('welcome.pick')} onPick={(f) => void fileIn(f).then((x) => { setFile(x); void read(x, false); })} />
				{seen !== undefined && file !== undefined && (
					<div class="stack">
						<p>{t('welcome.compare')}</p>
						<p class="secret" dir="ltr">{seen.words}</p>
						<Tick label={t('welcome.same')} checked={same} onInput={setSame} />
						<div><Button kind="main" disabled={!same} busy={busy} onClick={() => void read(file, true)}>{t('welcome.do')}</Button></div>
					</div>
				)}
				<Trouble error={error} />
			</Panel>
		</Door>
	);
}

/* The newcomer's own way back in, before the work begins. */
function OwnCode({ code, stolen, device, next }: { code: string | undefined; stolen: string | undefined; device: string; next: Session }) {
	const t = useT();
	const lang = useLanguage();
	const [safe, setSafe] = useState(false);
	const { error, run } = useTry();
	const paper = useRef<HTMLDivElement>(null);
	const begin = (): Promise<unknown> => run(async () => {
		await paperKept();
		await take(next);
	});
	return (
		<Door title={t('join.done')} wide>
			<div class="stack" ref={paper}>
				{code !== undefined && (
					<Sheet lang={lang}>
						<h2>{t('kit.code')}</h2>
						<p>{t('kit.code.text', { name: device })}</p>
						<p class="secret"><Code>{code}</Code></p>
					</Sheet>
				)}
				<StolenSheet code={stolen} device={device} lang={lang} />
			</div>
			<div class="row"><Button kind="main" icon="print" onClick={() => paper.current !== null && printSheets(paper.current.querySelectorAll('.sheet'))}>{t('do.print')}</Button></div>
			<Notice kind="wait" title={t('kit.once')} />
			<Tick label={t('kit.safe')} checked={safe} onInput={setSafe} />
			<Trouble error={error} />
			<div><ActButton kind="main" class="large" disabled={!safe} act={begin}>{t('kit.go')}</ActButton></div>
		</Door>
	);
}
