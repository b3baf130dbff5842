/*
 * A page of somebody else's in the same browser, while the adviser's page is
 * open and unlocked: it tries every way a page has to reach an address, under
 * the node's own name and under another. Nothing happens and no byte is read.
 */
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { claim, part, same } from './lib/check.mjs';
import { Node } from './lib/node.mjs';
import { launch, person } from './lib/browser.mjs';

/* Each attempt, run in the hostile page. It gives what it could read: null is nothing. */
const ATTEMPTS = {
	fetch: async (base) => (await fetch(`${base}/api/v1/list`, { method: 'POST', body: '{"type":"visit"}' })).text(),
	'fetch with cookies': async (base) => (await fetch(`${base}/api/v1/session`, { credentials: 'include' })).text(),
	'fetch as JSON': async (base) => (await fetch(`${base}/api/v1/put`, { method: 'POST', credentials: 'include', headers: { 'Content-Type': 'application/json' }, body: '{"type":"visit","set":{"channel":"phone"}}' })).text(),
	'fetch with a guessed key': async (base) => (await fetch(`${base}/api/v1/put`, { method: 'POST', credentials: 'include', headers: { 'Content-Type': 'application/json', 'X-Faltbok-Key': '0'.repeat(64) }, body: '{"type":"visit"}' })).text(),
	'fetch without CORS': async (base) => (await fetch(`${base}/api/v1/put`, { method: 'POST', mode: 'no-cors', credentials: 'include', headers: { 'Content-Type': 'text/plain' }, body: '{"type":"visit","set":{"channel":"phone"}}' })).text().then((s) => s || null),
	'fetch of the page': async (base) => (await fetch(`${base}/`, { mode: 'no-cors', credentials: 'include' })).text().then((s) => s || null),
	beacon: async (base) => { navigator.sendBeacon(`${base}/api/v1/session`, '{"do":"lock"}'); return null; },
	image: (base) => new Promise((go) => { const i = new Image(); i.onload = () => go(`loaded ${i.width}`); i.onerror = () => go(null); i.src = `${base}/icon.svg`; }),
	'image of an operation': (base) => new Promise((go) => { const i = new Image(); i.onload = () => go('loaded'); i.onerror = () => go(null); i.src = `${base}/api/v1/status`; }),
	script: (base) => new Promise((go) => { const s = document.createElement('script'); s.onload = () => go('ran'); s.onerror = () => go(null); s.src = `${base}/app.js`; document.head.append(s); }),
	style: (base) => new Promise((go) => { const s = document.createElement('link'); s.rel = 'stylesheet'; s.onload = () => go('applied'); s.onerror = () => go(null); s.href = `${base}/app.css`; document.head.append(s); }),
	'script of the session': (base) => new Promise((go) => { const s = document.createElement('script'); s.onload = () => go('ran'); s.onerror = () => go(null); s.src = `${base}/api/v1/session`; document.head.append(s); }),
	frame: (base) => new Promise((go) => {
		const f = document.createElement('iframe');
		f.onload = () => { try { go(f.contentDocument?.body?.textContent || null); } catch { go(f.contentWindow.length > 0 ? 'frames counted' : null); } };
		f.src = `${base}/`;
		document.body.append(f);
	}),
	EventSource: (base) => new Promise((go) => { const e = new EventSource(`${base}/api/v1/events`, { withCredentials: true }); e.onopen = () => go('open'); e.onmessage = (m) => go(m.data); e.onerror = () => { e.close(); go(null); }; }),
	WebSocket: (base) => new Promise((go) => { const w = new WebSocket(`${base.replace('http', 'ws')}/api/v1/events`); w.onopen = () => go('open'); w.onmessage = (m) => go(m.data); w.onerror = () => go(null); }),
	form: (base) => new Promise((go) => {
		const name = `f${Math.random()}`, f = document.createElement('iframe'), form = document.createElement('form'), i = document.createElement('input');
		f.name = name;
		document.body.append(f, form);
		form.method = 'POST'; form.enctype = 'text/plain'; form.action = `${base}/api/v1/put`; form.target = name;
		i.name = '{"type":"visit","set":{"channel":"phone"},"x":"'; i.value = '"}';
		form.append(i);
		f.onload = () => { try { if (f.contentWindow.location.href !== 'about:blank') go(f.contentDocument.body.textContent || null); } catch { go(null); } };
		form.submit();
	}),
	worker: async (base) => { try { new Worker(`${base}/app.js`); return 'ran'; } catch { return null; } },
};

/* One request by hand, with headers as a rebound name would bring them: the status and whether a case is in the answer. */
function raw(port, lines, body = '') {
	return new Promise((go) => {
		let all = '';
		const s = connect(port, '127.0.0.1', () => s.end(`${lines.join('\r\n')}\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`));
		s.on('data', (d) => { all += d; });
		s.on('close', () => go({ status: Number(all.split(' ')[1] ?? 0), text: all }));
		s.on('error', () => go({ status: 0, text: all }));
	});
}

