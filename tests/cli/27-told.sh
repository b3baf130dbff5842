#!/bin/bash
# What people are told of who belongs, until it is true no more or they say that they know.
. "$(dirname "$0")/lib.sh"
found
for who in bo cia; do claim "$who is admitted" admitted $who advisor lund; done
told() { fb "$1" --json status | jq -r "[.warnings[]|select(contains(\"granted itself the team $2\"))]|length"; }
listed() { fb "$1" --json members | jq -c '[.members[]|select(.self_granted|length>0)|[.self_granted, .self_granted_unseen]]'; }

# ---- a coordinator who granted herself a team, and who knows why ----
same "$(told bo lund) $(told anna lund)" '1 1' 'everybody is told, she too'
fb bo members seen >"$work/out"; says 'Noted on this device' 'Bo knows why'
same "$(told bo lund)" 0 'and is not told again'
same "$(told cia lund)" 1 'Cia, who has not said so, still is'
same "$(listed bo)" '[[["lund"],[]]]' 'the list of members goes on showing it, as seen'
same "$(listed cia)" '[[["lund"],["lund"]]]' 'and at Cia as not seen'
fb bo members >"$work/out"; says '! granted itself lund' 'in words as before'
fb bo members seen >"$work/out"; says 'There was nothing new to see' 'twice does no harm'
same "$(fb bo --json status | jq -c .self_granted)" '[]' 'status lists what is not seen'
same "$(fb cia --json status | jq -c '[.self_granted[]|[.name, .team]]')" '[["anna","lund"]]' 'at Cia that is Anna'

claim 'a second team' fb anna team add dalby
claim 'Anna grants herself that too' fb anna grant self dalby
carry anna bo && carry anna cia
same "$(told bo dalby) $(told bo lund)" '1 0' 'a new grant is a new alarm, and only that'
exits 2 'of somebody who is nobody' fb bo members seen nobody
claim 'one device by name' fb bo members seen anna
same "$(told bo dalby)" 0 'seen too'

claim 'she gives it up' fb anna ungrant self dalby
carry anna bo
same "$(listed bo)" '[[["lund"],[]]]' 'what is given up is listed no more'
claim 'and takes it again' fb anna grant self dalby
carry anna bo
same "$(told bo dalby)" 1 'which is an alarm again, though it was the same team'
same "$(told bo lund)" 0 'the old one is not'
fb bo --quiet backup "$work/bo.backup" && fb again --quiet restore "$work/bo.backup"
same "$(told again lund)" 0 'what was seen is seen in a restored home'

# ---- may this home be wiped? ----
safe() { fb "$1" --json status | jq .safe_to_wipe; }
settle() { for _ in 1 2; do carry anna "$1"; carry "$1" anna; done; carry anna "$1"; } # HOME: with Anna, and Anna's word of it back
fb bo put case --team lund title=först >/dev/null
settle bo; settle cia
same "$(safe cia)" true 'who has handed over all that she wrote may wipe, and what she heard lies elsewhere too'
fb bo put case --team lund title=bara-hos-cia >/dev/null
carry bo cia
same "$(safe cia)" true 'what she alone has heard of Bo, Bo has himself, by his signature'
fb anna --json revoke bo --reason 'borttappad' >/dev/null
carry anna cia
same "$(safe cia)" false 'Bo is lost and removed: now it is here alone'
fb cia close-site --wipe --yes --wait 1 >"$work/out" 2>&1
says '2 entries of others that were heard here are not proved' 'close-site says that it is of others'
claim 'and has wiped nothing' test -s "$work/cia/keystore"
settle cia
same "$(safe cia)" true 'once Anna has it too it may go'
same "$(fb anna --json adopt | jq '.waiting|length > 0')" true 'where it waits to be adopted'
finish
