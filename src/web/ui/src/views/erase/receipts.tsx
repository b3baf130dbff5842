/* One erasure: who asked, who approved, and whose devices have confirmed; those who have not, by name and date. */
import type { ComponentChildren } from 'preact';
import type { DeviceRow, Erasure } from '../../api/care';
import { formatAgo, useLanguage, useT } from '../../i18n';
import { Code, Facts, Own, Panel, Table, Tag } from '../../parts/basics';

export interface Receipts { all: number; done: number; complete: boolean; rows: (DeviceRow & { confirmed: boolean })[] }

/* Those who have not confirmed come first, the longest silent of them first of all. */
export function receipts(e: Pick<Erasure, 'state' | 'confirmed' | 'outstanding'>): Receipts {
	const late = [...e.outstanding].sort((a, b) => (a.last_seen ?? '').localeCompare(b.last_seen ?? ''));
	const rows = [...late.map((d) => ({ ...d, confirmed: false })), ...e.confirmed.map((d) => ({ ...d, confirmed: true }))];
	return { all: rows.length, done: e.confirmed.length, complete: e.state === 'approved' && e.outstanding.length === 0, rows };
}

export function ErasureCard({ erasure: e, actions }: { erasure: Erasure; actions?: ComponentChildren }) {
	const t = useT();
	const lang = useLanguage();
	const r = receipts(e);
	return (
		<Panel level={3} title={<>{t('erase.request')} <Code>{e.request.slice(0, 8)}</Code></>} actions={actions}>
			<div>{e.state === 'waiting' ? <Tag kind="wait">{t('erase.waiting')}</Tag> : r.complete ? <Tag kind="good">{t('erase.complete')}</Tag>
				: <Tag kind="wait">{t('erase.progress', { n: r.done, all: r.all })}</Tag>}</div>
			<Facts rows={[
				[t('erase.by'), <Own>{e.by}</Own>],
				e.approved_by !== null && [t('erase.approvedby'), <Own>{e.approved_by}</Own>],
				[t('erase.reason'), e.reason === null ? <span class="soft">{t('erase.reason.hidden')}</span> : <Own>{e.reason}</Own>],
				[t('erase.size'), t('step.entries', { n: e.entries })],
			]} />
			{e.state === 'approved' && r.rows.length > 0 && (
				<Table caption={t('erase.receipts')} rows={r.rows} rowKey={(d) => d.id} columns={[
					{ key: 'who', head: t('people.who'), cell: (d) => <span class="who"><Own>{d.member}</Own> <span class="soft"><Own>{d.device}</Own></span></span> },
					{ key: 'state', head: t('erase.receipt'), cell: (d) => (d.confirmed ? <Tag kind="good">{t('erase.confirmed')}</Tag> : <Tag kind="wait">{t('erase.notyet')}</Tag>) },
					{ key: 'seen', head: t('people.seen'), cell: (d) => (d.last_seen === null ? t('unknown') : formatAgo(lang, d.last_seen)) },
				]} />
			)}
		</Panel>
	);
}
