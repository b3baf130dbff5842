/*
 * A second calculator of the report's figures, slow and plain: it reads a
 * trace, folds it by time, and counts what DOMAIN's rules say with fields
 * named right here. It knows nothing of the profile's lines.
 *
 *   node report.mjs make SEED                                  a random trace
 *   node report.mjs merges SEED TRACE                          duplicates found in it: merge KEEP OTHER, unmerge OTHER
 *   node report.mjs check TRACE REPORT.json FROM TO [MERGES]   agrees with what the program printed?
 */
import { readFileSync } from 'node:fs';

type Fields = Record<string, any>;
type Rec = { id: string; type: string; f: Fields };
type Line = { id: string; value: any; n: number | null; suppressed: boolean; reconciles: boolean | null };

function fold(path: string): Map<string, Rec> {
	const all = new Map<string, Rec>();
	const lines = readFileSync(path, 'utf8').split('\n').filter((l) => l !== '').map((l) => JSON.parse(l));

	for (const l of lines) {
		const r: Rec = all.get(l.id) ?? { id: l.id, type: l.type, f: {} };

		all.set(l.id, r);
		Object.assign(r.f, l.set ?? {});
		for (const [k, v] of Object.entries(l.add ?? {}))
			r.f[k] = [...(r.f[k] ?? []), ...[v].flat()];
	}
	return all;
}

/* What was merged counts nowhere, and whoever names it means the one that was kept. */
function merged(all: Map<string, Rec>, path: string | undefined): Map<string, Rec> {
	const kept = new Map<string, string>();
	const end = (id: string): string => (kept.has(id) ? end(kept.get(id)!) : id);
	const mean = (v: any): any => (Array.isArray(v) ? [...new Set(v.map(mean))] : typeof v === 'string' ? end(v) : v);

	for (const l of path === undefined ? [] : readFileSync(path, 'utf8').split('\n').filter((x) => x !== '')) {
		const [what, a, b] = l.split(' ');

		if (what === 'merge')
			kept.set(b, a);
		else
			kept.delete(a);
	}
	for (const id of kept.keys())
		all.delete(id);
	for (const r of all.values())
		for (const k of Object.keys(r.f))
			r.f[k] = mean(r.f[k]);
	return all;
}

function daysBefore(day: string, n: number): string {
	return new Date(Date.parse(day + 'T00:00:00Z') - n * 86400000).toISOString().slice(0, 10);
}

function tally(values: (string | undefined)[]): Map<string, number> {
	const m = new Map<string, number>();

	for (const v of values)
		m.set(v ?? 'no_value', (m.get(v ?? 'no_value') ?? 0) + 1);
	return m;
}

function parted(list: Fields[], by: string, what: string): Map<string, number> {
	const m = new Map<string, number>();

	for (const x of list)
		m.set(x[by] ?? 'no_value', Math.round(((m.get(x[by] ?? 'no_value') ?? 0) + x[what]) * 100) / 100);
	return m;
}

class Truth {
	figures = new Map<string, number>();
	tables = new Map<string, Map<string, number>>();
	behind = new Map<string, Set<string>>(); /* by language: who gave its hours */
	givers = new Set<string>();
	private of = (type: string) => [...this.all.values()].filter((r) => r.type === type);

