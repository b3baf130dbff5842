#!/bin/bash
# No coordinator is left: two of three trustees let one in, at any member's device; and at the hub's, when all else has burned.
. "$(dirname "$0")/lib.sh"
found
kit=$work/kit
shares="$kit/trustee-1.txt $kit/trustee-3.txt"
asks() { fb "$1" --quiet join --request "$work/$1.request" --member "$1" --device "$1"; }
entries() { fb "$1" --json status | jq .entries; }
roles() { fb "$1" --json members | jq -c --arg d "$2" '.members[]|select(.device==$d)|.roles'; } # AT OF
claim 'Bo is admitted' admitted bo advisor lund
claim 'a hub is admitted' admitted hub hub
a=$(fb bo --json put case title=kvar --note 'före allt' | jq -r .id)
carry bo anna && carry anna bo
claim 'Anna, the only coordinator, leaves' fb anna --json revoke self
same "$(jq .no_coordinator_left "$work/out")" true 'and is told what that means'
carry anna bo

# A rehearsal, what does not do, and in earnest: at an adviser's device.
claim 'Eva asks' asks eva
exits 2 'an adviser admits nobody' fb bo admit "$work/eva.request" --role coordinator --welcome "$work/eva.welcome"
before=$(entries bo)
exits 1 'one sheet' fb bo root admit "$work/eva.request" --role coordinator --welcome "$work/eva.welcome" --shares "$kit/trustee-1.txt"
exits 2 'the same trustee twice' fb bo root admit "$work/eva.request" --role coordinator --welcome "$work/eva.welcome" --shares "$kit/trustee-1.txt" "$kit/trustee-1.txt"
exits 2 'reserve sheets' fb bo root admit "$work/eva.request" --role coordinator --welcome "$work/eva.welcome" --shares "$kit/reserve-1.txt" "$kit/reserve-2.txt"
exits 2 'no such role' fb bo root admit "$work/eva.request" --role chief --welcome "$work/eva.welcome" --shares $shares
exits 2 'no such rank' fb bo root admit "$work/eva.request" --role coordinator --rank 16 --welcome "$work/eva.welcome" --shares $shares
exits 2 'no such team' fb bo root admit "$work/eva.request" --role advisor --team kiruna --welcome "$work/eva.welcome" --shares $shares
exits 1 'without a place for the welcome' fb bo root admit "$work/eva.request" --role coordinator --shares $shares
echo 'no request' >"$work/none.request"
exits 3 'what is no request' fb bo root admit "$work/none.request" --role coordinator --welcome "$work/eva.welcome" --shares $shares
claim 'a rehearsal' fb bo root admit "$work/eva.request" --role coordinator --team lund --shares $shares --rehearse
says 'A REHEARSAL: nothing has been changed' 'it says so'
says "Admitted eva's device eva as coordinator" 'and goes through everything'
same "$(entries bo)$(roles bo eva)" "$before" 'nothing was written'
claim 'no welcome either' test ! -e "$work/eva.welcome"
claim 'in earnest' fb bo --json root admit "$work/eva.request" --role coordinator --team lund --welcome "$work/eva.welcome" --shares $shares
same "$(jq -c '[.name,.role,.rank,.rehearsed]' "$work/out")" '["eva","coordinator",1,false]' 'what it answers'
claim 'the same words stand on both screens' sh -c "'$bin/faltbok' --home '$work/eva' --passphrase-file '$work/pass' --json join --request '$work/again.request' 2>/dev/null | grep -q . ; jq -e '.words|length>20' '$work/out'"
rm "$work/eva.welcome" # the stick was lost on the way
claim 'as long as she has not come, the welcome can be sealed again' fb bo --quiet root admit "$work/eva.request" --role coordinator --team lund --welcome "$work/eva.welcome" --shares $shares
claim 'Eva comes' fb eva --quiet join --welcome "$work/eva.welcome" --root "$root"
same "$(roles eva eva)" '["coordinator","advisor"]' 'and is a coordinator'
same "$(title eva "$a")" kvar 'who reads what was written'
claim 'Fia asks' asks fia
claim 'Eva admits her' fb eva --quiet admit "$work/fia.request" --role advisor --team lund --welcome "$work/fia.welcome"
claim 'who comes' fb fia --quiet join --welcome "$work/fia.welcome" --root "$root"
same "$(title fia "$a")" kvar 'and reads as well'
carry eva bo
exits 2 'twice is too often once she has been heard' fb bo root admit "$work/eva.request" --role coordinator --welcome "$work/x.welcome" --shares $shares
says 'admitted already' 'it says why'
b=$(fb fia --json put case title=efter | jq -r .id)
carry fia eva && carry eva bo
same "$(title bo "$b")" efter 'work goes on'
for who in bo eva fia; do claim "the logs of $who verify" fb $who verify; done

# The house burns. The hub stood elsewhere; the trustees have their sheets.
serving hub --json serve --no-discovery --listen 127.0.0.1:0
claim 'Eva leaves everything at the hub' fb eva --quiet sync --peer "127.0.0.1:$port"
kill "$pid"; wait "$pid" 2>/dev/null
rm -rf "$work/anna" "$work/bo" "$work/eva" "$work/fia"
claim 'Gil asks' asks gil
exits 2 'a hub admits nobody' fb hub admit "$work/gil.request" --role coordinator --welcome "$work/gil.welcome"
claim 'the trustees do, at the hub' fb hub root admit "$work/gil.request" --role coordinator --welcome "$work/gil.welcome" --shares $shares
claim 'Gil comes' fb gil --quiet join --welcome "$work/gil.welcome" --root "$root"
# The ceremony wrote in its store, and no coordinator who could vouch for it is left: the trustees, who stand there, do.
serving hub --json serve --not-restored --no-discovery --listen 127.0.0.1:0
claim 'and fetches what there is' fb gil --quiet sync --peer "127.0.0.1:$port"
same "$(title gil "$b")" '' 'which he cannot read'
claim 'the roster first: names, by the escrow shares' fb gil recover --shares $shares
same "$(fb gil --json team list | jq -r '[.teams[].name]|index("lund")!=null')" true 'now teams have names again'
claim 'the trustees grant him the team' fb gil root grant gil lund --shares $shares
claim 'whose payloads the hub then gives' fb gil --quiet sync --peer "127.0.0.1:$port"
claim 'and the escrow shares open' fb gil recover --shares $shares
same "$(title gil "$a") $(title gil "$b")" 'kvar efter' 'nothing is lost'
same "$(fb gil --json get "$a" | jq -r '.notes[0].text')" 'före allt' 'notes included'
claim 'Hilda asks' asks hilda
claim 'Gil lets her in' fb gil --quiet admit "$work/hilda.request" --role advisor --team lund --welcome "$work/hilda.welcome"
claim 'she comes' fb hilda --quiet join --welcome "$work/hilda.welcome" --root "$root"
same "$(title hilda "$b")" efter 'and reads'
same "$(fb hilda --json members | jq -c '[.members[]|select(.device=="gil")|.member]')" '["gil"]' 'Gil has a name'
claim 'everything verifies' fb hilda verify
finish
