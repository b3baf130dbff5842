/* proto/vectors/discovery.json against discovery.md. */
import { hex, unhex } from './bytes';
import { Case, Count } from './count';
import { beaconKey, joinBeaconKey, openBeacon, sealBeacon } from './discovery';

export function checkDiscovery(v: Case, c: Count): void {
	for (const x of v.beacons) {
		const key = (x.kind === 'join' ? joinBeaconKey : beaconKey)(unhex(x.secret));
		const b = { device: unhex(x.device), port: x.port, instance: unhex(x.instance), frontier: unhex(x.frontier) };

		c.same('keys', x.name, x.key, () => key);
		if (!x.opens) {
			c.refuses('beacons', x.name, () => openBeacon(unhex(x.beacon), key));
			continue;
		}
		c.same('beacons', `${x.name}, sealed`, x.beacon, () => sealBeacon(b, key, unhex(x.nonce)));
		c.check('beacons', `${x.name}, opened`, () => {
			const got = openBeacon(unhex(x.beacon), key);

			return hex(got.device) === x.device && got.port === x.port && hex(got.instance) === x.instance && hex(got.frontier) === x.frontier;
		});
	}
}
