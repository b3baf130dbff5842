/*
 * Every view there is: its address, its word, who sees it, and where its code
 * is. The code of a view comes when it is opened.
 */
import type { ComponentType } from 'preact';
import { hasRole, type App } from '../base/app';
import type { Key } from '../i18n';
import type { IconName } from '../parts/icons';

export interface ViewProps { path: readonly string[] } // what follows the view's own name in the address
export interface View {
	path: string; label: Key; icon: IconName;
	roles?: readonly string[];  // only for these
	reads?: boolean;            // of no use to who reads no case: an auditor, a hub
	load: () => Promise<{ default: ComponentType<ViewProps> }>;
}

export const VIEWS: readonly View[] = [
	{ path: 'today', label: 'nav.today', icon: 'today', reads: true, load: () => import('./today/index') },
	{ path: 'cases', label: 'nav.cases', icon: 'cases', reads: true, load: () => import('./cases/index') },
	{ path: 'step', label: 'nav.step', icon: 'step', load: () => import('./step/index') },
	{ path: 'more', label: 'nav.more', icon: 'more', load: () => import('./more/index') },
	{ path: 'lead', label: 'nav.lead', icon: 'people', roles: ['coordinator'], load: () => import('./lead/index') },
	{ path: 'review', label: 'nav.review', icon: 'check', load: () => import('./review/index') },
];

export function seesView(a: App, v: View): boolean {
	if (v.roles !== undefined) return v.roles.some((r) => hasRole(a, r));
	return v.reads !== true || (a.role !== 'auditor' && a.role !== 'hub');
}

/* Where one begins. */
export function firstView(a: App): string {
	return a.role === 'auditor' ? 'review' : a.role === 'hub' ? 'step' : 'today';
}
