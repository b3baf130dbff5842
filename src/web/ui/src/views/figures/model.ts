/* What a report's lines are as tables, figures and lists; and periods by name. */
import type { Cell, LineValue, ReportLine } from '../../api/figures';

export type Shape =
	| { kind: 'figure'; value: number | null }
	| { kind: 'table'; cells: Cell[] }
	| { kind: 'list'; items: string[] }
	| { kind: 'text'; text: string };

function isCell(v: unknown): v is Cell {
	return typeof v === 'object' && v !== null && 'key' in v && 'label' in v;
}

export function shapeOf(value: LineValue): Shape {
	if (value === null || typeof value === 'number') return { kind: 'figure', value };
	if (typeof value === 'string') return { kind: 'text', text: value };
	const cells = value.filter(isCell);
	if (cells.length > 0 && cells.length === value.length) return { kind: 'table', cells };
	return { kind: 'list', items: value.map((v) => (isCell(v) ? v.label : v)) };
}

/* All single figures in one table, in the report's order; each table and list by itself after it. */
export type Block = { kind: 'figures'; lines: ReportLine[] } | { kind: 'table'; line: ReportLine; cells: Cell[] } | { kind: 'list'; line: ReportLine; items: string[] };

export function blocks(lines: readonly ReportLine[]): Block[] {
	const single: ReportLine[] = [], out: Block[] = [];
	for (const line of lines) {
		const shape = shapeOf(line.value);
		if (shape.kind === 'table') out.push({ kind: 'table', line, cells: shape.cells });
		else if (shape.kind === 'list') out.push({ kind: 'list', line, items: shape.items });
		else single.push(line);
	}
	return single.length > 0 ? [{ kind: 'figures', lines: single }, ...out] : out;
}

/* Bars only say something when there are at least two figures and not too many to tell apart. */
export function bars(cells: readonly Cell[], most = 16): { label: string; value: number }[] {
	const shown = cells.filter((c): c is Cell & { value: number } => typeof c.value === 'number');
	return shown.length < 2 || shown.length > most || shown.every((c) => c.value === 0) ? [] : shown.map((c) => ({ label: c.label, value: c.value }));
}

export function hiddenCells(cells: readonly Cell[]): number {
	return cells.filter((c) => c.value === null).length;
}

export interface Period { from: string; to: string }
export type PeriodName = 'year' | 'lastyear' | 'quarter' | 'month';

const two = (n: number): string => String(n).padStart(2, '0');
const day = (y: number, m: number, d: number): string => {
	const at = new Date(Date.UTC(y, m, d));
	return `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`;
};

/* "quarter" and "month" are the last whole ones; "year" is this year, to its end. */
export function period(name: PeriodName, now: Date = new Date()): Period {
	const y = now.getFullYear(), m = now.getMonth();
	const q = Math.floor(m / 3) * 3;
	switch (name) {
	case 'year': return { from: day(y, 0, 1), to: day(y, 11, 31) };
	case 'lastyear': return { from: day(y - 1, 0, 1), to: day(y - 1, 11, 31) };
	case 'quarter': return { from: day(y, q - 3, 1), to: day(y, q, 0) };
	case 'month': return { from: day(y, m - 1, 1), to: day(y, m, 0) };
	}
}
