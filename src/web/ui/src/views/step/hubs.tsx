/* Where the hub is, and others that do not find us by themselves: addresses that were met or typed. */
import { useState } from 'preact/hooks';
import { useLoad } from '../../base/load';
import { say } from '../../base/say';
import { useTry } from '../../base/try';
import { changedHere } from '../../api/live';
import { step, type Hub } from '../../api/step';
import { formatAgo, useLanguage, useT } from '../../i18n';
import { ActButton, Code, Line, Own, Panel, Tag, Trouble } from '../../parts/basics';
import { Confirm } from '../../parts/dialog';

export function Hubs() {
	const t = useT();
	const all = useLoad((signal) => step.hubs(signal), [], (c) => c.kind === 'sync' || c.kind === 'resync' || (c.kind === 'here' && c.types?.has('hub') === true));
	const [address, setAddress] = useState('');
	const [asking, setAsking] = useState<Hub>();
	const { error, run } = useTry();
	const add = (): Promise<unknown> => run(async () => {
		await step.addHub(address.trim());
		say(t('hubs.added'));
		setAddress('');
		changedHere('hub');
	});
	const forget = (): Promise<unknown> => run(async () => {
		if (asking === undefined) return;
		await step.forgetHub(asking.address);
		say(t('hubs.forgotten'));
		setAsking(undefined);
		changedHere('hub');
	});
	const rows = all.data ?? [];
	return (
		<Panel title={t('hubs.title')}>
			<Trouble error={all.data === undefined ? all.error : undefined} again={all.again} />
			{rows.length > 0 && <ul class="hubs">{rows.map((h) => <One key={h.address} hub={h} onForget={() => setAsking(h)} />)}</ul>}
			<details>
				<summary>{t('hubs.new')}</summary>
				<form class="stack" onSubmit={(e) => { e.preventDefault(); if (address.trim() !== '') void add(); }}>
					<Line label={t('hubs.address')} help={t('hubs.address.help')} value={address} onInput={setAddress} dir="ltr" error={error?.code === 'invalid' ? t('hubs.wrong') : undefined} />
					<div><ActButton disabled={address.trim() === ''} act={add}>{t('hubs.add')}</ActButton></div>
				</form>
			</details>
			<Trouble error={asking === undefined && error?.code !== 'invalid' ? error : undefined} />
			{asking !== undefined && (
				<Confirm title={t('hubs.forget.ask', { name: asking.name ?? asking.address })} yes={t('hubs.forget')} act={forget} onClose={() => setAsking(undefined)}>
					<p>{t('hubs.forget.text')}</p>
					<Trouble error={error} />
				</Confirm>
			)}
		</Panel>
	);
}

function One({ hub, onForget }: { hub: Hub; onForget: () => void }) {
	const t = useT();
	const lang = useLanguage();
	const name = hub.name ?? hub.address;
	return (
		<li class="row">
			<span class="who"><strong>{hub.name !== null ? <Own>{hub.name}</Own> : t('hubs.unmet')}</strong> <span class="soft"><Code>{hub.address}</Code></span></span>
			{hub.hub && <Tag kind="strong">{t('role.hub')}</Tag>}
			{hub.linked === true ? <Tag kind="good">{t('hubs.linked')}</Tag> : <span class="soft">{hub.last_seen === null ? t('hubs.trying') : formatAgo(lang, hub.last_seen)}</span>}
			<ActButton small kind="quiet" act={async () => onForget()} aria-label={t('hubs.forget.of', { name })}>{t('hubs.forget')}</ActButton>
		</li>
	);
}
