#!/bin/bash
# What the law asks for: numbers in free text, protected identity, access, retention, reads, breaches, registers.
. "$(dirname "$0")/lib.sh"
found
admitted bo coordinator lund
round() { fb "$1" --quiet bundle write "$work/x.fb" && fb "$2" --quiet bundle read "$work/x.fb"; }
round anna bo

# Numbers and addresses in free text. All are test numbers.
visitor=$(fb anna --json put visitor mode=contact code=7KDMR name='Vera Testsson' phone='070-123 45 67' | jq -r .id)
other=$(fb anna --json put visitor mode=contact code=XWPTB name='Olle Provare' | jq -r .id)
visit=$(fb anna --json put visit visitor="$visitor" gender=woman | jq -r .id)
fb anna --json put case visit="$visit" topic=housing opened=2020-05-05 --note 'Vera och hennes granne Olle Provare ringde 070-765 43 21, personnummer 121212-1212' >"$work/put"
case=$(jq -r .id "$work/put")
same "$(jq -c '.warnings|length' "$work/put")" 2 'two warnings in the answer'
claim 'which do not repeat the number' sh -c "! grep -q 1212-1212 '$work/put'"
fb anna --json put visitor "$visitor" phone='070-111 22 33' >"$work/put"
same "$(jq -c .warnings "$work/put")" '[]' 'a contact field is where a number belongs'
echo "{\"t\":\"2020-01-01T10:00:00+01:00\",\"by\":\"x\",\"type\":\"case\",\"id\":\"$(printf %032x 7)\",\"note\":{\"id\":\"$(printf %032x 8)\",\"text\":\"mejla a.b@exempel.se\"}}" >"$work/t.jsonl"
same "$(fb anna --json import "$work/t.jsonl" | jq '.warnings|length')" 1 'import warns too'
exits 2 'an export is refused' fb anna export -o "$work/out.jsonl"
says '--personal mask' 'and says how'
claim 'masked it goes' fb anna export --personal mask -o "$work/out.jsonl"
claim 'without the number' sh -c "! grep -q -e '121212-1212' -e 'a.b@exempel.se' '$work/out.jsonl'"
claim 'and kept when told' fb anna export --personal keep -o "$work/out.jsonl"
claim 'with it' grep -q '121212-1212' "$work/out.jsonl"
exits 1 'anything else is no way' fb anna export --personal maybe -o "$work/out.jsonl"

# What a report lists.
signal=$(fb anna --json put signal problem='Kön är lång, ring 121212-1212 eller 070-765 43 21' status=noted | jq -r .id)
for state in confirmed raised; do fb anna --quiet put signal "$signal" status=$state; done
fb anna --json report iop --from 2020-01-01 --to 2020-12-31 >"$work/rep"
claim 'a report masks what it lists' sh -c "! grep -q -e 1212-1212 -e 070-765 '$work/rep'"
same "$(jq -r '.lines[]|select(.id=="L33")|.value[0].label' "$work/rep")" 'Kön är lång, ring ••••••-•••• eller •••-••• •• ••' 'and nothing else of it'
same "$(jq -c '[.lines[]|select(.warnings|any(test("dolda: 2")))|.id]' "$work/rep")" '["L33","L42"]' 'and says so'
claim 'told to, it keeps' sh -c "'$bin/faltbok' --home '$work/anna' --passphrase-file '$work/pass' --json report iop --from 2020-01-01 --to 2020-12-31 --personal keep | grep -q 070-765"
exits 1 'anything else is no way' fb anna report iop --from 2020-01-01 --to 2020-12-31 --personal refuse
fb anna --quiet put signal "$signal" problem='Kön är lång'

# Everything about one person.
claim 'access by code' fb anna access-export 7KDMR -o "$work/me.txt"
claim 'has the name' grep -q 'Vera Testsson' "$work/me.txt"
claim 'and the note' grep -q 'granne Person 1 ringde' "$work/me.txt"
claim 'and no one else' sh -c "! grep -q -e Olle -e Provare -e 121212 -e '070-765' '$work/me.txt'"
claim 'by a case of theirs it is the same' fb anna access-export "$case" -o "$work/me2.txt"
claim 'to the letter' cmp "$work/me.txt" "$work/me2.txt"
same "$(fb anna --json access-export 7KDMR --format json -o "$work/me.json" | jq -c '[.records,.third_persons]')" '[3,1]' 'what it counts'
claim 'as JSON' jq -e 'length==3' "$work/me.json"
exits 2 'a code nobody has' fb anna access-export NOBODY -o "$work/x"

