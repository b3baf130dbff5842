#!/bin/bash
# A hub: several organisations, quotas, an older disk, removed devices, what it gives back.
. "$(dirname "$0")/lib.sh"
export RUNTIME_DIRECTORY=$work/run # no tmpfs: the hub then takes the next place that is one
found
for who in bo cia; do claim "$who is admitted" admitted $who advisor lund; done
claim 'a hub is admitted' admitted hub hub
org=$(hub --json org list | jq -r '.organisations[0].org')
cp -a "$work/hub" "$work/hub.new" # as it was on its first day

# ---- another organisation, in the same home ----

fb olle --quiet init --org Annan --member Olle --device olle --kit "$work/kit2"
fb olle --quiet team add bo1 && fb olle --quiet grant self bo1 >/dev/null
claim 'a hub asks to join one more organisation' hub --json join --request "$work/h2.request" --member Hub --device hub2
claim 'for which there is no second recovery code' test "$(jq -r 'has("recovery_code")' "$work/out")" = false
fb olle --quiet admit "$work/h2.request" --role hub --welcome "$work/h2.welcome"
exits 2 "another's welcome is asked about" setsid "$bin/faltbok-hub" --home "$work/hub" --passphrase-file "$work/pass" join --welcome "$work/h2.welcome"
claim 'and takes its welcome' hub --quiet join --welcome "$work/h2.welcome" --yes
hub --json org list >"$work/list"
same "$(jq '.organisations|length' "$work/list")" 2 'organisations of this hub'
same "$(jq -r '[.organisations[].device]|unique|length' "$work/list")" 2 'it is another device in each'
other=$(jq -r '.organisations[1].org' "$work/list")
same "$(find "$work/hub" -name keystore | wc -l)" 1 'keystores'

serving hub --json serve --no-discovery --listen 127.0.0.1:0
hub_port=$port hub_pid=$pid
a=$(fb anna --json put case topic=housing --note 'från Anna' | jq -r .id)
o=$(fb olle --json put case topic=housing --note 'från Olle' | jq -r .id)
for who in anna olle bo; do claim "$who calls the hub of both" fb $who --quiet sync --peer "127.0.0.1:$hub_port"; done
same "$(fb bo --json get "$a" | jq -r '.notes[0].text')" 'från Anna' 'Bo has what is his'
exits 2 "and nothing of the other organisation's" fb bo get "$o"
claim 'the hub is asked while it serves' hub --json status
same "$(jq -r '[.organisations[].gives]|all' "$work/out")" true 'it gives'
same "$(jq -r .serving "$work/out")" true 'it says that it serves'

# ---- quotas ----

entries=$(hub --json status | jq --arg o "$org" '.organisations[]|select(.org==$o).entries')
claim 'a quota is set while it serves' hub --quiet org quota "$org" --entries "$entries"
same "$(hub --json status | jq -c --arg o "$org" '.organisations[]|select(.org==$o)|[.full,.quota.entries]')" "[true,$entries]" 'the quota is used up'
b=$(fb bo --json put case topic=health --note 'från Bo' | jq -r .id)
claim 'a call on a full hub goes well' fb bo --json sync --peer "127.0.0.1:$hub_port"
same "$(jq -c '.peers[0]|[.in_step,.full,.sent]' "$work/out")" '[false,true,0]' 'says that it is full, and nothing is sent in vain'
fb bo sync --peer "127.0.0.1:$hub_port" >"$work/out" 2>"$work/err"
says 'has no room' 'the sentence'
claim 'what the full hub lacks is only here' jq -e '.custody.only_here>=1 and .safe_to_wipe==false' <(fb bo --json status)
o2=$(fb olle --json put case topic=health --note 'mer från Olle' | jq -r .id)
claim 'the other organisation suffers nothing' fb olle --json sync --peer "127.0.0.1:$hub_port"
same "$(fb olle --json status | jq -c .custody.only_here)" 0 'its entries are taken'
fb anna --quiet team add nytt
claim 'a full hub takes what says who belongs' fb anna --json sync --peer "127.0.0.1:$hub_port"
claim 'and has it' test "$(hub --json status | jq --arg o "$org" '.organisations[]|select(.org==$o).entries')" -gt "$entries"
claim 'the quota is lifted' hub --quiet org quota "$org" --entries 0
claim 'and Bo calls again' fb bo --json sync --peer "127.0.0.1:$hub_port"
same "$(fb bo --json status | jq -c .custody.only_here)" 0 'now it is kept there'
hub --quiet org quota "$org" --devices 2
exits 6 'a third device where there is room for two' fb cia sync --peer "127.0.0.1:$hub_port"
says 'no room' 'it is told so'
claim 'the status names it' jq -e --arg o "$org" '.organisations[]|select(.org==$o).refused_links>=1' <(hub --json status)
hub --quiet org quota "$org" --devices 0
claim 'and when there is room it comes in' fb cia --quiet sync --peer "127.0.0.1:$hub_port"
exits 1 'a quota that is no number' hub org quota "$org" --bytes viel
exits 2 'of an organisation that is not here' hub org quota ffffffffffff --bytes 1M

# ---- restarts, and older disks ----

stop_hub() { kill "$hub_pid" && wait "$hub_pid" 2>/dev/null; }
start_hub() { serving hub --json serve --no-discovery --listen "127.0.0.1:$hub_port" "$@"; hub_pid=$pid; }
gives() { hub --json status | jq -r --arg o "$org" '.organisations[]|select(.org==$o).gives'; }

stop_hub
start_hub
same "$(gives)" true 'a hub that was only started anew gives'
kill -9 "$hub_pid"; wait "$hub_pid" 2>/dev/null
start_hub
same "$(gives)" true 'also after it was killed'

