/* What every newcomer gives: a name, a name for the machine, a promise, a passphrase. */
import { useState } from 'preact/hooks';
import { useT } from '../../i18n';
import { Line, Tick } from '../../parts/basics';
import { NewPassphrase, passphraseFault } from './passphrase';

export interface Who { member: string; device: string; first: string; again: string; pledged: boolean }
export const NOBODY: Who = { member: '', device: '', first: '', again: '', pledged: false };

export function whoIsReady(w: Who): boolean {
	return w.member.trim() !== '' && w.device.trim() !== '' && w.pledged && passphraseFault(w.first, w.again) === undefined;
}

export function useWho(): [Who, (part: Partial<Who>) => void] {
	const [who, setWho] = useState<Who>(NOBODY);
	return [who, (part) => setWho((old) => ({ ...old, ...part }))];
}

export function WhoFields({ who, set, tried }: { who: Who; set: (part: Partial<Who>) => void; tried: boolean }) {
	const t = useT();
	const needed = (v: string): string | undefined => (tried && v.trim() === '' ? t('field.needed') : undefined);
	return (
		<>
			<Line label={t('who.member')} help={t('who.member.help')} value={who.member} onInput={(member) => set({ member })} error={needed(who.member)} max={60} />
			<Line label={t('who.device')} help={t('who.device.help')} value={who.device} onInput={(device) => set({ device })} error={needed(who.device)} max={60} />
			<NewPassphrase first={who.first} again={who.again} onFirst={(first) => set({ first })} onAgain={(again) => set({ again })} tried={tried} />
			<fieldset class="pledge">
				<legend class="label">{t('pledge.title')}</legend>
				<p>{t('pledge.text')}</p>
				<Tick label={t('pledge.yes')} checked={who.pledged} onInput={(pledged) => set({ pledged })} />
				{tried && !who.pledged && <p class="error" role="alert">{t('pledge.needed')}</p>}
			</fieldset>
		</>
	);
}
