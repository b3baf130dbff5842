/*
 * Paper. What is to be printed stands on the screen as a .sheet; printing
 * copies it out of the page, so that nothing else reaches the paper.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { direction } from '../i18n';

export function printSheets(sheets: Iterable<Element>): void {
	const paper = document.createElement('div');
	paper.className = 'paper';
	for (const s of sheets) paper.append(s.cloneNode(true));
	document.body.append(paper);
	document.documentElement.classList.add('printing');
	const done = (): void => {
		document.documentElement.classList.remove('printing');
		paper.remove();
	};
	addEventListener('afterprint', done, { once: true });
	print();
}

export function Sheet({ lang, children }: { lang: string; children: ComponentChildren }) {
	return <article class="sheet" lang={lang} dir={direction(lang)}>{children}</article>;
}

/* The node draws the code; here it becomes part of the page without being run. */
export function Qr({ svg, label }: { svg: string; label: string }) {
	const box = useRef<HTMLDivElement>(null);
	useEffect(() => {
		const drawn = new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement;
		if (drawn.nodeName !== 'svg') return;
		drawn.querySelectorAll('script, foreignObject').forEach((e) => e.remove());
		drawn.setAttribute('aria-hidden', 'true');
		box.current?.replaceChildren(document.importNode(drawn, true));
	}, [svg]);
	return <div class="qr" role="img" aria-label={label} ref={box} />;
}