	constructor(private all: Map<string, Rec>, from: string, private to: string) {
		const inside = (d?: string, a = from, b = to) => d !== undefined && d >= a && d <= b;
		const at = (id?: string) => (id === undefined ? undefined : all.get(id)?.f);
		const visitDay = (v?: Fields) => at(v?.session)?.date as string | undefined;
		const sessions = this.of('session').filter((s) => inside(s.f.date));
		const held = sessions.filter((s) => s.f.kind === 'advice' && s.f.status === 'held');
		const visits = this.of('visit').filter((v) => inside(visitDay(v.f))).map((v) => v.f);
		const cases = this.of('case').filter((c) => inside(c.f.opened ?? visitDay(at(c.f.visit)))).map((c) => c.f);
		const referrals = this.of('referral').map((r) => r.f).filter((r) => {
			const c = at(r.case);
			return inside(r.sent ?? c?.opened ?? visitDay(at(c?.visit)));
		});
		const hours = this.of('hours').map((h) => h.f).filter((h) => inside(h.date));
		const sum = (list: Fields[], k: string) => list.reduce((n, x) => n + (x[k] ?? 0), 0);
		const events = this.of('event').map((e) => e.f).filter((e) => inside(e.date));
		const kind = (k: string) => events.filter((e) => e.kind === k);
		const percent = (a: number, b: number) => Math.floor((100 * a) / b + 0.5);
		const set = (id: string, v: number) => { if (Number.isFinite(v)) this.figures.set(id, Math.round(v * 100) / 100); };
		const physical = held.filter((s) => s.f.mode === 'physical').length;
		const digital = held.filter((s) => s.f.mode === 'digital').length;
		const target = sum(this.of('target').map((t) => t.f).filter((t) => t.indicator === 'advice_sessions'), 'value');
		const window = this.of('visit').map((v) => v.f).filter((v) => inside(visitDay(v), '2019-09-01', '2020-05-31'));

		set('L06', target); set('L07', physical); set('L08', digital); set('L09', physical + digital);
		set('L10', percent(physical, target)); set('L10b', percent(physical + digital, target));
		set('L11', visits.length); set('L12', cases.length); set('L12b', cases.length / visits.length);
		set('L11b', new Set(visits.map((v) => v.visitor).filter((v) => v !== undefined)).size);
		set('L15', percent(visits.filter((v) => v.first_visit === 'yes').length, visits.length));
		set('L16', percent(window.filter((v) => v.first_visit === 'yes').length, window.length));
		set('L21', sum(hours.filter((h) => h.kind !== 'training'), 'hours'));
		set('L26', sum(kind('basic_training'), 'completed')); set('L27', sum(kind('basic_training'), 'ongoing'));
		set('L28', sum(kind('basic_training'), 'ongoing_ar'));
		set('L29', kind('volunteer_meeting').length); set('L30', kind('supervision').length);
		set('L32', kind('network_meeting').length); set('L34', kind('workshop').length);
		set('L39', this.of('volunteer').filter((v) => v.f.job_outcome === true && v.f.start <= to && !(v.f.end < from)).length);
		set('M2', percent(visits.filter((v) => v.gender === 'woman').length, visits.length));
		set('L41b', percent(visits.filter((v) => v.first_visit === 'no').length, visits.length));
		set('M13', percent(visits.filter((v) => v.child_related === true).length, visits.length));
		set('M3', this.of('volunteer').filter((v) => v.f.start <= to && !(v.f.end < from)).length);
		set('M4', this.of('volunteer').filter((v) => inside(v.f.start)).length);
		set('M14', sum(hours.filter((h) => h.kind !== 'training'), 'hours') / 160);
		this.tables.set('M1', tally(visits.map((v) => (visitDay(v) as string).slice(0, 4))));
		this.tables.set('L21b', parted(hours, 'kind', 'hours'));
		set('M8', visits.filter((v) => v.interpretation === 'phone').length);
		set('M10', referrals.filter((r) => r.to === 'vagen_in').length);
		for (const [id, field] of [['L13', 'gender'], ['L40', 'language'], ['L43', 'found_via']])
			this.tables.set(id, tally(visits.map((v) => v[field])));
		this.tables.set('M12', tally(cases.map((c) => c.responsible)));
		this.tables.set('M9', tally(referrals.filter((r) => r.direction === 'out').map((r) => r.to)));
		this.tables.set('L38', tally(events.filter((e) => ['steering', 'external_meeting'].includes(e.kind)).map((e) => e.kind)));
		this.active();
		this.languages(hours, (id) => at(id)?.language ?? ['no_value']);
		this.workshops(kind('workshop'));
	}

