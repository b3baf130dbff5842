/* A sheet to fill in by hand where there is no machine: the same questions and codes, entered afterwards. */
import { useRef } from 'preact/hooks';
import type { Sheet as FormSheet } from '../../api/times';
import { capital } from '../../form/profile';
import { formatDate, useT } from '../../i18n';
import { Button } from '../../parts/basics';
import { Dialog } from '../../parts/dialog';
import { printSheets, Sheet } from '../../parts/print';

export function FillIn({ sheet, onClose }: { sheet: FormSheet; onClose: () => void }) {
	const t = useT();
	const box = useRef<HTMLDivElement>(null);
	return (
		<Dialog wide title={t('sheet.title')} onClose={onClose} actions={<>
			<Button onClick={onClose}>{t('do.close')}</Button>
			<Button kind="main" icon="print" onClick={() => box.current !== null && printSheets(box.current.querySelectorAll('.sheet'))}>{t('do.print')}</Button>
		</>}>
			<p class="help">{t('sheet.help')}</p>
			<div ref={box} class="table-wide" tabIndex={0} role="region" aria-label={t('sheet.title')}>
				<Sheet lang={sheet.language}>
					<h3><bdi>{sheet.name !== '' ? sheet.name : t('sheet.title')}</bdi> {sheet.date !== '' && formatDate(sheet.language, sheet.date)}</h3>
					<table class="by-hand">
						<thead><tr><th>{t('case.number')}</th>{sheet.columns.map((c) => <th key={c.field}><bdi>{capital(c.label)}</bdi></th>)}</tr></thead>
						<tbody>{Array.from({ length: sheet.rows }, (_, i) => <tr key={i}><td>{i + 1}</td>{sheet.columns.map((c) => <td key={c.field} />)}</tr>)}</tbody>
					</table>
					{sheet.columns.filter((c) => c.codes.length > 0).map((c) => (
						<p key={c.field} class="codes"><strong><bdi>{capital(c.label)}</bdi>:</strong> {c.codes.map((k, i) => <span key={k.code}>{i > 0 && ' · '}<bdi class="code" dir="ltr">{k.code}</bdi> <bdi>{k.label}</bdi></span>)}</p>
					))}
					<p class="soft">{t('sheet.shred')}</p>
				</Sheet>
			</div>
		</Dialog>
	);
}
