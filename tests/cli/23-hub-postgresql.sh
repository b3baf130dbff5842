#!/bin/bash
# A hub's store in PostgreSQL: its way there, crashes on both sides, two hubs over one database, a copy and a stranger among them, and all that an operator asks.
. "$(dirname "$0")/lib.sh"
export RUNTIME_DIRECTORY=$work/run
cluster=$(mktemp -d)
url=$(tests/pg-cluster start "$cluster") || { no 'no server'; finish; exit 1; }
trap 'cleanup; tests/pg-cluster stop "$cluster" 2>/dev/null; rm -rf "$cluster"' EXIT
trap 'exit 1' TERM INT # the server must not outlive the suite
sql() { psql -qAt -h "$cluster" -U faltbok -d faltbok -c "$1"; }
hub2() { ${instead:-} "$bin/faltbok-hub" --home "$work/hub2" --passphrase-file "$work/pass" --kdf interactive "$@"; }
entries() { "$1" --json status | jq .entries; }
# comes WHO PORT COMMAND…: WHO calls there, and then the command of WHO goes well
comes() { fb "$1" --quiet sync --peer "127.0.0.1:$2" && fb "$1" "${@:3}"; }
# until_so "what" COMMAND…: soon it is so
until_so() {
	_what=$1
	shift
	for _ in $(seq 400); do "$@" >"$work/out" 2>"$work/err" && { ok; return 0; }; sleep 0.1; done
	no "$_what"
}

found
for who in bo cia; do claim "$who is admitted" admitted $who advisor lund; done
claim 'a hub is admitted' admitted hub hub
org=$(hub --json org list | jq -r '.organisations[0].org')
schema=faltbok_$org

# ---- its way there ----

exits 1 'a password on the command line' hub serve --listen 127.0.0.1:0 --store 'postgresql://faltbok:hemligt@/faltbok'
says '.pgpass' 'where it belongs'
claim 'and it is not repeated' test "$(grep -c hemligt "$work/err")" = 0
exits 1 'an address of another kind' hub serve --listen 127.0.0.1:0 --store 'mysql://db/faltbok'
exits 5 'a server that is not there' hub serve --listen 127.0.0.1:0 --store 'postgresql://faltbok@/faltbok?host=/nowhere'
says 'cannot be reached' 'the sentence'
claim 'what failed is not kept' test ! -e "$work/hub/store"

serve_hub() { serving hub --json serve --no-discovery --listen "127.0.0.1:${hub_port:-0}" "$@" && hub_port=$port hub_pid=$pid; }
stop_hub() { kill "$hub_pid" && wait "$hub_pid" 2>/dev/null; }
serve_hub --store "$url"
same "$(cat "$work/hub/store")" "$url" 'which store it is, is kept'
a=$(fb anna --json put case topic=housing --note 'från Anna' | jq -r .id)
claim 'Anna fills it' fb anna --quiet sync --peer "127.0.0.1:$hub_port"
claim 'and once more' fb anna --quiet sync --peer "127.0.0.1:$hub_port"
claim 'Bo gets it from there' fb bo --quiet sync --peer "127.0.0.1:$hub_port"
same "$(fb bo --json get "$a" | jq -r '.notes[0].text')" 'från Anna' "Anna's note at Bo's"
claim 'nothing of hers is here only' jq -e '.custody.only_here==0' <(fb anna --json status)
claim 'the hub is asked while it serves' hub --json status
same "$(jq -r '.organisations[0].store' "$work/out")" postgresql 'its store'
same "$(jq -r .entries "$work/out")" "$(sql "SELECT count(*) FROM $schema.entry")" 'its entries are rows'
same "$(sql "SELECT count(*) FROM $schema.entry WHERE payload LIKE '%Anna%'::bytea")" 0 'and nothing in them can be read'
stop_hub

# ---- what is here may go, what is there stays ----

rm -f "$work/hub"/log.db* "$work/hub/place"
serve_hub --not-restored
b=$(fb bo --json put case topic=health --note 'från Bo' | jq -r .id)
claim 'a hub without its files serves on' fb bo --quiet sync --peer "127.0.0.1:$hub_port"
claim 'and gives' fb anna --quiet sync --peer "127.0.0.1:$hub_port"
same "$(fb anna --json get "$b" | jq -r '.notes[0].text')" 'från Bo' "Bo's note at Anna's"

# ---- the hub dies, the server dies ----

