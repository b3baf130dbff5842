#!/bin/bash
# Acts on who belongs, as those who were away meet them: what comes late to an erased case, what a removed device was still
# sent, what never changes for being late, joins that were broken off, and the alarm of a coordinator who helps herself.
. "$(dirname "$0")/lib.sh"
found
for who in bo cia; do claim "$who is admitted" admitted $who advisor lund; done
words() { fb "$@" >"$work/out" 2>"$work/err"; }

# ---- a coordinator who helps herself ----
words bo status
says 'anna has granted itself the team lund' "an alarm in every member's status"
words cia members
says '! granted itself lund' 'and among the members, of which team'

# ---- an erased case, and who has not heard of it ----
a=$(fb bo --json put case title=bort --note 'det som ska bort' | jq -r .id)
carry bo anna && carry anna bo && carry anna cia
request=$(fb bo --json erase "$a" --reason 'bad om det' | jq -r .request)
carry bo anna
words anna erase status
says "waits for a second person, a coordinator: \`faltbok erase approve ${request:0:8}\`" 'what is to be done about it'
claim 'Anna approves' fb anna erase approve "$request"
claim 'Cia, who has not heard, writes on in it' fb cia put case "$a" --note 'mer av det som ska bort'
claim 'and again' fb cia put case "$a" title='ännu mer'
claim 'she brings it' carry cia anna
late() { sqlite3 -readonly "$work/$1/log.db" 'SELECT count(*), count(payload) FROM entry WHERE erased = 1'; }
same "$(late anna)" '3|0' 'what comes late is erased as it arrives'
same "$(fb anna --json search bort | jq '.records|length')" 0 'and found by nobody'
exits 2 'the case stays away' fb anna get "$a"
words anna erase status
says "not yet: bo's bo, last met" 'who has not confirmed, by name'
carry anna cia
same "$(late cia)" '3|0' 'her own words go as well'
exits 2 'from her who wrote last' fb cia get "$a"
carry cia bo && carry bo anna
same "$(fb anna --json erase status | jq -c '.erasures[0].outstanding')" '[]' 'then all have confirmed'
same "$(hash_of anna) $(hash_of bo)" "$(hash_of cia) $(hash_of cia)" 'and agree'
fb bo --quiet bundle write "$work/after.fb"
claim 'a newcomer by way of a bundle that was made later' admitted dan advisor lund
claim 'reads it' fb dan bundle read "$work/after.fb"
same "$(sqlite3 -readonly "$work/dan/log.db" "SELECT count(payload) FROM entry WHERE id IN ($(sqlite3 -readonly "$work/anna/log.db" "SELECT group_concat('x''' || hex(id) || '''') FROM entry WHERE erased = 1"))")" 0 'no byte of the text is in it'

# ---- what a removed device was still sent: by site and month ----
session() { fb "$1" --quiet session open "$2" --channel physical >/dev/null; }
session anna Genarp
carry anna bo && carry anna cia
before=$(fb bo --json put case title=före | jq -r .id)
carry bo cia && carry cia anna
session=$(fb bo --json session current | jq -r .session)
claim 'Anna removes Bo' fb anna revoke bo --reason slutade
claim 'Cia, who has not heard, saves a visit in Genarp' fb cia visit save gender=woman case.topic=housing action.kind=letter_reading session="$session"
claim 'closes the day there' fb cia session close "$session"
session cia Veberöd
claim 'saves one in Veberöd' fb cia visit save gender=man
claim 'and a case that is of no site' fb cia put case title=ingenstans
carry cia anna
fb anna --json members --exposure bo >"$work/exposure"
same "$(jq -c '[.still_sealed_to_it[]|.site]|sort' "$work/exposure")" '[null,"Genarp","Veberöd"]' 'it tells sites apart'
same "$(jq -c '[.still_sealed_to_it[]|.by,(.period|test("^[0-9]{4}-[0-9]{2}$"))]|unique' "$work/exposure")" '[true,"cia"]' 'with writer and month'
same "$(jq '.still_sealed_to_it[]|select(.site==null).entries' "$work/exposure")" 2 'what names no site, as the new site itself, is a line of its own'
words anna members --exposure bo
says 'lund, Genarp, by cia in 20' 'in words'
says 'lund, Veberöd, by cia in 20' 'and the other'
says 'lund, no site named, by cia in 20' 'and what has none'
carry anna cia
claim 'once she has heard' fb cia put case title=hört
carry cia anna
same "$(fb anna --json members --exposure bo | jq -c .still_sealed_to_it)" "$(jq -c .still_sealed_to_it "$work/exposure")" 'nothing more is sealed to him'

