#!/bin/bash
# The Lund years come out of their records as they were reported, and where the report was wrong it says so.
. "$(dirname "$0")/lib.sh"
lund=tests/data/lund-2019-2021
period='--from 2019-07-01 --to 2021-04-15'
found
admitted bo advisor lund
fb anna --quiet import $lund/trace.jsonl
fb anna report iop $period --format json >"$work/report"
want() { jq -c "$1" $lund/expected.json; }
line() { jq -c ".lines[]|select(.id==\"$1\")|$2" "$work/report"; }
table() { line "$1" '[.value[]|{(.key):.value}]|add' | jq -cS .; }

same "$(line L06 .value) $(line L07 .value) $(line L08 .value) $(line L09 .value)" "$(want '.sessions|"\(.target) \(.physical) \(.digital) \(.total)"' | tr -d '"')" 'target and sessions'
same "$(line L10 .value) $(line L10b .value)" '59 114' 'the target met, physical and with digital'
same "$(line L11 .value)" "$(want .visits.total)" visits
same "$(table L13)" "$(want .visits.gender | jq -cS .)" gender
same "$(line L15 .value)" "$(want .visits.first_share_percent)" 'first-time share'
same "$(line L16 '.value, .n' | xargs)" '35 400' 'first-time share of the window'
claim 'the window is marked: it overlaps' jq -e '.lines[]|select(.id=="L16")|.warnings|any(contains("överlappar"))' "$work/report"
same "$(table L40)" "$(want .visits.language | jq -cS .)" languages
same "$(line L12 .value) $(line L12b .value)" "$(want .cases.total) 1.18" cases
same "$(table M12)" "$(want .cases.responsible | jq -cS .)" 'responsible organisations'
same "$(line L18 '[.value[].key]')" "$(want .cases.top3_responsible)" 'the three commonest'
same "$(line L21 .value)" "$(want .volunteers.hours)" hours
same "$(line L23 .n)" "$(want .volunteers.active_on_last_day)" 'active volunteers'
same "$(table L23)" "$(want .volunteers.active_gender | jq -cS .)" 'their gender'
same "$(line L25 '[.value[].key]')" "$(want .volunteers.languages)" 'languages of volunteers'
same "$(line L39 .value)" "$(want .volunteers.job_outcomes)" 'volunteers who got work'
same "$(line L26 .value) $(line L27 .value) $(line L28 .value)" "$(want '.training|"\(.completed) \(.ongoing) \(.ongoing_ar)"' | tr -d '"')" training
same "$(line L29 .value) $(line L30 .value) $(line L32 .value) $(line L34 .value)" '15 4 6 4' events
same "$(line L35 '[.value[].value]')" '[53,3,3,1,1]' 'workshop participants'
same "$(line L35 '.n, .reconciles' | xargs)" '61 false' 'workshop total'
claim 'the stated 62 is named' jq -e '.lines[]|select(.id=="L35")|.warnings|any(contains("62"))' "$work/report"
claim 'what can not be known is null' jq -e '.lines[]|select(.id=="L31")|.value==null and (.warnings|length)==1' "$work/report"
claim 'no count of persons from 1 to 4' jq -e '[.lines[]|select(.id=="M4b")|.value[].value]==[5,null,null]' "$work/report"

rm -f "$work/a.fb"
fb anna --quiet bundle write "$work/a.fb" && fb bo --quiet bundle read "$work/a.fb"
fb bo report iop $period --format json >"$work/other"
figures() { jq -cS '.lines[]|select(.warnings|any(contains("utan att läsa ärenden"))|not)|{id,value,n,suppressed}' "$1"; }
figures "$work/report" >"$work/of-rows"
jq -r '.lines[]|select(.warnings|any(contains("utan att läsa ärenden")))|.id' "$work/report" >"$work/untold"
jq -cS --rawfile untold "$work/untold" '.lines[]|select(.id as $id|$untold|split("\n")|index($id)|not)|{id,value,n,suppressed}' "$work/other" >"$work/of-records"
claim 'rows and records come to the same figures' cmp "$work/of-rows" "$work/of-records"
same "$(xargs <"$work/untold")" 'L36' 'what rows do not tell'
admitted cia advisor lund
fb cia report iop $period --format json >"$work/third"
claim 'another node prints the same bytes' cmp "$work/other" "$work/third"

claim 'a sheet' fb anna report iop $period --format csv -o "$work/r.csv"
same "$(head -c 3 "$work/r.csv" | od -An -tx1 | tr -d ' ')" efbbbf 'the mark that Excel looks for'
for row in 'period;2019-07-01 – 2021-04-15;' 'plats;alla platser;' 'profil och version;radrum 1;' 'sekretess;antal personer från 1 till 4' \
	'publicerad;nej: utkast;' 'senast skrivet på: anna;20' 'stämmer inte;L35;' "kontrollsumma;$(fb anna report iop $period --format json | jq -r .digest);"; do
	claim "the sheet stands alone: $row" grep -q "^;$row" "$work/r.csv"
done
same "$(tr -d '\r' <"$work/r.csv" | awk -F'"' '{ n = 0; for (i = 1; i <= NF; i += 2) n += gsub(/;/, "", $i); print n }' | sort -u | tr '\n' ' ')" '8 ' 'every row has nine fields'
fb anna report iop $period --site 'Linero bibliotek' --format csv >"$work/site.csv"
claim 'and names its site' grep -q '^;plats;Linero bibliotek;' "$work/site.csv"
fb anna report iop $period --site 'Linero bibliotek' --format html >"$work/site.html"
claim 'so does the page' grep -q 'Plats: <bdi>Linero bibliotek</bdi>' "$work/site.html"
fb anna report iop $period --recipient '=1+1' --format csv >"$work/formula.csv"
claim 'and no recipient is a formula' grep -q ";\"'=1+1\";" "$work/formula.csv"
claim 'decimal comma' grep -q '^L12b;.*;1,18;' "$work/r.csv"
claim 'pages' fb anna report iop $period --format html -o "$work/r.html"
same "$(grep -c '<section>' "$work/r.html")" 7 'a page for each section, and the basis'
same "$(fb anna --json report iop $period --site 'Linero bibliotek' | jq -c '.lines[]|select(.id=="L07" or .id=="L21")|.value' | xargs)" '26 null' 'one site'
exits 2 'a report that is not there' fb anna report spring $period
exits 2 'a site that is not there' fb anna report iop $period --site Atlantis
exits 2 'a period backwards' fb anna report iop --from 2021-01-01 --to 2020-01-01
exits 1 'no period' fb anna report iop
finish
