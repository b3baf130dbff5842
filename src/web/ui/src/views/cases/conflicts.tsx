/*
 * Two people wrote different answers without having seen each other's. Both
 * stand here with who and when; one click chooses, one more settles it.
 */
import { useId, useState } from 'preact/hooks';
import { app } from '../../base/app';
import { say } from '../../base/say';
import { useStore } from '../../base/store';
import { asApiError } from '../../base/load';
import type { ApiError } from '../../api/client';
import { changedHere } from '../../api/live';
import { resolve } from '../../api/records';
import { isConflict, type Claim, type Rec } from '../../api/types';
import { fieldLabel, scalars, scalarText } from '../../form/profile';
import { formatMoment, useLanguage, useT } from '../../i18n';
import { ActButton, Hand, Panel, Trouble } from '../../parts/basics';

export function Conflicts({ rec }: { rec: Rec }) {
	return <>{Object.entries(rec.fields).flatMap(([name, v]) => (isConflict(v) ? [<OneConflict key={name} rec={rec} name={name} claims={v.conflict} />] : []))}</>;
}

function OneConflict({ rec, name, claims }: { rec: Rec; name: string; claims: readonly Claim[] }) {
	const t = useT();
	const lang = useLanguage();
	const group = useId();
	const field = useStore(app, (a) => a.profile?.field(rec.type, name));
	const [chosen, setChosen] = useState<number>();
	const [error, setError] = useState<ApiError>();
	const words = { yes: t('yes'), no: t('no') };
	const settle = async (): Promise<void> => {
		const claim = chosen === undefined ? undefined : claims[chosen];
		if (claim === undefined) return;
		try {
			await resolve(rec.id, name, claim.value);
			say(t('conflict.settled'));
			changedHere(rec.type);
		} catch (x) {
			setError(asApiError(x));
		}
	};
	return (
		<Panel class="conflict" title={t('conflict.title', { name: field === undefined ? name : fieldLabel(field, lang) })}>
			<p>{t('conflict.text')}</p>
			<fieldset class="claims">
				<legend class="unseen">{t('conflict.choose')}</legend>
				{claims.map((c, i) => (
					<label key={i} class={`claim${i === chosen ? ' on' : ''}`}>
						<input type="radio" name={group} checked={i === chosen} onChange={() => setChosen(i)} />
						<strong><bdi>{scalars(c.value).map((v) => scalarText(field, v, lang, words)).join(', ') || t('conflict.empty')}</bdi></strong>
						<span class="soft"><Hand by={c} /> · {formatMoment(lang, c.at)}</span>
					</label>
				))}
			</fieldset>
			<Trouble error={error} />
			<div class="row"><ActButton kind="main" disabled={chosen === undefined} act={settle}>{t('conflict.do')}</ActButton><span class="help">{t('conflict.mark')}</span></div>
		</Panel>
	);
}