# ---- what is late changes nothing, and Bo keeps what is his ----
claim 'Bo, who has not heard, closes an old case' fb bo put case "$before" status=closed --note 'sent skrivet'
claim 'and opens one' fb bo put case title=bara-hans
hash=$(hash_of anna)
figures() { fb anna --json list case | jq -cS .; }
figures >"$work/figures"
carry bo anna
same "$(hash_of anna)" "$hash" 'the state at Anna is what it was'
figures >"$work/figures2"
claim 'no list shows it' cmp "$work/figures" "$work/figures2"
same "$(fb anna --json search skrivet | jq '.records|length')" 0 'nor a search'
words anna adopt
says 'written by a removed device, unseen by who removed it' 'adopt says what it is'
says '2 entries are kept and not counted; `faltbok adopt ENTRY`' 'and what to do'
carry anna bo
words bo status
says 'this device has been removed from Prov' 'Bo is told'
says '2 entries written here were not seen by who removed it and do not count' 'and of what does not count'
claim 'he exports' fb bo export -o "$work/bo.jsonl"
claim 'what only he has' grep -q 'bara-hans' "$work/bo.jsonl"
one=$(fb anna --json adopt | jq -r '.waiting[]|select(.record=="'"$before"'").entry')
claim 'one is adopted' fb anna adopt "$one"
same "$(fb anna --json get "$before" | jq -r .fields.status)" closed 'and counts'
same "$(fb anna --json adopt | jq '.waiting|length')" 1 'the other waits still'
claim 'the rest as a run' fb anna adopt --all bo
words anna adopt
says 'Nothing waits for adoption' 'then none does'
carry anna cia
same "$(hash_of anna)" "$(hash_of cia)" 'Anna and Cia agree'

# ---- joins by files that were broken off ----
claim 'Eva asks' fb eva join --request "$work/eva.request" --member Eva --device eva
exits 2 'her home writes nothing' fb eva put case title=nej
words eva status
says 'belongs to no organisation yet' 'and says that it is no member'
same "$(fb anna --json members | jq '[.members[]|select(.device=="eva")]|length')" 0 'nor is she listed anywhere'
exits 2 'under another name it is not hers' fb eva join --request "$work/eva2.request" --member Ebba --device eva
claim 'her request was lost: she asks again' fb eva join --request "$work/eva2.request" --member Eva --device eva
says 'begun here before' 'by the same one'
claim 'to the byte' cmp "$work/eva.request" "$work/eva2.request"
claim 'she is admitted' fb anna --quiet admit "$work/eva2.request" --role advisor --team lund --welcome "$work/lost.welcome"
rm "$work/lost.welcome"
claim 'her welcome was lost: it is sealed once more' fb anna --quiet admit "$work/eva2.request" --role advisor --team lund --welcome "$work/eva.welcome"
claim 'and she is in' fb eva --quiet join --welcome "$work/eva.welcome" --root "$root"
exits 2 'who has joined asks no more' fb eva join --request "$work/eva3.request" --member Eva --device eva
says 'belongs to an organisation already' 'and why'
hash=$(hash_of eva)
claim 'a welcome that is taken twice' fb eva join --welcome "$work/eva.welcome" --root "$root"
same "$(hash_of eva)" "$hash" 'changes nothing'
fb bo --quiet join --welcome "$work/bo.welcome" --root "$root" 2>/dev/null
same "$(fb bo --json status | jq .removed)" true 'nor does the old one of who was removed'
same "$(fb anna --json members | jq '[.members[]|select(.device=="eva")]|length')" 1 'one member'
claim 'Fia asks as well' fb fia --quiet join --request "$work/fia.request" --member Fia --device fia
claim 'is admitted' fb anna --quiet admit "$work/fia.request" --role advisor --team lund --welcome "$work/fia.welcome"
claim 'and thinks better of it: Anna takes it back' fb anna revoke fia --reason 'kom aldrig'
claim 'her welcome then' fb fia --quiet join --welcome "$work/fia.welcome" --root "$root"
carry anna fia
words fia status
says 'this device has been removed from Prov' 'makes a home that knows it is no member'
exits 2 'and writes nothing' fb fia put case title=nej
for who in anna cia eva; do claim "everything verifies at $who" fb $who verify; done
finish
