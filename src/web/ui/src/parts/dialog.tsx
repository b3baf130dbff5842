/*
 * A question or a task in front of the page. The browser's own dialog: focus
 * stays inside, Escape closes, and it returns to where one was.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { useT } from '../i18n';
import { ActButton, Button } from './basics';

export function Dialog({ title, onClose, children, actions, wide = false }: {
	title: ComponentChildren; onClose: () => void; children: ComponentChildren; actions?: ComponentChildren; wide?: boolean;
}) {
	const t = useT();
	const ref = useRef<HTMLDialogElement>(null);
	const id = useId();
	useEffect(() => {
		const before = document.activeElement, dialog = ref.current;
		if (dialog?.open === false) dialog.showModal();
		return () => {
			dialog?.close(); // as long as it is open, nothing behind it takes the focus
			if (before instanceof HTMLElement && before.isConnected) before.focus();
		};
	}, []);
	return (
		<dialog ref={ref} class={wide ? 'wide' : ''} aria-labelledby={id} onCancel={(e) => { e.preventDefault(); onClose(); }}>
			<header class="panel-head">
				<h2 id={id}>{title}</h2>
				<Button kind="quiet" icon="close" aria-label={t('do.close')} onClick={onClose} />
			</header>
			<div class="dialog-body">{children}</div>
			{actions !== undefined && <footer class="actions dialog-actions">{actions}</footer>}
		</dialog>
	);
}

/* What cannot be undone is asked once, with its consequences in full. */
export function Confirm({ title, children, yes, danger = false, act, onClose }: {
	title: string; children: ComponentChildren; yes: string; danger?: boolean; act: () => Promise<unknown>; onClose: () => void;
}) {
	const t = useT();
	return (
		<Dialog title={title} onClose={onClose} actions={<>
			<Button onClick={onClose}>{t('do.cancel')}</Button>
			<ActButton kind={danger ? 'danger' : 'main'} act={act}>{yes}</ActButton>
		</>}>{children}</Dialog>
	);
}
