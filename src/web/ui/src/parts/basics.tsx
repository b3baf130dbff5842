/* The small parts that every view is made of. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { useT } from '../i18n';
import type { ApiError } from '../api/client';
import { Icon, type IconName } from './icons';

type ButtonProps = Omit<JSX.HTMLAttributes<HTMLButtonElement>, 'icon'> & {
	kind?: 'main' | 'plain' | 'quiet' | 'danger'; icon?: IconName; busy?: boolean; disabled?: boolean; type?: 'button' | 'submit'; small?: boolean;
};

export function Button({ kind = 'plain', icon, busy = false, small = false, children, class: extra, disabled, type = 'button', ...rest }: ButtonProps) {
	return (
		<button type={type} class={`button ${kind}${small ? ' small' : ''} ${String(extra ?? '')}`} disabled={disabled} aria-busy={busy || undefined}
			aria-disabled={busy || undefined} {...rest} onClick={busy ? (e: Event) => e.preventDefault() : rest.onClick}>
			{icon !== undefined && <Icon name={icon} />}
			{children !== undefined && <span>{children}</span>}
		</button>
	);
}

/* A button that does something at the node: busy meanwhile, once at a time. */
export function ActButton({ act, ...rest }: Omit<ButtonProps, 'onClick'> & { act: () => Promise<unknown> }) {
	const [busy, setBusy] = useState(false);
	const here = useRef(true);
	useEffect(() => () => void (here.current = false), []);
	const run = (): void => {
		setBusy(true);
		void act().finally(() => here.current && setBusy(false));
	};
	return <Button {...rest} busy={busy} onClick={run} />;
}

export function LinkButton({ href, kind = 'plain', icon, small = false, children }: { href: string; kind?: string; icon?: IconName; small?: boolean; children: ComponentChildren }) {
	return (
		<a class={`button ${kind}${small ? ' small' : ''}`} href={href}>
			{icon !== undefined && <Icon name={icon} />}
			<span>{children}</span>
		</a>
	);
}

/* A value that keeps its own direction: a name, a code, a telephone number. */
export function Own({ children, class: extra }: { children: ComponentChildren; class?: string }) {
	return <bdi class={extra}>{children}</bdi>;
}

/* Who wrote it: the person, and with which device. */
export function Hand({ by }: { by: { by: string; member?: string } }) {
	return by.member === undefined || by.member === by.by ? <bdi>{by.by}</bdi> : <><bdi>{by.member}</bdi> (<bdi>{by.by}</bdi>)</>;
}

export function Code({ children }: { children: ComponentChildren }) {
	return <bdi class="code" dir="ltr">{children}</bdi>;
}

interface LineProps {
	label: ComponentChildren; value: string; onInput: (v: string) => void;
	help?: ComponentChildren; error?: string; type?: 'text' | 'password' | 'date' | 'time' | 'number' | 'search' | 'datetime-local';
	required?: boolean; lines?: number; autofocus?: boolean; dir?: 'auto' | 'ltr'; max?: number; name?: string; lang?: string;
	inputmode?: 'numeric' | 'decimal' | 'text'; disabled?: boolean;
}

/* A labelled line or box of text. Browsers remember nothing of it. */
export function Line(p: LineProps) {
	const id = useId();
	const ref = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
	useEffect(() => {
		if (p.autofocus === true) ref.current?.focus();
	}, []);
	const shared = {
		id, ref, value: p.value, disabled: p.disabled, maxLength: p.max, dir: p.dir ?? 'auto', lang: p.lang, 'aria-required': p.required || undefined,
		'aria-invalid': p.error !== undefined || undefined,
		'aria-describedby': [p.help !== undefined ? `${id}-help` : '', p.error !== undefined ? `${id}-error` : ''].join(' ').trim() || undefined,
		autocomplete: p.type === 'password' ? 'new-password' : 'off', autocorrect: 'off', spellcheck: false,
		onInput: (e: Event) => p.onInput((e.currentTarget as HTMLInputElement).value),
	};
	return (
		<div class="line">
			<label for={id}>{p.label}</label>
			{p.help !== undefined && <p class="help" id={`${id}-help`}>{p.help}</p>}
			{p.lines !== undefined ? <textarea rows={p.lines} {...shared} /> : <input type={p.type ?? 'text'} inputMode={p.inputmode} {...shared} />}
			{p.error !== undefined && <p class="error" id={`${id}-error`}>{p.error}</p>}
		</div>
	);
}

export function Pick({ label, value, onInput, options, help }: {
	label: ComponentChildren; value: string; onInput: (v: string) => void; options: readonly { code: string; label: string }[]; help?: ComponentChildren;
}) {
	const id = useId();
	return (
		<div class="line">
			<label for={id}>{label}</label>
			{help !== undefined && <p class="help" id={`${id}-help`}>{help}</p>}
			<select id={id} value={value} aria-describedby={help !== undefined ? `${id}-help` : undefined}
				onChange={(e) => onInput(e.currentTarget.value)}>
				{options.map((o) => <option key={o.code} value={o.code}>{o.label}</option>)}
			</select>
		</div>
	);
}

export function Tick({ label, checked, onInput, help }: { label: ComponentChildren; checked: boolean; onInput: (v: boolean) => void; help?: ComponentChildren }) {
	const id = useId();
	return (
		<div class="tick">
			<input type="checkbox" id={id} checked={checked} aria-describedby={help !== undefined ? `${id}-help` : undefined}
				onChange={(e) => onInput(e.currentTarget.checked)} />
			<label for={id}>{label}</label>
			{help !== undefined && <p class="help" id={`${id}-help`}>{help}</p>}
		</div>
	);
}

