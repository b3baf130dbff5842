/* proto/vectors/transport.json against transport.md, 1 and 2. */
import { Case, Count } from './count';
import { readAddress } from './transport';

export function checkTransport(v: Case, c: Count): void {
	for (const x of v.addresses) {
		if (!x.ok) {
			c.refuses('addresses', x.address, () => readAddress(x.address));
			continue;
		}
		c.check('addresses', x.address, () => {
			const a = readAddress(x.address);

			return a.tls === x.tls && a.host === x.host && a.port === x.port && a.path === x.path && a.authority === x.authority;
		});
	}
}
