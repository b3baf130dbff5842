#!/bin/bash
# What goes wrong with one's own devices, as stories: a snapshot is resumed, a laptop is lost, a passphrase is forgotten.
. "$(dirname "$0")/lib.sh"
found
for who in bo cia; do claim "$who is admitted" admitted $who advisor lund; done
status() { fb "$1" --json status; }

# A snapshot is resumed: the same files in the same place, as they were before the last entries.
a=$(fb bo --json put case title=före | jq -r .id)
carry bo anna && carry anna bo
mkdir "$work/snapshot" && cp -a "$work/bo/." "$work/snapshot/"
b=$(fb bo --json put case title=grenen | jq -r .id)
carry bo cia && carry cia anna
same "$(title cia "$b")" grenen 'Cia has what came after the snapshot'
for f in "$work/snapshot"/*; do [ -f "$f" ] && cat "$f" >"$work/bo/${f##*/}"; done # in place: not a copy of the home
for f in "$work/bo"/*; do [ -e "$work/snapshot/${f##*/}" ] || rm -rf "$f"; done
same "$(title bo "$b")" '' 'Bo has forgotten it'
c=$(fb bo --json put case title=stammen | jq -r .id)
carry bo cia && carry cia bo && carry bo anna && carry anna cia
for who in bo cia anna; do
	same "$(status $who | jq -c '[(.forks|map(.device)|unique),.waiting_adoption]')" '[["bo"],2]' "$who keeps the fork and says so"
	same "$(status $who | jq -c '[.forks[]|.branches]|unique')" '[2]' "with both of its histories, at $who"
	same "$(status $who | jq -c '(.forks|length)==(.forks|unique_by([.stream,.seq])|length)')" true "$who tells each fork once"
	same "$(title $who "$a") $(title $who "$b")$(title $who "$c")" 'före ' "neither branch counts at $who"
done
claim 'Cia adopts both, by one command' fb cia adopt --all bo
says '2 entries count from now on' 'in words'
carry cia bo && carry cia anna
for who in bo cia anna; do
	same "$(title $who "$b") $(title $who "$c")" 'grenen stammen' "$who reads both branches"
	same "$(status $who | jq .waiting_adoption)" 0 "nothing waits at $who"
	claim "the logs of $who verify" fb $who verify
done
d=$(fb bo --json put case title=vidare | jq -r .id)
carry bo anna && carry anna cia
same "$(title anna "$d") $(title cia "$d")" 'vidare vidare' 'and Bo goes on: what he writes counts'
same "$(status cia | jq .waiting_adoption)" 0 'without being adopted'

# A laptop is lost: removed, a new device, its history from whoever reads; the lost one reads nothing new.
e=$(fb bo --json put case title=förlorad | jq -r .id) # never left it
claim 'Anna removes the lost device' fb anna revoke bo
says 'bo' 'in words'
claim 'Bo joins with a new device' admitted bo2 advisor lund
carry anna cia
f=$(fb cia --json put case title=efteråt | jq -r .id)
carry cia bo2
same "$(title bo2 "$a") $(title bo2 "$c") $(title bo2 "$f")" 'före stammen efteråt' 'a colleague brings the history, what was Bo’s included'
same "$(title bo2 "$e")" '' 'what was on the lost device alone is lost'
g=$(fb bo2 --json put case "$a" title=fortsatt | jq -r .id)
carry bo2 cia && carry cia anna
same "$(title anna "$a") $(title cia "$a")" 'fortsatt fortsatt' 'he goes on with his own case'
fb cia --quiet bundle write "$work/found.fb"
fb bo --quiet bundle read "$work/found.fb" 2>/dev/null
same "$(title bo "$f")" '' 'the lost device cannot read what came after'
same "$(fb anna --json members | jq -c '[.members[]|select(.device=="bo" or .device=="bo2")|[.device,.state]]|sort')" '[["bo","removed"],["bo2","member"]]' 'members shows both'

# A passphrase is forgotten: the code from the day of joining opens the home, and only the new passphrase from then on.
fb dag --json join --request "$work/dag.request" --member dag --device dag >"$work/joined"
claim 'joining shows a recovery code' sh -c "jq -e '.recovery_code|length==26' '$work/joined'"
jq -r .recovery_code "$work/joined" >"$work/code"
fb anna --quiet admit "$work/dag.request" --role advisor --team lund --welcome "$work/dag.welcome" >/dev/null
fb dag --quiet join --welcome "$work/dag.welcome" --root "$root"
carry cia dag
echo 'sju andra ord om sommaren' >"$work/new"
tr 'A-Y2' 'B-Z3' <"$work/code" | tr 'Z' 'A' >"$work/wrong-code"
new() { "$bin/faltbok" --home "$work/dag" --passphrase-file "$work/new" --kdf interactive "$@"; }
exits 4 'the new passphrase opens nothing yet' new status
claim 'another code does not open it' sh -c "! '$bin/faltbok' --home '$work/dag' --passphrase-file '$work/new' --kdf interactive recover --code '$work/wrong-code'"
claim 'the code does' new recover --code "$work/code"
exits 4 'the old passphrase is no good any more' fb dag status
same "$(new --json get "$a" | jq -r .fields.title)" fortsatt 'all is there under the new one'
h=$(new --json put case title=ihågkommen | jq -r .id)
new --quiet bundle write "$work/stick.fb" && fb cia --quiet bundle read "$work/stick.fb"
same "$(title cia "$h")" ihågkommen 'and goes on counting'
finish