	/* At least 2 hours in each of the last 3 fortnights ending on the last day. */
	private active(): void {
		const hours = this.of('hours').map((h) => h.f);
		const active = this.of('volunteer').filter((v) => [0, 1, 2].every((w) =>
			hours.filter((h) => h.volunteer === v.id && h.date > daysBefore(this.to, 14 * (w + 1)) && h.date <= daysBefore(this.to, 14 * w))
				.reduce((n, h) => n + h.hours, 0) >= 2));

		this.tables.set('L23', tally(active.map((v) => v.f.gender)));
		this.tables.set('L24', tally(active.map((v) => v.f.migration_experience === undefined ? undefined : String(v.f.migration_experience))));
	}

	/* An hour counts for each language of who gave it. */
	private languages(hours: Fields[], spoken: (id?: string) => string[]): void {
		const sums = new Map<string, number>();

		for (const h of hours.filter((x) => x.hours !== undefined))
			for (const l of new Set(spoken(h.volunteer))) {
				sums.set(l, Math.round(((sums.get(l) ?? 0) + h.hours) * 100) / 100);
				this.behind.set(l, (this.behind.get(l) ?? new Set()).add(h.volunteer));
				this.givers.add(h.volunteer);
			}
		this.tables.set('L40b', sums);
	}

	private workshops(list: Fields[]): void {
		const parts = new Map<string, number>();

		for (const e of list)
			for (const [k, v] of Object.entries(e))
				if (k.startsWith('attended_') && k !== 'attended_stated')
					parts.set(k, (parts.get(k) ?? 0) + v);
		this.tables.set('L35', parts);
	}
}

const PERSONS = new Set(['L11', 'L11b', 'L12', 'L13', 'L23', 'L24', 'L39', 'L40', 'L43', 'M1', 'M3', 'M4', 'M8', 'M9', 'M10', 'M12']);

/* What is shown must be so; what is small must not be shown. Says what is not. */
function compare(truth: Truth, lines: Line[]): string[] {
	const wrong: string[] = [];
	const line = (id: string) => lines.find((l) => l.id === id)!;
	const told = (id: string, got: number | null, want: number) => {
		if (got !== null && got !== want)
			wrong.push(`${id}: printed ${got}, counted ${want}`);
		if (PERSONS.has(id.split('.')[0]) && got !== null && want > 0 && want < 5)
			wrong.push(`${id}: printed ${got} persons`);
		if (got === null && !line(id.split('.')[0]).suppressed && !['L10', 'L10b', 'L12b', 'L15', 'L16', 'L41b', 'M2', 'M13', 'M14'].includes(id) && want !== 0)
			wrong.push(`${id}: says nothing, counted ${want}`);
	};

	for (const [id, want] of truth.figures)
		told(id, line(id).value, want);
	for (const [id, want] of truth.tables) {
		for (const cell of line(id).value as { key: string; value: number | null }[])
			told(`${id}.${cell.key}`, cell.value, want.get(cell.key) ?? NaN);
		if (line(id).value.length !== want.size)
			wrong.push(`${id}: ${line(id).value.length} rows, counted ${want.size}`);
	}
	/* Who stands in all of some shown languages and in none of the others: nobody, or five and more. */
	const shown = (line('L40b').value as { key: string; value: number | null }[]).filter((c) => c.value !== null);
	const alike = tally([...truth.givers].map((who) => shown.map((c) => (truth.behind.get(c.key)?.has(who) ? 'x' : '-')).join('')));

	for (const [which, n] of shown.length === 0 ? [] : alike)
		if (n < 5)
			wrong.push(`L40b: the hours of ${n} can be worked out (${which})`);
	return wrong;
}

/* ---- a random trace ---- */

