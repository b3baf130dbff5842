#!/bin/bash
# Somebody leaves: removal, what comes late, who is told what, over TCP and by stick.
. "$(dirname "$0")/lib.sh"
found
for who in bo cia; do claim "$who is admitted" admitted $who advisor lund; done
for who in dag eva; do claim "$who coordinates as well" admitted $who coordinator lund; done
warns() { fb "$1" --json status | jq -r '.warnings[]' >"$work/out"; : >"$work/err"; }

# Example 1 of PROTOCOL 5.4: an advisor is removed while she writes offline. Bo is out; Cia has met him, Anna has not.
a=$(fb bo --json put case title=sedd | jq -r .id)
carry bo anna && carry anna bo && carry anna cia
b=$(fb bo --json put case title=osedd | jq -r .id)
carry bo cia
c=$(fb bo --json put case title=sist --note 'bara hos Bo' | jq -r .id)
exits 2 'an advisor removes nobody' fb cia revoke bo
exits 2 'a device that is not there' fb anna revoke nobody
claim 'Anna removes Bo' fb anna revoke bo --reason 'slutade i maj'
says 'is removed, for ever' 'revoke in words'
says 'members --exposure' 'and where to go on'
exits 2 'a second time' fb anna revoke bo
same "$(fb anna --json members | jq -r '.members[]|select(.device=="bo")|[.state,.removed_by,.reason]|join(" ")')" 'removed anna slutade i maj' 'members shows it'
claim 'members in words' fb anna members
says '(removed 2' 'members in words'

# Cia has not heard: what she writes is still sealed to Bo. Then she hears, and makes a new key.
d=$(fb cia --json put case title=ohört | jq -r .id)
fb cia --quiet put case "$b" status=closed
carry anna cia
e=$(fb cia --json put case title=efteråt | jq -r .id)
carry cia anna && carry anna cia
same "$(title anna "$e")" efteråt 'who remains reads what is new'
same "$(title cia "$a")" sedd 'what was seen before stays'
same "$(title cia "$b")" '' 'what Anna had not seen does not count'
same "$(hash_of anna)" "$(hash_of cia)" 'Anna and Cia agree'
same "$(fb cia --json status | jq .waiting_adoption)" 1 'it waits at Cia'
warns cia; says 'faltbok adopt' 'and Cia is told'
fb anna --json members --exposure bo >"$work/exposure"
same "$(jq -c '[.removed,(.still_sealed_to_it[]|[.team,.by,.entries])]' "$work/exposure")" '[true,["lund","cia",2]]' 'what Bo was still sent'
same "$(jq '.could_read[]|select(.team=="lund")|.entries' "$work/exposure")" 4 'what Bo could read'
claim 'exposure in words' fb anna members --exposure bo
says 'by writers who had not heard' 'exposure in words'
fb cia --json adopt >"$work/waiting"
same "$(jq -r '.waiting[0]|[.by,.team,.type,.record]|join(" ")' "$work/waiting")" "bo lund case $b" 'adopt lists it'
claim 'Cia adopts it' fb cia adopt "$(jq -r '.waiting[0].entry' "$work/waiting")"
exits 2 'and not twice' fb cia adopt "$(jq -r '.waiting[0].entry' "$work/waiting")"
same "$(title cia "$b")" osedd 'now it counts'
carry cia anna && carry anna cia
same "$(title anna "$b")" osedd 'and for Anna'
same "$(hash_of anna)" "$(hash_of cia)" 'they agree again'

