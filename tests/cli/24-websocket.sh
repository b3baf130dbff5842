#!/bin/bash
# A hub behind an ordinary nginx with TLS: found, joined, kept in step with over wss alone.
. "$(dirname "$0")/lib.sh"
command -v nginx >/dev/null || PATH=$PATH:/usr/sbin
unset https_proxy HTTPS_PROXY no_proxy NO_PROXY

free_port() { node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }
in_step_with_hub() { fb "$1" --json sync --peer "$url" | jq -e '.peers[0].in_step' >/dev/null; }

# ---- a certificate authority of our own, nginx with the packaged configuration ----
certificate() { # NAME HOST: $work/NAME-ca.pem, $work/NAME.pem, $work/NAME.key
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/$1-ca.key" -out "$work/$1-ca.pem" -days 2 -subj "/CN=$1 prov" \
		-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign &&
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/$1.key" -out "$work/$1.csr" -subj "/CN=$2" &&
		printf 'subjectAltName=DNS:%s\nextendedKeyUsage=serverAuth\n' "$2" >"$work/$1.ext" &&
		openssl x509 -req -in "$work/$1.csr" -CA "$work/$1-ca.pem" -CAkey "$work/$1-ca.key" -CAcreateserial -days 2 -extfile "$work/$1.ext" -out "$work/$1.pem"
}
certificate good localhost >/dev/null 2>&1
certificate other localhost >/dev/null 2>&1
export SSL_CERT_FILE=$work/good-ca.pem
https_port=$(free_port)
ws_at=$(free_port)
url=wss://localhost:$https_port/faltbok

