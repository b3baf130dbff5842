/* A new passphrase, twice: long enough to hold, plain enough to remember. */
import { useT, type Key } from '../../i18n';
import { Line } from '../../parts/basics';

const SHORTEST = 12;

export function passphraseFault(first: string, again: string): Key | undefined {
	if ([...first.trim()].length < SHORTEST) return 'passphrase.short';
	return first === again ? undefined : 'passphrase.differ';
}

export function NewPassphrase({ first, again, onFirst, onAgain, tried }: {
	first: string; again: string; onFirst: (v: string) => void; onAgain: (v: string) => void; tried: boolean;
}) {
	const t = useT();
	const fault = tried ? passphraseFault(first, again) : undefined;
	return (
		<>
			<Line type="password" label={t('passphrase.new')} help={t('passphrase.help')} value={first} onInput={onFirst} dir="ltr"
				error={fault === 'passphrase.short' ? t(fault) : undefined} />
			<Line type="password" label={t('passphrase.again')} value={again} onInput={onAgain} dir="ltr"
				error={fault === 'passphrase.differ' ? t(fault) : undefined} />
		</>
	);
}
