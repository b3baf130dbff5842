#!/bin/bash
# What only the trustees may do: disputes, the handing over of the root, kill cards, escrow; and what a rehearsal leaves.
. "$(dirname "$0")/lib.sh"
found
kit=$work/kit
for who in dag eva; do claim "$who coordinates as well" admitted $who coordinator lund; done
claim 'Bo advises' admitted bo advisor lund
state() { fb "$1" --json members | jq -r --arg d "$2" '.members[]|select(.device==$d)|.state'; }
digest() { fb "$1" --json status | jq -r .entries; }
warns() { fb "$1" --json status | jq -r '.warnings[]' >"$work/out"; : >"$work/err"; }
code_on() { grep -oE '^[A-Z2-7]{26}$' "$1"; }

# The kit.
same "$(ls "$kit" | tr '\n' ' ')" 'kill-card.txt recovery-code.txt reserve-1.txt reserve-2.txt reserve-3.txt trustee-1.txt trustee-2.txt trustee-3.txt ' 'the sheets of the kit'
fb anna --json root show >"$work/show"
claim 'a trustee sheet says which kit it is of' grep -q "$(jq -r '.roots[0].words' "$work/show")" "$kit/trustee-2.txt"
claim 'a reserve sheet too' grep -q "$(jq -r .reserve_words "$work/show")" "$kit/reserve-3.txt"

# Sheets that do not do.
exits 1 'one sheet' fb anna root grant dag --shares "$kit/trustee-1.txt"
exits 2 'the same sheet twice' fb anna root grant dag --shares "$kit/trustee-1.txt" "$kit/trustee-1.txt"
says 'same trustee' 'and why'
exits 2 'reserve sheets do not grant' fb anna root grant dag --shares "$kit/reserve-1.txt" "$kit/reserve-2.txt"
sed 's/\(fb-share-1-\)\(.\)/\1x/' "$kit/trustee-1.txt" >"$work/typo.txt"
exits 2 'a sign is wrong' fb anna root grant dag --shares "$work/typo.txt" "$kit/trustee-2.txt"
says 'compare it with the paper' 'and what to do'
exits 2 'a file without a share' fb anna root grant dag --shares "$kit/kill-card.txt" "$kit/trustee-2.txt"
exits 5 'a file that is not there' fb anna root grant dag --shares "$work/nothing" "$kit/trustee-2.txt"

# A dispute between equals, decided by two of three trustees at Bo's machine.
carry anna dag && carry anna eva && carry anna bo
exits 2 'Dag tries to remove Eva' fb dag revoke eva
exits 2 'Eva tries to remove Dag' fb eva revoke dag
claim 'Eva admits somebody' fb fia --quiet join --request "$work/fia.request" --member Fia --device fia
claim 'of whom nobody knows' fb eva --quiet admit "$work/fia.request" --role advisor --team lund --welcome "$work/fia.welcome"
carry dag anna && carry eva anna && carry anna bo
warns bo; says 'dispute: eva has tried to remove dag' 'the dispute is shown to everybody'
before=$(digest bo)
claim 'a rehearsal' fb bo root revoke eva --shares "$kit/trustee-3.txt" "$kit/trustee-1.txt" --reason 'släppte in Fia' --rehearse
says 'A REHEARSAL: nothing has been changed' 'it says so'
says 'eva is removed, for ever' 'and goes through everything'
same "$(digest bo)" "$before" 'nothing was written'
same "$(state bo eva)" member 'Eva still belongs'
act=$(fb bo --json root revoke eva --shares "$kit/trustee-1.txt" "$kit/trustee-2.txt" --rehearse | jq -r '.acts[]|select(.what=="ADMIT")|.entry')
exits 2 'an entry that Eva did not write' fb bo root revoke eva --shares "$kit/trustee-1.txt" "$kit/trustee-2.txt" --before 0123456789ab
exits 2 'neither a day nor an entry' fb bo root revoke eva --shares "$kit/trustee-1.txt" "$kit/trustee-2.txt" --before yesterday
same "$(state bo fia)" member 'Fia belongs so far'
claim 'in earnest, from before she admitted Fia' fb bo root revoke eva --shares "$kit/trustee-1.txt" "$kit/trustee-2.txt" --before "$act" --reason 'släppte in Fia'
same "$(state bo eva)" removed 'Eva is removed'
same "$(state bo fia)" '' 'and Fia was never a member'
carry bo anna && carry anna dag
same "$(state dag eva)" removed 'Dag hears of it'
warns dag; claim 'the dispute is over' sh -c "! grep -q dispute '$work/out'"
same "$(fb anna --json members | jq -r '.members[]|select(.device=="eva")|.reason')" 'släppte in Fia' 'the reason is read'
claim 'everything verifies' fb dag verify