for i in $(seq 40); do echo "{\"t\":\"2020-01-01T10:00:00+01:00\",\"by\":\"x\",\"type\":\"case\",\"id\":\"$(printf %032x $((1000 + i)))\",\"note\":{\"id\":\"$(printf %032x $((5000 + i)))\",\"text\":\"ärende $i\"}}"; done >"$work/many.jsonl"
claim 'Bo has much to bring' fb bo --quiet import "$work/many.jsonl"
fb bo --quiet sync --peer "127.0.0.1:$hub_port" >/dev/null 2>&1 &
sync_pid=$!
kill -9 "$hub_pid"; wait "$hub_pid" 2>/dev/null; wait "$sync_pid"
serve_hub --not-restored
claim 'a hub that was killed serves on' fb bo --quiet sync --peer "127.0.0.1:$hub_port"
claim 'and has all' jq -e '.custody.only_here==0' <(fb bo --json status)

o=$(fb cia --json put case topic=appeal --note 'medan servern var borta' | jq -r .id)
claim 'the server is killed' tests/pg-cluster kill "$cluster"
missing() { hub --json status | jq -e '[.warnings[]|select(test("cannot be reached"))]|length==1'; }
until_so 'the hub sees it' missing
exits 6 'whoever calls meanwhile' fb cia sync --peer "127.0.0.1:$hub_port"
says 'no room for this device just now' 'is told so'
claim 'and counts nothing as kept' jq -e '.custody.only_here>=1' <(fb cia --json status)
exits 5 'verify says so too' hub verify
claim 'the server is back' tests/pg-cluster start "$cluster"
until_so 'and the hub by itself' fb cia --quiet sync --peer "127.0.0.1:$hub_port"
claim 'and keeps it' jq -e '.custody.only_here==0' <(fb cia --json status)
tests/pg-cluster stop "$cluster"
tests/pg-cluster start "$cluster" >/dev/null
until_so 'an orderly restart is got over as well' fb bo --quiet sync --peer "127.0.0.1:$hub_port"

# ---- two hubs, one database ----

claim 'another hub asks' hub2 --quiet join --request "$work/hub2.request" --member Hub --device hub2
fb anna --quiet admit "$work/hub2.request" --role hub --welcome "$work/hub2.welcome"
claim 'and is welcome' hub2 --quiet join --welcome "$work/hub2.welcome" --root "$root"
serving hub2 --json serve --no-discovery --listen 127.0.0.1:0 --store "$url" --not-restored
hub2_port=$port hub2_pid=$pid
same "$(entries hub2)" "$(entries hub)" 'both have the same'
for i in 1 2 3; do
	x=$(fb anna --json put case topic=housing --note "över den ena $i" | jq -r .id)
	y=$(fb bo --json put case topic=health --note "över den andra $i" | jq -r .id)
	fb anna --quiet sync --peer "127.0.0.1:$hub_port" >"$work/out" 2>"$work/err" &
	one=$!
	claim "Bo calls the other, at the same time ($i)" fb bo --quiet sync --peer "127.0.0.1:$hub2_port"
	wait $one && ok || no "Anna calls one ($i)"
	until_so "what Anna brought comes by the other ($i)" comes bo "$hub2_port" get "$x"
	until_so "and what Bo brought by the one ($i)" comes anna "$hub_port" get "$y"
done
agree() { [ "$(hub --json status | jq -r .frontier)" = "$(hub2 --json status | jq -r .frontier)" ]; }
until_so 'they agree' agree
claim 'one of them verifies' hub --json verify
claim 'and the other' hub2 --json verify

# ---- one home twice, a copy of it, and a hub of somebody else: over that same database ----

exits 4 'the same home is not served twice' hub serve --listen 127.0.0.1:0
says "$hub_pid" 'and by whom it is, is said'
hub3() { ${instead:-} "$bin/faltbok-hub" --home "$work/hub3" --passphrase-file "$work/pass" --kdf interactive "$@"; }
mkdir "$work/hub3" && cp -a "$work/hub/keystore" "$work/hub/log.db" "$work/hub/place" "$work/hub/store" "$work/hub3/" 2>/dev/null
serving hub3 --json serve --no-discovery --listen 127.0.0.1:0
hub3_port=$port hub3_pid=$pid
claim 'a copy of a hub serves beside it' hub3 --json status
same "$(jq -r '.organisations[0].gives' "$work/out")" false 'and gives nothing on its own word'
same "$(jq -r '.organisations[0].device' "$work/out")" "$(hub --json status | jq -r '.organisations[0].device')" 'though it is the same device'
for i in 1 2; do
	x=$(fb anna --json put case topic=housing --note "över urbilden $i" | jq -r .id)
	y=$(fb bo --json put case topic=health --note "över kopian $i" | jq -r .id)
	fb anna --quiet sync --peer "127.0.0.1:$hub_port" >"$work/out" 2>"$work/err" &
	one=$!
	claim "Bo calls the copy, at the same time ($i)" fb bo --quiet sync --peer "127.0.0.1:$hub3_port"
	wait $one && ok || no "Anna calls the other ($i)"
	until_so "what Anna brought comes by the copy ($i)" comes anna "$hub3_port" get "$y"
	until_so "and what Bo brought by the other ($i)" comes bo "$hub_port" get "$x"
