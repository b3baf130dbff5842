/* The programme: what it has, a new version of it; how fresh the directory is; everything as one archive. */
import { useState } from 'preact/hooks';
import { app, loadProfile } from '../../base/app';
import { useLoad } from '../../base/load';
import { say } from '../../base/say';
import { useStore } from '../../base/store';
import { useTry } from '../../base/try';
import { care, type Archive } from '../../api/care';
import { fileIn, saveAnswer, type FileIn } from '../../api/files';
import { concerns } from '../../api/live';
import { fieldLabel, label } from '../../form/profile';
import { formatDate, listed, today, useLanguage, useT } from '../../i18n';
import { ActButton, Button, Code, Empty, Facts, Notice, Own, Panel, Table, Tag, Trouble } from '../../parts/basics';
import { Confirm } from '../../parts/dialog';
import { FilePick } from '../../parts/file';
import type { ViewProps } from '../registry';

export default function Programme(_: ViewProps) {
	const t = useT();
	return (
		<div class="stack">
			<div class="head"><h1>{t('lead.programme')}</h1></div>
			<div class="half">
				<NewProfile />
				<WholeArchive />
			</div>
			<Directory />
			<ShowProfile />
		</div>
	);
}

function NewProfile() {
	const t = useT();
	const [file, setFile] = useState<FileIn>();
	const [ok, setOk] = useState<{ profile: string; version: number; warnings: string[] }>();
	const [asking, setAsking] = useState(false);
	const { error, run, clear } = useTry();
	const check = async (f: File): Promise<void> => {
		setOk(undefined);
		const read = await fileIn(f);
		setFile(read);
		await run(async () => setOk(await care.checkProfile(read)));
	};
	const install = (): Promise<unknown> => run(async () => {
		if (file === undefined) return;
		const done = await care.installProfile(file);
		await loadProfile();
		say(t('prog.installed', { name: done.profile, version: done.version }));
		setAsking(false);
		setOk(undefined);
		setFile(undefined);
	});
	return (
		<Panel title={t('prog.new')}>
			<p class="help">{t('prog.new.text')}</p>
			<FilePick label={t('prog.pick')} accept=".json,application/json" onPick={(f) => { clear(); void check(f); }} />
			{ok !== undefined && (
				<Notice live kind="good" title={t('prog.ok', { name: ok.profile, version: ok.version })}
					actions={<Button kind="main" onClick={() => setAsking(true)}>{t('prog.install')}</Button>}>
					{ok.warnings.length > 0 && (
						<details><summary>{t('prog.unsaid', { n: ok.warnings.length })}</summary>
							<ul class="stack tight" lang="en" dir="ltr">{ok.warnings.map((w) => <li key={w}>{w}</li>)}</ul>
						</details>
					)}
				</Notice>
			)}
			{error !== undefined && !asking && (error.code === 'gone' || error.code === 'locked' ? <Trouble error={error} /> : (
				<Notice live kind="bad" title={t('prog.wrong')}>
					<p>{t('prog.wrong.text')}</p>
					<p class="exact" dir="ltr" lang="en">{error.message}</p>
				</Notice>
			))}
			{asking && ok !== undefined && (
				<Confirm title={t('prog.install.ask', { name: ok.profile, version: ok.version })} yes={t('prog.install')} act={install} onClose={() => setAsking(false)}>
					<p>{t('prog.install.text')}</p>
					{error !== undefined && <p class="exact" dir="ltr" lang="en">{error.message}</p>}
				</Confirm>
			)}
		</Panel>
	);
}

