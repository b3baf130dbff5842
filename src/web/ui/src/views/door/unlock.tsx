/* Locked: the passphrase, and the way in for who has forgotten it, with no network. */
import { useRef, useState } from 'preact/hooks';
import { app } from '../../base/app';
import { asApiError } from '../../base/load';
import { say } from '../../base/say';
import { take, unlock } from '../../base/session';
import { useStore } from '../../base/store';
import { ApiError } from '../../api/client';
import { door } from '../../api/door';
import { useT } from '../../i18n';
import { Button, Line, Notice, Own, Panel, Trouble } from '../../parts/basics';
import { Door } from '../../parts/shell';
import { NewPassphrase, passphraseFault } from './passphrase';

export function Unlock() {
	const t = useT();
	const { org, device_name } = useStore(app);
	const [forgotten, setForgotten] = useState(false);
	return (
		<Door title={org !== '' ? <Own>{org}</Own> : t('unlock.title')}>
			{forgotten ? <Recover onBack={() => setForgotten(false)} /> : <Enter device={device_name} onForgotten={() => setForgotten(true)} />}
		</Door>
	);
}

function Enter({ device, onForgotten }: { device: string; onForgotten: () => void }) {
	const t = useT();
	const [text, setText] = useState('');
	const [busy, setBusy] = useState(false);
	const [wrong, setWrong] = useState<string>();
	const [error, setError] = useState<ApiError>();
	const form = useRef<HTMLFormElement>(null);

	const enter = async (e: Event): Promise<void> => {
		e.preventDefault();
		if (busy || text === '') return;
		setBusy(true);
		setWrong(undefined);
		setError(undefined);
		try {
			await unlock(text);
		} catch (x) {
			const fault = asApiError(x);
			setBusy(false);
			if (fault.status === 401) {
				setWrong(t('unlock.wrong'));
				form.current?.querySelector('input')?.select();
			} else setError(fault);
		}
	};
	return (
		<Panel title={t('unlock.title')}>
			<form class="stack" ref={form} onSubmit={(e) => void enter(e)}>
				{device !== '' && <p class="soft">{t('unlock.device', { name: device })}</p>}
				<Line type="password" label={t('passphrase')} value={text} onInput={setText} error={wrong} autofocus dir="ltr" />
				<Trouble error={error} />
				<div class="row">
					<Button kind="main" type="submit" class="large" busy={busy}>{busy ? t('unlock.busy') : t('unlock.do')}</Button>
					<Button kind="quiet" onClick={onForgotten}>{t('unlock.forgotten')}</Button>
				</div>
			</form>
		</Panel>
	);
}

function Recover({ onBack }: { onBack: () => void }) {
	const t = useT();
	const [code, setCode] = useState('');
	const [first, setFirst] = useState('');
	const [again, setAgain] = useState('');
	const [tried, setTried] = useState(false);
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<ApiError>();

	const recover = async (e: Event): Promise<void> => {
		e.preventDefault();
		setTried(true);
		if (busy || code.trim() === '' || passphraseFault(first, again) !== undefined) return;
		setBusy(true);
		setError(undefined);
		try {
			await take(await door.recover(code.trim(), first));
			say(t('recover.done'));
		} catch (x) {
			setError(asApiError(x));
			setBusy(false);
		}
	};
	return (
		<>
			<Panel title={t('recover.title')}>
				<p>{t('recover.text')}</p>
				<form class="stack" onSubmit={(e) => void recover(e)}>
					<Line label={t('recover.code')} help={t('recover.code.help')} value={code} onInput={setCode} dir="ltr" autofocus
						error={tried && code.trim() === '' ? t('field.needed') : undefined} />
					<NewPassphrase first={first} again={again} onFirst={setFirst} onAgain={setAgain} tried={tried} />
					{error !== undefined && <Trouble error={error} />}
					<div class="row">
						<Button kind="main" type="submit" busy={busy}>{t('recover.do')}</Button>
						<Button onClick={onBack}>{t('do.back')}</Button>
					</div>
				</form>
			</Panel>
			<Notice title={t('recover.nocode')}><p>{t('recover.nocode.text')}</p></Notice>
		</>
	);
}