# Dag is raised to rank 1: he may then remove whom Anna made, but not Anna.
claim 'the trustees grant' fb anna root grant dag --shares "$kit/trustee-2.txt" "$kit/trustee-3.txt"
says 'coordinator of rank 1' 'and say so'
exits 2 'twice' fb anna root grant dag --shares "$kit/trustee-2.txt" "$kit/trustee-3.txt"
carry anna dag
exits 2 'Dag against Anna' fb dag revoke anna
says dispute 'is a dispute of equals'

# Anna's laptop is stolen: its kill card, read to Bo who is no coordinator, removes it whatever its rank.
echo AAAAAAAAAAAAAAAAAAAAAAAAAA >"$work/other.txt"
exits 2 'a card of another device' fb bo revoke anna --kill-card "$work/other.txt"
says 'not the kill card of this device' 'and why'
exits 2 'what is no card' fb bo revoke anna --kill-card "$kit/trustee-1.txt"
claim 'a record of Anna is known to Bo' carry anna bo
code_on "$kit/kill-card.txt" >"$work/card"
claim 'the code on standard input' sh -c "'$bin/faltbok' --home '$work/bo' --passphrase-file '$work/pass' revoke anna --kill-card - <'$work/card'"
same "$(state bo anna)" removed 'Anna is removed'
carry bo dag
same "$(state dag anna)" removed 'Dag hears of it from the log of an adviser'
claim 'Dag goes on' fb dag put case title=vidare --team lund

# The trustee sheets have been copied. The trustees meet with their reserve sheets, at Dag's.
exits 1 'without a place for the new kit' fb dag root rotate --shares "$kit/reserve-1.txt" "$kit/reserve-2.txt"
exits 2 'trustee sheets do not rotate' fb dag root rotate --shares "$kit/trustee-1.txt" "$kit/trustee-2.txt" --kit "$work/kit2"
claim 'no sheet of a kit that came to nothing' sh -c "! ls '$work/kit2' 2>/dev/null | grep -q ."
claim 'a rehearsal of it' fb dag root rotate --shares "$kit/reserve-1.txt" "$kit/reserve-2.txt" --rehearse
says 'A REHEARSAL' 'it says so'
same "$(fb dag --json root show | jq '.roots|length')" 1 'and nothing has changed'
# Whoever copied them makes a coordinator that nobody hears of.
cp -r "$work/bo" "$work/thief"
claim 'the thief admits himself' fb thief root grant bo --shares "$kit/trustee-1.txt" "$kit/trustee-2.txt"
claim 'in earnest' fb dag root rotate --shares "$kit/reserve-1.txt" "$kit/reserve-3.txt" --kit "$work/kit2"
says 'worthless' 'and says what is worthless now'
same "$(ls "$work/kit2" | grep -c .)" 6 'six new sheets'
exits 2 'the old root decides no longer' fb dag root revoke bo --shares "$kit/trustee-1.txt" "$kit/trustee-2.txt"
says 'of former times' 'and is told so'
exits 2 'nor do the old reserve sheets' fb dag root rotate --shares "$kit/reserve-1.txt" "$kit/reserve-2.txt" --kit "$work/kit3"
exits 2 'a kit is not written over another' fb dag root rotate --shares "$work/kit2/reserve-1.txt" "$work/kit2/reserve-2.txt" --kit "$work/kit2"
same "$(ls "$work/kit2" | grep -c .)" 6 'which is still there'
carry dag bo
carry thief dag
same "$(fb dag --json members | jq -c '.members[]|select(.device=="bo")|.roles')" '["advisor"]' 'what the thief granted never counted'
claim 'the new root decides' fb bo root grant bo --shares "$work/kit2/trustee-2.txt" "$work/kit2/trustee-1.txt" --rank 2
carry bo dag
same "$(fb dag --json members | jq -c '.members[]|select(.device=="bo")|.roles')" '["coordinator","advisor"]' 'and is heard'
same "$(fb dag --json root show | jq -c '[.roots[].state]')" '["retired","root"]' 'who is the root'
claim 'one who joins later hears of it all' fb gun --quiet join --request "$work/gun.request" --member Gun --device gun
claim 'Bo, coordinator by the new root, admits' fb bo --quiet admit "$work/gun.request" --role advisor --welcome "$work/gun.welcome"
claim 'the founding words are still the organisation' fb gun --quiet join --welcome "$work/gun.welcome" --root "$root"
same "$(fb gun --json root show | jq -c '[.roots[].state]')" '["retired","root"]' 'Gun knows the root'
claim 'everything verifies after it' fb gun verify