done
claim 'a coordinator has called it' jq -e '.organisations[0].gives' <(hub3 --json status)
same "$(sql "SELECT count(*) FROM $schema.fork")" 0 'no history of the hub forks by it'
claim 'both verify' hub --quiet verify
claim 'the copy too' hub3 --quiet verify
kill "$hub3_pid"; wait "$hub3_pid" 2>/dev/null
kill "$hub_pid"; wait "$hub_pid" 2>/dev/null
serve_hub
claim 'the one that was copied is started anew, and called' fb anna --quiet sync --peer "127.0.0.1:$hub_port"
claim 'and it verifies' hub --quiet verify
same "$(sql "SELECT count(*) FROM $schema.fork")" 0 'nor does that fork anything'

fb sven --quiet init --org Tredje --member Sven --device sven --kit "$work/kit3"
fb sven --quiet team add bo1 && fb sven --quiet grant self bo1 >/dev/null
hub4() { ${instead:-} "$bin/faltbok-hub" --home "$work/hub4" --passphrase-file "$work/pass" --kdf interactive "$@"; }
claim 'a hub of another organisation asks' hub4 --quiet join --request "$work/hub4.request" --member Hub --device hub4
fb sven --quiet admit "$work/hub4.request" --role hub --welcome "$work/hub4.welcome"
claim 'and is welcome there' hub4 --quiet join --welcome "$work/hub4.welcome" --yes
all=$(sql "SELECT count(*) FROM $schema.entry")
serving hub4 --json serve --no-discovery --listen 127.0.0.1:0 --store "$url" --not-restored
hub4_port=$port hub4_pid=$pid
claim 'its device calls it' fb sven --quiet sync --peer "127.0.0.1:$hub4_port"
same "$(hub4 --json status | jq '.organisations | length')" 1 'it serves its own organisation'
exits 6 'whoever is of the first finds nobody there' fb bo sync --peer "127.0.0.1:$hub4_port"
says 'another organisation' 'and why'
same "$(sql "SELECT count(*) FROM $schema.entry")" "$all" 'and the first has nothing of it'
claim 'it verifies' hub4 --quiet verify
kill "$hub4_pid"; wait "$hub4_pid" 2>/dev/null

# ---- what an operator asks ----

claim 'a quota is set at one' hub --quiet org quota "$org" --entries 1
full2() { [ "$(hub2 --json status | jq .organisations[0].full)" = "$1" ]; }
until_so 'and holds at the other' full2 true
z=$(fb bo --json put case topic=health --note 'för mycket' | jq -r .id)
claim 'Bo calls' fb bo --json sync --peer "127.0.0.1:$hub2_port"
same "$(jq -r '.peers[0].full' "$work/out")" true 'and hears that it is full'
claim 'it is lifted' hub --quiet org quota "$org" --entries 0
until_so 'there as well' full2 false
fb bo --quiet sync --peer "127.0.0.1:$hub2_port"

request=$(fb bo --json erase "$b" --reason 'besökaren bad om det' | jq -r .request)
fb bo --quiet sync --peer "127.0.0.1:$hub2_port"
waiting() { comes anna "$hub_port" --json erase status | jq -e '.erasures[0].state=="waiting"'; }
until_so 'the request comes over' waiting
before=$(sql "SELECT count(*) FROM $schema.entry WHERE payload IS NOT NULL")
claim 'the coordinator approves' fb anna --quiet erase approve "$request"
fb anna --quiet sync --peer "127.0.0.1:$hub_port"
claim 'its payloads are gone from the database' test "$(sql "SELECT count(*) FROM $schema.entry WHERE erased = 1 AND payload IS NULL")" -gt 0
same "$(sql "SELECT count(*) FROM $schema.entry WHERE erased = 1 AND payload IS NOT NULL")" 0 'all of them'
confirmed() { comes anna "$hub_port" --json erase status | jq -e '[.erasures[0].confirmed[].device]|index("hub")!=null and index("hub2")!=null'; }
until_so 'both hubs confirm' confirmed
claim 'what could be given back is counted' hub --json gc --dry-run
claim 'and given back' hub --json gc
claim 'it verifies after that' hub --quiet verify
kill "$hub2_pid"; wait "$hub2_pid" 2>/dev/null

