import { app } from '../../base/app';
import { useStore } from '../../base/store';
import { choiceLabel } from '../../form/profile';
import { useLanguage } from '../../i18n';

/* What a booking's states and languages are called, and to which state it may go from where it stands. */
export function useBookingWords(): { status: (code: string) => string; language: (code: string) => string; next: (status: string) => readonly string[] } {
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const word = (name: string) => (code: string): string => {
		const f = profile?.field('booking', name);
		return f === undefined ? code : choiceLabel(f, code, lang);
	};
	return { status: word('status'), language: word('language'), next: (status) => profile?.field('booking', 'status')?.workflow?.next?.[status] ?? [] };
}
