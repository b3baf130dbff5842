/* Opening a session: a place that is known, or a new one in two touches. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { app } from '../../base/app';
import { asApiError, useLoad } from '../../base/load';
import { say } from '../../base/say';
import { useStore } from '../../base/store';
import { fold } from '../../base/fold';
import type { ApiError } from '../../api/client';
import { day } from '../../api/day';
import { changedHere, concerns } from '../../api/live';
import { list } from '../../api/records';
import { formatDay, today, useLanguage, useT } from '../../i18n';
import { FieldInput } from '../../form/field';
import { text, type Option } from '../../form/profile';
import { Button, Line, Panel, Tick, Trouble } from '../../parts/basics';
import { Choose } from '../../parts/choose';

const SITE_NAMES_MAX = 200, RECENT_SESSIONS = 40;

export function OpenSession() {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const [site, setSite] = useState<string[]>([]);
	const [kind, setKind] = useState<string[]>(['advice']);
	const [siteKind, setSiteKind] = useState<string[]>(['popup']);
	const [channel, setChannel] = useState<string[]>(['physical']);
	const [partner, setPartner] = useState('');
	const [practice, setPractice] = useState(false);
	const [busy, setBusy] = useState(false);
	const [tried, setTried] = useState(false);
	const [error, setError] = useState<ApiError>();
	const known = useLoad((signal) => Promise.all([
		list('site', {}, SITE_NAMES_MAX, {}, signal), list('session', {}, RECENT_SESSIONS, {}, signal),
	]), [], (c) => concerns(c, ['site']));

	/* Places used most lately come first. */
	const options = useMemo((): Option[] => {
		const [sites, sessions] = known.data ?? [[], []];
		const used = new Map<string, number>();
		sessions.forEach((s, i) => used.set(text(s, 'site'), (used.get(text(s, 'site')) ?? 0) + 0.5 ** (i / 8)));
		return sites.map((s) => ({ code: s.id, label: text(s, 'name'), folded: [fold(text(s, 'name'))], ended: false }))
			.sort((a, b) => (used.get(b.code) ?? 0) - (used.get(a.code) ?? 0) || a.label.localeCompare(b.label, lang));
	}, [known.data, lang]);
	const chosen = site[0];
	const isNew = chosen !== undefined && options.every((o) => o.code !== chosen);
	const shown = isNew ? [...options, { code: chosen, label: chosen, folded: [fold(chosen)], ended: false }] : options;
	const digital = options.find((o) => o.code === chosen) !== undefined && known.data?.[0].find((s) => s.id === chosen)?.fields['kind'] === 'digital';
	useEffect(() => {
		if (digital) setChannel((now) => (now.length === 1 && now[0] === 'physical' ? ['phone'] : now));
	}, [digital]);

	const open = async (e: Event): Promise<void> => {
		e.preventDefault();
		setTried(true);
		if (busy || chosen === undefined) return;
		setBusy(true);
		setError(undefined);
		try {
			const answer = await day.open({
				site: chosen, ...(kind[0] !== undefined ? { kind: kind[0] } : {}), channel: [...channel],
				...(isNew && siteKind[0] !== undefined ? { 'site-kind': siteKind[0] } : {}),
				...(digital ? { mode: 'digital' } : {}),
				...(partner.trim() !== '' ? { partner: partner.split(',').map((p) => p.trim()).filter((p) => p !== '') } : {}),
				...(practice ? { practice: true } : {}),
			});
			say(t('session.opened', { name: answer.name }));
			changedHere('session', 'site', 'queue');
		} catch (x) {
			setError(asApiError(x));
			setBusy(false);
		}
	};
	const kindField = profile?.field('session', 'kind'), channelField = profile?.field('session', 'channel');
	const siteKindField = profile?.field('site', 'kind');
	return (
		<div class="narrow stack">
			<div class="head"><h1>{t('session.open.title')}</h1><p class="soft">{formatDay(lang, today())}</p></div>
			<form class="stack" onSubmit={(e) => void open(e)}>
				<Panel>
					<Choose label={t('session.where')} help={t('session.where.help')} options={shown} value={site} onInput={setSite} open few={8} autofocus />
					{tried && chosen === undefined && <p class="error" role="alert">{t('session.where.needed')}</p>}
					{isNew && siteKindField !== undefined && <FieldInput type="site" field={siteKindField} label={t('session.site.kind')} value={siteKind} onInput={setSiteKind} />}
					{kindField !== undefined && <FieldInput type="session" field={kindField} label={t('session.kind')} value={kind} onInput={setKind} />}
					{channelField !== undefined && <FieldInput type="session" field={channelField} label={t('session.channel')} value={channel} onInput={setChannel} />}
					<details>
						<summary>{t('more')}</summary>
						<div class="stack">
							<Line label={t('session.partner')} help={t('session.partner.help')} value={partner} onInput={setPartner} />
							<Tick label={t('session.practice')} help={t('session.practice.help')} checked={practice} onInput={setPractice} />
						</div>
					</details>
				</Panel>
				<Trouble error={error} />
				<div class="row">
					<Button kind="main" type="submit" class="large" busy={busy}>{practice ? t('session.open.practice') : t('session.open.do')}</Button>
					{!practice && <Button kind="quiet" onClick={() => setPractice(true)}>{t('session.try')}</Button>}
				</div>
			</form>
		</div>
	);
}