/* A browser whose resolver has been told that evil.example is this machine: its page would be of one origin with the node. */
async function rebound(node) {
	const deceived = await launch({ args: ['--no-sandbox', '--disable-background-networking', '--host-resolver-rules=MAP evil.example 127.0.0.1'] });
	const page = await (await deceived.newContext()).newPage();
	const answer = await page.goto(`http://evil.example:${node.port}/`);
	same('under a rebound name a browser gets no page', answer.status(), 403);
	for (const [name, read] of Object.entries({
		session: async () => (await fetch('/api/v1/session')).text(),
		token: async () => (await fetch('/api/v1/session', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"do":"token","token":"0"}' })).text(),
		search: async () => (await fetch('/api/v1/search', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"text":"HEMLIGT"}' })).text(),
		WebSocket: () => new Promise((go) => { const w = new WebSocket(`ws://${location.host}/api/v1/events`); w.onopen = () => go('"key"'); w.onerror = () => go('refused'); }),
		events: () => new Promise((go) => { const e = new EventSource('/api/v1/events'); e.onopen = () => go('"key"'); e.onerror = () => { e.close(); go('refused'); }; }),
	})) {
		const got = await page.evaluate(`(${read})().then((x) => x, () => 'refused')`);
		claim(`and no ${name}`, got.includes('refused') && !got.includes('"key"') && !got.includes('HEMLIGT'), got.slice(0, 120));
	}
	await deceived.close();
}

export async function hostile(browser) {
	await part('a hostile page', async () => {
		const node = new Node('hostile').found();
		node.run('put', 'visit', 'channel=phone', '--note', 'HEMLIGT om besökaren');
		const p = await person(browser);
		await p.open(await node.serve());
		await p.unlock();
		await p.button('session.open.do').waitFor();
		const count = async () => (await p.must('list', { type: 'visit', limit: 500 })).records.length;
		const before = await count();

		const evil = createServer((q, a) => a.setHeader('Content-Type', 'text/html').end('<!doctype html><title>evil</title><body>'));
		await new Promise((go) => evil.listen(0, '127.0.0.1', go));
		const other = await p.page.context().newPage(); // the same browser: the same cookies
		await other.goto(`http://127.0.0.1:${evil.address().port}/`);
		for (const [name, attempt] of Object.entries(ATTEMPTS)) {
			const read = await other.evaluate(`(${attempt})(${JSON.stringify(node.base)}).then((x) => x, () => null)`);
			claim(`by ${name} a hostile page reads nothing`, read === null, String(read).slice(0, 120));
		}
		const opened = await other.evaluate(async (base) => {
			const w = window.open(`${base}/`);
			await new Promise((go) => setTimeout(go, 0));
			try { return w === null || w.closed ? null : w.document.body.textContent || null; } catch { return null; }
		}, node.base);
		claim('by window.open a hostile page reads nothing', opened === null, String(opened));
		const popup = await other.context().pages().find((x) => x !== p.page && x !== other);
		if (popup !== undefined) {
			await popup.waitForLoadState();
			same('the window it opened does not know it', await popup.evaluate(() => window.opener), null);
			claim('and it does not reach into it', await popup.evaluate(() => !document.body.textContent.includes('HEMLIGT')));
			await popup.close();
		}
		same('and nothing was written', await count(), before);
		same('and it is still unlocked', (await p.ask('session current')).status, 200);

		/* The name evil.example that has come to mean 127.0.0.1: with the cookie's value and the key known, even. */
		const [cookie] = await p.page.context().cookies(node.base);
		const port = Number(node.port);
		for (const host of [`evil.example:${port}`, 'evil.example', `localhost.evil.example:${port}`, '127.0.0.1', `127.0.0.1:${port + 1}`, `127.0.0.1.evil.example:${port}`, '']) {
			for (const [path, method] of [['/', 'GET'], ['/api/v1/session', 'GET'], ['/api/v1/search', 'POST'], ['/api/v1/events', 'GET']]) {
				const got = await raw(port, [`${method} ${path} HTTP/1.1`, `Host: ${host}`, `Cookie: ${cookie.name}=${cookie.value}`, `X-Faltbok-Key: ${p.key}`, 'Content-Type: application/json'],
					method === 'POST' ? '{"text":"HEMLIGT"}' : '');
				claim(`${method} ${path} under the name "${host}" is refused`, (got.status >= 400 || got.text === '') && !got.text.includes('HEMLIGT') && !got.text.includes('<script'), `status ${got.status}`);
			}
		}
		/* What no browser sends, and a program that has stolen the cookie might: another protocol, two names, a name in the request line. */
		const own = [`Cookie: ${cookie.name}=${cookie.value}`, `X-Faltbok-Key: ${p.key}`];
		for (const [what, lines] of [
			['an upgrade to WebSocket', ['GET /api/v1/events HTTP/1.1', `Host: 127.0.0.1:${port}`, 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', ...own]],
			['an upgrade to HTTP/2', ['GET / HTTP/1.1', `Host: 127.0.0.1:${port}`, 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA', ...own]],
			['two names, the right one first', ['GET /api/v1/session HTTP/1.1', `Host: 127.0.0.1:${port}`, 'Host: evil.example', ...own]],
			['two names, the right one last', ['GET /api/v1/session HTTP/1.1', 'Host: evil.example', `Host: 127.0.0.1:${port}`, ...own]],
			['a name in the request line', ['GET http://evil.example/api/v1/session HTTP/1.1', `Host: 127.0.0.1:${port}`, ...own]],
			['a tunnel', [`CONNECT 127.0.0.1:${port} HTTP/1.1`, `Host: 127.0.0.1:${port}`, ...own]],
		]) {
			const got = await raw(port, lines);
			claim(`${what} is refused`, (got.status >= 400 || got.text === '') && !got.text.includes(p.key) && !got.text.includes('Sec-WebSocket-Accept'), `status ${got.status} ${got.text.slice(0, 80)}`);
		}
		await rebound(node);
		await p.close();
		await new Promise((go) => { evil.close(go); evil.closeAllConnections(); });
		await node.stop();
	});
}
