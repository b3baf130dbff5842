/*
 * A form for a record of any type, made from the profile: new, or changing what
 * differs. Conflicting answers are left alone: they are settled side by side.
 */
import { useMemo, useState } from 'preact/hooks';
import { app } from '../base/app';
import { newId } from '../base/ids';
import { asApiError } from '../base/load';
import { useStore } from '../base/store';
import type { ApiError } from '../api/client';
import { changedHere } from '../api/live';
import { put } from '../api/records';
import type { FieldDef, Rec } from '../api/types';
import { useLanguage, useT } from '../i18n';
import { Button, Trouble } from '../parts/basics';
import { Dialog } from '../parts/dialog';
import { FieldInput } from './field';
import { capital, label } from './profile';
import { fromRecord, misfits, NO_VALUES, relevant, toChange, withValue, type Values } from './values';
import type { Usage } from './usage';

interface Props {
	type: string;
	record?: Rec;                       // left out: a new one
	fields?: readonly string[];         // only these, in this order
	without?: readonly string[];
	title?: string;
	start?: Values;                     // what a new one begins with
	usage?: Usage;
	team?: string;
	onClose: () => void;
	onSaved?: (id: string) => void;
}

function defaults(fields: readonly FieldDef[]): Values {
	return Object.fromEntries(fields.flatMap((f) => (f.default !== undefined && f.default !== '' ? [[f.name, [f.default]]] : [])));
}

export function RecordDialog({ type, record, fields, without = [], title, start = NO_VALUES, usage, team, onClose, onSaved }: Props) {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const def = profile?.type(type);
	const mine = useMemo((): FieldDef[] => {
		const all = (def?.fields ?? []).filter((f) => f.off !== true && f.number < 65536 && !without.includes(f.name));
		return fields === undefined ? all : fields.flatMap((n) => all.find((f) => f.name === n) ?? []);
	}, [def]);
	const before = useMemo(() => (record === undefined ? NO_VALUES : fromRecord(record, mine)), []);
	const [values, setValues] = useState<Values>(() => ({ ...(record === undefined ? defaults(mine) : before), ...start }));
	const shown = mine.filter((f) => relevant(f, values));
	const [id] = useState(() => record?.id ?? newId());
	const [busy, setBusy] = useState(false);
	const [tried, setTried] = useState(false);
	const [error, setError] = useState<ApiError>();

	const missing = shown.filter((f) => f.required && (values[f.name] ?? []).every((v) => v.trim() === ''));
	const save = async (): Promise<void> => {
		setTried(true);
		if (busy || missing.length > 0 || shown.some((f) => misfits(f, values[f.name] ?? []))) return;
		const change = toChange(record === undefined ? NO_VALUES : before, values, (n) => shown.find((f) => f.name === n));
		if (Object.keys({ ...change.set, ...change.add, ...change.remove }).length === 0) {
			onClose();
			return;
		}
		setBusy(true);
		try {
			await put({ type, id, ...(team !== undefined ? { team } : {}), ...change });
			changedHere(type);
			onSaved?.(id);
			onClose();
		} catch (x) {
			setError(asApiError(x));
			setBusy(false);
		}
	};
	return (
		<Dialog title={title ?? capital(label(def?.label, lang, type))} onClose={onClose} actions={<>
			<Button onClick={onClose}>{t('do.cancel')}</Button>
			<Button kind="main" busy={busy} onClick={() => void save()}>{t('do.save')}</Button>
		</>}>
			<form class="stack" onSubmit={(e) => { e.preventDefault(); void save(); }}>
				{shown.map((f) => (
					<div key={f.name}>
						<FieldInput type={type} field={f} value={values[f.name] ?? []} usage={usage} onInput={(v) => setValues((old) => withValue(old, f.name, v))} />
						{tried && missing.includes(f) && <p class="error">{t('field.needed')}</p>}
					</div>
				))}
				<Trouble error={error} />
				<input type="submit" hidden />
			</form>
		</Dialog>
	);
}
