#!/bin/bash
# A hub that serves joins one more organisation without being stopped, and serves it at once.
. "$(dirname "$0")/lib.sh"
found
claim 'bo is admitted' admitted bo advisor lund
claim 'a hub is admitted' admitted hub hub
fb olle --quiet init --org Annan --member Olle --device olle --kit "$work/kit2"
fb olle --quiet team add bo1 && fb olle --quiet grant self bo1 >/dev/null
moas=$(fb moa --json init --org Tredje --member Moa --device moa --kit "$work/kit3" | jq -r .root_fingerprint)

serving hub --json serve --no-discovery --listen 127.0.0.1:0
hub_port=$port hub_pid=$pid
at=127.0.0.1:$hub_port
claim 'Anna calls' fb anna --quiet sync --peer "$at"

# ---- the request ----
exits 1 'a request needs both names' hub join --request "$work/h2.request" --member Hub
exits 2 'a code is for a hub that does not serve' hub join ABCD-EFGH --member Hub --device hub2
says 'joins by files' 'and it says what to do'
claim 'a hub that serves asks to join' hub --json join --request "$work/h2.request" --member Hub --device hub2
words=$(jq -r .words "$work/out")
same "$(jq -r '[has("kill_card"),has("recovery_code")]|@json' "$work/out")" '[true,false]' 'a kill card, and no second recovery code'
cp "$work/h2.request" "$work/h2.first"
claim 'asked again it is the same request' hub --json join --request "$work/h2.request" --member Hub --device hub2
same "$(jq -r '[.words,has("kill_card")]|@json' "$work/out")" "[\"$words\",false]" 'with the same words, and the card was shown'
same "$(cmp "$work/h2.first" "$work/h2.request" && echo same)" same 'byte for byte'
same "$(hub --json org list | jq '.organisations|length')" 1 'asking is not belonging'
claim 'its keys are saved before anybody is asked' test "$(find "$work/hub" -maxdepth 1 -name 'org-*' | wc -l)" = 1

# ---- the welcome ----
fb olle --quiet admit "$work/h2.request" --role hub --welcome "$work/h2.welcome"
fb moa --quiet admit "$work/h2.request" --role hub --welcome "$work/moa.welcome"
exits 2 'nobody at the terminal has compared the words' setsid "$bin/faltbok-hub" --home "$work/hub" --passphrase-file "$work/pass" join --welcome "$work/h2.welcome"
exits 2 'another root is refused' hub join --welcome "$work/h2.welcome" --root "$root"
says 'nothing was taken' 'in words'
head -c 300 "$work/h2.welcome" >"$work/cut.welcome"
claim 'a welcome that is cut short is refused' test "$(hub join --welcome "$work/cut.welcome" --yes >/dev/null 2>&1; echo $?)" != 0
head -c 5000 /dev/urandom >"$work/junk.welcome"
claim 'so is rubbish' test "$(hub join --welcome "$work/junk.welcome" --yes >/dev/null 2>&1; echo $?)" != 0
head -c 8000000 /dev/zero >"$work/large.welcome"
if hub join --welcome "$work/large.welcome" --yes >/dev/null 2>"$work/err"; then no 'so is one that is too large for a hub that serves'; else ok; fi
says 'stop the hub' 'and it says what to do'
same "$(hub --json org list | jq '.organisations|length')" 1 'nothing of it was taken'
claim 'the welcome is taken' hub --json join --welcome "$work/h2.welcome" --yes
same "$(jq -r '[.role,has("text")]|@json' "$work/out")" '["hub",false]' 'as a hub'
other=$(jq -r .org "$work/out")
hub --json org list >"$work/list"
same "$(jq -r '.organisations[1].org' "$work/list")" "$other" 'it is listed'
same "$(jq -r '[.serving,.organisations[].gives]|all' "$work/list")" true 'the same hub serves both, and gives'
claim 'it is the process that was started' kill -0 "$hub_pid"
same "$(find "$work/hub" -name keystore | wc -l)" 1 'keystores'
if hub join --welcome "$work/h2.welcome" --yes >/dev/null 2>"$work/err"; then no 'a welcome is taken once'; else ok; fi
if hub join --welcome "$work/moa.welcome" --yes >/dev/null 2>"$work/err"; then no 'a device belongs to one organisation'; else ok; fi

# ---- it is served ----
o=$(fb olle --json put case topic=housing --note 'från Olle' | jq -r .id)
a=$(fb anna --json put case topic=housing --note 'från Anna' | jq -r .id)
claim 'Olle calls the hub, which never stopped' fb olle --json sync --peer "$at"
claim 'and once more, for what the hub signed for it' fb olle --json sync --peer "$at"
same "$(jq -c '.peers[0].in_step' "$work/out")" true 'and is in step'
same "$(fb olle --json status | jq -c .custody.only_here)" 0 'what he wrote is kept there'
for who in anna bo; do claim "$who calls as before" fb $who --quiet sync --peer "$at"; done
same "$(fb bo --json get "$a" | jq -r '.notes[0].text')" 'från Anna' 'Bo has what is his'
exits 2 "and nothing of the other organisation's" fb bo get "$o"
claim 'a quota for it' hub --quiet org quota "$other" --entries 1
exits 2 'none for an organisation that is not here' hub org quota 000000 --entries 1
claim 'and none again' hub --quiet org quota "$other" --entries 0

# ---- a third waits while the hub is stopped and started ----
claim 'a third is asked for' hub --quiet join --request "$work/h3.request" --member Hub --device hub3
fb moa --quiet admit "$work/h3.request" --role hub --welcome "$work/h3.welcome"
fb moa --quiet team add umea && fb moa --quiet grant self umea >/dev/null
serving fb moa --json serve --no-discovery --listen 127.0.0.1:0
moa_port=$port moa_pid=$pid
kill -KILL "$hub_pid"; wait "$hub_pid" 2>/dev/null
serving hub --json serve --no-discovery --listen 127.0.0.1:0 --peer "127.0.0.1:$moa_port"
at=127.0.0.1:$port hub_pid=$pid
same "$(hub --json org list | jq '.organisations|length')" 2 'both are there after a crash'
claim 'and are in step' fb olle --quiet sync --peer "$at"
claim 'the third is taken by the hub that serves now' hub --quiet join --welcome "$work/h3.welcome" --root "$moas"
claim 'Moa writes' fb moa --quiet put case topic=housing --note 'från Moa'
for _ in $(seq 1500); do
	kept=$(fb moa --json status | jq -c .custody.only_here)
	[ "$kept" = 0 ] && break
	sleep 0.1
done
same "$kept" 0 'Moa calls nobody: the hub dials its peers for the organisation that came later, too'
same "$(hub --json org list | jq '.organisations|length')" 3 'three'
claim 'one is given up while it serves' hub --quiet org remove "$other" --yes
claim 'the third remains' fb moa --quiet sync --peer "$at"
kill "$moa_pid"; wait "$moa_pid" 2>/dev/null
kill "$hub_pid"; wait "$hub_pid"
same "$?" 0 'the hub ends well'
claim 'what it holds verifies' hub verify
same "$(hub --json org list | jq '.organisations|length')" 2 'as it was left'
finish
