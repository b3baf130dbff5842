/* The paper for a stolen device: who holds it can have the device removed, and nothing else. */
import { useT } from '../../i18n';
import { Sheet } from '../../parts/print';

export function StolenSheet({ code, device, lang }: { code: string | undefined; device: string; lang: string }) {
	const t = useT();
	if (code === undefined) return null;
	return (
		<Sheet lang={lang}>
			<h2>{t('kit.stolen')}</h2>
			<p>{t('kit.stolen.text', { name: device })}</p>
			<p class="secret" dir="ltr">{code}</p>
		</Sheet>
	);
}
