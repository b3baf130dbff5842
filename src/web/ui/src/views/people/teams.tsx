import { useState } from 'preact/hooks';
import { say } from '../../base/say';
import { useTry } from '../../base/try';
import { lead, type TeamRow } from '../../api/lead';
import { useT } from '../../i18n';
import { Button, Line, Own, Panel, Switch, Table, Tag, Trouble } from '../../parts/basics';

export function Teams({ teams, onChanged }: { teams: readonly TeamRow[]; onChanged: () => void }) {
	const t = useT();
	const { error, run } = useTry();
	const [name, setName] = useState('');
	const add = (e: Event): void => {
		e.preventDefault();
		if (name.trim() === '') return;
		void run(async () => {
			await lead.addTeam(name.trim());
			say(t('teams.added', { name: name.trim() }));
			setName('');
			onChanged();
		});
	};
	const approval = (team: TeamRow, how: 'hand' | 'auto'): Promise<unknown> => run(async () => {
		await lead.approval(team.team, how);
		say(t(how === 'hand' ? 'teams.hand.done' : 'teams.auto.done', { name: team.name }));
		onChanged();
	});
	return (
		<Panel title={t('teams.title')}>
			<Table caption={t('teams.title')} rows={teams} rowKey={(x) => x.team} columns={[
				{ key: 'name', head: t('teams.name'), cell: (x) => <><Own>{x.name}</Own>{x.drop_box === true && <> <Tag>{t('teams.box')}</Tag></>}</> },
				{ key: 'readers', head: t('teams.readers'), number: true, cell: (x) => x.readers },
				{ key: 'keys', head: t('teams.keys'), cell: (x) => (x.drop_box === true ? null : (
					<Switch label={`${t('teams.keys')}: ${x.name}`} value={x.approval ?? 'auto'} onInput={(how) => void approval(x, how)}
						options={[{ code: 'auto', label: t('teams.auto') }, { code: 'hand', label: t('teams.hand') }]} />
				)) },
			]} />
			<p class="help">{t('teams.keys.help')}</p>
			<form class="row end" onSubmit={add}>
				<Line label={t('teams.new')} value={name} onInput={setName} />
				<Button type="submit" icon="plus">{t('teams.add')}</Button>
			</form>
			<Trouble error={error} />
		</Panel>
	);
}
