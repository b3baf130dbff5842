#!/bin/bash
# A case is erased: two persons, every device, the hub and the auditor; for good.
. "$(dirname "$0")/lib.sh"
found
for who in bo cia; do claim "$who is admitted" admitted $who advisor lund; done
claim 'a hub is admitted' admitted hub hub
claim 'an auditor is admitted' admitted auditor auditor
marker='Hemligheten i Torna Hällestad'
line() { echo "{\"t\":\"2020-01-01T10:00:00+01:00\",\"by\":\"x\",\"type\":\"case\",\"id\":\"$1\",\"note\":{\"id\":\"$2\",\"text\":\"$marker\"}}"; }
a=$(printf %032x 77)
line "$a" "$(printf %032x 78)" >"$work/trace.jsonl"
claim 'the case is imported' fb bo import "$work/trace.jsonl"
b=$(fb bo --json put case topic=health --note 'ett annat ärende' | jq -r .id)

serving hub --json serve --no-discovery --listen 127.0.0.1:0
hub_port=$port hub_pid=$pid
round() { for _who in "$@"; do fb "$_who" --quiet sync --peer "127.0.0.1:$hub_port"; done; }
round bo anna cia bo
fb anna --quiet put case "$a" topic=housing
fb anna --quiet bundle write "$work/before.fb"
round anna bo cia
same "$(fb cia --json search Hemligheten | jq '.records|length')" 1 'the case is found before'

exits 1 'an erasure without a reason' fb bo erase "$a"
exits 2 'an erasure of what is not there' fb bo erase 123456 --reason x
request=$(fb bo --json erase "$a" --reason 'besökaren bad om det' | jq -r .request)
exits 2 'a second request for the same' fb bo erase "$a" --reason x
exits 2 'an adviser approves nothing' fb bo erase approve "$request"
round bo anna cia
same "$(fb anna --json erase status | jq -r '.erasures[0]|.state+" "+.reason')" 'waiting besökaren bad om det' 'what the second person sees'
same "$(fb cia --json search Hemligheten | jq '.records|length')" 1 'one word erases nothing'
cp "$work/anna/log.db" "$work/before.db"
claim 'the coordinator approves' fb anna erase approve "${request:0:8}"
exits 2 'twice' fb anna erase approve "$request"
exits 2 'the case is gone at once' fb anna get "$a"
claim 'status names who has not confirmed' sh -c "'$bin/faltbok' --home '$work/anna' --passphrase-file '$work/pass' erase status | grep -q \"not yet: cia's cia\""

round anna bo cia
audit --quiet fetch --peer "127.0.0.1:$hub_port"
audit --quiet fetch --peer "127.0.0.1:$hub_port"
round bo cia anna
for who in bo cia; do
	exits 2 "the case is gone at $who" fb $who get "$a"
	same "$(fb $who --json search Hemligheten | jq '.records|length')" 0 "and not found at $who"
	same "$(fb $who --json get "$b" | jq -r '.notes[0].text')" 'ett annat ärende' "the other case at $who"
	same "$(fb $who --json status | jq -r .state_hash)" "$(fb anna --json status | jq -r .state_hash)" "the state of $who"
done
same "$(fb anna --json erase status | jq -c '.erasures[0]|[(.confirmed|length),(.outstanding|length)]')" '[5,0]' 'all five have confirmed'
same "$(fb bo --json erase status | jq -c '.erasures[0]|[.shredded,([.holding[],.unheard[]]|length>0)]')" '[false,true]' 'not shredded while old keys are held'
fb bo erase status >"$work/out"; : >"$work/err"
says 'old keys' 'status says so in words'
fb bo --json import "$work/trace.jsonl" >"$work/again"
same "$(jq -c '[.imported,.erased]' "$work/again")" '[0,1]' 'the imported line is refused for ever'
exits 2 'nothing is written to it' fb cia put case "$a" topic=housing

# A device of Bo's that was away writes on; what it wrote goes where it arrives. An old bundle brings nothing back.
claim 'an old bundle is read' fb bo bundle read "$work/before.fb"
same "$(fb bo --json search Hemligheten | jq '.records|length')" 0 'and brings nothing back'
c=$(fb cia --json put case topic=appeal --note 'efteråt' | jq -r .id)
round cia bo anna
same "$(fb bo --json get "$c" | jq -r '.notes[0].text')" efteråt 'work goes on under a new epoch'
same "$(fb bo --json status | jq -r .state_hash)" "$(fb anna --json status | jq -r .state_hash)" 'the states afterwards'

fb anna --quiet bundle write "$work/after.fb" --for auditor

# The hub has served all the while, and at its first rest writes its file anew: nothing of what was erased is in it, without a restart.
sqlite3 -readonly "$work/anna/log.db" 'SELECT n FROM entry WHERE erased = 1' | while read -r n; do
	sqlite3 -readonly "$work/before.db" "SELECT lower(hex(substr(payload, -24))) FROM entry WHERE n = $n"
done >"$work/ciphertext"
rested() {
	cp "$work/hub/log.db" "$work/live.db" && { cp "$work/hub/log.db-wal" "$work/live.db-wal" 2>/dev/null || :; }
	[ "$(sqlite3 "$work/live.db" "SELECT count(*) FROM meta WHERE key = 'store.scrub' AND length(value) = 0" 2>/dev/null)" = 1 ]
}
for _ in $(seq 300); do rested && break; sleep 0.2; done
claim 'a hub that serves writes its file anew after an erasure' rested
claim 'and nothing of it is left there' sh -c "! cat '$work'/hub/log.db* | od -An -v -tx1 | tr -d ' \\n' | grep -qF -f '$work/ciphertext'"
claim 'it serves still' fb cia sync --peer "127.0.0.1:$hub_port"
kill "$hub_pid"; wait "$hub_pid" 2>/dev/null
claim "the hub's replica is clean" audit verify "$work/hub" --root "$root"
for home in hub anna bo cia auditor; do
	same "$(sqlite3 -readonly "$work/$home/log.db" 'SELECT count(*) FROM entry WHERE erased = 1 AND payload IS NULL')" 2 "erased entries at $home"
	same "$(sqlite3 -readonly "$work/$home/log.db" 'SELECT count(*) FROM entry WHERE erased = 1 AND payload IS NOT NULL')" 0 "payloads left at $home"
