#!/bin/bash
# Colleagues on one network find each other by themselves, and a newcomer finds who invites it.
. "$(dirname "$0")/lib.sh"
found
admitted ben advisor lund
admitted cia advisor lund
admitted hub hub

entries() { fb "$1" --json status | jq .entries; }
in_step_with() { [ "$(fb "$1" --json status | jq -r .frontier)" = "$(fb "$2" --json status | jq -r .frontier)" ]; }

# Nobody names an address anywhere.
serving fb anna --json serve
anna_port=$port
serving fb ben --json serve
fb anna --quiet put case topic=housing --note 'skrivet av Anna'
claim 'Anna and Ben find each other' until_true 150 in_step_with anna ben
claim 'and what Ben writes is pushed to Anna' fb ben put case topic=housing --note 'skrivet av Ben'
claim 'without another meeting' until_true 150 in_step_with ben anna
serving hub --json serve --listen 0.0.0.0:0
claim 'one round of a third, that names nobody' fb cia --json sync
same "$(jq '[.peers[]|select(.in_step)]|length > 0' "$work/out")" true 'meets whoever is there'
claim 'and is in step' in_step_with cia anna
claim 'the hub was found too' until_true 150 sh -c "'$bin/faltbok' --home '$work/anna' --passphrase-file '$work/pass' --json status | jq -e '.peers[]|select(.name==\"hub\")' >/dev/null"

# The 26 characters alone.
code=$(fb anna --json invite --role advisor --team lund --listen 0.0.0.0:0 --yes | jq -r .code)
claim 'a newcomer who has typed the code without an address' fb dag join "${code%%@*}" --member Dag --device dag
says 'Joined as advisor' 'has found the inviter'
claim 'and works' fb dag put case topic=housing --note 'skrivet av Dag'
exits 6 'a code that nobody shows' fb eva join ABCDEFGHIJKLMNOPQRSTUVWXYQ --member Eva --device eva
says 'nobody on this network shows this code' 'what is wrong'

# Another organisation on the same network stays apart.
fb other --quiet init --org Annan --member Olle --device olle --kit "$work/kit2" >/dev/null 2>&1
exits 6 'a stranger finds nobody' fb other sync --wait 5
same "$(fb anna --json status | jq '.peers|map(.name)|index("olle")')" null 'and is not known'

finish