fb cia --quiet put case topic=appeal --note 'före stölden'
fb anna --quiet put case topic=appeal --note 'HEMLIGT för dem som är kvar'
fb anna --quiet sync --peer "127.0.0.1:$hub_port"
stop_hub
cp -a "$work/hub" "$work/hub.old"
cp -a "$work/cia" "$work/cia.stolen"
start_hub
cia=$(fb anna --json members | jq -r '.members[]|select(.device=="cia").id')
fb anna --quiet revoke "$cia" --reason stulen
claim 'the removal reaches the hub' fb anna --quiet sync --peer "127.0.0.1:$hub_port"
exits 2 'a removed device is told so' fb cia sync --peer "127.0.0.1:$hub_port"
says 'removed' 'in words'
same "$(fb cia --json status | jq -r '[.warnings[]|select(test("removed"))]|length>0')" true 'and keeps what proves it'
stop_hub

# every file back in place: same folder, same names, older content
cp -a "$work/hub.old/." "$work/hub/"
rm -rf "$work/cia" && mv "$work/cia.stolen" "$work/cia"
start_hub
same "$(gives)" false 'an older disk gives nothing'
before=$(fb cia --json status | jq .entries)
claim 'the removed device is first to call' fb cia --json sync --peer "127.0.0.1:$hub_port"
same "$(jq -c '.peers[0]|[.withholds,.received]' "$work/out")" '[true,0]' 'it gets nothing'
same "$(fb cia --json status | jq ".entries - $before <= 1")" true 'not one entry: at most an ATTEST of its own, since its home was copied'
same "$(fb cia --json search HEMLIGT | jq '.records|length')" 0 'nor a word of the note'
b2=$(fb bo --json put case topic=health --note 'medan navet tvekar' | jq -r .id)
claim 'another member calls' fb bo --json sync --peer "127.0.0.1:$hub_port"
same "$(fb bo --json status | jq -c .custody.only_here)" 0 'what it brings is taken, and signed for'
claim 'a coordinator calls' fb anna --quiet sync --peer "127.0.0.1:$hub_port"
same "$(gives)" true 'and the hub gives again'
exits 2 'the removed device calls once more' fb cia sync --peer "127.0.0.1:$hub_port"
same "$(fb cia --json search HEMLIGT | jq '.records|length')" 0 'and never got it'
fb anna --quiet sync --peer "127.0.0.1:$hub_port"
same "$(fb anna --json get "$b2" | jq -r '.notes[0].text')" 'medan navet tvekar' "Bo's note at Anna's"
stop_hub
rm -rf "$work/hub" && cp -a "$work/hub.old" "$work/hub"
start_hub
same "$(gives)" false 'a copy in its place gives nothing either'
stop_hub
start_hub --not-restored
same "$(gives)" true "the operator's word stands"

# ---- wiped, and filled again ----

fb anna --quiet sync --peer "127.0.0.1:$hub_port"
stop_hub
rm -rf "$work/hub.full" && mv "$work/hub" "$work/hub.full" && mv "$work/hub.new" "$work/hub"
start_hub
same "$(gives)" false 'a hub of the first day gives nothing'
fb bo --quiet sync --peer "127.0.0.1:$hub_port"
few=$(hub --json status | jq .entries)
fb anna --quiet sync --peer "127.0.0.1:$hub_port"
fb anna --quiet sync --peer "127.0.0.1:$hub_port"
claim 'its devices fill it again' test "$(hub --json status | jq .entries)" -ge "$few"
same "$(hub --json status | jq '.organisations[0].lacking')" 0 'nothing that others hold is missing there'
claim 'Bo calls the refilled hub' fb bo --quiet sync --peer "127.0.0.1:$hub_port"
same "$(fb bo --json status | jq -c .custody.only_here)" 0 'and has its word for all he wrote'
same "$(fb bo --json get "$a" | jq -r '.notes[0].text')" 'från Anna' 'the hub relays again'
stop_hub
rm -rf "$work/hub" && mv "$work/hub.full" "$work/hub"
claim 'it verifies' hub --quiet verify
claim 'what could be given back is counted' hub --json gc --dry-run
same "$(jq -r .dry_run "$work/out")" true 'and nothing done'
size=$(stat -c %s "$work/hub/log.db")
sqlite3 "$work/hub/log.db" 'CREATE TABLE litter(x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<2000) INSERT INTO litter SELECT randomblob(500) FROM n; DROP TABLE litter' 2>/dev/null
claim 'and given back' hub --json gc
claim 'the disk has it' test "$(stat -c %s "$work/hub/log.db")" -le "$((size + 16384))"
claim 'it still verifies' hub --quiet verify

# ---- removing an organisation ----

start_hub --not-restored
exits 2 'removing asks first' hub org remove "$other"
claim 'and then does' hub --json org remove "$other" --yes
same "$(hub --json org list | jq '.organisations|length')" 1 'one is left'
same "$(find "$work/hub" -name log.db | wc -l)" 1 'and one store'
exits 6 'who belonged to it finds nobody' fb olle sync --peer "127.0.0.1:$hub_port"
exits 2 'the last one stays' hub org remove "$org" --yes
claim 'the other goes on' fb anna --quiet sync --peer "127.0.0.1:$hub_port"

# ---- garbage ----

for i in $(seq 20); do head -c 300 /dev/urandom | nc -N -w 2 127.0.0.1 "$hub_port" >>"$work/answer" 2>/dev/null; done
same "$(wc -c <"$work/answer")" 0 'bytes that strangers are answered with'
claim 'they are counted' jq -e '.door.strangers>=20' <(hub --json status)
stop_hub
finish