function WholeArchive() {
	const t = useT();
	const lang = useLanguage();
	const [found, setFound] = useState<Archive>();
	const { error, run } = useTry();
	const write = (): Promise<unknown> => run(async () => {
		const answer = await care.archive(`faltbok-${today()}.zip`);
		if (saveAnswer(answer)) say(t('archive.written', { n: answer.records }));
	});
	const check = async (f: File): Promise<void> => {
		setFound(undefined);
		await run(async () => setFound(await care.checkArchive(await fileIn(f))));
	};
	const org = found === undefined ? '' : typeof found.org === 'string' ? found.org : found.org?.name ?? '';
	return (
		<Panel title={t('archive.title')}>
			<p class="help">{t('archive.text')}</p>
			<Notice kind="wait" title={t('archive.open')} />
			<div><ActButton icon="out" act={write}>{t('archive.do')}</ActButton></div>
			<FilePick label={t('archive.check')} accept=".zip" onPick={(f) => void check(f)} />
			{found !== undefined && (
				<Notice live kind={found.known_signer === null ? 'wait' : 'good'} title={t('archive.ok')}>
					<Facts rows={[
						[t('archive.org'), <Own>{org}</Own>],
						[t('archive.made'), formatDate(lang, found.made_at)],
						[t('archive.signer'), found.known_signer === null ? t('archive.stranger')
							: <><Own>{found.known_signer.name}</Own>{found.known_signer.removed && <> <Tag kind="wait">{t('archive.removed')}</Tag></>}</>],
						[t('archive.files'), String(found.files)],
					]} />
				</Notice>
			)}
			{error !== undefined && (error.code === 'damaged' || error.code === 'invalid' || error.code === 'refused'
				? <Notice live kind="bad" title={t('archive.bad')}><p class="exact" dir="ltr" lang="en">{error.message}</p></Notice> : <Trouble error={error} />)}
		</Panel>
	);
}

function Directory() {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const check = useLoad((signal) => care.stale(signal), [], (c) => concerns(c, ['service', 'organisation', 'site']));
	const d = check.data;
	return (
		<Panel title={t('dir.title')}>
			<Trouble error={check.error} again={check.again} />
			{d !== undefined && (d.stale.length === 0 ? <Empty icon="done">{t('dir.fresh', { n: d.checked, days: d.days })}</Empty> : (
				<>
					<p>{t('dir.stale', { n: d.stale.length, all: d.checked, days: d.days })}</p>
					<Table caption={t('dir.title')} rows={d.stale} rowKey={(s) => s.id} columns={[
						{ key: 'name', head: t('dir.name'), cell: (s) => <Own>{s.name || s.id.slice(0, 6)}</Own> },
						{ key: 'type', head: t('dir.type'), cell: (s) => label(profile?.type(s.type)?.label, lang, s.type) },
						{ key: 'age', head: t('dir.age'), cell: (s) => (s.age_days === null || s.assured === null ? <Tag kind="bad">{t('dir.never')}</Tag>
							: <Tag kind="wait">{t('dir.days', { n: s.age_days, date: formatDate(lang, s.assured) })}</Tag>) },
					]} />
				</>
			))}
		</Panel>
	);
}

function ShowProfile() {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	if (profile === undefined) return <Notice kind="wait" title={t('profile.none')}>{t('profile.none.text')}</Notice>;
	return (
		<Panel title={t('prog.now', { name: profile.doc.profile, version: profile.doc.version })}>
			{profile.doc.types.map((type) => (
				<details key={type.name}>
					<summary>{label(type.label, lang, type.name)} <span class="soft">{t('prog.fields', { n: type.fields.length })}</span></summary>
					<Table caption={label(type.label, lang, type.name)} rows={type.fields} rowKey={(f) => f.name} columns={[
						{ key: 'label', head: t('prog.field'), cell: (f) => <Own>{fieldLabel(f, lang)}</Own> },
						{ key: 'name', head: t('prog.name'), cell: (f) => <Code>{f.name}</Code> },
						{ key: 'choices', head: t('prog.choices'), cell: (f) => (f.choices === undefined || f.choices.length === 0 ? '–' : listed(lang, f.choices.map((c) => label(c.label, lang, c.code)))) },
					]} />
				</details>
			))}
		</Panel>
	);
}
