/* Every object of an HSDS directory has what it must, nothing that is not in the specification, and values of the right kind. */
import { readFileSync } from 'node:fs';

const types = JSON.parse(readFileSync(new URL('fields.json', import.meta.url), 'utf8'));
const wrong = [];
const isUri = (v) => { try { return new URL(v).href !== ''; } catch { return false; } };
const kinds = {
	string: (v) => typeof v === 'string',
	number: (v) => typeof v === 'number',
	uuid: (v) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(v),
	uri: isUri,
	email: (v) => /^[^@ ]+@[^@ ]+\.[^@ ]+$/.test(v),
	date: (v) => /^\d{4}-\d\d-\d\d$/.test(v) && !Number.isNaN(Date.parse(v)),
	clock: (v) => /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?(Z|[+-]\d\d:?\d\d)?$/.test(v),
};
let objects = 0;

function value(kind, v, at) {
	if (Array.isArray(kind))
		Array.isArray(v) ? v.forEach((x, i) => object(kind[0], x, `${at}[${i}]`)) : wrong.push(`${at}: is no array`);
	else if (kind.object !== undefined)
		object(kind.object, v, at);
	else if (kind.of !== undefined ? !kind.of.includes(v) : !kinds[kind](v))
		wrong.push(`${at}: ${JSON.stringify(v)} is no ${kind.of ?? kind}`);
}

function object(type, o, at) {
	objects++;
	for (const name of types[type].required)
		if (o[name] === undefined)
			wrong.push(`${at}: ${type} lacks ${name}`);
	for (const [name, v] of Object.entries(o)) {
		if (types[type].fields[name] === undefined)
			wrong.push(`${at}: ${type} has no field ${name}`);
		else
			value(types[type].fields[name], v, `${at}.${name}`);
	}
}

JSON.parse(readFileSync(process.argv[2], 'utf8')).forEach((o, i) => object('organization', o, `[${i}]`));
for (const w of wrong)
	console.error(w);
console.log(`${objects} objects`);
process.exitCode = wrong.length === 0 && objects > 0 ? 0 : 1;