/* Two or three ways to see one thing. */
export function Switch<T extends string>({ label, value, options, onInput }: {
	label: string; value: T; options: readonly { code: T; label: string }[]; onInput: (v: T) => void;
}) {
	const name = useId();
	return (
		<fieldset class="switch">
			<legend class="unseen">{label}</legend>
			{options.map((o) => (
				<label key={o.code} class={o.code === value ? 'on' : ''}>
					<input type="radio" name={name} checked={o.code === value} onChange={() => onInput(o.code)} />
					<span>{o.label}</span>
				</label>
			))}
		</fieldset>
	);
}

export function Panel({ title, actions, children, id, class: extra, level = 2 }: {
	title?: ComponentChildren; actions?: ComponentChildren; children: ComponentChildren; id?: string; class?: string; level?: 2 | 3;
}) {
	const own = useId();
	const H = level === 2 ? 'h2' : 'h3';
	return (
		<section class={`panel ${extra ?? ''}`} aria-labelledby={title !== undefined ? own : undefined} id={id}>
			{(title !== undefined || actions !== undefined) && (
				<header class="panel-head">
					{title !== undefined && <H id={own}>{title}</H>}
					{actions !== undefined && <div class="actions">{actions}</div>}
				</header>
			)}
			{children}
		</section>
	);
}

export function Tag({ kind = 'plain', children }: { kind?: 'plain' | 'good' | 'wait' | 'bad' | 'strong'; children: ComponentChildren }) {
	return <span class={`tag ${kind}`}>{children}</span>;
}

export function Notice({ kind = 'plain', title, children, actions, live = false }: {
	kind?: 'plain' | 'good' | 'wait' | 'bad'; title?: ComponentChildren; children?: ComponentChildren; actions?: ComponentChildren; live?: boolean;
}) {
	return (
		<div class={`notice ${kind}`} role={live ? (kind === 'bad' ? 'alert' : 'status') : undefined}>
			<Icon name={kind === 'bad' || kind === 'wait' ? 'warn' : kind === 'good' ? 'done' : 'info'} />
			<div class="notice-body">
				{title !== undefined && <p class="notice-title">{title}</p>}
				{children}
				{actions !== undefined && <div class="actions">{actions}</div>}
			</div>
		</div>
	);
}

/* What went wrong, in plain words first; the node's own sentence for whoever helps. */
export function Trouble({ error, again }: { error: ApiError | undefined; again?: () => void }) {
	const t = useT();
	if (error === undefined) return null;
	return (
		<Notice kind="bad" live title={plainError(t, error)}
			actions={again !== undefined ? <Button small onClick={again}>{t('do.again')}</Button> : undefined}>
			<details><summary>{t('error.details')}</summary><p dir="ltr" lang="en"><bdi>{error.message}</bdi></p></details>
		</Notice>
	);
}

export function plainError(t: ReturnType<typeof useT>, e: ApiError): string {
	switch (e.code) {
	case 'gone': case 'page': return t('error.gone');
	case 'locked': return t('error.locked');
	case 'refused': case 'exists': return t('error.refused');
	case 'usage': case 'invalid': return t('error.invalid');
	case 'unknown': return t('error.unknown');
	case 'damaged': return t('error.damaged');
	case 'network': return t('error.network');
	case 'io': return t('error.io');
	default: return t('error.other');
	}
}

export function Empty({ children, icon = 'leaf' }: { children: ComponentChildren; icon?: IconName }) {
	return <div class="empty"><Icon name={icon} /><p>{children}</p></div>;
}

/* Shown only when an answer takes long enough to wonder. */
export function Waiting() {
	const t = useT();
	const [late, setLate] = useState(false);
	useEffect(() => {
		const timer = setTimeout(() => setLate(true), 400);
		return () => clearTimeout(timer);
	}, []);
	return late ? <p class="waits" role="status">{t('loading')}</p> : null;
}

export function Facts({ rows }: { rows: readonly (readonly [ComponentChildren, ComponentChildren] | undefined | false)[] }) {
	return (
		<dl class="facts">
			{rows.filter((r): r is readonly [ComponentChildren, ComponentChildren] => r !== undefined && r !== false).map(([k, v], i) => (
				<div key={i}><dt>{k}</dt><dd>{v}</dd></div>
			))}
		</dl>
	);
}

export interface Column<T> { head: ComponentChildren; cell: (row: T) => ComponentChildren; number?: boolean; key: string }

/* A table that becomes cards on a telephone: each cell carries its heading, and the roles stay when the layout is another. */
export function Table<T>({ caption, columns, rows, rowKey, seen = false }: {
	caption: string; columns: readonly Column<T>[]; rows: readonly T[]; rowKey: (row: T) => string; seen?: boolean;
}) {
	return (
		<div class="table-scroll">
			<table role="table">
				<caption class={seen ? '' : 'unseen'}>{caption}</caption>
				<thead role="rowgroup"><tr role="row">{columns.map((c) => <th key={c.key} role="columnheader" scope="col" class={c.number ? 'number' : ''}>{c.head}</th>)}</tr></thead>
				<tbody role="rowgroup">
					{rows.map((r) => (
						<tr key={rowKey(r)} role="row">
							{columns.map((c, i) => i === 0
								? <th key={c.key} role="rowheader" scope="row">{c.cell(r)}</th>
								: <td key={c.key} role="cell" class={c.number ? 'number' : ''} data-head={typeof c.head === 'string' ? c.head : undefined}>{c.cell(r)}</td>)}
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}
