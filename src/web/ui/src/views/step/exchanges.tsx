/* The last exchanges, newest first. */
import { useState } from 'preact/hooks';
import { useLoad } from '../../base/load';
import { step, type Exchange } from '../../api/step';
import { formatMoment, useLanguage, useT } from '../../i18n';
import { Button, Empty, Own, Panel, Tag, Trouble } from '../../parts/basics';
import { BroughtLine, BroughtList } from './brought';

const SHOWN = 3;

export function Exchanges() {
	const t = useT();
	const [all, setAll] = useState(false);
	const last = useLoad((signal) => step.exchanges(signal), [], (c) => c.kind === 'sync' || c.kind === 'resync' || c.kind === 'here');
	const rows = last.data ?? [], shown = all ? rows : rows.slice(0, SHOWN);
	return (
		<Panel title={t('exch.title')} id="exchanges">
			<Trouble error={last.data === undefined ? last.error : undefined} again={last.again} />
			{last.data !== undefined && (rows.length === 0 ? <Empty icon="step">{t('exch.none')}</Empty>
				: <ol class="exchanges">{shown.map((e) => <One key={`${e.at} ${e.peer?.id ?? ''}`} exchange={e} />)}</ol>)}
			{shown.length < rows.length && <div><Button small onClick={() => setAll(true)}>{t('exch.more', { n: rows.length - shown.length })}</Button></div>}
		</Panel>
	);
}

function One({ exchange: e }: { exchange: Exchange }) {
	const t = useT();
	const lang = useLanguage();
	return (
		<li class="stack tight">
			<div class="row">
				<strong>{e.peer === null ? t('exch.someone') : <Own>{e.peer.name}</Own>}</strong>
				{e.way === 'bundle' ? <Tag>{t('exch.stick')}</Tag> : !e.ok ? <Tag kind="bad">{t('exch.failed')}</Tag>
					: <Tag kind={e.in_step ? 'good' : 'wait'}>{t(e.in_step ? 'exch.instep' : 'exch.notyet')}</Tag>}
				<span class="soft">{formatMoment(lang, e.at)}</span>
			</div>
			<BroughtLine told={e} />
			{e.sent > 0 && <p class="soft">{t('step.sent', { n: e.sent })}</p>}
			<BroughtList brought={e.brought} />
		</li>
	);
}