# Nobody is left who reads lund: Dag's machine burns with Bo's. The hub has it all, the trustees have the escrow key.
admit_hub() { hub --quiet join --request "$work/hub.request" --member Nav --device nav && fb dag --quiet admit "$work/hub.request" --role hub --welcome "$work/hub.welcome" && hub --quiet join --welcome "$work/hub.welcome" --root "$root"; }
claim 'there is a hub' admit_hub
h=$(fb dag --json put case title=räddad --team lund --note 'bara kryptotext' | jq -r .id)
serving hub --json serve --listen 127.0.0.1:0
claim 'Dag leaves everything at the hub' fb dag sync --peer "127.0.0.1:$port"
rm -rf "$work/dag" "$work/bo" # the fire
claim 'Gun goes to the hub' fb gun sync --peer "127.0.0.1:$port"
same "$(title gun "$h")" '' 'and can read nothing of lund'
fb gun --quiet recover --shares "$kit/trustee-1.txt" "$kit/trustee-2.txt" 2>/dev/null # the roster's old keys at most
same "$(title gun "$h")" '' 'nor with the escrow key: nobody has granted her the team'
claim 'the trustees make her a coordinator' fb gun root grant gun --shares "$work/kit2/trustee-1.txt" "$work/kit2/trustee-3.txt"
claim 'and let her read lund' fb gun root grant gun lund --shares "$work/kit2/trustee-1.txt" "$work/kit2/trustee-3.txt"
fb gun --quiet sync --peer "127.0.0.1:$port"
same "$(title gun "$h")" '' 'which alone opens nothing'
exits 2 'sheets without an escrow share' fb gun recover --shares "$work/kit2/trustee-1.txt" "$work/kit2/trustee-2.txt"
fb gun --json recover --shares "$kit/trustee-3.txt" "$kit/trustee-2.txt" >"$work/recovered"
claim 'the escrow shares open it' jq -e '.keys > 0 and .entries > 0' "$work/recovered"
same "$(title gun "$h")" räddad 'what Dag wrote last'
same "$(fb gun --json get "$h" | jq -r '.notes[0].text')" 'bara kryptotext' 'with its note'
exits 2 'a second time there is nothing left to open' fb gun recover --shares "$kit/trustee-3.txt" "$kit/trustee-2.txt"
same "$(fb gun --json put case "$h" status=closed | jq .saved)" true 'and Gun writes on'
claim 'a new adviser gets the history from her' fb ida --quiet join --request "$work/ida.request" --member Ida --device ida
claim 'admitted' fb gun --quiet admit "$work/ida.request" --role advisor --team lund --welcome "$work/ida.welcome"
claim 'and welcome' fb ida --quiet join --welcome "$work/ida.welcome" --root "$root"
same "$(title ida "$h")" räddad 'she reads what was rescued'
claim 'everything verifies at last' fb ida verify
finish
