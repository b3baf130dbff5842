/*
 * Horizontal bars, one for each category. The picture is an addition: the same
 * figures always stand in the table beside it, and a screen reader is told so.
 */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { direction, useLanguage, useT } from '../../i18n';
import { formatNumber } from '../../i18n/catalogue';

const ROW_PX = 34, AXIS_PX = 34, MOST_LABEL = 0.42;

function colour(name: string): string {
	return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/* A label that is too long for its room ends in an ellipsis; the table has it whole. */
export function shorten(text: string, room: number, width: (s: string) => number): string {
	if (width(text) <= room) return text;
	const all = [...text];
	while (all.length > 1 && width(`${all.join('')}…`) > room) all.pop();
	return `${all.join('').trimEnd()}…`;
}

export function Bars({ rows, label }: { rows: readonly { label: string; value: number }[]; label: string }) {
	const t = useT();
	const lang = useLanguage();
	const box = useRef<HTMLDivElement>(null);
	useEffect(() => {
		const at = box.current;
		if (at === null) return;
		let chart: uPlot | undefined;
		const draw = (paper: boolean): void => {
			chart?.destroy();
			if (at.clientWidth > 0) chart = plot(at, rows, lang, paper);
		};
		const screen = (): void => draw(false), paper = (): void => draw(true);
		const size = new ResizeObserver(screen);
		const theme = new MutationObserver(screen);
		const dark = matchMedia('(prefers-color-scheme: dark)');
		size.observe(at);
		theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'dir'] });
		dark.addEventListener('change', screen);
		addEventListener('beforeprint', paper);
		addEventListener('afterprint', screen);
		return () => {
			size.disconnect();
			theme.disconnect();
			dark.removeEventListener('change', screen);
			removeEventListener('beforeprint', paper);
			removeEventListener('afterprint', screen);
			chart?.destroy();
		};
	}, [rows, lang]);
	return <div class="chart" ref={box} role="img" aria-label={t('figures.chart', { name: label })} />;
}

function plot(at: HTMLElement, rows: readonly { label: string; value: number }[], lang: string, paper: boolean): uPlot {
	const width = at.clientWidth;
	const ink = paper ? '#000' : colour('--ink'), line = paper ? '#999' : colour('--line'), bar = paper ? '#444' : colour('--main');
	const rtl = direction(lang) === 'rtl';
	const font = `14px ${getComputedStyle(document.body).fontFamily}`;
	const pen = document.createElement('canvas').getContext('2d');
	if (pen !== null) pen.font = font;
	const measure = (s: string): number => pen?.measureText(s).width ?? 8 * s.length;
	const labels = rows.map((r) => shorten(r.label, width * MOST_LABEL, measure));
	const side = Math.ceil(Math.max(...labels.map(measure))) + 16;
	const paths = uPlot.paths.bars?.({ size: [0.65, 26] });
	const most = Math.max(...rows.map((r) => r.value), 1);
	return new uPlot({
		width, height: rows.length * ROW_PX + AXIS_PX, padding: [0, rtl ? 0 : 16, 0, rtl ? 16 : 0],
		legend: { show: false }, cursor: { show: false },
		scales: {
			x: { time: false, ori: 1, dir: -1, range: [-0.5, rows.length - 0.5] },
			y: { ori: 0, dir: rtl ? -1 : 1, range: [0, most * 1.04] },
		},
		axes: [
			{ side: rtl ? 1 : 3, size: side, gap: 6, font, stroke: ink, grid: { show: false }, ticks: { show: false }, splits: () => rows.map((_, i) => i), values: () => labels },
			{ side: 2, size: AXIS_PX, font, stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, space: 60,
				values: (_, splits) => splits.map((v) => (Number.isInteger(v) ? formatNumber(lang, v) : '')) },
		],
		series: [{}, { fill: bar, stroke: bar, width: 0, points: { show: false }, ...(paths !== undefined ? { paths } : {}) }],
	}, [rows.map((_, i) => i), rows.map((r) => r.value)], at);
}
