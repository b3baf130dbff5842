/* A USB stick instead of a network: what others lack goes out in a file, what they wrote comes in. */
import { useState } from 'preact/hooks';
import { loadStatus } from '../../base/app';
import { asApiError } from '../../base/load';
import { say } from '../../base/say';
import { call, type ApiError } from '../../api/client';
import { fileIn, saveAnswer, type FilesOut } from '../../api/files';
import { changedHere } from '../../api/live';
import type { Told } from '../../api/step';
import type { BundleRead, Peer } from '../../api/types';
import { today, useT } from '../../i18n';
import { ActButton, Notice, Panel, Pick, Trouble } from '../../parts/basics';
import { FilePick } from '../../parts/file';
import { BroughtLine } from './brought';

export function Stick({ peers }: { peers: readonly Peer[] }) {
	const t = useT();
	const [to, setTo] = useState('');
	const [busy, setBusy] = useState(false);
	const [read, setRead] = useState<BundleRead & Told>();
	const [error, setError] = useState<ApiError>();

	const write = async (): Promise<void> => {
		setError(undefined);
		try {
			const answer = await call<FilesOut & { entries: number }>('bundle write', { file: `faltbok-${today()}.bundle`, ...(to !== '' ? { for: to } : {}) });
			if (saveAnswer(answer)) say(t('stick.written', { n: answer.entries }));
		} catch (x) {
			setError(asApiError(x));
		}
	};
	const take = async (f: File): Promise<void> => {
		setError(undefined);
		setRead(undefined);
		setBusy(true);
		try {
			setRead(await call<BundleRead & Told>('bundle read', { file: await fileIn(f) }));
			changedHere('visit', 'case', 'session', 'referral');
			await loadStatus();
		} catch (x) {
			setError(asApiError(x));
		}
		setBusy(false);
	};
	return (
		<Panel title={t('stick.title')}>
			<p class="help">{t('stick.text')}</p>
			<Pick label={t('stick.for')} value={to} onInput={setTo} options={[{ code: '', label: t('stick.all') }, ...peers.map((p) => ({ code: p.id, label: p.name }))]} />
			<div><ActButton icon="out" act={write}>{t('stick.write')}</ActButton></div>
			<FilePick label={busy ? t('stick.reading') : t('stick.read')} onPick={(f) => void take(f)} />
			{read !== undefined && (
				<Notice live kind={read.complete && read.refused === 0 ? 'good' : 'wait'} title={t('stick.got', { n: read.new })}>
					{t('stick.known', { n: read.known })}{!read.complete && <> {t('stick.cut')}</>}{read.refused > 0 && <> {t('stick.refused', { n: read.refused })}</>}
					<BroughtLine told={read} />
				</Notice>
			)}
			<Trouble error={error} />
		</Panel>
	);
}