# What an erasure would take.
fb anna --json erase "$case" --dry-run >"$work/dry"
same "$(jq -c '[.dry_run,(.records|length),.entries]' "$work/dry")" '[true,1,1]' 'a dry run says what would go'
same "$(jq -c .counts "$work/dry")" '[]' 'and that its rows, and so the figures, outlive it'
admitted cia advisor lund
round anna cia
fb cia --json erase "$case" --dry-run >"$work/dry"
claim 'who counts from the records sees which figures change' jq -e '.counts|any(.id=="L12" and .was-.now==1)' "$work/dry"
claim 'and takes nothing' fb anna get "$case"
exits 1 'without a reason nothing is asked for' fb anna erase "$case"

# Reads leave a line.
same "$(fb anna --json access log "$case" | jq -c '[.reads[].op]|unique')" '["get"]' 'a read of the case is in the log'
claim 'the log is sealed' sh -c "! grep -qa get '$work/anna/reads.log'"
claim 'searches and exports too' sh -c "'$bin/faltbok' --home '$work/anna' --passphrase-file '$work/pass' --json access log | jq -e '[.reads[].op]|(index(\"access-export\")!=null) and (index(\"export\")!=null)'"

# Protected identity.
exits 2 'not while contact details are held' fb anna put visitor "$visitor" mode=protected
says 'clear it' 'says what to do'
claim 'with them cleared in the same change' fb anna put visitor "$visitor" mode=protected name= phone=
exits 2 'and none may come back' fb anna put visitor "$visitor" phone='070-123 45 67'
exits 2 'get refuses the person' fb anna get "$visitor"
exits 2 'and the case' fb anna get "$case"
same "$(fb anna --json list visitor | jq -c '[(.records|length),.protected_left_out]')" '[1,1]' 'lists leave the person out'
exits 2 'no slip is made' fb anna slip next-step "$case"
says 'break-glass' 'and it says the way'
card=$(fb anna --json card new | jq -r '.visitor+" "+.code')
claim 'somebody known by a card' fb anna visit save --card "${card#* }" case.topic=housing case.opened=2020-05-06
kept=$(fb anna --json card find "${card#* }" | jq -r '.cases[0].id')
booking=$(fb anna --json put booking site="$(fb anna --json put site name=Boken kind=regular | jq -r .id)" case="$kept" date=2030-01-14 time=13:00 status=booked language=ti code=B1 | jq -r .id)
one=$(fb anna --json put visitor mode=code code=SAMMA1 | jq -r .id)
twice=$(fb anna --json put visitor mode=code code=SAMMA1 | jq -r .id)
same "$(fb anna --json duplicates | jq '.pairs|length')" 1 'a hint of two that are one'
same "$(fb anna --json card find "${card#* }" | jq -c '[.protected,(.cases|length)]')" '[false,1]' 'the card finds the case'
uri=$(fb anna --json slip next-step "$kept" | jq -r .uri)
claim 'who becomes protected' fb anna put visitor "${card% *}" mode=protected
same "$(fb anna --json card find "${card#* }" | jq -c '[.protected,(.cases|length),(.visits|length)]')" '[true,0,0]' 'is found by the card, and nothing more'
exits 2 'an id makes no card' fb anna card show "${card% *}"
claim 'who has the card may print it' fb anna card show "${card#* }"
same "$(fb anna --json slip open "$uri" | jq -c '[.here,.protected,.referrals]')" '[true,true,[]]' 'a slip opens the case to write on'
fb anna --quiet put visitor "$one" mode=protected
same "$(fb anna --json duplicates | jq '.pairs|length')" 0 'no hint names the person'
same "$(fb anna --json booking slots Boken --date 2030-01-14 | jq -c '[.slots[].bookings[]|[.protected,.language,.code,.case]]')" '[[true,null,null,null]]' 'of a booking only that the time is taken'
exits 2 'no reminder either' fb anna put booking "$booking" reminder='070-123 45 67'
exits 2 'nor on a new one that leads to the person' fb anna put booking case="$kept" status=booked reminder='070-123 45 67'
claim 'merging with who is protected' fb anna merge "$twice" "$one"
exits 2 'protects the other' fb anna get "$twice"
claim 'parting' fb anna unmerge "$one"
claim 'and no longer' fb anna get "$twice"
same "$(fb anna --json search granne | jq '.records|length')" 0 'search does not find the case'
fb anna --quiet export --personal keep -o "$work/out.jsonl"
claim 'exports leave them out' sh -c "! grep -q '$case' '$work/out.jsonl'"
claim 'everything leaves them out too' sh -c "'$bin/faltbok' --home '$work/anna' --passphrase-file '$work/pass' --json export --all --personal keep -o '$work/all.zip' | jq -e '.protected_left_out>2'"
claim 'every file of it' sh -c "! unzip -p '$work/all.zip' records.jsonl trace.jsonl 'tables/*' | grep -q '$case'"
exits 1 'they go along with a reason only' fb anna export --all --protected --personal keep -o "$work/all.zip"
exits 1 'and with everything only' fb anna export --protected --reason x --personal keep -o "$work/x"
exits 2 'with numbers in texts everything is refused' fb anna export --all --protected --reason 'ny huvudman' -o "$work/x.zip"
same "$(fb anna --json access log "$case" | jq '.opened|length')" 0 'and nobody was told for nothing'
claim 'masked it goes' fb anna export --all --protected --reason 'ny huvudman' --personal mask -o "$work/all.zip"
claim 'with the case' sh -c "unzip -p '$work/all.zip' trace.jsonl | grep -q '$case'"
claim 'without the numbers' sh -c "! unzip -p '$work/all.zip' | grep -q -e '121212-1212' -e '070-765'"
claim 'checked and whole' fb anna export check "$work/all.zip"
same "$(fb anna --json access log "$case" | jq -c '.opened|map(.reason)')" '["ny huvudman"]' 'the team sees why'
exits 2 'an access export must be told' fb anna access-export 7KDMR -o "$work/me.txt"
claim 'and is then made' fb anna access-export 7KDMR --protected -o "$work/me.txt"
exits 1 'break-glass takes a reason' fb anna break-glass "$case"
exits 2 'and something that is protected' fb anna break-glass "$other" --reason x
claim 'with a reason it opens' fb anna break-glass "$case" --reason 'hotbild, samtal med polisen'
says 121212-1212 'the case is shown'
round anna bo
same "$(fb bo --json access log "$case" | jq -c '.opened|map(select(.reason!="ny huvudman")|[.by,.reason])')" '[["anna","hotbild, samtal med polisen"]]' 'everyone sees who, and why'

# Retention: due, asked for, approved under a standing order.
old=$(fb anna --json put case topic=housing opened=2019-01-01 closed=2019-02-01 --note gammalt | jq -r .id)
new=$(fb anna --json put case topic=housing opened=2019-01-01 | jq -r .id)
fb anna --json retention --dry-run >"$work/due"
same "$(jq -c '[.dry_run,(.due|map(.id)),(.asked|length)]' "$work/due")" "[true,[\"$old\"],0]" 'what is due'
same "$(jq -r '.due[0]|.since+" "+.due' "$work/due")" '2019-02-01 2021-02-01' 'since when'
same "$(fb anna --json retention clock "$new" | jq -c .due)" null 'an open case has no day'
fb anna --quiet put case "$old" closed=2026-01-01
same "$(fb anna --json retention clock "$old" | jq -r .due)" 2028-01-01 'closing it anew moves the day'
fb anna --quiet put case "$old" closed=2019-02-01
exits 2 'an order for days that are past' fb anna retention order --until 2020-01-01
order=$(fb anna --json retention order --until 2199-12-31 --reason 'styrelsen §7' | jq -r .id)
exits 2 'one person is not two' fb anna retention approve "$order"
same "$(fb anna --json retention | jq -c '[(.asked|length),.order]')" '[1,null]' 'without an order it only asks'
round anna bo
same "$(fb bo --json retention order | jq -r '.orders[0].state')" waiting 'the other sees the order'
same "$(fb bo --json retention | jq -c '.approved|length')" 0 'a run approves nothing without it'
claim 'the other approves the order' fb bo retention approve "${order:0:8}"
exits 2 'twice' fb bo retention approve "$order"
round bo anna
second=$(fb anna --json put case topic=housing opened=2019-01-01 closed=2019-03-01 | jq -r .id)
same "$(fb anna --json retention | jq -r .order)" "$order" 'now the run stands on it'
round anna bo
fb bo --json retention >"$work/run"
same "$(jq -c '.approved|length' "$work/run")" 1 'and the other one approves what was asked under it'
exits 2 'the case is gone' fb bo get "$second"
claim 'what was asked before waits for a person' sh -c "'$bin/faltbok' --home '$work/bo' --passphrase-file '$work/pass' --json erase status | jq -e '[.erasures[].state]|sort==[\"approved\",\"waiting\"]'"
same "$(fb bo --json list retention_run | jq '.records|map(.fields.count)|add')" 3 'runs leave a record'
claim 'an order is ended' fb bo retention approve "$order" --end
same "$(fb bo --json retention order | jq -r '.orders[0].state')" ended 'and stands no more'

# A lost device, and the authority's form.
fb anna --json incident lost-device bo >"$work/lost"
same "$(jq -c '[.removed,(.next[0]|startswith("faltbok revoke bo"))]' "$work/lost")" '[false,true]' 'the first step is to remove it'
claim 'the form is written' fb anna incident export "$(jq -r .incident "$work/lost")" -o "$work/imy.txt"
says 'still to fill in: Sannolika konsekvenser' 'says what is missing'
claim 'under its headings' sh -c "grep -q 'Sannolika konsekvenser' '$work/imy.txt' && grep -q '72 timmar' '$work/imy.txt' && grep -q 'Enheten bo' '$work/imy.txt'"
fb anna --quiet put incident "$(jq -r .incident "$work/lost")" text='Pärmen med 121212-1212 låg framme' --note 'hittad av 070-765 43 21' >/dev/null
same "$(fb anna --json incident export "$(jq -r .incident "$work/lost")" -o "$work/imy.txt" | jq .masked)" 2 'numbers do not go to the authority'
claim 'nor stand in the form' sh -c "! grep -q -e '121212-1212' -e '765 43' '$work/imy.txt'"
exits 2 'of something else there is no form' fb anna incident export "$other" -o "$work/x"

# What a report counts by and lists: texts are masked, and a protected person's words are left out though they were agreed to.
fb utan --quiet init --org Utan --member Ulf --device ulf --kit "$work/kit-utan" --no-drop-box
fb utan --quiet team add lund && fb utan --quiet grant self lund >/dev/null
fb utan --quiet put session kind=outreach status=held date=2020-03-03 +partner='Kalle 121212-1212' >/dev/null
for word in Tack Hjälpen; do
	person=$(fb utan --json put visitor mode=code code=$word | jq -r .id)
	matter=$(fb utan --json put case opened=2020-03-03 visitor="$person" | jq -r .id)
	fb utan --quiet put measure case="$matter" date=2020-03-03 consent=true quote="$word var bra" >/dev/null
done
told() { fb utan report iop --from 2020-01-01 --to 2020-12-31 --format json "${@:2}" | jq -c ".lines[]|select(.id==\"$1\")"; }
same "$(told L36 | jq -c '[.value[].label]|sort')" '["Hjälpen var bra","Tack var bra"]' 'quotations that were agreed to are listed'
fb utan --quiet put visitor "$person" mode=protected
same "$(told L36 | jq -c '[.value[].label]')" '["Tack var bra"]' 'not those of who is protected'
claim 'which it says' grep -q 'skyddad identitet' <(told L36)
same "$(told L05 | jq -r '.value[].label')" 'Kalle ••••••-••••' 'a text that is counted by is masked'
same "$(told L05 --personal keep | jq -r '.value[].label')" 'Kalle 121212-1212' 'or kept when told'

# Registers.
claim 'the register' fb anna register art30 -o "$work/art30.html" --format html
claim 'names what is kept and how long' sh -c "grep -q 'ärende – innehåll – 24 månader efter avslutat' '$work/art30.html'"
claim 'the assessment' fb anna register dpia
says 'Varför en konsekvensbedömning behövs' 'says why'
claim 'as JSON' sh -c "'$bin/faltbok' --home '$work/anna' --passphrase-file '$work/pass' --json register dpia --format json | jq -e '.risks|length>3'"
exits 1 'in no other form' fb anna register art30 --format pdf
finish
