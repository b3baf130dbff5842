/*
 * Booked times. A place's book is kept by one device, so that a time is given
 * once; on another device a time is asked for. The address may name a case:
 * "#/more/times/1f2e…".
 */
import { useEffect, useState } from 'preact/hooks';
import { app } from '../../base/app';
import { useLoad } from '../../base/load';
import { say } from '../../base/say';
import { useStore } from '../../base/store';
import { useTry } from '../../base/try';
import { changedHere, concerns } from '../../api/live';
import { list } from '../../api/records';
import { dayAfter, endOf, times, type Book, type Booking, type Slot, type Taken } from '../../api/times';
import { text } from '../../form/profile';
import { formatDay, today, useLanguage, useT } from '../../i18n';
import { ActButton, Button, Code, Empty, Line, Notice, Own, Panel, Pick, Tag, Trouble, Waiting } from '../../parts/basics';
import type { ViewProps } from '../registry';
import { BookDialog, MoveDialog, TimeSlip } from './dialogs';
import { useBookingWords } from './words';

export default function Times({ path }: ViewProps) {
	const t = useT();
	const lang = useLanguage();
	const of = path[0];
	const sites = useLoad((signal) => list('site', {}, 200, {}, signal), [], (c) => concerns(c, ['site']));
	const [site, setSite] = useState('');
	const [date, setDate] = useState(today);
	const options = (sites.data ?? []).map((s) => ({ code: s.id, label: text(s, 'name') })).sort((a, b) => a.label.localeCompare(b.label, lang));
	const first = options[0]?.code;
	useEffect(() => {
		if (site === '' && first !== undefined) setSite(first);
	}, [first]);
	if (sites.data === undefined) return sites.error !== undefined ? <Trouble error={sites.error} again={sites.again} /> : <Waiting />;
	return (
		<div class="narrow stack">
			<div class="head"><h1>{t('more.times')}</h1></div>
			{of !== undefined && <Notice>{t('times.forcase', { code: of.slice(0, 6) })}</Notice>}
			{options.length === 0 ? <Panel><Empty icon="clock">{t('times.nosite')}</Empty></Panel> : (
				<>
					<div class="ask-bar">
						<Pick label={t('figures.site')} value={site} onInput={setSite} options={options} />
						<Line type="date" label={t('times.day')} value={date} onInput={(v) => v !== '' && setDate(v)} />
						<div class="actions">
							<Button icon="back" aria-label={t('times.before')} title={t('times.before')} onClick={() => setDate(dayAfter(date, -1))} />
							<Button icon="forward" aria-label={t('times.after')} title={t('times.after')} onClick={() => setDate(dayAfter(date, 1))} />
						</div>
					</div>
					{site !== '' && <Day key={`${site} ${date}`} site={site} date={date} of={of} />}
				</>
			)}
		</div>
	);
}

type Shown = { what: 'book'; slot: Slot | undefined } | { what: 'move'; booking: Booking } | { what: 'slip'; taken: Taken; language: string };

function Day({ site, date, of }: { site: string; date: string; of: string | undefined }) {
	const t = useT();
	const lang = useLanguage();
	const book = useLoad((signal) => times.book(site, date, signal), [site, date], (c) => concerns(c, ['booking', 'opening', 'site']));
	const [shown, setShown] = useState<Shown>();
	const close = (): void => setShown(undefined);
	const b = book.data;
	if (b === undefined) return book.error !== undefined ? <Trouble error={book.error} again={book.again} /> : <Waiting />;
	return (
		<Panel title={formatDay(lang, date)} actions={<Button small icon="plus" onClick={() => setShown({ what: 'book', slot: undefined })}>{t('times.other')}</Button>}>
			<KeeperLine book={b} />
			{b.slots.some((s) => s.collision) && <Notice kind="bad" title={t('times.collision')}><p>{t('times.collision.text')}</p></Notice>}
			{b.slots.length === 0 ? <Empty icon="clock">{t('times.none')}</Empty> : (
				<ul class="slots">
					{b.slots.map((s) => (
						<OneSlot key={`${s.time} ${s.minutes}`} slot={s} here={b.keeper?.here === true} onBook={() => setShown({ what: 'book', slot: s })}
							onMove={(booking) => setShown({ what: 'move', booking })} />
					))}
				</ul>
			)}
			{shown?.what === 'book' && <BookDialog book={b} slot={shown.slot} of={of} onClose={close} onTaken={(taken, language) => setShown({ what: 'slip', taken, language })} />}
			{shown?.what === 'move' && <MoveDialog booking={shown.booking} date={date} onClose={close} />}
			{shown?.what === 'slip' && <TimeSlip taken={shown.taken} place={b.name} language={shown.language} onClose={close} />}
		</Panel>
	);
}

