/*
 * Today: an open session with its queue and the walk-in form beside it; or,
 * before that, opening one.
 */
import { useEffect, useState } from 'preact/hooks';
import { app } from '../../base/app';
import { useLoad } from '../../base/load';
import { useStore } from '../../base/store';
import { day, isOpen, type Place } from '../../api/day';
import { concerns } from '../../api/live';
import { newId } from '../../base/ids';
import { useT } from '../../i18n';
import { Notice, Trouble, Waiting } from '../../parts/basics';
import type { ViewProps } from '../registry';
import { Drafts } from './drafts';
import { OpenSession } from './open';
import { Queue } from './queue';
import { SessionBar } from './session';
import { VisitForm, type FormStart } from './visit';
import { loadUsage } from './usage';

const USAGE_AFTER_MS = 150;

export default function Today(_: ViewProps) {
	const t = useT();
	const profile = useStore(app, (a) => a.profile);
	const session = useLoad((signal) => day.session(signal), [], (c) => concerns(c, ['session', 'visit', 'case', 'queue']) || c.kind === 'members');
	const [form, setForm] = useState<FormStart>(() => ({ id: newId() }));
	const [dirty, setDirty] = useState(false);
	/* The order of the choices comes after what a person waits for. */
	const known = session.data !== undefined;
	useEffect(() => {
		const timer = known ? setTimeout(() => void loadUsage(), USAGE_AFTER_MS) : undefined;
		return () => clearTimeout(timer);
	}, [known]);
	const now = isOpen(session.data) ? session.data : undefined;
	const practice = now?.practice === true;
	useEffect(() => app.patch({ practice }), [practice]);

	if (profile === undefined) return <Notice kind="wait" title={t('profile.none')}>{t('profile.none.text')}</Notice>;
	if (session.data === undefined) return session.error !== undefined ? <Trouble error={session.error} again={session.again} /> : <Waiting />;
	/* A profile without sessions still has visits to write. */
	if (now === undefined && profile.has('session')) return <OpenSession />;

	const fresh = (start: Omit<FormStart, 'id'> = {}): void => {
		setForm({ id: newId(), ...start });
		setDirty(false);
	};
	const receive = (place: Place): void => fresh({ place });
	return (
		<>
			{now !== undefined && <SessionBar session={now} />}
			<Drafts own={form.id} busy={dirty} onOpen={(start) => { setForm(start); setDirty(false); }} />
			<div class="two">
				<VisitForm key={form.id} start={form} session={now} onDirty={setDirty} onDone={() => fresh()} />
				{now !== undefined && <Queue onReceive={receive} busy={dirty} receiving={form.place?.ticket} />}
			</div>
		</>
	);
}
