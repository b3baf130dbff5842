/*
 * Paper for the visitor: the next step, a code card, a referral. In the
 * visitor's language beside the adviser's own; which one is large, and printed,
 * changes in one touch.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { app } from '../base/app';
import { asApiError, useLoad } from '../base/load';
import { useStore } from '../base/store';
import type { ApiError } from '../api/client';
import { day, type Card, type Slip } from '../api/day';
import { loadCatalogue } from '../i18n/catalogue';
import { ownName, PAGE_LANGUAGES, translateIn, useLanguage, useT, type Key } from '../i18n';
import { Button, Notice, Pick, Trouble, Waiting } from './basics';
import { Dialog } from './dialog';
import { printSheets, Qr, Sheet } from './print';

function SlipSheet({ slip }: { slip: Slip }) {
	return (
		<Sheet lang={slip.language}>
			<h2>{slip.title}</h2>
			<dl class="slip-lines">
				{slip.lines.map((l) => <div key={l.key}><dt>{l.label}</dt><dd><bdi>{l.value}</bdi></dd></div>)}
			</dl>
			<div class="slip-code">
				<Qr svg={slip.qr} label={slip.code} />
				<p class="secret" dir="ltr">{slip.code}</p>
			</div>
			<p class="soft">{slip.footer}</p>
		</Sheet>
	);
}

function SlipDialog({ title, load, language, onClose }: {
	title: Key; load: (language: string, signal: AbortSignal) => Promise<Slip>; language: string | undefined; onClose: () => void;
}) {
	const t = useT();
	const own = useLanguage();
	const [theirs, setTheirs] = useState(language ?? own);
	const box = useRef<HTMLDivElement>(null);
	const slips = useLoad((signal) => Promise.all([load(theirs, signal), theirs === own ? undefined : load(own, signal)]), [theirs, own]);
	const languages = [...new Set([theirs, ...PAGE_LANGUAGES])];
	return (
		<Dialog wide title={t(title)} onClose={onClose} actions={<>
			<Button onClick={onClose}>{t('do.close')}</Button>
			<Button kind="main" icon="print" disabled={slips.data === undefined}
				onClick={() => box.current !== null && printSheets(box.current.querySelectorAll('.theirs > .sheet'))}>{t('slip.print', { name: ownName(theirs) })}</Button>
		</>}>
			<Pick label={t('slip.language')} value={theirs} onInput={setTheirs} options={languages.map((l) => ({ code: l, label: ownName(l) }))} />
			{slips.data === undefined ? slips.error !== undefined ? <Trouble error={slips.error} again={slips.again} /> : <Waiting /> : (
				<div class="half slips" ref={box}>
					<div class="theirs"><SlipSheet slip={slips.data[0]} /></div>
					{slips.data[1] !== undefined && <div class="own"><p class="help">{t('slip.own')}</p><SlipSheet slip={slips.data[1]} /></div>}
				</div>
			)}
		</Dialog>
	);
}

export function NextStepDialog({ id, language, onClose }: { id: string; language: string | undefined; onClose: () => void }) {
	return <SlipDialog title="slip.next" load={(l, signal) => day.nextStep(id, l, signal)} language={language} onClose={onClose} />;
}

export function ReferralSlipDialog({ id, language, onClose }: { id: string; language: string | undefined; onClose: () => void }) {
	return <SlipDialog title="slip.referral" load={(l, signal) => day.referralSlip(id, l, signal)} language={language} onClose={onClose} />;
}

/* A code card carries a code and no name: it opens the visitor's cases and says nothing to others. */
export function CardDialog({ caseId, visitor, onClose }: { caseId?: string; visitor?: string; onClose: () => void }) {
	const t = useT();
	const own = useLanguage();
	const org = useStore(app, (a) => a.org);
	const [lang, setLang] = useState(own);
	const [, redraw] = useState(0);
	const [card, setCard] = useState<Card>();
	const [error, setError] = useState<ApiError>();
	const box = useRef<HTMLDivElement>(null);
	const asked = useRef(false);
	useEffect(() => {
		if (asked.current) return;
		asked.current = true; // a card is made once
		(visitor !== undefined ? day.showCard(visitor) : day.newCard(caseId !== undefined ? { case: caseId } : {}))
			.then(setCard, (x: unknown) => setError(asApiError(x)));
	}, []);
	useEffect(() => void loadCatalogue(lang).then(() => redraw((n) => n + 1)), [lang]);
	return (
		<Dialog title={t('card.title')} onClose={onClose} actions={<>
			<Button onClick={onClose}>{t('do.close')}</Button>
			<Button kind="main" icon="print" disabled={card === undefined} onClick={() => box.current !== null && printSheets(box.current.querySelectorAll('.sheet'))}>{t('do.print')}</Button>
		</>}>
			<Notice>{t('card.text')}</Notice>
			<Pick label={t('slip.language')} value={lang} onInput={setLang} options={PAGE_LANGUAGES.map((l) => ({ code: l, label: ownName(l) }))} />
			<Trouble error={error} />
			{card !== undefined && (
				<div ref={box}>
					<Sheet lang={lang}>
						<h2><bdi>{org}</bdi></h2>
						<div class="slip-code">
							<Qr svg={card.qr} label={card.code} />
							<p class="secret" dir="ltr">{card.code}</p>
						</div>
						<p>{translateIn(lang, 'card.paper')}</p>
					</Sheet>
				</div>
			)}
		</Dialog>
	);
}
