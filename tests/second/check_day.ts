/* proto/vectors/day.json against day.md. */
import { hex, unhex } from './bytes';
import { Case, Count } from './count';
import { cardLetters, grouped, hoursId, ofVisit, readCode, slipLetters, ticketLetters } from './day';

export function checkDay(v: Case, c: Count): void {
	for (const x of v.slips) {
		const one = slipLetters(unhex(x.case)), two = x.referral === undefined ? '' : `:${slipLetters(unhex(x.referral))}`;

		c.check('slips', x.case, () => grouped(one, 4) === x.code && `FALTBOK:S:${one}${two}` === x.scanned);
		c.same('slips', `${x.case}, read`, x.case, () => readCode(x.code) as Uint8Array);
		c.same('slips', `${x.case}, scanned`, x.case, () => readCode(x.scanned) as Uint8Array);
	}
	for (const x of v.cards)
		c.check('cards', x.random, () => {
			const code = cardLetters(unhex(x.random));

			return grouped(code, 5) === x.code && `FALTBOK:C:${code}` === x.scanned && readCode(x.code) === code;
		});
	for (const x of v.refused) c.refuses('refused', x.why, () => readCode(x.text));
	const all = v.letters.map((x: Case) => unhex(x.device));

	v.letters.forEach((x: Case, i: number) => c.check('letters', hex(all[i]), () => ticketLetters(all[i], all) === x.letters));
	for (const what of ['case', 'action', 'en anteckning']) c.same('ids', what, v.ids[what], () => ofVisit(unhex(v.ids.visit), what));
	c.same('ids', 'hours', v.ids.hours, () => hoursId(unhex(v.ids.session), unhex(v.ids.volunteer)));
}
