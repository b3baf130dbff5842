/* What the law asks for: a person's own data, who has read, incidents, registers. */
import { useState } from 'preact/hooks';
import { say } from '../../base/say';
import { useTry } from '../../base/try';
import { care } from '../../api/care';
import { saveAnswer } from '../../api/files';
import { useT } from '../../i18n';
import { ActButton, Line, Notice, Panel, Switch, Tick, Trouble } from '../../parts/basics';
import type { ViewProps } from '../registry';
import { Incidents } from './incidents';
import { Reads } from './reads';

export default function Rights(_: ViewProps) {
	const t = useT();
	return (
		<div class="stack">
			<div class="head"><h1>{t('lead.rights')}</h1></div>
			<div class="half">
				<AccessExport />
				<Incidents />
			</div>
			<Registers />
			<Reads />
		</div>
	);
}

function AccessExport() {
	const t = useT();
	const [who, setWho] = useState('');
	const [format, setFormat] = useState<'text' | 'json'>('text');
	const [hidden, setHidden] = useState(false);
	const [made, setMade] = useState<{ records: number; third_persons: number }>();
	const { error, run } = useTry();
	const make = (): Promise<unknown> => run(async () => {
		setMade(undefined);
		const answer = await care.accessExport(who.trim(), format, hidden);
		saveAnswer(answer);
		setMade(answer);
	});
	return (
		<Panel title={t('access.title')}>
			<p class="help">{t('access.text')}</p>
			<Line label={t('access.who')} help={t('access.who.help')} value={who} onInput={setWho} dir="ltr" />
			<Switch label={t('access.form')} value={format} onInput={setFormat} options={[{ code: 'text', label: t('access.form.text') }, { code: 'json', label: t('access.form.json') }]} />
			<Tick label={t('access.protected')} help={t('access.protected.help')} checked={hidden} onInput={setHidden} />
			<div><ActButton kind="main" icon="out" disabled={who.trim() === ''} act={make}>{t('access.do')}</ActButton></div>
			{made !== undefined && (
				<Notice live kind="good" title={t('access.made', { n: made.records })}>
					<p>{t('access.others', { n: made.third_persons })}</p>
					<p>{t('access.give')}</p>
				</Notice>
			)}
			<Trouble error={error} />
		</Panel>
	);
}

/* Drafts that the programme's own text gives; a person finishes them. */
function Registers() {
	const t = useT();
	const [shown, setShown] = useState<{ title: string; text: string }>();
	const { error, run } = useTry();
	const titles = { art30: t('register.art30'), dpia: t('register.dpia') };
	const look = (kind: 'art30' | 'dpia'): Promise<unknown> => run(async () => setShown({ title: titles[kind], text: (await care.registerText(kind)).text }));
	const file = (kind: 'art30' | 'dpia'): Promise<unknown> => run(async () => {
		if (saveAnswer(await care.registerFile(kind))) say(t('figures.saved'));
	});
	return (
		<Panel title={t('register.title')}>
			<p class="help">{t('register.text')}</p>
			<div class="half">
				{(['art30', 'dpia'] as const).map((kind) => (
					<div class="stack tight" key={kind}>
						<h3>{titles[kind]}</h3>
						<div class="row">
							<ActButton small act={() => look(kind)} aria-label={t('register.show.of', { name: titles[kind] })}>{t('register.show')}</ActButton>
							<ActButton small icon="out" act={() => file(kind)} aria-label={t('register.save.of', { name: titles[kind] })}>{t('register.save')}</ActButton>
						</div>
					</div>
				))}
			</div>
			{shown !== undefined && <pre class="exact document" lang="sv" dir="ltr" tabIndex={0} aria-label={shown.title}>{shown.text}</pre>}
			<Trouble error={error} />
		</Panel>
	);
}
