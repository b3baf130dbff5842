#!/bin/bash
# Devices meet over TCP, by bundle and through a hub; strangers get nothing.
. "$(dirname "$0")/lib.sh"
found
for who in bo cia; do claim "$who is admitted" admitted $who advisor lund; done
claim 'a hub is admitted' admitted hub hub
claim 'an auditor is admitted' admitted auditor auditor

same "$(fb bo --json members | jq '[.members[]|select(.self_granted|length>0)]|length')" 1 "Anna's own grant is an alarm at Bo"
exits 2 'an advisor admits nobody' fb bo admit "$work/cia.request" --role advisor --welcome "$work/w"
exits 3 'a welcome for another device' fb bo join --welcome "$work/cia.welcome" --root "$root"
fb dan --quiet join --request "$work/dan.request" --member Dan --device dan
fb eva --quiet join --request "$work/eva.request" --member Eva --device eva
fb anna --quiet admit "$work/eva.request" --role advisor --team lund --welcome "$work/eva.welcome"
exits 2 'a welcome of another root' fb eva join --welcome "$work/eva.welcome" --root "$(printf 0%.0s $(seq 64))"
exits 2 'a welcome that nobody confirms' setsid "$bin/faltbok" --home "$work/eva" --passphrase-file "$work/pass" join --welcome "$work/eva.welcome"
head -c 100 "$work/cia.request" >"$work/cut.request"
exits 3 'a request cut short' fb anna admit "$work/cut.request" --role advisor --team lund --welcome "$work/w"

a=$(fb anna --json put case topic=housing --note 'från Anna' | jq -r .id)
b=$(fb bo --json put case topic=health --note 'från Bo' | jq -r .id)
serving fb anna --json serve --no-discovery --listen 127.0.0.1:0
anna_port=$port anna_pid=$pid
claim 'the serving home answers the command line' fb anna get "$a"
exits 4 'a second server on one home' fb anna serve
fb bo --json sync --peer "127.0.0.1:$anna_port" >"$work/sync"
same "$(jq -r '.peers[0].in_step' "$work/sync")" true 'in step after one round'
same "$(fb anna --json get "$b" | jq -r '.notes[0].text')" 'från Bo' "Bo's note at Anna's"
same "$(hash_of anna)" "$(hash_of bo)" 'the state of both'
fb bo --json sync --peer "127.0.0.1:$anna_port" >"$work/sync"
same "$(jq -c '.peers[0]|[.sent,.received,.round_trips]' "$work/sync")" '[0,0,1]' 'nothing new'
claim 'and that costs at most 1,024 bytes' jq -e '.peers[0]|.bytes_sent+.bytes_received<=1024' "$work/sync"
exits 6 'a peer that is not there' fb bo sync --peer 127.0.0.1:1
exits 2 'a device that has joined nothing' fb dan sync --peer "127.0.0.1:$anna_port"
fb other --quiet init --org Annan --member Olle --device olle --kit "$work/other-kit"
exits 6 'a member of another organisation' fb other sync --peer "127.0.0.1:$anna_port"
head -c 5000 /dev/urandom | nc -N -w 2 127.0.0.1 "$anna_port" >"$work/answer" 2>/dev/null
same "$(wc -c <"$work/answer")" 0 'bytes that garbage on the port is answered with'
claim 'the server lives on' fb anna status

serving hub --json serve --no-discovery --listen 127.0.0.1:0
hub_port=$port hub_pid=$pid
fb anna --quiet sync --peer "127.0.0.1:$hub_port"
c=$(fb cia --json put case topic=appeal --note 'från Cia' | jq -r .id)
fb cia --json sync --peer "127.0.0.1:$hub_port" >"$work/sync"
same "$(jq -r '.peers[0].in_step' "$work/sync")" true 'Cia is in step with the hub'
same "$(fb cia --json get "$b" | jq -r '.notes[0].text')" 'från Bo' 'the hub relays what it cannot read'
same "$(fb cia --json status | jq -c .custody.only_here)" 0 'the hub has signed for what Cia wrote'
fb anna --quiet sync --peer "127.0.0.1:$hub_port"
same "$(hash_of anna)" "$(hash_of cia)" 'Anna and Cia agree'

claim 'a bundle is written' fb cia bundle write "$work/cia.fb"
claim 'and checked without being taken' fb bo bundle check "$work/cia.fb"
fb bo --json bundle read "$work/cia.fb" >"$work/in"
same "$(fb bo --json get "$c" | jq -r '.notes[0].text')" 'från Cia' "Cia's note came by stick"
same "$(fb bo --json bundle read "$work/cia.fb" | jq .new)" 0 'the same bundle again'
fb cia --quiet put case "$c" status=closed
for i in $(seq 400); do echo "{\"t\":\"2020-01-01T10:00:00+01:00\",\"by\":\"x\",\"type\":\"case\",\"id\":\"$(printf %032x "$i")\",\"note\":{\"id\":\"$(printf %032x $((i + 5000)))\",\"text\":\"anteckning nummer $i\"}}"; done >"$work/many.jsonl"
fb cia --quiet import "$work/many.jsonl"
fb cia --quiet bundle write "$work/big.fb"
head -c $(($(stat -c %s "$work/big.fb") * 2 / 3)) "$work/big.fb" >"$work/cut.fb"
exits 3 'a bundle cut short' fb bo bundle read "$work/cut.fb"
claim 'its whole entries are kept' test "$(fb bo --json status | jq .records)" -gt 100
claim 'and the rest comes with the whole one' fb bo bundle read "$work/big.fb"
same "$(hash_of bo)" "$(hash_of cia)" 'Bo and Cia agree'
head -c 20000 /dev/urandom >"$work/noise.fb"
exits 3 'a bundle of noise' fb bo bundle read "$work/noise.fb"
claim 'nothing of the log stands in clear in a bundle' sh -c "! grep -qaE 'anteckning|housing|från' '$work/big.fb'"

kill "$hub_pid" "$anna_pid"; wait "$hub_pid" "$anna_pid" 2>/dev/null
claim "the auditor finds the hub's replica clean" audit verify "$work/hub" --root "$root"
cp -r "$work/hub" "$work/copy"
fb anna --quiet bundle write "$work/audit.fb" --for auditor
claim 'the auditor fills a home from a bundle' audit bundle read "$work/audit.fb"
claim 'and finds that clean as well' audit verify "$work/auditor" --root "$root"
claim 'and the bundle itself' audit verify "$work/audit.fb" --root "$root"
exits 3 'another root' audit verify "$work/hub" --root "$(printf 0%.0s $(seq 64))"
finish
