/* Erasure, retention, the right of access, incidents, the programme and the whole archive. */
import { call } from './client';
import type { FileIn, FilesOut } from './files';
import type { Id, Rec, Records } from './types';

export interface DeviceRow { member: string; device: string; id: Id; last_seen: string | null }
export interface Erasure {
	request: string; state: 'waiting' | 'approved'; by: string; approved_by: string | null; reason: string | null; entries: number;
	confirmed: DeviceRow[]; outstanding: DeviceRow[];
}
export interface WouldErase {
	records: { id: Id; type: string }[]; entries: number;
	counts: { report: string; id: string; label: string; key: string | null; was: number | null; now: number | null }[];
}
export interface DueRow { id: Id; type: string; rule: string; since: string; due: string; kept_by?: string }
export interface Retention {
	dry_run: boolean; today: string; due: DueRow[]; kept: DueRow[]; asked: { id: Id; request: string }[]; approved: string[]; order: Id | null;
}
export interface Order { id: Id; state: 'waiting' | 'standing' | 'ended' | 'void'; until: string; reason: string; by: string }
export interface AccessLog {
	device: string; reads: { at: string; op: string; record?: Id; what?: string }[];
	opened: { record: Id; at?: string; reason?: string; by: string; member?: string }[];
}
export interface LostDevice { incident: Id; removed: boolean; persons: number; cases: number; next: string[] }
export interface Archive {
	ok: boolean; org: string | { name: string }; made_at: string; made_by: unknown; profile: unknown; records: unknown;
	known_signer: { id: Id; name: string; removed: boolean } | null; note_key: string; files: number;
}
export interface Stale { stale: { id: Id; type: string; name: string; assured: string | null; age_days: number | null }[]; checked: number; days: number }
export interface Verified { ok: boolean; entries: number; logs: number; findings: string[] }

export const care = {
	erasures: (s?: AbortSignal) => call<{ erasures: Erasure[] }>('erase status', {}, s).then((a) => a.erasures),
	wouldErase: (id: string) => call<WouldErase>('erase', { id, 'dry-run': true }),
	askErase: (id: string, reason: string) => call<{ request: string }>('erase', { id, reason }),
	approveErase: (id: string) => call('erase approve', { id }),
	retention: (dry: boolean, s?: AbortSignal) => call<Retention>('retention', dry ? { 'dry-run': true } : {}, s),
	orders: (s?: AbortSignal) => call<{ orders: Order[] }>('retention order', {}, s).then((a) => a.orders),
	propose: (until: string, reason: string) => call('retention order', { until, ...(reason !== '' ? { reason } : {}) }),
	approveOrder: (id: Id) => call('retention approve', { id }),
	endOrder: (id: Id) => call('retention approve', { id, end: true }),
	accessExport: (who: string, format: 'text' | 'json', hidden: boolean) => call<FilesOut & { records: number; third_persons: number }>('access-export', {
		who, format, output: format === 'json' ? 'registerutdrag.json' : 'registerutdrag.txt', ...(hidden ? { protected: true } : {}),
	}),
	accessLog: (s?: AbortSignal) => call<AccessLog>('access log', {}, s),
	breakGlass: (id: Id, reason: string) => call<Rec>('break-glass', { id, reason }),
	clock: (id: Id, s?: AbortSignal) => call<{ rule: string | null; since: string | null; due: string | null }>('retention clock', { id }, s),
	incidents: (s?: AbortSignal) => call<Records>('list', { type: 'incident' }, s).then((a): Rec[] => a.records),
	lost: (device: Id) => call<LostDevice>('incident lost-device', { device }),
	incidentFile: (id: Id) => call<FilesOut & { missing: string[] }>('incident export', { id, output: 'incident.txt' }),
	registerText: (kind: 'art30' | 'dpia') => call<{ text: string }>(`register ${kind}`, { format: 'text' }),
	registerFile: (kind: 'art30' | 'dpia') => call<FilesOut>(`register ${kind}`, { format: 'html', output: `${kind}.html` }),
	checkProfile: (file: FileIn) => call<{ ok: boolean; profile: string; version: number; types: number; warnings: string[] }>('profile check', { file }),
	installProfile: (file: FileIn) => call<{ profile: string; version: number }>('profile install', { file }),
	archive: (output: string) => call<FilesOut & { records: number; state_hash: string }>('export', { all: true, output }),
	checkArchive: (file: FileIn) => call<Archive>('export check', { file }),
	stale: (s?: AbortSignal) => call<Stale>('directory check', {}, s),
	verify: () => call<Verified>('verify'),
};
