/* proto/vectors/relay.json against relay.md. */
import { Bytes, NONE, hex, unhex, utf8 } from './bytes';
import { Case, Count } from './count';
import { HC } from './hc';
import { Cipher, Handshake } from './noise';
import { message, offeredPsk } from './relay';
import { writeFrame } from './sync';

/* `said`: what BYTES of each side carry. */
function checkLink(part: string, k: Case, psk: Bytes, offered: Bytes, said: { initiator: string; hub: string }, c: Count): void {
	const side = (initiator: boolean) => new Handshake({
		prologue: utf8(k.prologue), psk, initiator,
		staticSk: unhex(initiator ? k.initiator_static : k.hub_static),
		ephemeralSk: unhex(initiator ? k.initiator_ephemeral : k.hub_ephemeral),
	});
	const sides = [side(true), side(false)];
	const hands = [0, 1, 2].map((i) => {
		const bytes = sides[i % 2].write(NONE);

		sides[1 - (i % 2)].read(bytes);
		return bytes;
	});
	const send: Cipher[] = sides.map((s) => s.split()[0]);

	c.same(part, 'psk', k.psk, () => psk);
	k.steps.forEach((x: Case, i: number) => {
		const hub = x.who === 'hub';
		const content = { psk: offered, bytes: hub ? said.hub : said.initiator };

		c.same(part, `${x.who}: ${x.says}`, x.bytes, () => (i < 3 ? hands[i] : writeFrame(send[hub ? 1 : 0], message(x.says, content))));
	});
}

export function checkRelay(v: Case, c: Count): void {
	const offered = offeredPsk(unhex(v.newcomers_link.secret));

	c.check('inviters_link', 'what is offered is what the newcomer will have', () => hex(offered) === v.inviters_link.offered);
	checkLink('inviters_link', v.inviters_link, HC(32, unhex(v.inviters_link.network_key), 'fb1/noise/psk'), offered,
		{ initiator: v.from_inviter, hub: v.from_newcomer }, c);
	checkLink('newcomers_link', v.newcomers_link, offered, offered, { initiator: v.from_newcomer, hub: v.from_inviter }, c);
}
