/* The directory of services in the form that others read (HSDS), and records that may be about the same. */
import type { Hint } from './day';
import { call } from './client';
import type { FileIn, FilesOut } from './files';
import type { Id } from './types';

export interface Taken { new: number; changed: number; same: number; erased: number; not_taken: unknown[] }

export const directory = {
	write: () => call<FilesOut & { organizations: number }>('directory export', { output: 'katalog-hsds.json' }),
	read: (file: FileIn) => call<Taken>('directory import', { file }),
};

export const doubles = {
	pairs: (s?: AbortSignal) => call<{ pairs: Hint[] }>('duplicates', {}, s).then((a) => a.pairs),
	merge: (keep: Id, other: Id) => call('merge', { keep, other }),
	unmerge: (id: Id) => call('unmerge', { id }),
};
