/* Reports, the ledger of those published, and targets. */
import { call } from './client';
import type { FilesOut } from './files';
import type { Id } from './types';

export interface Cell { key: string; label: string; value: number | null }
export type LineValue = number | string | null | readonly (Cell | string)[];
export interface ReportLine {
	id: string; label: string; value: LineValue; unit: string; n: number | null; rule: string | null;
	reconciles: boolean | null; suppressed: number | boolean; warnings: string[];
}
export interface Difference { id: string; key: string | null; was: LineValue; now: LineValue }
export interface Report {
	report: string; period: { from: string; to: string }; site?: string; digest: string; lines: ReportLine[];
	header?: { recipient: string | null; profile: string; profile_version: number; suppression: { k: number; percent_base: number; earlier_runs?: number } };
	completeness: {
		conflicts: number; unreadable?: number; suppression: { k: number; percent_base: number }; source?: string; sessions_open?: number;
		sessions_without_end?: number; visits_without_session?: number; devices?: { id: Id; device: string; last_entry: string | null }[];
		profile?: string; profile_version?: number;
	};
	footer?: { reconcile: { id: string; reconciles: boolean }[]; previous: { run: Id; at: string; differences: Difference[] } | null };
	run?: { id: Id; entry: string; at: string; by: string };
}
export interface Run { id: Id; report: string; from: string; to: string; site: string | null; at: string; by: string; digest: string }
export interface Target {
	name: string; label: string; unit: string; goal: number | null;
	variants: { name: string; label: string; line: string; value: LineValue; percent: number | null; rule: string }[];
}
export interface Ask { name: string; from: string; to: string; language: string; site?: string; recipient?: string }

export const figures = {
	report: (ask: Ask, s?: AbortSignal) => call<Report>('report', ask, s),
	publish: (ask: Ask) => call<Report>('report', { ...ask, publish: true }),
	file: (ask: Ask, format: string) => call<FilesOut>('report', { ...ask, format, output: `${ask.name}-${ask.from}-${ask.to}.${format}` }),
	runs: (s?: AbortSignal) => call<{ runs: Run[] }>('report runs', {}, s).then((a) => a.runs),
	targets: (from: string, to: string, language: string, s?: AbortSignal) =>
		call<{ targets: Target[] }>('targets', { from, to, language }, s).then((a) => a.targets),
};
