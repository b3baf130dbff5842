/* proto/relay.md: the two links that meet in a hub. */
import { Bytes, must, utf8 } from './bytes';
import { HC } from './hc';
import { Value, encode } from './msgpack';

export function offeredPsk(secret: Bytes): Bytes {
	return HC(32, secret, 'fb1/join/hub');
}

/* A message by its name; NO is followed by its reason. */
export function message(says: string, content: { psk: Bytes; bytes: string }): Bytes {
	const [name, reason] = says.split(' ');
	const messages: Record<string, Value[]> = {
		OFFER: [1, content.psk],
		HELD: [2],
		KNOCK: [3],
		BYTES: [4, utf8(content.bytes)],
		GONE: [5],
		STILL: [6],
		NO: [7, Number(reason)],
	};

	must(name in messages, 'no such message');
	return encode(messages[name]);
}
