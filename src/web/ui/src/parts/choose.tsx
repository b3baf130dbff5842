/*
 * One question with its answers as large buttons, those used most and latest
 * first. By hand: one touch. By keyboard: type the beginning of a word in any
 * language and press Enter, which goes on to the next question; arrows move
 * among the answers. Native radio buttons and check boxes underneath.
 */
import type { ComponentChildren } from 'preact';
import { useId, useMemo, useRef, useState } from 'preact/hooks';
import { useT } from '../i18n';
import { matching } from '../form/choices';
import type { Option } from '../form/profile';

interface Props {
	label: ComponentChildren;
	options: readonly Option[];      // in the order to show
	value: readonly string[];
	onInput: (v: string[]) => void;
	many?: boolean;
	open?: boolean;                  // a value of one's own may be written
	few?: number;                    // shown before "more"
	help?: ComponentChildren;
	autofocus?: boolean;
}

/* The next question's first place to type: the one after ours in the same form. */
function goOn(from: HTMLElement): void {
	const all = [...(from.closest('form')?.querySelectorAll<HTMLElement>('[data-next]') ?? [])];
	const own = from.closest('[data-next]');
	const next = all[all.indexOf(own as HTMLElement) + 1];
	(next?.matches('[role=group]') ? next.querySelector<HTMLElement>('input') : next)?.focus();
}

export function Choose({ label, options, value, onInput, many = false, open = false, few = 8, help, autofocus = false }: Props) {
	const t = useT();
	const name = useId();
	const [typed, setTyped] = useState('');
	const [all, setAll] = useState(false);
	const box = useRef<HTMLDivElement>(null);
	const filter = useRef<HTMLInputElement>(null);
	const found = useMemo(() => matching(options, typed), [options, typed]);
	const searchable = options.length > few || open;
	const shown = typed !== '' || all || options.length <= few + 1 ? found : withChosen(found, value, few);
	const own = typed.trim();

	const pick = (code: string): void => {
		if (many) onInput(value.includes(code) ? value.filter((v) => v !== code) : [...value, code]);
		else onInput(value[0] === code ? [] : [code]);
	};
	const onFilterKey = (e: KeyboardEvent): void => {
		if (e.key === 'Enter' && !e.ctrlKey && !e.metaKey) {
			e.preventDefault();
			const first = found[0]?.code ?? (open && own !== '' ? own : undefined);
			if (own !== '' && first !== undefined) {
				if (!value.includes(first)) pick(first);
				setTyped('');
				if (many) return;
			} else if (own !== '') return;
			goOn(e.currentTarget as HTMLElement);
		} else if (e.key === 'ArrowDown') {
			e.preventDefault();
			box.current?.querySelector<HTMLElement>('.chips input')?.focus();
		} else if (e.key === 'Escape' && typed !== '') {
			e.preventDefault();
			e.stopPropagation();
			setTyped('');
		}
	};
	/* Letters typed on an answer belong to the search; Enter on one goes on. */
	const onChipKey = (e: KeyboardEvent): void => {
		if (e.key === 'Enter' && !e.ctrlKey && !e.metaKey) {
			e.preventDefault();
			const code = (e.target as HTMLInputElement).value;
			if (!value.includes(code)) pick(code);
			goOn(e.currentTarget as HTMLElement);
		} else if (searchable && e.key.length === 1 && e.key !== ' ' && !e.ctrlKey && !e.metaKey && !e.altKey) {
			filter.current?.focus();
		}
	};

	return (
		<div class="choose" role="group" data-next ref={box} aria-labelledby={`${name}-label`} aria-describedby={help !== undefined ? `${name}-help` : undefined}>
			<p class="label" id={`${name}-label`}>{label}</p>
			{searchable && (
				<input class="choose-filter" ref={filter} type="text" dir="auto" autocomplete="off" spellcheck={false} value={typed} autofocus={autofocus}
					placeholder={t('choose.search')} aria-label={t('choose.search.in', { name: typeof label === 'string' ? label : '' })}
					onInput={(e) => setTyped(e.currentTarget.value)} onKeyDown={onFilterKey} />
			)}
			{help !== undefined && <p class="help" id={`${name}-help`}>{help}</p>}
			<div class="chips" onKeyDown={onChipKey}>
				{shown.map((o) => (
					<label key={o.code} class={`chip${value.includes(o.code) ? ' on' : ''}`}>
						<input type={many ? 'checkbox' : 'radio'} name={name} value={o.code} checked={value.includes(o.code)}
							onClick={(e) => {
								if (!many && value[0] === o.code) { /* once more: no answer after all */
									e.currentTarget.checked = false;
									onInput([]);
								}
							}}
							onChange={() => many || value[0] !== o.code ? pick(o.code) : undefined} />
						<bdi>{o.label}</bdi>
					</label>
				))}
				{open && own !== '' && found.every((o) => o.label !== own) && (
					<button type="button" class="chip add" onClick={() => { pick(own); setTyped(''); }}>{t('choose.add', { text: own })}</button>
				)}
				{typed === '' && shown.length < found.length && (
					<button type="button" class="chip more" onClick={() => setAll(true)}>{t('choose.more', { n: found.length - shown.length })}</button>
				)}
			</div>
			{typed !== '' && <p class="unseen" role="status">{t('choose.found', { n: found.length })}</p>}
			{typed !== '' && found.length === 0 && !open && <p class="help">{t('choose.none')}</p>}
		</div>
	);
}

/* The first few, and what is chosen wherever it stands. */
function withChosen(found: readonly Option[], value: readonly string[], few: number): Option[] {
	return found.filter((o, i) => i < few || value.includes(o.code));
}
