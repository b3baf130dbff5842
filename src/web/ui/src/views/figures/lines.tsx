/* The figures themselves. A chart stands beside its table, never instead of it. */
import { useMemo } from 'preact/hooks';
import type { Cell, ReportLine } from '../../api/figures';
import { useLanguage, useT, type Key } from '../../i18n';
import { formatNumber } from '../../i18n/catalogue';
import { Own, Panel, Table, Tag } from '../../parts/basics';
import { Bars } from './chart';
import { bars, hiddenCells, shapeOf } from './model';

const UNITS: Record<string, Key> = {
	visits: 'unit.visits', unique_visitors: 'unit.visitors', cases: 'unit.cases', sessions: 'unit.sessions', hours: 'unit.hours', events: 'unit.events',
	persons: 'unit.persons', percent: 'unit.percent', sites: 'unit.sites', referrals: 'unit.referrals', bookings: 'unit.bookings', signals: 'unit.signals',
	cases_per_visit: 'unit.casespervisit', months: 'unit.months', money: 'unit.money',
};

export function useUnit(): (unit: string) => string {
	const t = useT();
	return (unit) => (UNITS[unit] === undefined ? '' : t(UNITS[unit]));
}

/* Never a percent without how many it is of. */
export function Figure({ line, value }: { line: ReportLine; value: number | null }) {
	const t = useT();
	const lang = useLanguage();
	if (value === null) return <span class="hidden-cell">{t(line.suppressed === true ? 'figures.hidden' : 'figures.unknown')}</span>;
	if (line.unit === 'percent') return <>{line.n !== null ? t('figures.percent', { value, n: line.n }) : t('figures.percent.only', { value })}</>;
	return <>{formatNumber(lang, value)}</>;
}

export function Marks({ line }: { line: ReportLine }) {
	const t = useT();
	return (
		<>
			{line.reconciles === false && <Tag kind="bad">{t('figures.unlike')}</Tag>}
			{line.reconciles === true && <Tag kind="good">{t('figures.alike')}</Tag>}
		</>
	);
}

export function Remarks({ line, lang }: { line: ReportLine; lang: string }) {
	const t = useT();
	return (
		<>
			{line.warnings.map((w) => <p key={w} class="rule" lang={lang}><strong>{t('figures.note')}</strong> <Own>{w}</Own></p>)}
			{line.rule !== null && line.rule !== '' && <details class="rule"><summary>{t('figures.rule')}</summary><p lang={lang}><Own>{line.rule}</Own></p></details>}
		</>
	);
}

export function FigureTable({ lines, lang }: { lines: readonly ReportLine[]; lang: string }) {
	const t = useT();
	const unit = useUnit();
	return (
		<Panel title={t('figures.figures')} level={3}>
			<Table caption={t('figures.figures')} rows={lines} rowKey={(l) => l.id} columns={[
				{ key: 'label', head: t('figures.what'), cell: (l) => <><span class="line-no"><Own>{l.id}</Own></span> <Own>{l.label}</Own> <Marks line={l} /><Remarks line={l} lang={lang} /></> },
				{ key: 'value', head: t('figures.value'), number: true, cell: (l) => {
					const shape = shapeOf(l.value);
					return shape.kind === 'text' ? <Own>{shape.text}</Own> : shape.kind === 'figure' ? <Figure line={l} value={shape.value} /> : null;
				} },
				{ key: 'unit', head: t('figures.unit'), cell: (l) => (typeof l.value === 'number' && l.unit !== 'percent' ? unit(l.unit) : null) },
			]} />
		</Panel>
	);
}

export function CellTable({ line, cells, k, lang }: { line: ReportLine; cells: readonly Cell[]; k: number; lang: string }) {
	const t = useT();
	const unit = useUnit();
	const drawn = useMemo(() => bars(cells), [cells]);
	const hidden = hiddenCells(cells);
	const bare = cells.every((c) => c.value === null) && line.suppressed !== true;
	return (
		<Panel title={<><span class="line-no"><Own>{line.id}</Own></span> <Own>{line.label}</Own></>} level={3}>
			<Marks line={line} />
			{drawn.length > 0 && <Bars rows={drawn} label={line.label} />}
			<Table caption={line.label} rows={cells} rowKey={(c) => c.key + c.label} columns={[
				{ key: 'label', head: t('figures.category'), cell: (c) => <Own>{c.label}</Own> },
				...(bare ? [] : [{ key: 'value', head: unit(line.unit) || t('figures.value'), number: true, cell: (c: Cell) => <Figure line={line} value={c.value} /> }]),
			]} />
			{hidden > 0 && !bare && line.suppressed === true && <p class="rule">{t('figures.hidden.text', { n: hidden, k: k - 1 })}</p>}
			<Remarks line={line} lang={lang} />
		</Panel>
	);
}

export function ListLine({ line, items, lang }: { line: ReportLine; items: readonly string[]; lang: string }) {
	const t = useT();
	return (
		<Panel title={<><span class="line-no"><Own>{line.id}</Own></span> <Own>{line.label}</Own></>} level={3}>
			{items.length === 0 ? <p class="soft">{t('figures.none')}</p> : <ul class="plain-list">{items.map((i) => <li key={i}><Own>{i}</Own></li>)}</ul>}
			<Remarks line={line} lang={lang} />
		</Panel>
	);
}
