/* Addresses of WebSockets: proto/transport.md, 1 and 2. */
import { must, refuse } from './bytes';

export interface Address {
	tls: boolean;
	host: string;
	port: number;
	path: string;
	authority: string; /* what the request's Host says */
}

export function readAddress(text: string): Address {
	must(text.length <= 100, 'an address of more than 100 characters');
	const m = /^(wss?):\/\/(?:([A-Za-z0-9.-]{1,64})|\[([0-9A-Fa-f:.]{1,64})\])(?::([0-9]+))?(\/[A-Za-z0-9._\/-]*)?$/i.exec(text) ?? refuse('no address of a WebSocket');
	const tls = m[1].toLowerCase() === 'wss';
	const own = tls ? 443 : 80;
	const v6 = m[3] !== undefined;
	const port = m[4] === undefined ? own : Number(m[4]);

	must(!v6 || (!tls && m[3].includes(':')), 'an IPv6 address where none can be');
	must(m[4] === undefined || (!m[4].startsWith('0') && port <= 65535), 'no port');
	const host = v6 ? m[3] : m[2];
	const shown = v6 ? `[${host}]` : host;

	return { tls, host, port, path: m[5] ?? '/', authority: port === own ? shown : `${shown}:${port}` };
}
