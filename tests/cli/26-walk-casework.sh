#!/bin/bash
# What a coordinator meets in her work and no other suite asks: forms that others made, practice beside real
# figures, what was not said, conflicts by their kind, hours by language, slips with their code to scan.
. "$(dirname "$0")/lib.sh"
found
admitted bo advisor lund
round() { fb "$1" --quiet bundle write "$work/x.fb" && fb "$2" --quiet bundle read "$work/x.fb"; }
fb anna --quiet import tests/data/lund-2019-2021/trace.jsonl
period='--from 2019-07-01 --to 2021-04-15'
line() { jq -c ".lines[]|select(.id==\"$1\")|$2" "$work/report"; }
fb anna report iop $period --format json >"$work/report"

# Hours by language: five and more stand behind what is shown, and a rare language keeps its name alone.
same "$(line L40b '[.value[]|select(.value!=null).key]')" '["sv","ar","en"]' 'hours of languages that many speak'
same "$(line L40b '[.value[]|select(.value==null).key]')" '["be","fa","ru","uk"]' 'and none of those that few speak'
same "$(line L40b .suppressed)" true 'which it says'

# Practice never reaches the figures; what was not said is counted as not said.
sum=$(jq -r '[.lines[]|{id,value,n}]|tostring' "$work/report" | sha256sum)
claim 'practice begins' fb bo session open Linero --practice --date 2020-02-03
for i in 1 2 3 4 5 6; do fb bo --quiet visit save gender=woman language=ar case.topic=housing >/dev/null; done
claim 'and ends' fb bo session close
round bo anna
fb anna report iop $period --format json >"$work/report"
same "$(jq -r '[.lines[]|{id,value,n}]|tostring' "$work/report" | sha256sum)" "$sum" 'six practised visits change no line'
session=$(fb anna --json list session date=2019-09-02 | jq -r '.records[0].id')
for i in 1 2 3 4 5 6; do fb anna --quiet put visit session="$session" first_visit=unknown gender=missing >/dev/null; done
fb anna report iop $period --format json >"$work/report"
same "$(line L11 .value)" 743 'nothing about the person is required'
claim 'vet ej and uppgift saknas stand in the table' jq -e '.lines[]|select(.id=="L13")|.value|any(.key=="missing" and .value>=6)' "$work/report"
claim 'a question without an answer is counted as not stated' jq -e '.lines[]|select(.id=="L43")|.value|any(.key=="no_value" and .label=="uppgift saknas" and .value>=6)' "$work/report"

# A choice that has ended is refused from then on; who has it keeps it, label and all.
sed 's/"version": 1,/"version": 2,/; s/"code": "sfi", "labels"/"code": "sfi", "valid_to": "2020-12-31", "labels"/' packaging/profiles/radrum.json >"$work/p.json"
kept=$(fb anna --json put visit found_via=sfi | jq -r .id)
claim 'a version in which a choice has ended' fb anna profile install "$work/p.json"
same "$(fb anna --json get "$kept" | jq -r .fields.found_via)" sfi 'who has it keeps it'
exits 2 'a version less than what is there' fb anna profile install packaging/profiles/radrum.json
says 'version 2 is installed, 1 is not later' 'an older version'

# Conflict and parallel change, by their kind.
case=$(fb anna --json put case topic=housing complexity=simple | jq -r .id)
round anna bo
fb anna --quiet put case "$case" complexity=compound && fb bo --quiet put case "$case" complexity=legal
round bo anna
claim 'work goes on in a case with two values' fb anna put case "$case" topic=family
same "$(fb anna --json conflicts --type case | jq "[.records[]|select(.id==\"$case\")]|length")" 1 'a coordinator finds it by type'
same "$(fb anna --json conflicts --type visit | jq "[.records[]|select(.id==\"$case\")]|length")" 0 'and not among visits'
claim 'it is settled' fb anna resolve "$case" complexity=legal
same "$(fb anna --json conflicts --type case | jq "[.records[]|select(.id==\"$case\")]|length")" 0 'it waits for nobody'
claim 'and leaves its mark' sh -c "'$bin/faltbok' --home '$work/anna' --passphrase-file '$work/pass' --json conflicts --settled | grep -q '$case'"

# A slip has a code to scan.
fb anna --quiet put case "$case" next_step='Ring kommunen'
claim 'a slip' fb anna slip next-step "$case"
says '█' 'with its code to scan'

# Forms as others make them: what a profile cannot say is refused by its name and place.
form() { # COLUMN ROWS [SETTING [VALUE]]
	printf "survey,,,,\n,type,name,label::Svenska (sv),$1\n,begin_group,lan,Lån,\n$2,end_group,,,\nchoices,,,,\n,list_name,name,label::Svenska (sv),\n,sak,a,A,\n,sak,b,B,\nsettings,,,,\n,form_id,version,${3:-},\n,utan,3,${4:-},\n" >"$work/form.csv"
}
ask=',select_one sak,vilken,Vilken,'
refused() { # "what" TEXT
	exits 2 "$1" fb anna profile import-xlsform "$work/form.csv" -o "$work/form.json"
	says "$2" "$1"
}
form '' "$ask\n"
claim 'a plain form is taken' fb anna profile import-xlsform "$work/form.csv" -o "$work/form.json"
for type in geopoint geotrace geoshape image audio video file barcode range 'rank sak' calculate start end today deviceid username audit 'select_one_from_file orter.csv' begin_repeat xml-external; do
	form '' ",$type,x,X,\n"
	refused "type $type" "sheet survey, row 3: type \"$type\" is not supported"
done
for column in appearance choice_filter media::image calculation trigger parameters read_only repeat_count guidance_hint required_message::sv; do
	form "$column" "${ask}x\n"
	refused "column $column" "sheet survey, row 3: column \"$column\" is not supported"
done
for setting in public_key submission_url style instance_name; do
	form '' "$ask\n" $setting x
	refused "setting $setting" "sheet settings, row 2: column \"$setting\" is not supported"
done
form '' "$ask\n"
printf 'entities,,\n,list_name,label\n,a,b\n' >>"$work/form.csv"
refused 'a sheet' 'sheet entities is not supported'
form relevant "$ask\n,text,mer,Mer,selected(\${vilken}; 'a')\n"
refused 'a function' 'sheet survey, row 4: relevant "selected('
form constraint ',integer,tal,Tal,. mod 2 = 0\n'
refused 'arithmetic' 'sheet survey, row 3: constraint ". mod 2 = 0" is more than a profile can say'
form default ',date,dag,Dag,today()\n'
refused 'a default that is worked out' 'sheet survey, row 3: default "today()" is a calculation'
form '' ',select_one sak or_other,vilken,Vilken,\n'
claim 'a list with another answer' fb anna profile import-xlsform "$work/form.csv" -o "$work/form.json"
same "$(jq -c '[.lists[]|.open]' "$work/form.json")" '[true]' 'is open'
finish
