#!/bin/bash
# Profiles to and from forms, records to spreadsheets, calendars and directories, and everything to a successor.
. "$(dirname "$0")/lib.sh"
lund=tests/data/lund-2019-2021
period='--from 2019-07-01 --to 2021-04-15'
found
fb anna --quiet import $lund/trace.jsonl

# ---- what the profile says besides types ----
same "$(fb anna --json targets $period | jq -c '.targets[0]|[.goal,.variants[].value,.variants[].percent]')" '[128,76,146,59,114]' 'the target, counted both ways'
case=$(fb anna --json put case status=open topic=housing | jq -r .id)
claim 'a state that follows' fb anna put case "$case" status=referred
exits 2 'a state that does not' fb anna put case "$case" status=waiting_visitor
says 'waiting_visitor may not follow referred; what may: open, closed' 'a refused state'
exits 2 'a case that begins in the middle' fb anna put case status=referred
exits 2 'a field that is off' fb anna put visit residence_status=permanent
says 'residence_status is off in this profile' 'a field that is off'
same "$(fb anna --json profile show | jq -c '[.types[]|select(.name=="case" or .name=="booking")|.retention]')" '[{"months":24,"from":"closed"},{"days":30,"from":"date"}]' 'retention of types'
same "$(fb anna --json profile show | jq -r '[.types[].fields[].choices[]?.label|keys|length]|unique|join(",")')" 7 'languages of every choice'
admitted bo advisor lund
exits 2 'an adviser writes a visit and no agreement' fb bo put agreement name=IOP
says "lets other roles write it" 'a role'
claim 'but a visit' fb bo put visit gender=woman

