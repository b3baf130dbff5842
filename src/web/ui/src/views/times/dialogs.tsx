/* Booking a time, moving it, and the paper that the visitor takes along. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { app } from '../../base/app';
import { say } from '../../base/say';
import { useStore } from '../../base/store';
import { useTry } from '../../base/try';
import { changedHere } from '../../api/live';
import { times, type Book, type Booking, type Slot, type Taken } from '../../api/times';
import { FieldInput } from '../../form/field';
import { clockNow, formatDay, ownName, PAGE_LANGUAGES, translateIn, useLanguage, useT } from '../../i18n';
import { loadCatalogue } from '../../i18n/catalogue';
import { isPageLanguage } from '../../i18n/tags';
import { ActButton, Button, Line, Notice, Pick, Trouble } from '../../parts/basics';
import { Dialog } from '../../parts/dialog';
import { printSheets, Sheet } from '../../parts/print';
import { usage } from '../today/usage';

const LENGTHS = ['15', '30', '45', '60', '90'];
const HALF_HOUR = '30';

export function BookDialog({ book, slot, of, onClose, onTaken }: {
	book: Book; slot: Slot | undefined; of: string | undefined; onClose: () => void; onTaken: (taken: Taken, language: string) => void;
}) {
	const t = useT();
	const lang = useLanguage();
	const here = book.keeper?.here === true;
	const [time, setTime] = useState(slot?.time ?? clockNow());
	const [minutes, setMinutes] = useState(slot === undefined ? HALF_HOUR : String(slot.minutes));
	const [language, setLanguage] = useState<string[]>([]);
	const field = useStore(app, (a) => a.profile?.field('booking', 'language'));
	const { error, run } = useTry();
	const take = (): Promise<unknown> => run(async () => {
		const taken = await times.take({
			site: book.site, date: book.date, time, minutes: Number(minutes), ...(of !== undefined ? { case: of } : {}), ...(language[0] !== undefined ? { language: language[0] } : {}),
		});
		say(t(taken.status === 'booked' ? 'times.booked' : 'times.wished'));
		changedHere('booking');
		onTaken(taken, language[0] ?? lang);
	});
	return (
		<Dialog title={t(here ? 'times.book.title' : 'times.wish.title', { name: book.name })} onClose={onClose} actions={<>
			<Button onClick={onClose}>{t('do.cancel')}</Button>
			<ActButton kind="main" disabled={!/^\d{2}:\d{2}$/.test(time)} act={take}>{t(here ? 'times.book' : 'times.wish')}</ActButton>
		</>}>
			<p class="soft">{formatDay(lang, book.date)}</p>
			<div class="half">
				<Line type="time" label={t('times.time')} value={time} onInput={setTime} dir="ltr" />
				<Pick label={t('times.length')} value={minutes} onInput={setMinutes} options={[...new Set([...LENGTHS, minutes])].map((m) => ({ code: m, label: t('minutes', { n: Number(m) }) }))} />
			</div>
			{field !== undefined && <FieldInput type="booking" field={field} value={language} onInput={setLanguage} usage={usage.get()} few={6} />}
			<p class="help">{t('times.noname')}</p>
			{error?.code === 'refused' ? <Notice live kind="bad" title={t('times.taken')} /> : <Trouble error={error} />}
		</Dialog>
	);
}

export function MoveDialog({ booking, date: was, onClose }: { booking: Booking; date: string; onClose: () => void }) {
	const t = useT();
	const [date, setDate] = useState(was);
	const [time, setTime] = useState(booking.time);
	const { error, run } = useTry();
	const move = (): Promise<unknown> => run(async () => {
		await times.set(booking.id, 'rebooked', { date, time });
		say(t('times.moved'));
		changedHere('booking');
		onClose();
	});
	return (
		<Dialog title={t('times.move.title')} onClose={onClose} actions={<>
			<Button onClick={onClose}>{t('do.cancel')}</Button>
			<ActButton kind="main" disabled={date === '' || time === ''} act={move}>{t('times.move')}</ActButton>
		</>}>
			<div class="half">
				<Line type="date" label={t('times.day')} value={date} onInput={setDate} />
				<Line type="time" label={t('times.time')} value={time} onInput={setTime} dir="ltr" />
			</div>
			{error?.code === 'refused' ? <Notice live kind="bad" title={t('times.taken')} /> : <Trouble error={error} />}
		</Dialog>
	);
}

/* Place, day, time and a code: no name. */
export function TimeSlip({ taken, place, language, onClose }: { taken: Taken; place: string; language: string; onClose: () => void }) {
	const t = useT();
	const own = useLanguage();
	const org = useStore(app, (a) => a.org);
	const [lang, setLang] = useState(isPageLanguage(language) ? language : own);
	const [, redraw] = useState(0);
	const box = useRef<HTMLDivElement>(null);
	useEffect(() => void loadCatalogue(lang).then(() => redraw((n) => n + 1)), [lang]);
	return (
		<Dialog title={t(taken.status === 'booked' ? 'times.booked' : 'times.wished')} onClose={onClose} actions={<>
			<Button onClick={onClose}>{t('do.close')}</Button>
			<Button kind="main" icon="print" onClick={() => box.current !== null && printSheets(box.current.querySelectorAll('.sheet'))}>{t('do.print')}</Button>
		</>}>
			{taken.status === 'requested' && <Notice kind="wait">{t('times.wished.text')}</Notice>}
			<Pick label={t('slip.language')} value={lang} onInput={setLang} options={PAGE_LANGUAGES.map((l) => ({ code: l, label: ownName(l) }))} />
			<div ref={box}>
				<Sheet lang={lang}>
					<h2><bdi>{org}</bdi></h2>
					<dl class="slip-lines">
						<div><dt>{translateIn(lang, 'times.slip.where')}</dt><dd><bdi>{place}</bdi></dd></div>
						<div><dt>{translateIn(lang, 'times.slip.when')}</dt><dd>{formatDay(lang, taken.date)} <bdi dir="ltr">{taken.time}</bdi></dd></div>
						<div><dt>{translateIn(lang, 'times.slip.code')}</dt><dd><bdi class="code" dir="ltr">{taken.code}</bdi></dd></div>
					</dl>
					<p class="soft">{translateIn(lang, taken.status === 'booked' ? 'times.slip.late' : 'times.slip.wish')}</p>
				</Sheet>
			</div>
		</Dialog>
	);
}
