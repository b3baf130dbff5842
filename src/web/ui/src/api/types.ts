/* Shapes that operations answer with. What CONTRACT leaves open is optional here. */
export type Id = string;
export type Scalar = string | number | boolean;
export interface Claim { value: Value; by: string; member?: string; at: string }
export interface Conflict { conflict: Claim[] }
export type Value = Scalar | Scalar[] | null;
export type FieldValue = Value | Conflict;

export interface Note { id: Id; text: string; by: string; member?: string; at: string; corrects?: Id | null }
export interface HistoryRow { entry: string; by: string; seq: number; at?: string; fields?: string[] }
export interface Rec {
	id: Id; type: string; team?: string;
	fields: Record<string, FieldValue>;
	notes?: Note[];
	history?: HistoryRow[];
	match?: string; merged?: Rec[]; asked?: Id;
	created?: string; changed?: string; by?: string;
}
export interface Records { records: Rec[] }
export interface Saved { id: Id; entry: string; saved: boolean; copies: number }

export type Labels = Record<string, string>;
export interface Choice { code: string; label: Labels; rollup?: string; valid_from?: string; valid_to?: string }
export type FieldType = 'text' | 'integer' | 'decimal' | 'bool' | 'date' | 'time' | 'datetime' | 'choice' | 'ref' | 'language';
export interface FieldDef {
	name: string; number: number; type: FieldType; holds: 'one' | 'set' | 'sum';
	required: boolean; label: Labels; ref?: string; choices?: Choice[]; open?: boolean; off?: boolean; class?: string;
	hint?: Labels; intro?: Labels; default?: string; min?: number; max?: number; relevant?: { field: string; is: string[] };
	workflow?: { start?: string[]; next?: Record<string, string[]>; remind?: Record<string, number> };
}
export interface TypeDef { name: string; number: number; label: Labels; notes: boolean; class?: string; fields: FieldDef[] }
export interface ProfileDoc { profile: string; version: number; types: TypeDef[] }

export interface Peer {
	name: string; id: Id; last_seen: string | null; behind: number; ahead?: number; role?: string; in_step?: boolean; hub?: boolean;
	lacks_of?: { name: string; id: Id; entries: number; days: number }[];
}
export interface Fork { device: string; stream: Id; seq: number; entries: number }
export interface Status {
	org: string; org_id: string; device: Id | null; device_name: string; state_hash: string | null; frontier: string;
	entries: number; records: number; conflicts: number;
	custody: { only_here: number; also_hub: number; elsewhere: number };
	safe_to_wipe: boolean; peers: Peer[]; forks: Fork[];
	waiting_adoption: number; membership_age_days: number; warnings: string[]; removed?: boolean;
	keys_waiting?: number; disputes?: { by: string; target: string }[]; silent?: { name: string; id: Id; days: number | null }[];
	self_granted?: { name: string; id: Id; team: string }[];
	copies?: { name: string; id: Id; self: boolean; entries: [number, number] }[]; unreadable?: number; newer?: number; moved?: boolean;
	leaving?: boolean;
	paper_unconfirmed?: ('recovery_code' | 'kill_card')[];
}
export interface Member {
	member: string; device: string; id: Id; roles: string[]; teams: string[]; state: string; last_seen: string | null;
	self_granted?: string[]; self_granted_unseen?: string[]; removed_at?: string; removed_by?: string; reason?: string;
}
export interface Team { team: Id; name: string; readers: number }
export interface SyncPeer {
	name: string; id: Id; in_step: boolean; sent: number; received: number;
	bytes_sent: number; bytes_received: number; round_trips: number;
}
export interface SyncResult { peers: SyncPeer[]; keys_given?: number }
export interface BundleRead { entries: number; new: number; known: number; refused: number; held_back: number; complete: boolean; from: string }

export function isConflict(v: FieldValue | undefined): v is Conflict {
	return typeof v === 'object' && v !== null && !Array.isArray(v) && 'conflict' in v;
}