jq '.version=2|.targets[0].variants[0].line="L11"' packaging/profiles/radrum.json >"$work/p.json"
exits 2 'a target of two units' fb anna profile check "$work/p.json"
says 'targets[0].variants[0].line: has another unit than the goal' 'a target'
jq '.version=2|.lists[0].choices|=.[1:]' packaging/profiles/radrum.json >"$work/p.json"
exits 2 'a choice that is gone' fb anna profile check "$work/p.json"
says 'choice physical is gone: end it with valid_to' 'a choice'
sed 's/"version": 1,/"version": 2, \/\/ this spring/; s/"code": "sfi", "labels"/"code": "sfi", "valid_to": "2030-12-31", "labels"/' packaging/profiles/radrum.json >"$work/p.json"
old=$(fb anna --json put site name='Före' kind=regular | jq -r .id)
kept=$(fb anna --json put site name='Orörd' kind=regular | jq -r .id)
claim 'a later version, with a comment' fb anna profile install "$work/p.json"
fb anna --quiet put site "$old" name='Efter'
same "$(for id in "$old" "$kept"; do fb anna --json get "$id" | jq -c '[.written_with,.profile_version]'; done | xargs)" '[1,2] [1,1]' 'a record keeps the version it was written with'
jq '.version=9|del(.types[0].labels.fa)|del(.lists[0].choices[0].labels.be)|del(.lists[0].choices[0].labels.uk)' packaging/profiles/radrum.json >"$work/p.json"
claim 'a label that lacks a language is no fault' fb anna profile check "$work/p.json"
says 'types[0].labels: not said in fa' 'but said'
says 'lists[0].choices[0].labels: not said in uk, be' 'in the order of the languages'
for p in packaging/profiles/*.json; do
	jq '.version=9' "$p" >"$work/p.json"
	same "$(fb anna --json profile check "$work/p.json" | jq -c '[.ok,(.warnings|length)]')" '[true,0]' "$p says everything in its languages"
done
jq '.languages=["sv","sv"]' packaging/profiles/heads.json >"$work/p.json"
exits 2 'a language twice' fb anna profile check "$work/p.json"
sed 's/"type": "integer"/"type": "integr"/' packaging/profiles/radrum.json >"$work/p.json"
exits 2 'a word misspelt' fb anna profile check "$work/p.json"
says "line $(grep -n integr "$work/p.json" | head -1 | cut -d: -f1): types[" 'its line'

# ---- forms ----
claim 'the profile as a form' fb anna profile export-xlsform -o "$work/form.xlsx"
claim 'and back' fb anna profile import-xlsform "$work/form.xlsx" -o "$work/back.json"
shape='{l:([.lists[]|del(.rollups)]|sort_by(.name)),t:[.types[]|del(.retention,.why,.plural,.article)|.fields|=map(del(.workflow,.why))]}'
used='([.types[].fields[].list]|map(select(.))|unique) as $u|.lists|=map(select(.name as $n|$u|index($n)))|'
fb anna profile check "$work/back.json" >/dev/null 2>&1
jq -S "$shape" "$work/back.json" >"$work/a"
sed 's/"code": "sfi", "labels"/"code": "sfi", "valid_to": "2030-12-31", "labels"/' packaging/profiles/radrum.json | jq -S "$used$shape" >"$work/b"
claim 'types and lists come back as they went' cmp "$work/a" "$work/b"
printf 'survey,,,,,\n,type,name,label::Svenska (sv),label::English (en),relevant\n,begin_group,lan,Lån,Loan,\n,select_one sak,sak,Sak,Item,\n,note,n1,Fråga vänligt,Ask kindly,\n,integer,dagar,Dagar,Days,"${sak} = '"'"'skidor'"'"'"\n,end_group,,,,\nchoices,,,,,\n,list_name,name,label::Svenska (sv),label::English (en),\n,sak,skidor,Skidor,Skis,\n,sak,boll,Boll,Ball,\nsettings,,,,,\n,form_id,version,,,\n,skattkammaren,3,,,\n' >"$work/form.csv"
claim 'a form as CSV' fb anna profile import-xlsform "$work/form.csv" -o "$work/form.json"
same "$(jq -c '[.profile,.version,.types[0].name,.types[0].fields[1].relevant,.types[0].fields[1].intro.sv]' "$work/form.json")" \
	'["skattkammaren",3,"lan",{"field":"sak","is":["skidor"]},"Fråga vänligt"]' 'what the form says'
refuses() { # "what" FIND REPLACE TEXT
	sed "s|$2|$3|" "$work/form.csv" >"$work/bad.csv"
	exits 2 "$1" fb anna profile import-xlsform "$work/bad.csv"
	says "$4" "$1"
}
refuses 'a column that is not supported' '::English (en),relevant' '::English (en),calculation' 'sheet survey, row 5: column "calculation" is not supported'
refuses 'a type that is not supported' ',integer,dagar' ',geopoint,dagar' 'row 5: type "geopoint" is not supported'
refuses 'an expression that is more' "= 'skidor'" "!= 'skidor'" 'relevant "${sak} != '
refuses 'a list that is not there' 'select_one sak' 'select_one ting' 'list "ting" is not on the sheet choices'
refuses 'a group that is not closed' ',end_group,,,,' ',,,,,' 'a group is not closed'
refuses 'relevant to nothing' '{sak}' '{sky}' 'relevant: its field must be another choice or bool of this type'
echo 'PK but no archive' >"$work/bad.xlsx"
exits 2 'no form at all' fb anna profile import-xlsform "$work/bad.xlsx"

# ---- tables ----
fb anna --quiet put site name='=HYPERLINK("http://x")' kind=partner latitude=55.7
claim 'a sheet' fb anna export --type site --format csv -o "$work/s.csv"
same "$(head -c 3 "$work/s.csv" | od -An -tx1 | tr -d ' ')" efbbbf 'the mark that Excel looks for'
claim 'no formula' grep -q "\"'=HYPERLINK(\"\"http://x\"\")\"" "$work/s.csv"
claim 'decimal comma' grep -q ';55,7;' "$work/s.csv"
claim 'line ends' test "$(grep -c $'\r$' "$work/s.csv")" = 10
claim 'no separator line' test "$(grep -c sep= "$work/s.csv")" = 0
exits 1 'a CSV of everything' fb anna export --format csv -o "$work/all.csv"
exits 1 'a format that is none' fb anna export --format ods -o "$work/x"
claim 'a workbook' fb anna export --format xlsx -o "$work/all.xlsx"
claim 'it is an archive' unzip -tqq "$work/all.xlsx"
same "$(unzip -p "$work/all.xlsx" xl/workbook.xml | grep -o '<sheet name="[^"]*"' | sort | head -3 | tr '\n' ';')" '<sheet name="aktivitet";<sheet name="besök";<sheet name="frivillig";' 'a sheet a type'
claim 'dates are dates' grep -q '<c r="F2" s="2"><v>4[0-9]*</v>' <(unzip -p "$work/all.xlsx" "xl/worksheets/$(unzip -p "$work/all.xlsx" xl/workbook.xml | grep -o '<sheet name="[^"]*" sheetId="[0-9]*"' | grep -n frivillig | cut -d: -f1 | sed 's/^/sheet/').xml")
claim 'pages' fb anna export --type signal --format html -o "$work/s.html"
claim 'a report as a workbook' fb anna report iop $period --format xlsx -o "$work/r.xlsx"
claim 'it has its figure' grep -q '<v>737</v>' <(unzip -p "$work/r.xlsx" xl/worksheets/sheet1.xml)

# ---- calendar ----
site=$(fb anna --json list site name=Stadsbiblioteket | jq -r '.records[0].id')
fb anna --quiet put opening site="$site" rrule='FREQ=WEEKLY;BYDAY=MO,WE' opens=13:00 closes=16:00 valid_from=2021-01-01 valid_to=2021-12-31
fb anna --quiet put opening site="$site" rrule='varje måndag' opens=13:00 valid_from=2021-01-01
fb anna --quiet put booking site="$site" date=2021-03-01 time=13:30 minutes=30 code=KOD-7 status=booked reminder=0700000000
same "$(fb anna --json export --format ics -o "$work/c.ics" | jq .left_out)" 1 'an opening whose rule is prose is counted as left out'
claim 'the first Monday or Wednesday' grep -q 'DTSTART;TZID=Europe/Stockholm:20210104T130000' "$work/c.ics"
claim 'the rule with its end' grep -q 'RRULE:FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20211231T235959Z' "$work/c.ics"
claim 'the booking by its code' grep -q 'UID:KOD-7@faltbok' "$work/c.ics"
claim 'and nobody to call' test "$(grep -c 0700000000 "$work/c.ics")" = 0
claim 'no line over 75 octets' test "$(LC_ALL=C awk '{sub(/\r$/,"")} length($0)>75' "$work/c.ics" | wc -l)" = 0
same "$(grep -c '^BEGIN:VEVENT' "$work/c.ics")" "$(grep -c '^END:VEVENT' "$work/c.ics")" 'events that end'

# ---- directory ----
cat >"$work/d.json" <<'D'
[{"id":"11111111-2222-4333-8444-555555555555","name":"Exempelbyrån","description":"Råd","logo":"x",
  "services":[{"id":"aaaaaaaa-2222-4333-8444-555555555555","name":"Skuldråd","status":"active","assured_date":"2019-01-02","languages":[{"id":"1","code":"ar"},{"id":"2","code":"sv"}],
    "service_at_locations":[{"id":"3","location":{"id":"bbbbbbbb-2222-4333-8444-555555555555","location_type":"physical","name":"Torget"}}]},
   {"id":"cccccccc-2222-4333-8444-555555555555","name":"Nedlagd","status":"defunct"}]}]
D
same "$(fb anna --json directory import "$work/d.json" | jq -c '[.new,.not_taken]')" '[3,["organization.logo","service.status.defunct"]]' 'a directory taken in'
same "$(fb anna --json directory import "$work/d.json" | jq -c '[.new,.changed,.same]')" '[0,0,3]' 'the same again'
sed 's/Skuldråd/Skuld- och budgetråd/' "$work/d.json" >"$work/d2.json"
same "$(fb anna --json directory import "$work/d2.json" | jq -c '[.new,.changed,.same]')" '[0,1,2]' 'one thing changed'
sed 's/"name":"Exempelbyrån",//' "$work/d.json" >"$work/d3.json"
exits 2 'an organisation without a name' fb anna directory import "$work/d3.json"
says 'HSDS requires name' 'what is missing'
claim 'out again' fb anna directory export -o "$work/out.json"
same "$(jq -c '[.[0].id,.[0].services[0].id,.[0].services[0].service_at_locations[0].location.id]|map(.[0:8])' "$work/out.json")" '["11111111","aaaaaaaa","bbbbbbbb"]' 'under the ids it came with'
claim 'with all that HSDS requires' jq -e 'all(.[]; .id and .name and .description and all(.services[]; .id and .name and .status and all(.languages[]?; .id) and
	all(.service_at_locations[]?; .id and .location.id and .location.location_type)))' "$work/out.json"
cat >"$work/kinds" <<'D'
organization.year_incorporated organization.programs location.accessibility schedule.freq schedule.byday schedule.opens_at schedule.closes_at service.minimum_age service.status.defunct
D
same "$(fb anna --json directory import tests/data/hsds/sample.json | jq -r '.not_taken|sort|join(" ")')" "$(tr ' ' '\n' <"$work/kinds" | LC_ALL=C sort | tr '\n' ' ' | sed 's/ $//')" 'what has no place here is named, each once'
fb anna --quiet put organisation name=Medborgarcenter url=https://example.org email=info@example.org phone='046-00 00 00' assured=2021-01-01
fb anna --quiet directory export -o "$work/all.json"
claim 'every object has what HSDS requires, of the kinds it has, and nothing else' node tests/data/hsds/check.mjs "$work/all.json"
same "$(jq -r '[.[].services[].service_at_locations[]?.location|select(.name=="Telefon").location_type]|join(" ")' "$work/all.json")" virtual 'a place where nobody goes stays one'
same "$(fb anna --json directory import "$work/all.json" | jq -c '[.new,.changed,.not_taken]')" '[0,0,[]]' 'what went out changes nothing when it comes back'
fb other --quiet init --org Annan --member Ove --device ove --kit "$work/otherkit"
fb other --quiet team add lund && fb other --quiet grant self lund >/dev/null
fb other --quiet directory import "$work/all.json"
fb other --quiet directory export -o "$work/again.json"
claim 'and in another organisation it is the same directory' cmp <(jq -S 'sort_by(.id)|map(.services|=sort_by(.id))' "$work/all.json") <(jq -S 'sort_by(.id)|map(.services|=sort_by(.id))' "$work/again.json")
claim 'what nobody has verified for long' jq -e '.stale|any(.name=="Skuld- och budgetråd" and .assured=="2019-01-02" and .age_days>180)' <(fb anna --json directory check)

# ---- everything, for whoever comes after ----
claim 'everything' fb anna export --all -o "$work/all.zip"
mkdir "$work/zip" && unzip -q "$work/all.zip" -d "$work/zip"
claim 'its checksums, by other tools' bash -c "cd '$work/zip' && sha256sum --quiet -c SHA256SUMS"
same "$(fb anna --json export check "$work/all.zip" | jq -c '[.ok,.known_signer.name]')" '[true,"anna"]' 'its signature'
records=$(fb anna --json status | jq .records)
same "$(wc -l <"$work/zip/records.jsonl")" "$records" 'every record'
fb heir --quiet init --org Arvtagaren --member Eva --device eva --profile "$work/zip/profile.json" --kit "$work/kit2"
fb heir --quiet team add lund && fb heir --quiet grant self lund >/dev/null
claim 'a successor takes it over' fb heir import "$work/all.zip"
same "$(fb heir --json import "$work/all.zip" | jq .imported)" 0 'twice is once'
plain='{id,type,fields:(.fields|map_values(if type=="array" then sort else . end)),notes:[.notes[]|{id,text,corrects}]}' # the elements of a set have no order of their own
jq -cS "$plain" "$work/zip/records.jsonl" | sort >"$work/a"
fb heir --quiet export -o "$work/heir.jsonl" && jq -cS "$plain" "$work/heir.jsonl" | sort >"$work/b"
claim 'and has the same records' cmp "$work/a" "$work/b"
# A conflict takes its best value along, so its figures agree too.
same "$(fb heir --json report iop $period | jq -c '.lines[]|select(.id=="L11" or .id=="L12" or .id=="L21")|.value' | xargs)" "$(fb anna --json report iop $period | jq -c '.lines[]|select(.id=="L11" or .id=="L12" or .id=="L21")|.value' | xargs)" 'the same figures'

cp "$work/all.zip" "$work/bad.zip" && cd "$work/zip" && sed -i '1s/./X/' records.jsonl && zip -q "$work/bad.zip" records.jsonl && cd - >/dev/null
exits 3 'a file that was changed' fb anna export check "$work/bad.zip"
says 'records.jsonl is not what the manifest says' 'a changed file'
cp "$work/all.zip" "$work/bad.zip" && cd "$work/zip" && sed -i 's/Prov/Annan/' manifest.json && zip -q "$work/bad.zip" manifest.json && cd - >/dev/null
exits 3 'a manifest that was changed' fb anna export check "$work/bad.zip"
cp "$work/all.zip" "$work/bad.zip" && cd "$work" && echo extra >extra.txt && zip -q bad.zip extra.txt && cd - >/dev/null
exits 3 'a file that was put in' fb anna export check "$work/bad.zip"
says 'put in afterwards' 'a stranger'
exits 3 'a changed one is not imported' fb heir import "$work/bad.zip"

# ---- programmes of other kinds ----
programme() {
	fb "$1" --quiet init --org "$1" --member M --device m --profile "packaging/profiles/$1.json" --kit "$work/kit-$1"
	fb "$1" --quiet team add t && fb "$1" --quiet grant self t >/dev/null
}
value() { fb "$1" --json report "$2" --from 2021-01-01 --to 2021-12-31 | jq -c ".lines[]|select(.id==\"$3\")|$4"; }
programme mentor
for i in 1 2 3 4 5 6; do
	pair=$(fb mentor --json put pair field=technology status=running start=2021-02-0$i | jq -r .id)
	fb mentor --quiet put meeting pair="$pair" date=2021-03-0$i minutes=60 kind=video
done
fb mentor --quiet put pair "$pair" status=ended end=2021-11-30 outcome=work
same "$(value mentor year P01 .value) $(value mentor year P05 .value) $(value mentor year P03 .value)" '6 6 null' 'pairs, meetings, and one that ended is hidden'
same "$(fb mentor --json targets --from 2021-01-01 --to 2021-12-31 | jq -c '.targets[0].variants[0]|[.value,.percent]')" '[6,10]' 'towards sixty pairs'
exits 2 'a meeting of two days' fb mentor put meeting pair="$pair" date=2021-03-09 minutes=2000
programme course
course=$(fb course --json put course name=Cykelskola start=2021-04-01 end=2021-05-31 | jq -r .id)
occasion=$(fb course --json put occasion course="$course" date=2021-04-03 status=held opens=10:00 closes=11:30 minutes=90 | jq -r .id)
for i in $(seq 6); do
	who=$(fb course --json put participant course="$course" gender=woman status=enrolled enrolled=2021-04-01 | jq -r .id)
	fb course --quiet put attendance participant="$who" occasion="$occasion" present=ja
	fb course --quiet put participant "$who" status=completed ended=2021-05-31 can=yes
done
same "$(value course courses K02 .value) $(value course courses K04 .value) $(value course courses K06 .value) $(value course courses K08 .value)" '1 6 6 6' 'occasions, enrolled, completed, attendances'
claim 'its calendar' fb course export --format ics -o "$work/k.ics"
claim 'with its occasion' grep -q 'DTEND;TZID=Europe/Stockholm:20210403T113000' "$work/k.ics"
programme heads
group=$(fb heads --json put group name=Genarp municipality=Lund | jq -r .id)
fb heads --quiet put count group="$group" date=2021-06-01 activity=language_cafe women=20 men=12 children=7 stated=40
same "$(value heads heads H04 '.n,.reconciles' | xargs) $(value heads heads H05 .value)" '39 false 40' 'heads that do not add up are flagged'
exits 2 'fewer than nobody' fb heads put count group="$group" date=2021-06-02 women=-1
finish
