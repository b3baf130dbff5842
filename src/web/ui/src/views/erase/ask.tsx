/* The first of the two persons: sees exactly what would go and which figures change, then asks. */
import { useState } from 'preact/hooks';
import { app } from '../../base/app';
import { say } from '../../base/say';
import { useStore } from '../../base/store';
import { useTry } from '../../base/try';
import { care, type WouldErase } from '../../api/care';
import { changedHere } from '../../api/live';
import { label } from '../../form/profile';
import { useLanguage, useT } from '../../i18n';
import { formatNumber } from '../../i18n/catalogue';
import { ActButton, Button, Facts, Line, Own, Panel, Table, Trouble } from '../../parts/basics';
import { Dialog } from '../../parts/dialog';

/* How many records of each type, in the order they first appear. */
export function byType(records: readonly { type: string }[]): [string, number][] {
	const out = new Map<string, number>();
	for (const r of records) out.set(r.type, (out.get(r.type) ?? 0) + 1);
	return [...out];
}

export function AskErase({ id: given }: { id: string }) {
	const t = useT();
	return <Panel title={t('erase.ask')}><p class="help">{t('erase.ask.text')}</p><AskErasing id={given} /></Panel>;
}

/* From an open case: anybody who works with it may ask. */
export function EraseDialog({ id, onClose }: { id: string; onClose: () => void }) {
	const t = useT();
	return (
		<Dialog wide title={t('erase.ask')} onClose={onClose} actions={<Button onClick={onClose}>{t('do.close')}</Button>}>
			<p class="help">{t('erase.ask.text')}</p>
			<AskErasing id={id} fixed onAsked={onClose} />
		</Dialog>
	);
}

function AskErasing({ id: given, fixed = false, onAsked }: { id: string; fixed?: boolean; onAsked?: () => void }) {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const [id, setId] = useState(given);
	const [reason, setReason] = useState('');
	const [would, setWould] = useState<{ id: string; what: WouldErase }>();
	const { error, run } = useTry();
	const look = (): Promise<unknown> => run(async () => {
		setWould(undefined);
		setWould({ id: id.trim(), what: await care.wouldErase(id.trim()) });
	});
	const ask = (): Promise<unknown> => run(async () => {
		if (would === undefined) return;
		await care.askErase(would.id, reason.trim());
		say(t('erase.asked'));
		setWould(undefined);
		setId('');
		setReason('');
		changedHere('erasure');
		onAsked?.();
	});
	const shown = (n: number | null): string => (n === null ? t('figures.hidden') : formatNumber(lang, n));
	return (
		<>
			{!fixed && <Line label={t('erase.case')} help={t('erase.case.help')} value={id} onInput={(v) => { setId(v); setWould(undefined); }} dir="ltr" />}
			<div><ActButton disabled={id.trim().length < 6} act={look}>{t('erase.look')}</ActButton></div>
			{would !== undefined && (
				<div class="stack" role="status">
					<h3>{t('erase.goes')}</h3>
					<Facts rows={[
						...byType(would.what.records).map(([type, n]) => [label(profile?.type(type)?.label, lang, type), formatNumber(lang, n)] as const),
						[t('erase.size'), t('step.entries', { n: would.what.entries })],
					]} />
					{would.what.counts.length === 0 ? <p>{t('erase.nocounts')}</p> : (
						<Table seen caption={t('erase.counts')} rows={would.what.counts} rowKey={(c) => `${c.report} ${c.id} ${c.key ?? ''}`} columns={[
							{ key: 'line', head: t('figures.what'), cell: (c) => <><span class="line-no"><Own>{c.id}</Own></span> <Own>{c.label}</Own> {c.key !== null && c.key !== undefined && <Own class="soft">{c.key}</Own>}</> },
							{ key: 'was', head: t('figures.now'), number: true, cell: (c) => shown(c.was) },
							{ key: 'now', head: t('erase.after'), number: true, cell: (c) => shown(c.now) },
						]} />
					)}
					<Line label={t('erase.reason')} help={t('erase.reason.help')} value={reason} onInput={setReason} />
					<div><ActButton kind="danger" disabled={reason.trim() === ''} act={ask}>{t('erase.do')}</ActButton></div>
				</div>
			)}
			<Trouble error={error} />
		</>
	);
}
