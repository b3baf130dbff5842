/* One field of the profile as something to answer, whatever its type. */
import { useMemo } from 'preact/hooks';
import { app } from '../base/app';
import { useStore } from '../base/store';
import type { FieldDef } from '../api/types';
import { list } from '../api/records';
import { concerns } from '../api/live';
import { useLoad } from '../base/load';
import { useLanguage, useT } from '../i18n';
import { Line } from '../parts/basics';
import { Choose } from '../parts/choose';
import { fieldLabel, label as labelOf, text, type Option } from './profile';
import { ordered, type Usage } from './usage';
import { misfits } from './values';
import { fold } from '../base/fold';

interface Props {
	type: string; field: FieldDef; value: readonly string[]; onInput: (v: string[]) => void;
	usage?: Usage; label?: string; help?: string; few?: number; autofocus?: boolean; skip?: readonly string[]; // codes not to offer
}

export function FieldInput({ type, field, value, onInput, usage, label, help: said, few, autofocus, skip }: Props) {
	const t = useT();
	const lang = useLanguage();
	const profile = useStore(app, (a) => a.profile);
	const title = label ?? fieldLabel(field, lang);
	const help = said ?? (field.hint !== undefined ? labelOf(field.hint, lang, '') : undefined);
	const options = useMemo(() => {
		if (field.choices === undefined || profile === undefined) return [];
		const all = ordered(profile.options(type, field.name, lang), usage ?? new Map(), type, field.name);
		return skip === undefined ? all : all.filter((o) => !skip.includes(o.code));
	}, [profile, field, lang, usage, skip]);
	const one = value[0] ?? '';
	const setOne = (v: string): void => onInput(v === '' ? [] : [v]);

	if (field.choices !== undefined)
		return <Choose label={title} help={help} options={options} value={value} onInput={onInput} many={field.holds === 'set'} open={field.open} few={few} autofocus={autofocus} />;
	switch (field.type) {
	case 'bool':
		return <Choose label={title} help={help} value={value} onInput={onInput} options={[yesNo('true', t('yes')), yesNo('false', t('no'))]} />;
	case 'ref':
		return <RefInput type={type} field={field} title={title} value={value} onInput={onInput} />;
	case 'date': case 'time':
		return <Line type={field.type} label={title} help={help} value={one} onInput={setOne} />;
	case 'datetime':
		return <Line type="datetime-local" label={title} help={help} value={one} onInput={setOne} />;
	case 'integer': case 'decimal':
		return <Line label={title} help={help} inputmode={field.type === 'integer' ? 'numeric' : 'decimal'} dir="ltr" value={one} onInput={setOne}
			error={!misfits(field, value) ? undefined : field.min !== undefined && field.max !== undefined ? t('field.range', { from: field.min, to: field.max }) : t('field.number')} />;
	default:
		if (field.holds === 'set')
			return <Choose label={title} help={help} open options={value.map((v) => yesNo(v, v))} value={value} onInput={onInput} many />;
		return <Line label={title} help={help} value={one} onInput={setOne} />;
	}
}

function yesNo(code: string, label: string): Option {
	return { code, label, folded: [fold(label)], ended: false };
}

/* A reference: the newest records of its type by what they are called. */
function RefInput({ field, title, value, onInput }: { type: string; field: FieldDef; title: string; value: readonly string[]; onInput: (v: string[]) => void }) {
	const to = field.ref ?? '';
	const found = useLoad((signal) => list(to, {}, 200, {}, signal), [to], (c) => concerns(c, [to]));
	const options = (found.data ?? []).map((r) => yesNo(r.id, recordName(r)));
	return <Choose label={title} options={options} value={value} onInput={onInput} many={field.holds === 'set'} few={6} />;
}

/* What people call a record: its name or title; else its code, date or the beginning of its id. */
export function recordName(r: { id: string; fields: Record<string, unknown> }): string {
	for (const name of ['name', 'title', 'code', 'problem', 'date', 'opened']) {
		const found = text(r as Parameters<typeof text>[0], name);
		if (found !== '') return found;
	}
	return r.id.slice(0, 6);
}
