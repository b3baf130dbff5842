/* "76 of 128": how far, by each way of counting, with its rule. */
import { useLoad } from '../../base/load';
import { figures, type LineValue } from '../../api/figures';
import { concerns } from '../../api/live';
import { useT } from '../../i18n';
import { Own, Panel, Trouble } from '../../parts/basics';

export function Targets({ from, to, wrong, language }: { from: string; to: string; wrong: boolean; language: string }) {
	const t = useT();
	const all = useLoad((signal) => (wrong ? Promise.resolve([]) : figures.targets(from, to, language, signal)), [from, to, language],
		(c) => concerns(c, ['visit', 'case', 'session', 'report_run']));
	if ((all.data ?? []).length === 0 && all.error === undefined) return null;
	const said = (value: LineValue, goal: number | null): string =>
		typeof value !== 'number' ? t('figures.unknown') : goal === null ? t('target.nogoal', { value }) : t('target.of', { value, goal });
	return (
		<Panel title={t('target.title')}>
			<Trouble error={all.error} again={all.again} />
			<div class="half">
				{(all.data ?? []).map((x) => (
					<div class="stack tight" key={x.name}>
						<h3><Own>{x.label}</Own></h3>
						{x.variants.map((v) => (
							<div class="target" key={v.name}>
								<p><span class="target-figure">{said(v.value, x.goal)}</span>{v.percent !== null && <> <span class="soft">{t('figures.percent.only', { value: v.percent })}</span></>}</p>
								{typeof v.value === 'number' && x.goal !== null && x.goal > 0 && <progress max={x.goal} value={Math.min(v.value, x.goal)} aria-label={`${x.label}, ${v.label}`} />}
								<p><Own>{v.label}</Own></p>
								{v.rule !== null && v.rule !== '' && <p class="rule" lang={language}><Own>{v.rule}</Own></p>}
							</div>
						))}
					</div>
				))}
			</div>
		</Panel>
	);
}