done
same "$(audit --json verify "$work/hub" --root "$root" | jq -c .payloads.erased)" 2 'the auditor counts them as erased'
claim 'a bundle written afterwards is clean' audit verify "$work/after.fb" --root "$root"
same "$(audit --json verify "$work/after.fb" --root "$root" | jq -c .payloads.erased)" 2 'and carries none of it'

# No ciphertext of the case is left in any live file, free pages and WAL included: the last 24 bytes of each payload, as they stood before.
holds() { od -An -v -tx1 "$@" | tr -d ' \n' | grep -qF -f "$work/ciphertext"; }
same "$(wc -l <"$work/ciphertext")" 2 'payloads to look for'
claim 'they were in the file before' holds "$work/before.db"
for home in hub anna bo cia auditor; do
	for file in "$work/$home"/*; do [ ! -f "$file" ] || claim "and are not in $home/${file##*/}" sh -c "! { $(declare -f holds); work='$work'; holds '$file'; }"; done
done
same "$(sqlite3 -readonly "$work/auditor/log.db" "SELECT count(*) FROM meta WHERE key = 'store.scrub' AND length(value) > 0")" 0 "the auditor's store has been written anew"
fb dan --quiet join --request "$work/dan.request" --member Dan --device dan
fb anna --quiet admit "$work/dan.request" --role advisor --team lund --welcome "$work/dan.welcome"
claim 'who joins later verifies as well' sh -c "'$bin/faltbok' --home '$work/dan' --passphrase-file '$work/pass' --quiet join --welcome '$work/dan.welcome' --root '$root' &&
	'$bin/faltbok' --home '$work/dan' --passphrase-file '$work/pass' --quiet bundle read '$work/after.fb'; '$bin/faltbok' --home '$work/dan' --passphrase-file '$work/pass' verify"

# Old keys go when everybody writes under the new one and has said so: days later the erasure is shredded.
later() { # DAYS HOME ARG…
	_days=$1 _who=$2
	shift 2
	faketime -f "+${_days}d" "$bin/faltbok" --home "$work/$_who" --passphrase-file "$work/pass" --kdf interactive "$@"
}
if command -v faketime >/dev/null; then
	for day in 1 2 3; do
		for from in anna bo cia dan anna bo; do
			later $day $from --quiet bundle write "$work/day.fb"
			for to in anna bo cia dan; do [ $from = $to ] || later $day $to --quiet bundle read "$work/day.fb"; done
		done
	done
	for who in anna bo cia dan; do
		same "$(later 3 $who --json erase status | jq -c '.erasures[0]|[.shredded,.holding,.unheard,.outstanding]')" '[true,[],[],[]]' "shredded, as $who sees it"
	done
	claim 'erase status' later 3 bo erase status
	says 'shredded' 'says so in words'
	# Payloads put back by hand, from an old disk: the keys and tombstones of today open none of them.
	cp -a "$work/bo" "$work/museum"
	sqlite3 "$work/museum/log.db" "ATTACH '$work/before.db' AS old; UPDATE entry SET erased = 0, payload = (SELECT o.payload FROM old.entry o WHERE o.id = entry.id) WHERE erased = 1" && rm -f "$work/museum/view.snap"
	same "$(sqlite3 -readonly "$work/museum/log.db" 'SELECT count(*) FROM entry WHERE hex(substr(payload, -24)) IN ('"$(sed "s/.*/upper('&')/" "$work/ciphertext" | paste -sd,)"')')" 2 'they are there again'
	same "$(later 3 museum --json search ärende | jq '.records|length')" 1 'what else is there opens'
	same "$(later 3 museum --json search Hemligheten | jq '.records|length')" 0 'and not what was erased'
	later 3 anna --quiet bundle write "$work/last.fb" --for auditor
	same "$(audit --json verify "$work/last.fb" --root "$root" | jq -c .payloads.erased)" 2 'and bundles carry none of it'
else
	echo "(no faketime: shredding is tried in the unit tests)"
fi
# A verify that was cut off has left a store beside the auditor's own; and something that cannot be removed stands in the way of the next.
fb anna --quiet bundle write "$work/beside.fb"
mkdir -p "$work/auditor/checking" && cp "$work/auditor/log.db" "$work/auditor/checking/log.db"
audit --quiet bundle read "$work/beside.fb" 2>/dev/null
same "$(ls "$work/auditor/checking")" '' 'what it left is gone with the next command of whatever kind'
mkdir "$work/auditor/checking/log.db"
claim 'two bundles are never audited as one' sh -c "! '$bin/faltbok-audit' --home '$work/auditor' --passphrase-file '$work/pass' verify '$work/beside.fb' --root '$root' 2>'$work/err'"
rmdir "$work/auditor/checking/log.db"
claim 'and it verifies when that is out of the way' audit --quiet verify "$work/beside.fb" --root "$root"
claim 'no file holds the text' sh -c "! grep -rqaE 'Hemligheten|Torna' '$work/anna' '$work/bo' '$work/cia' '$work/hub' '$work/auditor'"
finish
