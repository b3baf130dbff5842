/*
 * Every view there is: its address, its word, who sees it, and where its code
 * is. The code of a view comes when it is opened.
 */
import type { ComponentType } from 'preact';
import type { Key } from '../i18n';
import type { IconName } from '../parts/icons';

export interface ViewProps { path: readonly string[] } // what follows the view's own name in the address
export interface View {
	path: string; label: Key; icon: IconName; roles?: readonly string[];
	load: () => Promise<{ default: ComponentType<ViewProps> }>;
}

export const VIEWS: readonly View[] = [
	{ path: 'today', label: 'nav.today', icon: 'today', load: () => import('./today/index') },
	{ path: 'cases', label: 'nav.cases', icon: 'cases', load: () => import('./cases/index') },
	{ path: 'step', label: 'nav.step', icon: 'step', load: () => import('./step/index') },
	{ path: 'lead', label: 'nav.lead', icon: 'people', roles: ['coordinator'], load: () => import('./lead/index') },
	{ path: 'review', label: 'nav.review', icon: 'check', load: () => import('./review/index') },
];
