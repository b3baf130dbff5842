/* Beacons, from proto/discovery.md. */
import { NONE, concat, must } from './bytes';
import { HC, box, unbox } from './hc';

export interface Beacon { device: Uint8Array; port: number; instance: Uint8Array; frontier: Uint8Array }

export const beaconKey = (network: Uint8Array): Uint8Array => HC(32, network, 'fb1/beacon');
export const joinBeaconKey = (secret: Uint8Array): Uint8Array => HC(32, secret, 'fb1/join/beacon');

export function sealBeacon(b: Beacon, key: Uint8Array, nonce: Uint8Array): Uint8Array {
	const plain = concat(b.device, Uint8Array.of(b.port >> 8, b.port & 255), b.instance, b.frontier);

	return concat(nonce, box(key, nonce, NONE, plain));
}

export function openBeacon(bytes: Uint8Array, key: Uint8Array): Beacon {
	must(bytes.length === 62, 'a beacon of another length');
	const plain = unbox(key, bytes.slice(0, 24), NONE, bytes.slice(24));

	return { device: plain.slice(0, 8), port: plain[8] * 256 + plain[9], instance: plain.slice(10, 14), frontier: plain.slice(14, 22) };
}
