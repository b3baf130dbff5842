#!/bin/bash
# One adviser's device alone: found, write, read, search, correct; and every
# way of getting it wrong has its sentence and exit status.
. "$(dirname "$0")/lib.sh"

exits 1 'no command' "$bin/faltbok"
exits 1 'a command that does not exist' fb anna fly
exits 2 'reading before there is a home' fb anna status
says 'no home is here yet' 'a missing home'
echo kort >"$work/short"
exits 2 'a passphrase of four letters' "$bin/faltbok" --home "$work/x" --passphrase-file "$work/short" init --org X --member A --device a
found
same "${#root}" 64 'the root fingerprint'
claim 'the kit holds three trustees and a recovery code' test -s "$work/kit/trustee-1.txt" -a -s "$work/kit/trustee-3.txt" -a -s "$work/kit/recovery-code.txt"
exits 2 'founding twice' fb anna init --org X --member A --device a

fb anna --json put visit channel=physical first_visit=yes language=ar >"$work/put"
id=$(jq -r .id "$work/put")
same "$(jq -r .saved "$work/put")" true 'saved'
fb anna --json get "$id" >"$work/get"
same "$(jq -r .fields.channel "$work/get")" physical 'a field reads as it was written'
same "$(fb anna --json get "${id:0:8}" | jq -r .id)" "$id" 'eight digits of the id are enough'
claim 'a field can be changed' fb anna put visit "$id" channel=phone
same "$(fb anna --json get "$id" | jq -r .fields.channel)" phone 'the new value'
case_id=$(fb anna --json put case topic=housing +tag=barn +tag=tolk --note 'Hjälp med överklagan av beslutet. شرحنا الخطوات' | jq -r .id)
claim 'a tag can be taken away' fb anna put case "$case_id" -tag=barn
same "$(fb anna --json get "$case_id" | jq -c .fields.tag)" '["tolk"]' 'the tags that are left'
same "$(fb anna --json get "$case_id" --history | jq '.history|length')" 2 'the history of two changes'
for word in överklagan overkl شرحنا HJÄLP; do
	same "$(fb anna --json search "$word" | jq -r '.records[0].id')" "$case_id" "search $word"
done
same "$(printf 'o\xcc\x88verklagan' | xargs "$bin/faltbok" --home "$work/anna" --passphrase-file "$work/pass" --json search | jq -r '.records[0].id')" "$case_id" 'a letter typed in two parts'
same "$(fb anna --json list visit channel=phone | jq '.records|length')" 1 'list by a value'
same "$(fb anna --json list visit channel=email | jq '.records|length')" 0 'list by another'

exits 2 'an unknown type' fb anna put elephant channel=physical
exits 2 'an unknown field' fb anna put visit trunk=long
says trunk 'an unknown field'
exits 2 'a value that is not in the list' fb anna put visit channel=pigeon
says pigeon 'a wrong value'
exits 2 'a date that does not exist' fb anna put session date=2019-02-30
exits 2 'an unknown id' fb anna get 00000000000000000000000000000000
exits 1 'nothing to write' fb anna put visit
exits 2 'resolving where there is no conflict' fb anna resolve "$id" channel=phone
exits 1 'a word too many' fb anna get "$id" "$id"
exits 1 'a missing word' fb anna get
exits 1 'an option that does not exist' fb anna get "$id" --upside-down

echo 'fel ord helt och hållet' >"$work/wrong"
exits 4 'a wrong passphrase' "$bin/faltbok" --home "$work/anna" --passphrase-file "$work/wrong" status
says 'wrong passphrase' 'a wrong passphrase'
exits 4 'and in JSON' "$bin/faltbok" --home "$work/anna" --passphrase-file "$work/wrong" --json status
same "$(jq -r .error.code "$work/out")" locked 'the error in JSON'

sed -n '/^[A-Z2-7]\{26\}$/p' "$work/kit/recovery-code.txt" >"$work/code"
echo 'en helt ny mening att minnas' >"$work/new"
claim 'the recovery code opens it' "$bin/faltbok" --home "$work/anna" --passphrase-file "$work/new" --kdf interactive recover --code "$work/code"
exits 4 'the old passphrase no longer does' fb anna status
cp "$work/new" "$work/pass"
claim 'the new one does' fb anna status
same "$(fb anna --json status | jq .records)" 2 'and nothing is lost'
claim 'everything verifies' fb anna verify
finish
