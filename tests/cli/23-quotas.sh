#!/bin/bash
# A hub whose quota is used up: bytes, devices, links. What it says, that nothing is lost, and that all goes on by itself when there is room.
. "$(dirname "$0")/lib.sh"
export RUNTIME_DIRECTORY=$work/run
found
for who in bo cia; do claim "$who is admitted" admitted $who advisor lund; done
claim 'a hub is admitted' admitted hub hub
org=$(hub --json org list | jq -r '.organisations[0].org')
quota() { hub --quiet org quota "$org" "$@"; }
at_hub() { hub --json status | jq -r --arg o "$org" ".organisations[]|select(.org==\$o)|$1"; }
only_here() { fb "$1" --json status | jq .custody.only_here; }
none_only_here() { [ "$(only_here "$1")" = 0 ]; }
warned() { fb "$1" --json status | jq -e --arg w "$2" '[.warnings[]|select(contains($w))]|length > 0' >/dev/null; }
linked() { [ "$(at_hub .links)" = "$1" ]; }

serving hub --json serve --no-discovery --listen 127.0.0.1:0
hub_port=$port
serving fb anna --json serve --no-discovery --listen 127.0.0.1:0 --peer "127.0.0.1:$hub_port"
anna_pid=$pid
fb anna --quiet put case topic=housing --note 'före'
claim 'what Anna writes is kept at the hub' until_true 150 none_only_here anna

# ---- bytes ----

quota --bytes "$(at_hub .file_bytes)"
same "$(at_hub .full)" true 'with no byte to spare it is full'
claim 'its status says so' sh -c "'$bin/faltbok-hub' --home '$work/hub' --passphrase-file '$work/pass' --json status | jq -e '[.warnings[]|select(contains(\"quota is used up\"))]|length > 0'"
id=$(fb anna --json put case topic=health --note 'när det är fullt' | jq -r .id)
claim 'a full hub keeps nobody from writing' test -n "$id"
claim 'what is written then is only here' until_true 150 test "$(only_here anna)" -ge 1
claim 'Anna is told why' until_true 150 warned anna 'has no room'
same "$(fb anna --json status | jq .safe_to_wipe)" false 'and that this home is not to be wiped'
exits 0 'Bo, who calls, gets what it has all the same' fb bo sync --peer "127.0.0.1:$hub_port"
says 'has no room' 'and is told'
same "$(fb bo --json list case | jq '.records|length')" 1 'the case of before'
quota --bytes 0
claim 'when there is room Anna goes on by herself' until_true 150 none_only_here anna
same "$(at_hub .full)" false 'it is not full'
claim 'Bo calls again' fb bo --quiet sync --peer "127.0.0.1:$hub_port"
same "$(fb bo --json get "$id" | jq -r '.notes[0].text')" 'när det är fullt' 'and has what waited'

# ---- links ----

claim 'Anna is linked' until_true 150 linked 1
quota --connections 1
fb bo --quiet put case topic=appeal --note 'Bo skriver'
exits 6 'a second link where there is room for one' fb bo sync --peer "127.0.0.1:$hub_port"
says 'no room' 'Bo is told so'
claim 'and keeps what he wrote' test "$(only_here bo)" -ge 1
claim 'the hub counts who was refused' test "$(at_hub .refused_links)" -ge 1
serving fb bo --json serve --no-discovery --listen 127.0.0.1:0 --peer "127.0.0.1:$hub_port"
bo_pid=$pid
claim 'Bo, who serves, is refused as well' until_true 150 grep -q 'no room' "$work/serve.err"
claim 'and waits' test "$(only_here bo)" -ge 1
kill "$anna_pid" && wait "$anna_pid" 2>/dev/null
claim 'when Anna has gone Bo comes in by himself' until_true 150 none_only_here bo
quota --connections 0

# ---- devices ----

quota --devices 2
fb cia --quiet put case topic=appeal --note 'Cia skriver'
serving fb cia --json serve --no-discovery --listen 127.0.0.1:0 --peer "127.0.0.1:$hub_port"
claim 'a third device where there is room for two is told so' until_true 150 grep -q 'no room' "$work/serve.err"
claim 'and keeps what it wrote' test "$(only_here cia)" -ge 1
quota --devices 3
claim 'when there is room for three it comes in by itself' until_true 150 none_only_here cia
claim 'and Bo has what was written there' until_true 150 sh -c "'$bin/faltbok' --home '$work/bo' --passphrase-file '$work/pass' --json search 'Cia skriver' | jq -e '.records|length == 1'"
claim 'the hub verifies' hub --quiet verify
for who in anna bo cia; do claim "$who is sound" fb $who verify; done
finish
