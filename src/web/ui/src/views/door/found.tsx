/* A new organisation: founded here, its recovery kit on paper before the work begins. */
import { useRef, useState } from 'preact/hooks';
import { asApiError } from '../../base/load';
import { take } from '../../base/session';
import { call, type ApiError } from '../../api/client';
import { door, type Founded } from '../../api/door';
import type { Team } from '../../api/types';
import { formatDate, today, useLanguage, useT } from '../../i18n';
import { ActButton, Button, Line, Notice, Panel, Tick, Trouble } from '../../parts/basics';
import { paperKept } from '../../parts/paper';
import { printSheets, Sheet } from '../../parts/print';
import { Door } from '../../parts/shell';
import { Back } from './first';
import { StolenSheet } from './stolen';
import { useWho, whoIsReady, WhoFields } from './who';

export function Found({ onBack }: { onBack: () => void }) {
	const t = useT();
	const [org, setOrg] = useState('');
	const [who, setWho] = useWho();
	const [team, setTeam] = useState('');
	const [reads, setReads] = useState(true);
	const [escrow, setEscrow] = useState(true);
	const [tried, setTried] = useState(false);
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<ApiError>();
	const [made, setMade] = useState<Founded>();

	const found = async (e: Event): Promise<void> => {
		e.preventDefault();
		setTried(true);
		if (busy || org.trim() === '' || team.trim() === '' || !whoIsReady(who)) {
			(e.currentTarget as HTMLElement).querySelector<HTMLElement>('[aria-invalid]')?.focus();
			return;
		}
		setBusy(true);
		setError(undefined);
		try {
			const answer = await door.init({ org: org.trim(), member: who.member.trim(), device: who.device.trim(), passphrase: who.first, escrow });
			setMade(answer);
			await take(answer, false);
		} catch (x) {
			setError(asApiError(x));
			setBusy(false);
		}
	};
	if (made !== undefined) return <Kit org={org.trim()} made={made} team={team.trim()} reads={reads} />;
	return (
		<Door title={t('first.found')}>
			<form class="stack" onSubmit={(e) => void found(e)} noValidate>
				<Panel>
					<Line label={t('found.org')} value={org} onInput={setOrg} autofocus max={80} error={tried && org.trim() === '' ? t('field.needed') : undefined} />
					<WhoFields who={who} set={setWho} tried={tried} />
					<Line label={t('found.team')} help={t('found.team.help')} value={team} onInput={setTeam} max={60} error={tried && team.trim() === '' ? t('field.needed') : undefined} />
					<Tick label={t('found.reads')} help={t('found.reads.help')} checked={reads} onInput={setReads} />
					<Tick label={t('found.escrow')} help={t('found.escrow.help')} checked={escrow} onInput={setEscrow} />
				</Panel>
				<Trouble error={error} />
				<div class="row">
					<Button kind="main" type="submit" class="large" busy={busy}>{busy ? t('found.busy') : t('found.do')}</Button>
					<Back onBack={onBack} />
				</div>
			</form>
		</Door>
	);
}

/* One sheet for each who keeps one: nobody needs to see another's. */
function Kit({ org, made, team, reads }: { org: string; made: Founded; team: string; reads: boolean }) {
	const t = useT();
	const lang = useLanguage();
	const [safe, setSafe] = useState(false);
	const [error, setError] = useState<ApiError>();
	const box = useRef<HTMLDivElement>(null);
	const { kit } = made;
	/* Without a team nothing can be written: the first one is made before the work begins. */
	const begin = async (): Promise<void> => {
		setError(undefined);
		try {
			const { teams } = await call<{ teams: Team[] }>('team list');
			if (teams.every((x) => x.name !== team)) await call('team add', { name: team });
			if (reads) await call('grant', { device: 'self', team });
			await paperKept();
			await take(made);
		} catch (x) {
			setError(asApiError(x));
		}
	};
	const day = formatDate(lang, today());
	return (
		<Door title={t('kit.title')} wide>
			<p>{t('kit.text')}</p>
			<div class="row">
				<Button kind="main" icon="print" onClick={() => box.current !== null && printSheets(box.current.querySelectorAll('.sheet'))}>{t('kit.print')}</Button>
				<span class="soft">{t('kit.sheets', { n: (kit.kill_card === undefined ? 1 : 2) + kit.root_shares.length + kit.escrow_shares.length })}</span>
			</div>
			<div class="stack" ref={box}>
				<Sheet lang={lang}>
					<h2>{t('kit.code')}</h2>
					<p>{t('kit.code.text', { name: made.device?.name ?? '' })}</p>
					<p class="secret" dir="ltr">{kit.recovery_code}</p>
					<p class="soft">{t('kit.of', { name: org, date: day })}</p>
				</Sheet>
				<StolenSheet code={kit.kill_card} device={made.device?.name ?? ''} lang={lang} />
				{kit.root_shares.map((share, i) => (
					<Sheet lang={lang} key={share}>
						<h2>{t('kit.share', { n: i + 1, all: kit.root_shares.length })}</h2>
						<p>{t('kit.share.text')}</p>
						<p class="secret" dir="ltr">{share}</p>
						<p class="soft">{t('kit.words', { text: made.words })}</p>
						<p class="soft">{t('kit.of', { name: org, date: day })}</p>
					</Sheet>
				))}
				{kit.escrow_shares.map((share, i) => (
					<Sheet lang={lang} key={share}>
						<h2>{t('kit.escrow', { n: i + 1, all: kit.escrow_shares.length })}</h2>
						<p>{t('kit.escrow.text')}</p>
						<p class="secret" dir="ltr">{share}</p>
						<p class="soft">{t('kit.of', { name: org, date: day })}</p>
					</Sheet>
				))}
			</div>
			<Notice kind="wait" title={t('kit.once')} />
			<Tick label={t('kit.safe')} checked={safe} onInput={setSafe} />
			<Trouble error={error} />
			<div><ActButton kind="main" class="large" disabled={!safe} act={begin}>{t('kit.go')}</ActButton></div>
		</Door>
	);
}