configure() { # CERTIFICATE [SECONDS of patience]
	mkdir -p "$work/nginx"
	{
		echo "daemon off; worker_processes 1; pid $work/nginx/pid; error_log $work/nginx/error.log crit;"
		[ "$(id -u)" = 0 ] && echo 'user root;' # the directory of the test is its own
		echo 'events { worker_connections 256; } http {'
		for d in client_body proxy fastcgi uwsgi scgi; do echo "${d}_temp_path $work/nginx/$d;"; done
		sed -e "s/listen 443 ssl/listen 127.0.0.1:$https_port ssl/; /listen \[::\]/d; s/hub.example.org/localhost/; s/127.0.0.1:8046/127.0.0.1:$ws_at/" \
			-e "s#/etc/letsencrypt/live/[^/]*/fullchain.pem#$work/$1.pem#; s#/etc/letsencrypt/live/[^/]*/privkey.pem#$work/$1.key#" \
			-e "s#/var/log/nginx/#$work/nginx/#; s/\(proxy_\(read\|send\)_timeout *\)60s/\1${2:-60}s/" packaging/nginx/faltbok.conf
		echo '}'
	} >"$work/nginx/conf"
}
start_nginx() {
	nginx -q -p "$work/nginx" -c "$work/nginx/conf" 2>>"$work/nginx/start.err" &
	nginx_pid=$!
	background="$background $nginx_pid"
	until_true 150 sh -c "curl -sk -o /dev/null --max-time 2 https://127.0.0.1:$https_port/"
}
# The master and its worker at once, as when the machine behind the name goes away. The master first: it would make a new worker.
kill_nginx() {
	_workers=$(cat /proc/"$nginx_pid"/task/*/children 2>/dev/null)
	kill -9 "$nginx_pid" $_workers 2>/dev/null
	wait "$nginx_pid" 2>/dev/null
	claim 'nobody answers for nginx' until_true 150 sh -c "! nc -z 127.0.0.1 $https_port"
}
start_hub() { # [ADDRESS]: also there
	serving hub --json serve --listen "ws://127.0.0.1:$ws_at/faltbok" ${1:+--listen "$1"} --no-discovery
	hub_pid=$pid
}
stop() {
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	return 0
}

configure good 30
claim 'the packaged configuration is one that nginx takes' nginx -q -t -p "$work/nginx" -c "$work/nginx/conf"
claim 'nginx answers' start_nginx

# ---- an organisation that meets by wss alone ----
found
admitted hub hub
admitted ben advisor lund
exits 6 'nginx is there, and no hub behind it' fb anna sync --peer "$url"
says 'HTTP 502' 'what is wrong'
start_hub
same "$port" "$ws_at" 'the hub says its port'
claim 'Anna meets the hub over wss' fb anna sync --peer "$url"
claim 'and is in step' in_step_with_hub anna
fb anna --json sync --peer "$url" >"$work/sync.json"
same "$(jq -r '.peers[0].way' "$work/sync.json")" websocket 'the answer says by which way'
same "$(fb anna --json exchanges | jq -r '.exchanges[0].way')" websocket 'and so does the list of exchanges'
fb anna --quiet put case topic=housing --note 'skrivet av Anna' >/dev/null
claim 'without an address: the one of the WebSocket is remembered' fb anna sync --wait 20
says 'over a WebSocket' 'which way it went'
claim 'Ben gets it from the hub' in_step_with_hub ben
same "$(fb ben --json list case | jq '.records|length')" 1 'the case is at Ben'

# ---- joining through the hub ----
serving fb anna --json serve --no-discovery
anna_pid=$pid
code=$(fb anna --json invite --role advisor --team lund --hub-only --yes | jq -r .code)
same "${code#*~}" "$url" 'the code names the WebSocket'
claim 'the hub holds the offer' until_true 150 sh -c "'$bin/faltbok' --home '$work/anna' --passphrase-file '$work/pass' --json invite list | jq -e '.invitations[0].hubs[0].ready' >/dev/null"
claim 'a newcomer joins through it' fb cia join "$code" --member Cia --device cia
says 'Joined as advisor' 'Cia is in'
claim 'and is in step over the same way' in_step_with_hub cia

# ---- live; a cut; what is written meanwhile ----
hub_frontier() { hub --json status 2>/dev/null | jq -r .frontier; }
frontier() { fb "$1" --json status | jq -r .frontier; }
serving fb ben --json serve --peer "$url" --no-discovery
ben_pid=$pid
equal() { [ "$(frontier anna)" = "$(frontier ben)" ]; }
fb anna --quiet put case topic=migration >/dev/null
claim 'what Anna writes is pushed to Ben through hub and nginx' until_true 150 equal
kill_nginx
claim 'with the proxy gone Anna writes on' fb anna put case topic=budget_debt
claim 'and so does Ben' fb ben put case topic=social_insurance
same "$(fb anna --json list case | jq '.records|length')" 3 'Anna sees her own'
claim 'nginx comes back' start_nginx
claim 'both dial again by themselves' until_true 150 equal

# ---- as patient as a proxy: 30 seconds without a byte are too many for it, and PING comes after 25 ----
: >"$work/nginx/faltbok.log"
kill -USR1 "$nginx_pid"
before=$(fb anna --json exchanges | jq '.exchanges|length')
sleep 40
same "$(grep -c ' 101 ' "$work/nginx/faltbok.log")" 0 'no link has ended in forty idle seconds'
fb anna --quiet put case topic=family_reunification >/dev/null
claim 'and they still carry' until_true 150 equal
same "$(fb anna --json exchanges | jq ".exchanges|length - $before < 3")" true 'nothing was dialled anew'
stop "$anna_pid"
stop "$ben_pid"
claim 'nginx has logged when and how much, and no address' sh -c "! grep -E '127\.0\.0\.1|faltbok' '$work/nginx/faltbok.log' && grep -qE '^[^ ]+ 101 [0-9.]+ [0-9]+$' '$work/nginx/faltbok.log'"

# ---- what others see ----
status_of() { curl -s -o /dev/null -w '%{http_code}' --max-time 5 "$@"; }
same "$(status_of "http://127.0.0.1:$ws_at/faltbok")" 404 'plain HTTP at the hub'
same "$(status_of "http://127.0.0.1:$ws_at/")" 404 'another path'
same "$(status_of -X POST --data x "http://127.0.0.1:$ws_at/faltbok")" 404 'another method'
same "$(status_of --cacert "$work/good-ca.pem" "https://localhost:$https_port/faltbok")" 404 'through nginx'
curl -si --max-time 5 "http://127.0.0.1:$ws_at/faltbok" | tr -d '\r' >"$work/head"
same "$(cat "$work/head")" "$(printf 'HTTP/1.1 404 Not Found\nContent-Length: 0\nConnection: close')" 'and not a word more'
upgrade() { # PATH [LINE…]: the request, then what comes on standard input
	printf 'GET %s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' "$1"
	shift
	for _line in "$@"; do printf '%s\r\n' "$_line"; done
	printf '\r\n'
}
raw() { timeout 14 nc -N -w 13 127.0.0.1 "$ws_at" | tr -d '\r'; }
same "$(upgrade /faltbok 'Sec-WebSocket-Version: 8' | raw | head -1)" 'HTTP/1.1 404 Not Found' 'another version of the protocol'
same "$(upgrade /faltbok 'Sec-WebSocket-Version: 13' 'Sec-WebSocket-Protocol: chat' | raw | head -1)" 'HTTP/1.1 404 Not Found' 'another subprotocol'
same "$(upgrade /other 'Sec-WebSocket-Version: 13' | raw | head -1)" 'HTTP/1.1 404 Not Found' 'another path to upgrade'
same "$(upgrade '/faltbok?x=1' 'Sec-WebSocket-Version: 13' | raw | head -1)" 'HTTP/1.1 404 Not Found' 'a question after the path'
same "$({ upgrade /faltbok 'Sec-WebSocket-Version: 13' 'Sec-WebSocket-Protocol: binary'; sleep 1; } | raw)" \
	"$(printf 'HTTP/1.1 101 Switching Protocols\nUpgrade: WebSocket\nConnection: Upgrade\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\nSec-WebSocket-Protocol: binary\n')" \
	'the upgrade says what RFC 6455 makes it say'
for n in 1 48 96 3000 70000; do # in masked binary messages, as a client must send them
	{
		upgrade /faltbok 'Sec-WebSocket-Version: 13'
		node -e 'const n=+process.argv[1],b=require("crypto").randomBytes(n),h=n<126?[0x82,0x80|n]:n<65536?[0x82,0xfe,n>>8,n&255]:[0x82,0xff,0,0,0,0,0,n>>16,n>>8&255,n&255];
			process.stdout.write(Buffer.concat([Buffer.from(h),Buffer.alloc(4),b]))' "$n"
		sleep 12
	} | timeout 14 nc -w 13 127.0.0.1 "$ws_at" | tail -c +130 >"$work/answer.$n" &
	noise="${noise:-} $!"
done
wait $noise
for n in 1 48 96 3000 70000; do
	same "$(wc -c <"$work/answer.$n" | tr -d ' ')" 0 "$n bytes of noise in a WebSocket get not one back"
done
claim 'and the hub serves' in_step_with_hub anna

# ---- certificates ----
SSL_CERT_FILE=$work/other-ca.pem exits 6 'an authority that we do not trust' fb anna sync --peer "$url"
says 'the certificate of localhost does not verify' 'what is wrong'
exits 6 'the certificate of another host' fb anna sync --peer "wss://127.0.0.1:$https_port/faltbok"
says 'the certificate shown is not that of 127.0.0.1' 'what is wrong'
exits 6 'a port that speaks no TLS' fb anna sync --peer "wss://localhost:$ws_at/faltbok"
says 'speaks no TLS' 'what is wrong'
exits 6 'a path where nothing is' fb anna sync --peer "wss://localhost:$https_port/wrong"
says 'is the path right?' 'what to look at'
exits 6 'a name that is no host' fb anna sync --peer "wss://nosuch.invalid/faltbok"
exits 6 'an address that is none' fb anna sync --peer "wss://a b/faltbok"
exits 6 'a name and password in it' fb anna sync --peer "wss://me:secret@localhost/faltbok"

# ---- through a proxy that the environment names ----
cat >"$work/proxy.js" <<'JS'
const net = require('net'), fs = require('fs');
const s = require('http').createServer((q, a) => { a.writeHead(405); a.end(); });
s.on('connect', (q, c) => {
	fs.appendFileSync(process.argv[3], `${q.url} ${q.headers['proxy-authorization'] || '-'}\n`);
	const to = net.connect(+q.url.split(':')[1], '127.0.0.1', () => { c.write('HTTP/1.1 200 Connection established\r\n\r\n'); to.pipe(c).pipe(to); });
	to.on('error', () => c.destroy()); c.on('error', () => to.destroy());
});
s.listen(+process.argv[2], '127.0.0.1');
JS
proxy_port=$(free_port)
certificate hubname hub.example.org >/dev/null 2>&1
kill_nginx
configure hubname
sed -i 's/server_name localhost/server_name hub.example.org/' "$work/nginx/conf"
claim 'nginx shows the certificate of a name that only the proxy can resolve' start_nginx
node "$work/proxy.js" "$proxy_port" "$work/proxy.log" &
background="$background $!"
until_true 150 sh -c "nc -z 127.0.0.1 $proxy_port"
by_proxy() { SSL_CERT_FILE=$work/hubname-ca.pem https_proxy=http://me:word@127.0.0.1:$proxy_port fb anna --json sync --peer "wss://hub.example.org:$https_port/faltbok"; }
claim 'Anna meets the hub through an HTTP proxy' by_proxy
same "$(jq -r '.peers[0].in_step' "$work/out")" true 'in step'
same "$(sort -u "$work/proxy.log" | head -1)" "hub.example.org:$https_port basic $(printf me:word | base64)" 'the proxy was asked for the name, and told who asks'
kill_nginx

# ---- TCP is preferred, the WebSocket stands in ----
configure good
claim 'nginx once more' start_nginx
stop "$hub_pid"
tcp_at=$(free_port)
start_hub "127.0.0.1:$tcp_at"
same "$ws_port" "$ws_at" 'the hub listens both ways'
claim 'Ben meets the hub over TCP' fb ben sync --peer "127.0.0.1:$tcp_at"
claim 'and over wss' fb ben sync --peer "$url"
fb ben --json sync --wait 20 >"$work/sync.json"
same "$(jq -r '[.peers[]|select(.error==null)|.way]|unique|join(" ")' "$work/sync.json")" tcp 'where both lead to it, TCP is taken'
stop "$hub_pid"
start_hub
fb ben --json sync --wait 20 >"$work/sync.json"
same "$(jq -r '[.peers[]|select(.error==null)|.way]|unique|join(" ")' "$work/sync.json")" websocket 'where TCP leads nowhere, the WebSocket'

# ---- the hub ends well, and is sound ----
kill "$hub_pid"
wait "$hub_pid"
same $? 0 'the hub ends when it is told'
claim 'it is sound' hub verify
claim 'what it logged names no member' sh -c "! grep -iE 'anna|ben|cia' '$work/serve.err'"
finish
