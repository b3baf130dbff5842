#!/bin/bash
# The page's door: what gets in and what does not. A browser that obeys its
# own rules sends Origin and Sec-Fetch-…; the table sends what a hostile page
# would make it send, and what a program on this machine could.
. "$(dirname "$0")/lib.sh"
found
fb anna --quiet put visit channel=phone >/dev/null

# page HOME ARG…: serves it; sets $base, $authority, $url and shows the token: $key, $work/jar.
page() {
	serving fb "$1" --json "${@:2}" || return 1
	url=$(jq -r .http "$work/serve.$$")
	base=${url%%/#*} token=${url#*#t=}
	authority=${base#http://}
	rm -f "$work/jar"
	key=$(curl -s -c "$work/jar" -H 'Content-Type: application/json' -d "{\"do\":\"token\",\"token\":\"$token\"}" "$base/api/v1/session" | jq -r .key)
}
json='Content-Type: application/json'
# ask PATH BODY [CURL ARG…]: as the page would. The answer is in $work/out, its status in $code.
ask() {
	_path=$1
	printf '%s' "$2" >"$work/body" # a welcome is longer than an argument may be
	shift 2
	code=$(curl -s -m 60 -o "$work/out" -w '%{http_code}' -b "$work/jar" -H "X-Faltbok-Key: $key" -H "$json" -H "Origin: $base" \
		-H 'Sec-Fetch-Site: same-origin' -H 'Sec-Fetch-Mode: cors' -H 'Sec-Fetch-Dest: empty' --data-binary "@$work/body" "$@" "$base/api/v1/$_path")
}
# refused STATUS "what" CURL ARG…: this status, an error in CONTRACT's form, nothing of a case, and the connection is of no use afterwards.
refused() {
	_want=$1 _what=$2
	shift 2
	code=$(curl -s -m 60 -o "$work/out" -w '%{http_code}' "$@" 2>"$work/err")
	if [ "$code" != "$_want" ]; then
		no "$_what: status $code, not $_want"
	elif ! jq -e '.error.code and .error.text' "$work/out" >/dev/null 2>&1; then
		no "$_what: the answer is no error: $(head -c 200 "$work/out")"
	else ok; fi
}

page anna serve --http 127.0.0.1:0
claim 'the address is of this machine' grep -q '^http://127\.0\.0\.1:[0-9]*/#t=[0-9a-f]\{64\}$' <<<"$url"
claim 'the token gives a key' test ${#key} = 64

# ---- the right way ----
ask status '{}' && same "$code" 200 'an operation is answered'
same "$(jq -S 'del(.membership_age_days)' "$work/out")" "$(fb anna --json status | jq -S 'del(.membership_age_days)')" 'as the command line answers it'
ask put '{"type":"visit","set":{"channel":"phone"},"add":{"topic":["housing"]},"note":"en anteckning"}' && same "$code $(jq .saved "$work/out")" '200 true' 'a visit is saved'
id=$(jq -r .id "$work/out")
ask get "{\"id\":\"$id\"}" && same "$(jq -r '.notes[0].text' "$work/out")" 'en anteckning' 'and read back'
ask erase/status '{}' && same "$code" 200 'a name of two words is a path of two'
ask status '' && same "$code" 200 'no body is no parameters'
curl -s -D "$work/head" -o "$work/index.gz" "$base/" && claim 'the page comes compressed' gzip -t "$work/index.gz"
for lock in "content-security-policy: default-src 'none'" 'x-content-type-options: nosniff' 'x-frame-options: DENY' 'referrer-policy: no-referrer' \
	'cross-origin-opener-policy: same-origin' 'cross-origin-resource-policy: same-origin'; do
	claim "every answer carries $lock" grep -qi "^$lock" "$work/head"
done
claim 'no script but our own' grep -qi "script-src 'self';" "$work/head"
claim 'nobody frames it' grep -qi "frame-ancestors 'none'" "$work/head"
claim 'no foreign page reads it' sh -c "! grep -qi '^access-control-' '$work/head'"
etag=$(grep -i '^etag:' "$work/head" | tr -d '\r' | cut -d' ' -f2)
same "$(curl -s -o /dev/null -w '%{http_code}' -H "If-None-Match: $etag" "$base/")" 304 'an unchanged file is not sent again'
ask status '{}' -D "$work/head" && claim 'data is not kept by a browser' grep -qi '^cache-control: no-store' "$work/head"
claim 'the cookie is for this page alone and not for scripts' grep -q '#HttpOnly_127.0.0.1' "$work/jar"

# ---- files travel with the call ----
ask export '{"output":"allt.jsonl"}' && same "$(jq -r '.files.output.data' "$work/out" | base64 -d | wc -l)" 2 'an export is in the answer'
claim 'and on no disk' sh -c "! find '$work' . -name allt.jsonl | grep -q ."
trace='{"t":"2019-09-02T13:12:00+02:00","by":"x","type":"visit","id":"6f1c6f1c6f1c6f1c6f1c6f1c6f1c6f1c","set":{"channel":"phone"}}'
ask import "$(jq -nc --arg d "$(base64 -w0 <<<"$trace")" '{file:{name:"spår.jsonl",data:$d}}')" && same "$code" 200 'an upload is imported'
ask get '{"id":"6f1c6f1c6f1c"}' && same "$code" 200 'and is there'
ask import "$(jq -nc --arg d "$trace" '{file:{name:"t.jsonl",text:$d}}')" && same "$code" 200 'as text too'
claim 'no operation goes to a file but through its call' sh -c "! grep -n 'files->\(read\|replace\|create\)' src/op/*.c | grep -v '^src/op/files.c:'"
for body in '{"file":"/etc/passwd"}' '{"file":{"name":"/etc/passwd"}}' '{"file":{"name":"../x","text":"{}"}}' '{"file":{"name":"x","data":"%%%"}}' '{"file":{"name":"x","data":"aa==","text":"a"}}'; do
	ask import "$body" && same "$code" 400 "no path is taken: $body"
done
for name in /tmp/x ../x .x a/b '' 'a\\b'; do
	ask export "{\"output\":\"$name\"}" && same "$code" 400 "no path is written: $name"
done

# ---- hostile requests ----
mine=(-b "$work/jar" -H "X-Faltbok-Key: $key" -H "$json" -d '{"type":"visit","set":{"channel":"phone"}}')
before=$(fb anna --json status | jq .entries)
refused 403 'another host name (rebinding)' "${mine[@]}" -H 'Host: evil.example' "$base/api/v1/put"
refused 403 'a name that points here' "${mine[@]}" -H "Host: localhost:${authority##*:}" "$base/api/v1/put"
refused 403 'the host without its port' "${mine[@]}" -H 'Host: 127.0.0.1' "$base/api/v1/put"
refused 403 'the host in another spelling' "${mine[@]}" -H "Host: 127.1:${authority##*:}" "$base/api/v1/put"
refused 403 'a host name for the page itself' -H 'Host: evil.example' "$base/"
refused 403 'another origin' "${mine[@]}" -H 'Origin: http://evil.example' "$base/api/v1/put"
refused 403 'another port of this machine' "${mine[@]}" -H 'Origin: http://127.0.0.1:9' "$base/api/v1/put"
refused 403 'our origin over https' "${mine[@]}" -H "Origin: https://$authority" "$base/api/v1/put"
refused 403 'an origin that begins like ours' "${mine[@]}" -H "Origin: $base.evil.example" "$base/api/v1/put"
refused 403 'no origin at all (sandboxed frame, file)' "${mine[@]}" -H 'Origin: null' "$base/api/v1/put"
for site in cross-site same-site none nonsense; do
	refused 403 "Sec-Fetch-Site: $site" "${mine[@]}" -H "Sec-Fetch-Site: $site" "$base/api/v1/put"
done
for mode in navigate no-cors websocket; do
	refused 403 "Sec-Fetch-Mode: $mode" "${mine[@]}" -H 'Sec-Fetch-Site: same-origin' -H "Sec-Fetch-Mode: $mode" "$base/api/v1/put"
done
for dest in document iframe image script style object; do
	refused 403 "data as $dest" "${mine[@]}" -H 'Sec-Fetch-Site: same-origin' -H "Sec-Fetch-Dest: $dest" "$base/api/v1/put"
done
refused 403 'the page in a frame' -H 'Sec-Fetch-Site: same-origin' -H 'Sec-Fetch-Dest: iframe' "$base/"
refused 403 'the page from a link of another page' -H 'Sec-Fetch-Site: cross-site' -H 'Sec-Fetch-Mode: navigate' -H 'Sec-Fetch-Dest: document' "$base/"
same "$(curl -s -o /dev/null -w '%{http_code}' -H 'Sec-Fetch-Site: none' -H 'Sec-Fetch-Mode: navigate' -H 'Sec-Fetch-Dest: document' "$base/")" 200 'an address that was typed is the page'
refused 401 'no cookie' -H "X-Faltbok-Key: $key" -H "$json" -d '{}' "$base/api/v1/status"
refused 401 'a cookie and no key (a form of another page)' -b "$work/jar" -H "$json" -d '{}' "$base/api/v1/status"
refused 401 'a wrong key' -b "$work/jar" -H "X-Faltbok-Key: ${key%?}x" -H "$json" -d '{}' "$base/api/v1/status"
refused 401 'an empty key' -b "$work/jar" -H 'X-Faltbok-Key;' -H "$json" -d '{}' "$base/api/v1/status"
cookie=$(awk '/faltbok-/ { print $6 "=" $7 }' "$work/jar")
refused 401 'a planted second cookie' -H "Cookie: $cookie; $cookie" -H "X-Faltbok-Key: $key" -H "$json" -d '{}' "$base/api/v1/status"
refused 401 'the cookie of another port' -H "Cookie: faltbok-9=${cookie#*=}" -H "X-Faltbok-Key: $key" -H "$json" -d '{}' "$base/api/v1/status"
refused 401 'the token a second time' -H "$json" -d "{\"do\":\"token\",\"token\":\"$token\"}" "$base/api/v1/session"
refused 401 'a token of zeroes' -H "$json" -d "{\"do\":\"token\",\"token\":\"$(printf '0%.0s' $(seq 64))\"}" "$base/api/v1/session"
refused 401 'no token' -H "$json" -d '{"do":"token"}' "$base/api/v1/session"
refused 401 'unlocking without cookie and key' -H "$json" -d '{"do":"unlock","passphrase":"x"}' "$base/api/v1/session"
refused 401 'locking with the cookie alone' -b "$work/jar" -H "$json" -d '{"do":"lock"}' "$base/api/v1/session"
refused 401 'the session without cookie' "$base/api/v1/session"
refused 401 'events without cookie' -H 'Sec-Fetch-Site: same-origin' "$base/api/v1/events"
refused 401 'events by cookie alone from nowhere' -b "$work/jar" "$base/api/v1/events"
refused 403 'events for another page' -b "$work/jar" -H 'Sec-Fetch-Site: same-site' "$base/api/v1/events"
refused 401 'the description without cookie' "$base/api/v1/openapi.json"
refused 415 'a form' -b "$work/jar" -H "X-Faltbok-Key: $key" -d '{}' "$base/api/v1/status"
refused 415 'plain text, which needs no leave' -b "$work/jar" -H "X-Faltbok-Key: $key" -H 'Content-Type: text/plain' -d '{}' "$base/api/v1/status"
refused 415 'nearly JSON' -b "$work/jar" -H "X-Faltbok-Key: $key" -H 'Content-Type: application/jsonx' -d '{}' "$base/api/v1/status"
refused 400 'parameters in the address' "${mine[@]}" "$base/api/v1/put?type=visit"
refused 404 'an operation that is none' "${mine[@]}" "$base/api/v1/destroy"
refused 404 'a file that is none' "$base/nosuch.js"
refused 404 'a file above' --path-as-is "$base/../../etc/passwd"
refused 405 'an operation by GET' -b "$work/jar" -H "X-Faltbok-Key: $key" "$base/api/v1/put"
refused 405 'a file by POST' -H "$json" -d '{}' "$base/"
for method in PUT DELETE PATCH OPTIONS; do
	refused 405 "$method" -X $method "${mine[@]}" "$base/api/v1/put"
done
for body in '[' '[]' '"x"' '{"type":1}' '{"type":"visit","nosuch":1}' '{"type":"visit","set":[]}' '{"a":1,"a":2}' '{"type":"visit","set":{"channel":'; do
	ask put "$body" && same "$code" 400 "a body that is wrong: $body"
done
ask put '{"type":"visit","set":{"channel":"nosuch"}}' && same "$code $(jq -r .error.code "$work/out")" '422 refused' 'a value that is wrong'
same "$(fb anna --json status | jq .entries)" "$before" 'none of them has written anything'

# ---- too much, too slow, other protocols ----
head -c 1200000 /dev/zero | tr '\0' ' ' >"$work/big"
refused 413 'a body over its limit' "${mine[@]}" --data-binary "@$work/big" "$base/api/v1/status"
refused 413 'a body that is announced only' "${mine[@]}" -H 'Content-Length: 999999999' "$base/api/v1/import"
refused 411 'a body of no said length' "${mine[@]}" -H 'Transfer-Encoding: chunked' "$base/api/v1/put"
raw() { timeout 20 nc -q 2 127.0.0.1 "${authority##*:}" 2>/dev/null; }
claim 'headers without end are cut off' sh -c "{ printf 'GET / HTTP/1.1\r\nHost: $authority\r\n'; head -c 200000 /dev/zero | tr '\0' 'a'; printf ': b\r\n\r\n'; } | timeout 20 nc -q 2 127.0.0.1 ${authority##*:} | { ! grep -q '200 OK'; }"
printf 'GET /api/v1/events HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nOrigin: http://evil.example\r\n\r\n' "$authority" | raw >"$work/raw"
claim 'no WebSocket' grep -q "^HTTP/1.1 403" "$work/raw"
claim 'said as every error' sh -c "tail -n 1 '$work/raw' | jq -e .error.text"
printf 'GET / HTTP/1.1\r\nHost: %s\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n' "$authority" | raw >"$work/raw"
claim 'no HTTP/2 by the back door' sh -c "! grep -q '101 ' '$work/raw'"
printf 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' | raw >"$work/raw"
claim 'nor in front' sh -c "! grep -q '200' '$work/raw'"
printf '\x16\x03\x01\x00\xff\x01garbage\r\n\r\n' | raw >"$work/raw"
ask status '{}' && same "$code" 200 'and it answers as before'
# Connections that say nothing, or a letter now and then: the page is answered all the while.
slow=
for _ in $(seq 40); do
	{ printf 'POST /api/v1/put HTTP/1.1\r\nHost: '; sleep 30; } | nc 127.0.0.1 "${authority##*:}" >/dev/null 2>&1 &
	slow="$slow $!"
done
ask status '{}' && same "$code" 200 'forty who never end their sentence keep nobody out'
kill $slow 2>/dev/null

# ---- events ----
curl -sN -b "$work/jar" -H "X-Faltbok-Key: $key" "$base/api/v1/events" >"$work/events" &
listener=$!
background="$background $listener"
told() { for _ in $(seq 2000); do grep -q "$1" "$work/events" && return 0; sleep 0.05; done; return 1; }
claim 'a stream begins with where things stand' told '^event: hello'
ask put '{"type":"visit","set":{"channel":"phone"},"note":"hemlighetsmakeri"}'
claim 'what is written is told by id and type' told "\"id\":\"$(jq -r .id "$work/out")\",\"type\":\"visit\""
claim 'and not in words' sh -c "! grep -q hemlighetsmakeri '$work/events'"
fb anna --quiet put visit channel=phone
twice() { for _ in $(seq 2000); do [ "$(grep -c '^event: records' "$work/events")" -ge 2 ] && return 0; sleep 0.05; done; return 1; }
claim 'from the command line as well' twice
claim 'a new team is told' sh -c "'$bin/faltbok' --home '$work/anna' --quiet team add syd"
claim 'as a change of members' told '^event: members'

# ---- locking ----
ask session '{"do":"lock"}' && same "$(jq -r .state "$work/out")" locked 'the page locks'
claim 'open pages are told' told '"state":"locked"'
ask list '{"type":"visit"}' && same "$code $(jq -r .error.code "$work/out")" '423 locked' 'nothing is read while it is locked'
exits 4 'nor by the command line' fb anna list visit
ask session '{"do":"unlock","passphrase":"fel ord"}' && same "$code" 401 'a wrong passphrase does not open it'
ask session '{"do":"unlock","passphrase":"fem vanliga ord om vintern"}' && same "$(jq -r .state "$work/out")" open 'the right one does'
ask list '{"type":"visit"}' && same "$code $(jq '.records|length' "$work/out")" '200 5' 'and everything is there'
ask session '{"do":"dance"}' && same "$code" 400 'what cannot be done is not'
ask session '{"do":"init","org":"A","member":"B","device":"C","passphrase":"12345678"}' && same "$code" 422 'no second organisation in one home'

# ---- a new address, the end ----
fresh=$(fb anna page) && claim 'another address for another browser' grep -q "^$base/#t=" <<<"$fresh"
curl -s -c "$work/jar2" -H "$json" -d "{\"do\":\"token\",\"token\":\"${fresh#*#t=}\"}" "$base/api/v1/session" | jq -e .key >/dev/null && ok || no 'it works'
grep -q "${key}\|${token}" "$work/serve.err" && no 'a secret is in the log' || ok
kill -TERM "$pid"
status=0; wait "$pid" || status=$?
same "$status" 0 'it ends with its streams open'
kill "$listener" 2>/dev/null

# ---- addresses ----
exits 1 'an address that others reach' fb anna serve --http 0.0.0.0:0
says 'for this machine only' 'it says why'
exits 1 'a name' fb anna serve --http example.org:80
exits 1 'no port' fb anna serve --http 127.0.0.1
exits 1 'a port that is none' fb anna serve --http 127.0.0.1:70000
exits 2 'no page runs here' fb anna page

# ---- nobody there ----
page anna serve --http 127.0.0.1:0 --lock-after 1s
for _ in $(seq 2000); do # a refetch of the page alone keeps nobody's home open
	state=$(curl -s -b "$work/jar" -H 'X-Faltbok-Background: 1' "$base/api/v1/session" | jq -r .state)
	[ "$state" = locked ] && break
	sleep 0.1
done
same "$state" locked 'a home that nobody uses locks itself'
exits 1 'no time that is none' fb anna serve --http 127.0.0.1:0 --lock-after x
exits 1 'nor without a page to unlock it' fb anna serve --lock-after 5
kill -TERM "$pid"; wait "$pid" 2>/dev/null

# ---- first run ----

anew() { # HOME: serves a home without a passphrase at hand
	rm -f "$work/serve.$$"
	"$bin/faltbok" --home "$work/$1" --kdf interactive --json serve --http 127.0.0.1:0 >"$work/serve.$$" 2>"$work/serve.err" &
	pid=$!
	background="$background $pid"
	for _ in $(seq 2000); do [ -s "$work/serve.$$" ] && break; sleep 0.05; done
	url=$(jq -r .http "$work/serve.$$")
	base=${url%%/#*} token=${url#*#t=}
	rm -f "$work/jar"
	curl -s -c "$work/jar" -H "$json" -d "{\"do\":\"token\",\"token\":\"$token\"}" "$base/api/v1/session" >"$work/out"
	key=$(jq -r .key "$work/out")
}
anew berit
same "$(jq -r .state "$work/out")" none 'where no home is, the page begins one'
ask status '{}' && same "$code" 422 'and nothing else works'
ask session '{"do":"init","org":"Ny","member":"Berit","device":"berit","passphrase":"kort"}' && same "$code" 422 'not with a short passphrase'
ask session '{"do":"init","org":"Ny","member":"Berit","passphrase":"fem vanliga ord om vintern"}' && same "$code" 400 'nor without a name'
ask session '{"do":"init","org":"Ny","member":"Berit","device":"berit","passphrase":"fem vanliga ord om vintern"}' && same "$code $(jq -r .state "$work/out")" '200 open' 'an organisation is founded'
same "$(jq '.kit.root_shares|length' "$work/out")" 3 'the recovery kit is shown'
recovery=$(jq -r .kit.recovery_code "$work/out")
ask team/add '{"name":"nord"}' && ask grant '{"device":"self","team":"nord"}' && ask put '{"type":"visit","set":{"channel":"phone"}}' && same "$code" 200 'and it works at once'
same "$(fb berit --json status | jq -r .org)" Ny 'for the command line too'
first_url=$url first_base=$base first_key=$key first_pid=$pid
cp "$work/jar" "$work/jar.berit"

# a second device joins by files
anew cecilia
ask session '{"do":"request","member":"Cecilia","device":"cecilia","passphrase":"fem vanliga ord om vintern"}' && same "$(jq -r .state "$work/out")" joining 'a request is made here'
request=$(jq -c .request "$work/out")
second_key=$key second_base=$base
cp "$work/jar" "$work/jar.cecilia"
at() { base=$1 key=$2; cp "$3" "$work/jar"; }
at "$first_base" "$first_key" "$work/jar.berit"
ask admit "{\"request\":$request,\"role\":\"advisor\",\"team\":[\"nord\"],\"welcome\":\"welcome.faltbok\"}" && same "$code" 200 'admitted on the other page'
welcome=$(jq -c .files.welcome "$work/out")
at "$second_base" "$second_key" "$work/jar.cecilia"
ask session "{\"do\":\"welcome\",\"welcome\":$welcome}" && same "$(jq -c '[.state,.confirm]' "$work/out")" '["joining",true]' 'nothing is believed before the words are compared'
ask session "{\"do\":\"welcome\",\"welcome\":$welcome,\"yes\":true}" && same "$(jq -r '.state+.role' "$work/out")" openadvisor 'then it has joined'
ask list '{"type":"visit"}' && same "$(jq '.records|length' "$work/out")" 1 'and reads what its team has written'

# a third joins by a code
at "$first_base" "$first_key" "$work/jar.berit"
ask invite '{"role":"advisor","team":["nord"],"listen":"127.0.0.1:0"}' && same "$code" 200 'a code is on the coordinator'\''s page'
invitation=$(jq -r .code "$work/out")
anew david
third_base=$base third_key=$key
cp "$work/jar" "$work/jar.david"
curl -s -m 300 -b "$work/jar.david" -H "X-Faltbok-Key: $third_key" -H "$json" -d "{\"do\":\"code\",\"code\":\"$invitation\",\"member\":\"David\",\"device\":\"david\",\"passphrase\":\"fem vanliga ord om vintern\"}" \
	"$third_base/api/v1/session" >"$work/joined" &
joiner=$!
background="$background $joiner"
digits=
for _ in $(seq 2000); do
	digits=$(curl -s -b "$work/jar.david" "$third_base/api/v1/session" | jq -r '.digits // empty')
	[ -n "$digits" ] && break
	sleep 0.1
done
at "$first_base" "$first_key" "$work/jar.berit"
ask invite/list '{}' && same "$(jq -r '.invitations[0].newcomer.digits' "$work/out")" "$digits" 'both pages show the same digits'
ask invite/confirm "{\"code\":\"$invitation\"}" && same "$code" 200 'the coordinator says so'
wait "$joiner"
same "$(jq -r '.state+.member' "$work/joined")" openDavid 'and the third has joined'
claim 'its recovery code is shown' sh -c "jq -e '.recovery_code|length==26' '$work/joined'"

# forgotten passphrase, after a new start
kill -TERM "$first_pid"; wait "$first_pid" 2>/dev/null
anew berit
same "$(jq -r .state "$work/out")" locked 'a home that was closed is locked'
ask session "{\"do\":\"recover\",\"code\":\"ABCDEF\",\"passphrase\":\"en helt ny fras\"}" && same "$code" 401 'not with any code'
ask session "{\"do\":\"recover\",\"code\":\"$recovery\",\"passphrase\":\"en helt ny fras\"}" && same "$(jq -r .state "$work/out")" open 'the recovery code opens it'
ask session '{"do":"lock"}'
ask session '{"do":"unlock","passphrase":"fem vanliga ord om vintern"}' && same "$code" 401 'the forgotten one does not any more'
ask session "{\"do\":\"recover\",\"code\":\"$recovery\",\"passphrase\":\"fem vanliga ord om vintern\"}" && same "$(jq -r .state "$work/out")" open 'it works while the node runs, too'
ask session '{"do":"passphrase","old":"fel","passphrase":"nya ord om sommaren"}' && same "$code" 401 'changing it needs the old one'
ask session '{"do":"passphrase","old":"fem vanliga ord om vintern","passphrase":"nya ord om sommaren"}' && same "$code" 200 'and is done'
ask put '{"type":"visit","set":{"channel":"phone"}}'
ask session '{"do":"lock"}' && ask session '{"do":"unlock","passphrase":"nya ord om sommaren"}' && same "$(jq -r .state "$work/out")" open 'the new one opens it'

# ---- locked nodes replicate on ----
ask session '{"do":"lock"}'
echo 'nya ord om sommaren' >"$work/pass2"
kill -TERM "$pid"; wait "$pid" 2>/dev/null
serving "$bin/faltbok" --home "$work/berit" --passphrase-file "$work/pass2" --kdf interactive --json serve --listen 127.0.0.1:0 --http 127.0.0.1:0
url=$(jq -r .http "$work/serve.$$") base=${url%%/#*} token=${url#*#t=}
key=$(curl -s -c "$work/jar" -H "$json" -d "{\"do\":\"token\",\"token\":\"$token\"}" "$base/api/v1/session" | jq -r .key)
ask session '{"do":"lock"}' && same "$(jq -r .state "$work/out")" locked 'locked again'
cp "$work/jar" "$work/jar.berit"; first_key=$key first_base=$base
at "$second_base" "$second_key" "$work/jar.cecilia"
ask put '{"type":"visit","set":{"channel":"phone"}}'
ask sync "{\"peer\":[\"127.0.0.1:$port\"]}" && same "$(jq '.peers[0].in_step' "$work/out")" true 'a locked node stays in step with others'
at "$first_base" "$first_key" "$work/jar.berit"
ask session '{"do":"unlock","passphrase":"nya ord om sommaren"}'
ask list '{"type":"visit"}' && same "$(jq '.records|length' "$work/out")" 3 'and shows what came meanwhile'
finish
