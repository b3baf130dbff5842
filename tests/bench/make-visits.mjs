// Ten years in eleven municipalities: 100,000 visits and what belongs to them, as a trace. The same every time.
//   node make-visits.mjs VISITS FILE
import { createWriteStream } from 'node:fs';

const visits = Number(process.argv[2]);
const out = createWriteStream(process.argv[3]);
let state = 7;
const draw = (n) => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return Math.floor((state / 4294967296) * n); };
const pick = (list) => list[draw(list.length)];
const skewed = (list) => list[Math.min(draw(list.length), draw(list.length))];
const id = () => Array.from({ length: 4 }, () => (draw(65536) * 65536 + draw(65536)).toString(16).padStart(8, '0')).join('');
const day = () => new Date(Date.UTC(2011, 6, 1) + draw(3650) * 86400000).toISOString().slice(0, 10);
const put = (type, set, add) => {
	const r = id();
	out.write(JSON.stringify({ t: '2021-04-15T10:00:00+02:00', by: 'bench', type, id: r, set, ...(add ? { add } : {}) }) + '\n');
	return r;
};
const towns = ['Lund', 'Eslöv', 'Malmö', 'Kristianstad', 'Helsingborg', 'Landskrona', 'Hässleholm', 'Trelleborg', 'Höör', 'Södertälje', 'Uppsala'];
const sites = towns.flatMap((municipality) => ['regular', 'popup', 'digital'].map((kind) => put('site', { name: `${municipality} ${kind}`, kind, municipality })));
const sessions = Array.from({ length: Math.ceil(visits / 9) }, () => put('session', { site: pick(sites), date: day(), kind: skewed(['advice', 'advice', 'outreach']),
	mode: pick(['physical', 'digital']), status: skewed(['held', 'held', 'held', 'cancelled', 'planned']) }));
const volunteers = Array.from({ length: Math.ceil(visits / 300) }, () => put('volunteer', { start: day(), gender: pick(['woman', 'man']), migration_experience: draw(2) === 0 },
	{ language: [pick(['sv', 'ar', 'fa', 'uk', 'so'])] }));

put('target', { indicator: 'advice_sessions', value: 128 });
for (let i = 0; i < visits; i++) {
	const visit = put('visit', { session: pick(sessions), first_visit: pick(['yes', 'no', 'unknown']), gender: skewed(['woman', 'man', 'other', 'missing']),
		age: skewed(['30-64', '18-29', '65+', '0-17', 'unknown']), citizenship: skewed(['outside_europe', 'other_europe', 'se', 'nordic', 'stateless', 'unknown']),
		occupation: skewed(['establishment', 'sfi', 'studies', 'work', 'jobseeker', 'retired']), language: skewed(['ar', 'fa', 'uk', 'so', 'ti', 'prs', 'ru', 'be', 'en']),
		interpretation: pick(['adviser_speaks', 'phone', 'relative', 'not_possible']), found_via: skewed(['relative_friend', 'library', 'sfi', 'web', 'municipality']), child_related: draw(3) === 0 });
	const made = put('case', { visit, responsible: skewed(['municipality', 'migrationsverket', 'forsakringskassan', 'company', 'skatteverket', 'csn', 'court']),
		topic: skewed(['migration', 'housing', 'income_support', 'health']), opened: day() });

	if (draw(9) === 0)
		put('referral', { case: made, direction: pick(['in', 'out', 'internal']), to: skewed(['medborgarcenter', 'linero', 'vagen_in']) });
	if (draw(4) === 0)
		put('hours', { volunteer: pick(volunteers), date: day(), hours: pick([0.5, 1, 2.5]), kind: pick(['advice', 'meeting', 'training']) });
}
out.end();