# Bo calls: he is told, with the proof, gets nothing, and keeps what is his.
serving fb anna --json serve --no-discovery --listen 127.0.0.1:0
exits 2 'a removed device that calls' fb bo sync --peer "127.0.0.1:$port"
says 'has been removed' 'the refusal'
same "$(fb bo --json status | jq -c '[.removed,.waiting_adoption]')" '[true,2]' "Bo's own node knows"
warns bo; says 'this device has been removed from Prov' "Bo's status"
says 'removed by anna: slutade i maj' 'by whom and why'
same "$(title bo "$e")" '' 'nothing new came with it'
exits 2 'Bo writes no more' fb bo put case title=mer
says 'can be read and exported' 'what he can do instead'
claim 'Bo exports' fb bo export -o "$work/bo.jsonl"
claim 'also what only he has' grep -q 'bara hos Bo' "$work/bo.jsonl"
same "$(title bo "$c")" '' 'which counts nowhere else'
kill "$pid"; wait "$pid" 2>/dev/null
# His own stick, later: kept, not counted, adopted as a run.
claim 'Bo brings a stick' fb bo bundle write "$work/bo.fb"
claim 'it is taken' fb anna bundle read "$work/bo.fb"
same "$(title anna "$c")" '' 'and does not count'
same "$(fb anna --json status | jq .waiting_adoption)" 1 'it waits at Anna'
same "$(fb anna --json adopt --all bo | jq -c '[.adopted,.waiting_adoption]')" '[1,0]' 'all of it is adopted'
same "$(title anna "$c")" sist 'now it counts'
carry anna cia
same "$(hash_of anna)" "$(hash_of cia)" 'Anna and Cia agree once more'
claim 'everything verifies' fb cia verify

# Example 2: coordinators of one rank remove each other.
carry anna dag && carry anna eva
exits 2 'Dag cannot remove Eva' fb dag revoke eva
says 'dispute' 'and is told what became of it'
exits 2 'nor Eva Dag' fb eva revoke dag
carry dag anna && carry eva anna && carry anna cia
warns cia; says 'dispute: dag has tried to remove eva' 'everybody sees the first'
says 'dispute: eva has tried to remove dag' 'and the second'
same "$(fb cia --json members | jq -r '[.members[]|select(.device=="dag" or .device=="eva")|.state]|join(" ")')" 'member member' 'both stay'
same "$(fb cia --json members | jq -c '[.members[]|select(.device=="dag" or .device=="eva")|[.device,(.disputes|sort)]]|sort')" \
	'[["dag",[{"with":"eva","tried":false},{"with":"eva","tried":true}]],["eva",[{"with":"dag","tried":false},{"with":"dag","tried":true}]]]' 'members shows the dispute at both'
claim 'members in words' fb cia members
says '! has tried to remove eva' 'who tried'
says '! eva has tried to remove it' 'and who was meant'

# Example 7: two coordinators remove one device at different places; Eva's own is decided by who is above her.
f=$(fb cia --json put case title=båda | jq -r .id)
carry cia anna && carry cia dag
g=$(fb cia --json put case title=anna | jq -r .id)
carry cia anna
claim 'Anna removes Cia' fb anna revoke cia
claim 'and Dag, who has seen less' fb dag revoke cia
carry dag anna && carry anna dag
same "$(title anna "$f")" båda 'what both had seen counts'
same "$(title anna "$g")" '' 'what one had seen waits'
same "$(hash_of anna)" "$(hash_of dag)" 'Anna and Dag agree'
same "$(fb anna --json status | jq .waiting_adoption)" 1 'one entry waits'
claim 'Anna decides the dispute' fb anna revoke eva
warns anna; claim 'and it is over' sh -c "! grep -q dispute '$work/out'"

# A team is left and entered again.
claim 'Dag may not read lund' fb anna ungrant dag lund
exits 2 'nor a second time' fb anna ungrant dag lund
carry anna dag
exits 2 'Dag writes nothing there' fb dag put case title=nej --team lund
fb anna --quiet grant dag lund
carry anna dag
h=$(fb dag --json put case title=igen | jq -r .id)
carry dag anna
same "$(title anna "$h")" igen 'Dag is heard again'
claim 'Dag leaves' fb dag revoke self
claim "and Dag's own node says so" sh -c "'$bin/faltbok' --home '$work/dag' --passphrase-file '$work/pass' status | grep -q 'has been removed'"
finish
