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
import { formatMoment, listed, useLanguage, useT } from '../../i18n';
import { ActButton, Hand, Panel, Trouble } from '../../parts/basics';

export function Conflicts({ rec }: { rec: Rec }) {
	return <>{Object.entries(rec.fields).flatMap(([name, v]) => (isConflict(v) ? [<OneConflict key={name} rec={rec} name={name} claims={v.conflict} />] : []))}</>;
}

const nameOf = (c: Claim): string => JSON.stringify([c.value, c.by, c.at]);

function OneConflict({ rec, name, claims }: { rec: Rec; name: string; claims: readonly Claim[] }) {
	const t = useT();
	const lang = useLanguage();
	const group = useId();
	const field = useStore(app, (a) => a.profile?.field(rec.type, name));
	const [chosen, setChosen] = useState<string>(); // the answer itself: another may come in while one reads
	const [error, setError] = useState<ApiError>();
	const words = { yes: t('yes'), no: t('no') };
	const settle = async (): Promise<void> => {
		const claim = claims.find((c) => nameOf(c) === chosen);
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
				{claims.map((c) => (
					<label key={nameOf(c)} class={`claim${nameOf(c) === chosen ? ' on' : ''}`}>
						<input type="radio" name={group} checked={nameOf(c) === chosen} onChange={() => setChosen(nameOf(c))} />
						<strong><bdi>{listed(lang, scalars(c.value).map((v) => scalarText(field, v, lang, words))) || t('conflict.empty')}</bdi></strong>
						<span class="soft"><Hand by={c} /> · {formatMoment(lang, c.at)}</span>
					</label>
				))}
			</fieldset>
			<Trouble error={error} />
			<div class="row"><ActButton kind="main" disabled={!claims.some((c) => nameOf(c) === chosen)} act={settle}>{t('conflict.do')}</ActButton><span class="help">{t('conflict.mark')}</span></div>
		</Panel>
	);
}
