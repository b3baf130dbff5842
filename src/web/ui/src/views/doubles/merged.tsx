import { say } from '../../base/say';
import { useTry } from '../../base/try';
import { doubles } from '../../api/directory';
import { useT } from '../../i18n';
import { ActButton, Code, Panel, Trouble } from '../../parts/basics';

/* In a record: what was merged into it, and the way back. */
export function Merged({ records, onApart }: { records: readonly { id: string }[]; onApart: () => void }) {
	const t = useT();
	const { error, run } = useTry();
	const apart = (id: string): Promise<unknown> => run(async () => {
		await doubles.unmerge(id);
		say(t('doubles.apart'));
		onApart();
	});
	return (
		<Panel title={t('doubles.here')}>
			<ul class="stack tight">
				{records.map((r) => <li key={r.id} class="row"><Code>{r.id.slice(0, 6)}</Code><ActButton small act={() => apart(r.id)} aria-label={`${t('doubles.undo')}: ${r.id.slice(0, 6)}`}>{t('doubles.undo')}</ActButton></li>)}
			</ul>
			<Trouble error={error} />
		</Panel>
	);
}
