/* proto/vectors/join.json against join.md. */
import { NONE, concat, hex, unhex, utf8 } from './bytes';
import { Case, Count } from './count';
import { conversation, digits, joinPsk, keyHash, printCode, readCode } from './join';
import { Cipher, Handshake } from './noise';
import { writeFrame } from './sync';

function checkCodes(v: Case, c: Count): void {
	for (const x of v.codes) {
		if (!x.accept) {
			c.refuses('codes', x.name, () => readCode(x.text));
			continue;
		}
		c.same('codes', x.name, x.printed, () => printCode(readCode(x.text)));
		c.check('codes', `${x.name}, its parts`, () => {
			const code = readCode(x.text);

			return hex(code.secret) === x.secret && code.addresses.join() === x.addresses.join() && code.hubs.join() === x.hubs.join()
				&& (code.key === null ? undefined : hex(code.key)) === x.key;
		});
	}
}

function checkConversation(k: Case, c: Count): void {
	const side = (who: string) => new Handshake({
		prologue: utf8(k.prologue), psk: joinPsk(unhex(k.secret)), initiator: who === 'newcomer',
		staticSk: unhex(k[`${who}_static`]), ephemeralSk: unhex(k[`${who}_ephemeral`]),
	});
	const sides = [side('newcomer'), side('inviter')];
	const hands = [0, 1, 2].map((i) => {
		const message = sides[i % 2].write(NONE);

		sides[1 - (i % 2)].read(message);
		return message;
	});
	const send: Cipher[] = sides.map((s) => s.split()[0]);
	const [newcomer, inviter] = [unhex(k.newcomer_nonce), unhex(k.inviter_nonce)];
	const welcome = utf8(k.welcome);
	const said = conversation(sides[0].hash, newcomer, inviter, k.request, [welcome.slice(0, 5), welcome.slice(5)])
		.map((turn, i) => concat(...turn.map((m) => writeFrame(send[i % 2], m))));
	const bytes = [hands[0], hands[1], concat(hands[2], said[0]), ...said.slice(1)];

	c.same('conversation', 'psk', k.psk, () => joinPsk(unhex(k.secret)));
	c.same('conversation', "the inviter's key", k.inviter_key_hash, () => keyHash(sides[0].remoteStatic));
	k.bytes.forEach((x: Case, i: number) => c.same('conversation', x.name, x.bytes, () => bytes[i]));
	c.same('conversation', 'digits', k.digits, () => digits(sides[1].hash, newcomer, inviter));
}

export function checkJoin(v: Case, c: Count): void {
	checkCodes(v, c);
	for (const x of v.digits)
		c.same('digits', x.digits, x.digits, () => digits(unhex(x.h), unhex(x.newcomer_nonce), unhex(x.inviter_nonce)));
	checkConversation(v.conversation, c);
}
