/* A real node in a home of its own, serving the page on an address of this machine. */
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const BIN = join(new URL('../../../', import.meta.url).pathname, process.env.BUILD ?? 'build');
export const PASSPHRASE = 'fem vanliga ord om hösten';
const here = mkdtempSync(join(tmpdir(), 'faltbok-ui-'));
const alive = new Set();
process.on('exit', () => {
	for (const child of alive) child.kill('SIGKILL');
	rmSync(here, { recursive: true, force: true });
});

export const scratch = (name) => join(here, name);

/*
 * A port that nothing listens on: a node that comes back is looked for where it was. A node listens only once it is unlocked, so the port
 * lies below those that a system gives to whoever names none: nobody else is given it in between.
 */
let lastPort = 10_000 + process.pid % 20 * 1000;
export async function freePort() {
	for (;;) {
		const server = createServer(), port = ++lastPort;
		const free = await new Promise((go) => server.once('error', () => go(false)).listen(port, '127.0.0.1', () => go(true)));
		if (!free) continue;
		await new Promise((go) => server.close(go));
		return port;
	}
}

/* What became of every node of a part, for the one who reads that it broke off. */
const nodes = new Set();
export function nodesSay() {
	return [...nodes].map((n) => `${n.name}: ${n.how === undefined ? 'runs' : `ended with ${n.how.join(' ')}`}${n.said === '' ? '' : `, and said: ${n.said.slice(-2000)}`}`);
}

export class Node {
	constructor(name) {
		this.name = name;
		this.home = join(here, name);
		this.pass = join(here, `${name}.pass`);
		writeFileSync(this.pass, `${PASSPHRASE}\n`);
	}

	/* One command of the node's own, while it does not serve. */
	run(...args) {
		return execFileSync(join(BIN, 'faltbok'), ['--home', this.home, '--passphrase-file', this.pass, '--json', '--kdf', 'interactive', ...args],
			{ encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28 });
	}

	found(org = 'RådRum Syd', team = 'lund') {
		this.run('init', '--org', org, '--member', 'Signe', '--device', this.name, '--kit', join(here, `${this.name}.kit`));
		this.run('team', 'add', team);
		this.run('grant', 'self', team);
		return this;
	}

	/* Lets another node in by files, as on a stick. */
	admit(other, member, role = 'advisor', team = role === 'auditor' || role === 'hub' ? undefined : 'lund') {
		const request = join(here, `${other.name}.request`), welcome = join(here, `${other.name}.welcome`);
		other.run('join', '--request', request, '--member', member, '--device', other.name);
		this.run('admit', request, '--role', role, ...(team !== undefined ? ['--team', team] : []), '--welcome', welcome);
		other.run('join', '--welcome', welcome, '--yes');
	}

	/* Gives another node what it lacks, on a stick. */
	giveTo(other) {
		const file = join(here, `${this.name}-${other.name}.bundle`);
		this.run('bundle', 'write', file);
		other.run('bundle', 'read', file);
	}

	/* Serves; `open` with the passphrase, else the page asks for it. Gives the address to open. */
	async serve({ open = false, peers = [] } = {}) {
		this.listen ??= await freePort();
		this.port ??= await freePort();
		const child = spawn(join(BIN, 'faltbok'), ['--home', this.home, ...(open ? ['--passphrase-file', this.pass] : []), '--json', '--kdf', 'interactive', 'serve',
			'--listen', `127.0.0.1:${this.listen}`, '--no-discovery', '--http', `127.0.0.1:${this.port}`, ...peers.flatMap((p) => ['--peer', `127.0.0.1:${p.listen}`])],
		{ stdio: ['ignore', 'pipe', 'pipe'] });
		alive.add(child);
		this.child = child;
		nodes.add(this);
		this.said = '';
		this.how = undefined;
		child.stderr.on('data', (d) => void (this.said += d));
		this.gone = new Promise((go) => child.on('exit', (...how) => { alive.delete(child); this.how = how; go(how); }));
		const line = await new Promise((go, no) => {
			createInterface({ input: child.stdout }).once('line', go);
			child.on('exit', (code) => no(new Error(`${this.name} ended with ${code}: ${this.said}`)));
		});
		this.url = JSON.parse(line).http;
		this.base = this.url.split('/#')[0];
		return this.url;
	}

	async stop(signal = 'SIGTERM') {
		this.child.kill(signal);
		await this.gone;
		nodes.delete(this);
	}
}
