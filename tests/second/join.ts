/* proto/join.md: the code, the digits, the messages. */
import { Bytes, NONE, must, utf8 } from './bytes';
import { HC } from './hc';
import { printRecoveryCode, readRecoveryCode } from './keystore';
import { Value, encode } from './msgpack';

export interface Code { secret: Bytes; addresses: string[]; hubs: string[]; key: Bytes | null }

const ADDRESS = /^(?=.*:)[A-Za-z0-9.:[\]\-_%]{1,100}$/;

/* code = secret [ "@" address *3( "," address ) ] [ "~" address *1( "," address ) ] [ "#" key ] */
export function readCode(text: string): Code {
	must(text.length <= 768, 'too long');
	const parts = /^([^@~#]*)(?:@([^~#]*))?(?:~([^#]*))?(?:#(.*))?$/s.exec(text);

	must(parts !== null, 'not a code');
	const list = (part: string | undefined, max: number): string[] => {
		const addresses = part === undefined ? [] : part.split(',');

		must(addresses.length <= max && addresses.every((a) => ADDRESS.test(a)), 'not an address');
		return addresses;
	};

	return {
		secret: readRecoveryCode(parts[1]), addresses: list(parts[2], 4), hubs: list(parts[3], 2),
		key: parts[4] === undefined ? null : readRecoveryCode(parts[4]),
	};
}

export function printCode(c: Code): string {
	return printRecoveryCode(c.secret) + (c.addresses.length > 0 ? `@${c.addresses.join(',')}` : '')
		+ (c.hubs.length > 0 ? `~${c.hubs.join(',')}` : '') + (c.key !== null ? `#${printRecoveryCode(c.key)}` : '');
}

export function joinPsk(secret: Bytes): Bytes {
	return HC(32, secret, 'fb1/join/psk');
}

export function keyHash(noisePk: Bytes): Bytes {
	return HC(16, NONE, 'fb1/join/key', noisePk);
}

export function commitment(nonce: Bytes, h: Bytes): Bytes {
	return HC(32, nonce, 'fb1/join/commit', h);
}

export function digits(h: Bytes, newcomer: Bytes, inviter: Bytes): string {
	const sas = HC(16, h, 'fb1/join/sas', newcomer, inviter);
	const n = sas.slice(0, 8).reduce((sum, b) => (sum << 8n) | BigInt(b), 0n);

	return String(n % 1000000n).padStart(6, '0');
}

/* What each side says once the link is open, in order. */
export function conversation(h: Bytes, newcomer: Bytes, inviter: Bytes, request: string, welcome: Bytes[]): Bytes[][] {
	const total = welcome.reduce((sum, part) => sum + part.length, 0);
	const messages: Value[][][] = [
		[[1, utf8(request), null, commitment(newcomer, h)]],
		[[2, inviter]],
		[[3, newcomer]],
		[[4, total], ...welcome.map((part): Value[] => [5, part])],
		[[6]],
	];

	return messages.map((turn) => turn.map(encode));
}
