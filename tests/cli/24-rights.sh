#!/bin/bash
# Who gets what, looked at in the stores and on the wire: payloads, headers, nothing.
. "$(dirname "$0")/lib.sh"
found
fb anna --quiet team add malmo
claim 'Bo is admitted' admitted bo advisor lund
claim 'Eva works elsewhere' admitted eva advisor malmo
claim 'Carl is a coordinator without a grant' admitted carl coordinator
claim 'an auditor' admitted auditor auditor
claim 'a hub' admitted hub hub
serving hub --json serve --no-discovery --listen 127.0.0.1:0
hub_port=$port hub_pid=$pid
all_sync() { for who in "$@"; do fb "$who" --json sync --peer "127.0.0.1:$hub_port" >"$work/sync.$who" 2>"$work/err.$who"; done; }
long=$(head -c 15000 /dev/urandom | base64 -w 0)
all_sync anna bo carl eva
case=$(fb anna --json put case --team lund topic=housing --note "$long" | jq -r .id)
all_sync anna bo carl eva
audit --quiet fetch --peer "127.0.0.1:$hub_port"

team=$(fb anna --json team list | jq -r '.teams[]|select(.name=="lund")|.team // .id')
db() { case $1 in hub) echo "$work/hub/log.db" ;; auditor) echo "$work/auditor/log.db" ;; *) echo "$work/$1/log.db" ;; esac; }
ask() { sqlite3 "file:$(db "$1")?mode=ro" "$2" 2>/dev/null || sqlite3 -readonly "$(db "$1")" "$2"; }
rows() { ask "$1" "SELECT count(*), count(payload) FROM entry JOIN log ON log.no = ((n & 4611686018427387903) >> 40) WHERE log.stream = x'$team'"; }
# Sixteen bytes out of the middle of the longest sealed payload of the team: whoever has them has the ciphertext.
kill "$hub_pid"; wait "$hub_pid" 2>/dev/null # closed stores are whole files
marker=$(ask anna "SELECT hex(substr(payload, 9000, 16)) FROM entry JOIN log ON log.no = ((n & 4611686018427387903) >> 40) WHERE log.stream = x'$team' ORDER BY plen DESC LIMIT 1")
same "${#marker}" 32 'a piece of the ciphertext'
has() { xxd -p -u "$(db "$1")" | tr -d '\n' | grep -c "$marker"; }

anna=$(rows anna)
same "$(rows bo)" "$anna" 'a reader has every entry and payload'
same "$(rows hub)" "$anna" 'so has the hub, sealed'
same "$(rows auditor)" "$anna" 'and the auditor'
same "$(rows carl)" "${anna%|*}|0" 'a coordinator without a grant has every header and not one payload'
same "$(rows eva)" '0|0' 'who is in another team has nothing of it'
for who in anna bo hub auditor; do same "$(has $who)" 1 "the ciphertext lies at $who's"; done
for who in carl eva; do same "$(has $who)" 0 "no byte of it at $who's"; done
for who in hub auditor carl eva; do same "$(grep -c "${long:2000:40}" "$(db $who)")" 0 "nothing readable at $who's"; done
claim 'on the wire as well: Bo was sent the note' jq -e '.peers[0].bytes_received>15000' "$work/sync.bo"
claim 'Carl its header' jq -e '.peers[0].bytes_received<15000' "$work/sync.carl"
claim 'Eva less' jq -e '.peers[0].bytes_received<15000' "$work/sync.eva"
same "$(fb bo --json get "$case" | jq -r '.notes[0].text|length')" "${#long}" 'Bo reads it'
exits 2 'Carl does not' fb carl get "$case"

# ---- a right that comes later, and one that goes ----

serving hub --json serve --no-discovery --listen "127.0.0.1:$hub_port"
hub_pid=$pid
carl=$(fb anna --json members | jq -r '.members[]|select(.device=="carl").id')
fb anna --quiet grant "$carl" lund
all_sync anna carl anna carl
same "$(rows carl)" "$(rows anna)" 'a grant brings the payloads after'
bo=$(fb anna --json members | jq -r '.members[]|select(.device=="bo").id')
before=$(rows bo)
fb anna --quiet revoke "$bo" --reason slut
late=$(fb anna --json put case --team lund topic=health --note "$long" | jq -r .id)
all_sync anna
control=$(ask bo 'SELECT count(*) FROM entry')
exits 2 'a removed device is told so' fb bo sync --peer "127.0.0.1:$hub_port"
same "$(rows bo)" "$before" 'and gets nothing of the team'
claim 'but the proof' test "$(ask bo 'SELECT count(*) FROM entry')" -gt "$control"
claim 'it counts there' jq -e '[.warnings[]|select(test("has been removed"))]|length==1' <(fb bo --json status)
exits 2 'and a second time' fb bo sync --peer "127.0.0.1:$hub_port"
same "$(rows bo)" "$before" 'nothing again'
exits 2 'what was written since it never had' fb bo get "$late"
finish
