/*
 * First run: found an organisation or join one. Every way ends with a promise
 * of confidentiality, a passphrase and something on paper.
 */
import { useState } from 'preact/hooks';
import { doorSession } from '../../base/session';
import { useStore } from '../../base/store';
import { useT } from '../../i18n';
import { Button, Notice } from '../../parts/basics';
import { Icon, type IconName } from '../../parts/icons';
import { Door } from '../../parts/shell';
import type { ViewProps } from '../registry';
import { Found } from './found';
import { JoinByCode, JoinByFile, WaitForWelcome } from './join';

type Way = 'choose' | 'found' | 'code' | 'file';

export default function FirstRun(_: ViewProps) {
	const t = useT();
	const session = useStore(doorSession);
	const [way, setWay] = useState<Way>('choose');
	const back = (): void => setWay('choose');

	if (way === 'found') return <Found onBack={back} />;
	if (way === 'code') return <JoinByCode onBack={back} />;
	if (way === 'file') return <JoinByFile onBack={back} />;
	if (session?.state === 'joining') return <WaitForWelcome />;
	return (
		<Door title={t('first.title')}>
			<p>{t('first.text')}</p>
			<ul class="ways">
				<Way1 icon="ticket" title={t('first.code')} text={t('first.code.text')} onClick={() => setWay('code')} />
				<Way1 icon="in" title={t('first.file')} text={t('first.file.text')} onClick={() => setWay('file')} />
				<Way1 icon="home" title={t('first.found')} text={t('first.found.text')} onClick={() => setWay('found')} />
			</ul>
			<Notice>{t('first.local')}</Notice>
		</Door>
	);
}

function Way1({ icon, title, text, onClick }: { icon: IconName; title: string; text: string; onClick: () => void }) {
	return (
		<li>
			<button type="button" class="way" onClick={onClick}>
				<Icon name={icon} />
				<span><strong>{title}</strong><span class="soft">{text}</span></span>
				<Icon name="forward" />
			</button>
		</li>
	);
}

export function Back({ onBack }: { onBack: () => void }) {
	const t = useT();
	return <Button kind="quiet" icon="back" onClick={onBack}>{t('do.back')}</Button>;
}
