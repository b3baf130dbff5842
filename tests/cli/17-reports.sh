#!/bin/bash
# Figures that can be signed: published, compared with what was published before, the same on every node, checked by an auditor.
. "$(dirname "$0")/lib.sh"
found
admitted bo advisor lund
admitted cia advisor lund
admitted auditor auditor
fb anna --quiet import tests/data/lund-2019-2021/trace.jsonl
round() { fb "$1" --quiet bundle write "$work/x.fb" && fb "$2" --quiet bundle read "$work/x.fb"; }
period='--from 2019-07-01 --to 2021-04-15'
line() { jq -c ".lines[]|select(.id==\"$1\")|$2" "$work/report"; }

# Every line that was promised, with its rule, unit, base and completeness.
fb anna report iop $period --format json >"$work/report"
for id in $(seq -f 'L%02g' 44) $(seq -f 'M%g' 14); do
	claim "$id is there" jq -e ".lines|any(.id==\"$id\")" "$work/report"
done
same "$(jq '[.lines[]|select(.unit==null or .label==null or (.rule==null))]|length' "$work/report")" 0 'each has a unit and a counting rule'
same "$(jq '[.lines[]|select(.unit=="percent" and .value!=null and .n==null)]|length' "$work/report")" 0 'no percentage stands without n'
claim 'targets: physical, and with digital' jq -e '[.lines[]|select(.id=="L10" or .id=="L10b")|.value]==[59,114]' "$work/report"
claim 'the header names the agreement' jq -e '.header.agreement|length==1' "$work/report"
claim 'completeness names devices' jq -e '.completeness.devices|map(.device)|index("anna")!=null' "$work/report"
claim 'the footer says what does not reconcile' jq -e '.footer.reconcile|any(.id=="L35" and (.reconciles|not))' "$work/report"
claim 'a draft is not signed' jq -e '.run==null and .footer.previous==null' "$work/report"
claim 'a draft is a draft on paper' fb anna report iop $period --format html -o "$work/r.html"
claim 'and says so' grep -q 'Utkast' "$work/r.html"

# Publishing.
exits 2 'an adviser publishes nothing' fb bo report iop $period --publish
fb anna --json report iop $period --publish --recipient Kulturnämnden >"$work/first"
run=$(jq -r .run.id "$work/first")
same "$(jq -r '.header.recipient+" "+.run.by' "$work/first")" 'Kulturnämnden anna' 'to whom, and signed by whom'
same "$(fb anna --json report runs | jq -r '.runs[0].id')" "$run" 'it is in the ledger'
round anna bo
fb anna report iop $period --format json >"$work/a"
round anna cia
fb bo report iop $period --format json >"$work/b"
fb cia report iop $period --format json >"$work/c"
claim 'with the same records and ledger two nodes print the same bytes' cmp "$work/b" "$work/c"
claim 'and nothing differs from the run before' jq -e ".footer.previous.run==\"$run\" and .footer.previous.differences==[]" "$work/a"
same "$(jq -r .digest "$work/a" | wc -c)" 65 'a digest'
claim 'an auditor recomputes it' audit report-digest "$work/a"
claim 'of a published one too' audit report-digest "$work/first"
sed 's/"value":737/"value":738/' "$work/a" >"$work/forged"
exits 3 'and finds a figure that was changed' audit report-digest "$work/forged"
exits 3 'or a file that is no report' audit report-digest "$work/r.html"

# A day less, after the whole was published: three persons lie between.
fb anna report iop --from 2019-07-01 --to 2021-04-14 --format json >"$work/report"
same "$(line L11 .value)" null 'what a day more would tell is hidden'
claim 'and it says why' jq -e '.lines[]|select(.id=="L11")|.warnings|any(contains("tidigare publicerad"))' "$work/report"
same "$(line L07 .value)" 76 'sessions are nobody'

# Late records: ten women; the difference is printed. Then one man: his would be told, so it is not.
session=$(fb bo --json list session date=2019-09-02 | jq -r '.records[0].id')
late() { # COUNT GENDER
	for i in $(seq "$1"); do
		echo "{\"t\":\"2021-05-01T10:00:00+02:00\",\"by\":\"bo\",\"type\":\"visit\",\"id\":\"$(printf '%s%028x' "$3" "$i")\",\"set\":{\"session\":\"$session\",\"gender\":\"$2\",\"first_visit\":\"no\"}}"
	done >"$work/late.jsonl"
	fb bo --quiet import "$work/late.jsonl" && round bo anna
}
late 10 woman aaaa
fb anna report iop $period --format json >"$work/report"
claim 'a rerun tells the difference' jq -e '.footer.previous.differences|any(.id=="L11" and .was==737 and .now==747) and any(.id=="L13" and .key=="woman" and .was==420 and .now==430)' "$work/report"
fb anna --quiet report iop $period --publish >/dev/null
late 1 man bbbb
fb anna report iop $period --format json >"$work/report"
same "$(line L11 .value)" null 'one that came late is not told by a difference'
same "$(line L07 .value)" 76 'the rest stands'

claim 'the terminal shows the foot' fb anna report iop $period
says 'differences from the run of' 'with the differences'
finish