/* Who gives times here; nobody yet is mended in one touch. */
function KeeperLine({ book }: { book: Book }) {
	const t = useT();
	const { error, run } = useTry();
	const lead = useStore(app, (a) => a.role === 'coordinator');
	const keep = (): Promise<unknown> => run(async () => {
		await times.keep(book.site);
		say(t('times.kept'));
		changedHere('site');
	});
	if (book.keeper?.here === true) return <p class="soft">{t('times.keeper.here')}</p>;
	const take = <ActButton small act={keep}>{t('times.keep')}</ActButton>;
	return (
		<>
			{book.keeper === null ? <Notice kind="wait" title={t('times.keeper.none')} actions={take}><p>{t('times.keeper.text')}</p></Notice>
				: <Notice actions={lead ? take : undefined}>{t('times.keeper.other', { name: book.keeper.name })}</Notice>}
			<Trouble error={error} />
		</>
	);
}

function OneSlot({ slot, here, onBook, onMove }: { slot: Slot; here: boolean; onBook: () => void; onMove: (b: Booking) => void }) {
	const t = useT();
	const time = `${slot.time}–${endOf(slot.time, slot.minutes)}`;
	const standing = slot.bookings.filter((b) => b.status !== 'cancelled' && b.status !== 'rebooked');
	return (
		<li class={slot.collision ? 'torn' : ''}>
			<span class="slot-time" dir="ltr">{time}</span>
			<div class="stack tight">
				{standing.length === 0 && (slot.free
					? <div class="row"><span class="soft">{t('times.free')}</span><Button small kind="main" onClick={onBook} aria-label={t('times.book.at', { time: slot.time })}>{here ? t('times.book') : t('times.wish')}</Button></div>
					: <span class="soft">{t('times.gone')}</span>)}
				{standing.map((b) => <OneBooking key={b.id} booking={b} here={here} onMove={() => onMove(b)} />)}
			</div>
		</li>
	);
}

function OneBooking({ booking: b, here, onMove }: { booking: Booking; here: boolean; onMove: () => void }) {
	const t = useT();
	const words = useBookingWords();
	const { error, run } = useTry();
	const to = (status: string): Promise<unknown> => run(async () => {
		await times.set(b.id, status);
		say(t('times.changed'));
		changedHere('booking');
	});
	const name = b.code ?? b.time;
	const button = (status: string, key: 'times.come' | 'times.missed' | 'times.cancel' | 'times.give', kind: 'main' | 'plain' | 'quiet' = 'plain') => (
		<ActButton small kind={kind} act={() => to(status)} aria-label={`${t(key)}: ${name}`}>{t(key)}</ActButton>
	);
	const may = words.next(b.status);
	return (
		<div class="booking stack tight">
			<div class="row">
				{b.protected === true ? <Tag kind="wait">{t('protected')}</Tag> : b.code !== null && <Code>{b.code}</Code>}
				<Tag kind={b.status === 'booked' ? 'strong' : b.status === 'requested' ? 'wait' : 'plain'}>{words.status(b.status)}</Tag>
				{b.language !== null && <Own>{words.language(b.language)}</Own>}
				{b.case !== null && <a href={`#/cases/${b.case}`}>{t('case')} <Code>{b.case.slice(0, 6)}</Code></a>}
			</div>
			<div class="row">
				{b.status === 'requested' && here && button('booked', 'times.give', 'main')}
				{may.includes('done') && button('done', 'times.come')}
				{may.includes('no_show') && button('no_show', 'times.missed')}
				{b.status === 'booked' && here && <Button small onClick={onMove} aria-label={`${t('times.move')}: ${name}`}>{t('times.move')}</Button>}
				{may.includes('cancelled') && button('cancelled', 'times.cancel', 'quiet')}
			</div>
			<Trouble error={error} />
		</div>
	);
}