function make(seed: number): string {
	let state = seed * 2654435761 >>> 0;
	const draw = (n: number) => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return Math.floor((state / 4294967296) * n); };
	const pick = <T>(list: T[]): T => list[draw(list.length)];
	const id = () => Array.from({ length: 32 }, () => draw(16).toString(16)).join('');
	const day = () => new Date(Date.UTC(2019, 5, 1) + draw(700) * 86400000).toISOString().slice(0, 10);
	const out: string[] = [];
	const put = (type: string, set: Fields, add?: Fields): string => {
		const r = id();
		out.push(JSON.stringify({ t: '2020-01-01T10:00:00+01:00', by: 'test', type, id: r, set, add }));
		return r;
	};
	const maybe = (f: Fields): Fields => Object.fromEntries(Object.entries(f).filter(() => draw(12) > 0));
	const site = put('site', { name: 'Linero bibliotek', kind: 'regular' });
	const sessions = Array.from({ length: 5 + draw(20) }, () => put('session', { site, date: day(),
		kind: pick(['advice', 'advice', 'outreach']), mode: pick(['physical', 'digital']), status: pick(['held', 'held', 'planned', 'cancelled']) }));
	const volunteers = Array.from({ length: 1 + draw(25) }, () => put('volunteer', { start: '2019-06-01', ...maybe({
		gender: pick(['woman', 'man']), migration_experience: draw(2) === 0, job_outcome: draw(3) === 0 }) }, maybe({ language: ['sv', 'ar', 'en', 'ti'].filter((_, k) => draw(k * k + 2) < 2) })));

	const visitors = Array.from({ length: 4 + draw(30) }, (_, i) => put('visitor', { code: `b${i}-${seed}` }));

	put('target', { indicator: 'advice_sessions', value: 1 + draw(40) });
	for (let i = draw(120); i > 0; i--) {
		const visit = put('visit', { session: pick(sessions), ...maybe({ first_visit: pick(['yes', 'no', 'unknown']), gender: pick(['woman', 'woman', 'man', 'other']),
			language: pick(['ar', 'ar', 'ar', 'fa', 'uk', 'so']), interpretation: pick(['phone', 'adviser_speaks']), found_via: pick(['library', 'library', 'web', 'sfi']), visitor: pick(visitors) }) });

		for (let c = draw(3); c > 0; c--) {
			const made = put('case', { visit, ...maybe({ opened: day(), responsible: pick(['municipality', 'municipality', 'migrationsverket', 'company', 'association', 'court']) }) });

			if (draw(4) === 0)
				put('referral', { case: made, direction: pick(['in', 'out', 'internal']), to: pick(['medborgarcenter', 'vagen_in', 'linero']) });
		}
	}
	for (let i = draw(200); i > 0; i--)
		put('hours', { volunteer: pick(volunteers), date: pick([day(), daysBefore('2021-04-15', draw(50))]), hours: pick([0.5, 1, 2.5]), kind: pick(['advice', 'meeting', 'training']) });
	for (let i = draw(12); i > 0; i--)
		put('event', { kind: pick(['workshop', 'basic_training', 'steering', 'supervision', 'network_meeting']), date: day(),
			...maybe({ attended_private: draw(20), attended_church: draw(4), attended_stated: draw(25), completed: draw(20), ongoing: draw(9), ongoing_ar: draw(5) }) });
	return out.join('\n') + '\n';
}

/* Two of a kind are found to be one, a third joins them, and now and then somebody was wrong. */
function merges(seed: number, all: Map<string, Rec>): string {
	const out: string[] = [];
	let at = seed;

	for (const type of ['visitor', 'visit', 'volunteer']) {
		const ids = [...all.values()].filter((r) => r.type === type).map((r) => r.id);
		const [a, b, c, d] = [0, 1, 2, 3].map((k) => ids[(at + k) % Math.max(ids.length, 1)]);

		at += 7;
		if (new Set([a, b, c, d]).size < 4)
			continue;
		out.push(`merge ${a} ${b}`, `merge ${c} ${a}`);
		if (at % 2 === 0)
			out.push(`merge ${c} ${d}`, `unmerge ${d}`);
	}
	return out.join('\n') + '\n';
}

const [command, a, b, from, to, by] = process.argv.slice(2);

if (command === 'make') {
	process.stdout.write(make(Number(a)));
} else if (command === 'merges') {
	process.stdout.write(merges(Number(a), fold(b)));
} else {
	const wrong = compare(new Truth(merged(fold(a), by), from, to), JSON.parse(readFileSync(b, 'utf8')).lines);

	for (const w of wrong)
		console.log(w);
	process.exitCode = wrong.length === 0 ? 0 : 1;
}