row=$(sql "SELECT n FROM $schema.entry WHERE payload IS NOT NULL AND kind = 32 ORDER BY n LIMIT 1")
sql "UPDATE $schema.entry SET payload = set_byte(payload, 0, get_byte(payload, 0) # 1) WHERE n = $row"
exits 3 'a flipped bit is found' hub verify
says 'payload does not match' 'and named'
sql "UPDATE $schema.entry SET payload = set_byte(payload, 0, get_byte(payload, 0) # 1) WHERE n = $row"
claim 'and is the only one' hub --quiet verify
stop_hub

# ---- another organisation ----

fb olle --quiet init --org Annan --member Olle --device olle --kit "$work/kit2"
fb olle --quiet team add bo1 && fb olle --quiet grant self bo1 >/dev/null
claim 'a hub asks to join one more organisation' hub --quiet join --request "$work/h2.request" --member Hub --device hubb
fb olle --quiet admit "$work/h2.request" --role hub --welcome "$work/h2.welcome"
claim 'and takes its welcome' hub --quiet join --welcome "$work/h2.welcome" --yes
other=$(hub --json org list 2>/dev/null | jq -r --arg o "$org" '.organisations[]|select(.org!=$o).org')
serve_hub --not-restored
mine=$(sql "SELECT count(*) FROM $schema.entry")
fb olle --quiet put case topic=housing --note 'från Olle'
claim 'its device calls' fb olle --quiet sync --peer "127.0.0.1:$hub_port"
claim 'and fills a schema of its own' test "$(sql "SELECT count(*) FROM faltbok_$other.entry")" -gt 0
same "$(sql "SELECT count(*) FROM $schema.entry")" "$mine" 'and the first has nothing of it'
claim 'both verify' hub --quiet verify
claim 'it is given up' hub --quiet org remove "$other" --yes
same "$(sql "SELECT (SELECT count(*) FROM faltbok_$other.entry) + (SELECT count(*) FROM faltbok_$other.log)")" 0 'and gone from the database'
same "$(sql "SELECT count(*) FROM $schema.entry")" "$mine" 'and the first is as it was'
claim 'which goes on' fb anna --quiet sync --peer "127.0.0.1:$hub_port"
stop_hub

# ---- passwords ----

sql "CREATE ROLE navet LOGIN PASSWORD 'hemligt'; GRANT faltbok TO navet"
printf 'local all navet scram-sha-256\n%s\n' "$(cat "$cluster/data/pg_hba.conf")" >"$work/hba" && cat "$work/hba" >"$cluster/data/pg_hba.conf"
sql 'SELECT pg_reload_conf()' >/dev/null
PGPASSFILE=$work/none exits 5 'a role whose password is nowhere' hub serve --listen 127.0.0.1:0 --store "postgresql://navet@/faltbok?host=$cluster"
echo '*:*:*:navet:hemligt' >"$work/pgpass" && chmod 600 "$work/pgpass"
export PGPASSFILE=$work/pgpass
serve_hub --store "postgresql://navet@/faltbok?host=$cluster" --not-restored
claim 'one whose password is in PGPASSFILE' fb anna --quiet sync --peer "127.0.0.1:$hub_port"
claim 'the password is not on the command line' test "$(tr '\0' ' ' <"/proc/$hub_pid/cmdline" | grep -c hemligt)" = 0
claim 'nor in what it says' test "$(cat "$work/serve.err" "$work"/serve.* | grep -c hemligt)" = 0
claim 'nor in its home' test "$(grep -rc hemligt "$work/hub" | grep -vc ':0$')" = 0
stop_hub
unset PGPASSFILE

# ---- and back ----

exits 5 'a store whose file is gone' hub serve --listen 127.0.0.1:0 --store sqlite
says 'log.db' 'which one'
serving hub2 --json serve --no-discovery --listen 127.0.0.1:0 --store sqlite --not-restored
hub2_pid=$pid hub2_port=$port
grep -q 'the rest comes from' "$work/serve.err" && ok || no 'where the rest comes from is said'
for who in anna bo cia anna; do fb $who --quiet sync --peer "127.0.0.1:$hub2_port"; done
same "$(hub2 --json status | jq -r '.organisations[0].store')" sqlite 'what it is in now'
same "$(fb cia --json get "$a" | jq -r '.notes[0].text')" 'från Anna' 'filled from its devices it gives'
claim 'and it verifies' hub2 --quiet verify
finish
