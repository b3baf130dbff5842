#!/bin/bash
# Statistics apart from content: who writes cannot read back, who counts reads no case, and an erasure leaves the figures.
. "$(dirname "$0")/lib.sh"
lund=tests/data/lund-2019-2021
period='--from 2019-07-01 --to 2021-04-15'
want() { jq -r "$1" $lund/expected.json; }
figure() { fb "$1" report iop $period --format json | jq -c ".lines[]|select(.id==\"$2\")|.value"; }
source_of() { fb "$1" report iop $period --format json | jq -r '.completeness.source // "records"'; }
stick() { # FROM TO…: by stick
	_from=$1
	shift
	rm -f "$work/stick"
	fb "$_from" --quiet bundle write "$work/stick"
	for _to in "$@"; do fb "$_to" --quiet bundle read "$work/stick"; done
}

# ---- making one ----
found
same "$(fb anna --json team list | jq -c '[.teams[]|{name,drop_box,readers}]|sort_by(.name)')" \
	'[{"name":"lund","drop_box":false,"readers":1},{"name":"statistik","drop_box":true,"readers":1}]' 'a drop-box comes with a programme that has statistics'
fb plain --quiet init --org Utan --member Pia --device pia --kit "$work/kit2" --no-drop-box
same "$(fb plain --json team list | jq '.teams|length')" 0 'or is left out'
claim 'and made later' fb plain team add siffror --drop-box
same "$(fb plain --json team list | jq -c '[.teams[]|.drop_box]')" '[true]' 'as one that says so'
exits 2 'nobody is granted a drop-box' fb anna grant self statistik
says 'takes no grants' 'why'
exits 2 'not at admission either' admitted eva advisor statistik
same "$(fb anna --json members | jq -c '.members[0].teams')" '["lund"]' 'it is nobody'\''s team'

# ---- writing apart, counting without reading ----
admitted bo advisor lund
admitted disa advisor lund
admitted cia coordinator
stick anna bo disa cia
for by in linero stadsbiblioteket genarp dalby; do fb bo --quiet import $lund/trace.jsonl --by $by; done
for by in veberod online dalby; do fb disa --quiet import $lund/trace.jsonl --by $by; done # dalby twice: one import, one row
fb anna --quiet import $lund/trace.jsonl --by samordnare
stick bo anna disa cia
stick disa anna bo cia
stick anna bo disa cia
stick cia anna bo disa
same "$(source_of cia) $(source_of anna) $(source_of bo)" 'rows rows records' 'who counts what'
same "$(fb cia --json status | jq .records)" 0 'the coordinator without a team reads no case'
same "$(fb cia --json list visit | jq '.records|length')" 0 'nor a visit'
for home in cia anna bo; do
	same "$(figure $home L11) $(figure $home L12) $(figure $home L21)" "$(want '"\(.visits.total) \(.cases.total) \(.volunteers.hours)"')" "$home: visits, cases, hours"
	same "$(figure $home M12 | jq -cS '[.[]|{(.key):.value}]|add')" "$(jq -cS .cases.responsible $lund/expected.json)" "$home: responsible organisations"
	same "$(figure $home L23 | jq -cS '[.[]|{(.key):.value}]|add')" "$(jq -cS .volunteers.active_gender $lund/expected.json)" "$home: active volunteers"
done
fb cia report iop $period --format json | jq -cS .lines >"$work/cia-lines"
fb anna report iop $period --format json | jq -cS .lines >"$work/anna-lines"
claim 'two coordinators, one of them in the team, count the same' cmp "$work/cia-lines" "$work/anna-lines"
claim 'a home that wrote rows verifies' fb bo verify
claim 'and one that reads them' fb cia verify

# ---- a change by a colleague ----
case=$(fb bo --json list case status=open --limit 1 | jq -r '.records[0].id')
cases=$(figure cia L12)
fb disa --quiet put case "$case" responsible=csn >/dev/null
stick disa cia anna bo
same "$(figure cia L12)" "$cases" 'a colleague'\''s change is no new case'
same "$(figure cia M12 | jq '.[]|select(.key=="csn")|.value')" "$(figure bo M12 | jq '.[]|select(.key=="csn")|.value')" 'and counts where she put it'

# ---- two that are one ----
other=$(fb bo --json list case status=open --limit 2 | jq -r '.records[1].id')
fb bo --quiet merge "$case" "$other"
stick bo anna cia disa
same "$(figure cia L12) $(figure bo L12)" "$((cases - 1)) $((cases - 1))" 'a merged case counts once, for who sees only rows too'
fb disa --quiet unmerge "$other"
stick disa anna bo cia
same "$(figure cia L12)" "$cases" 'and twice again when they are parted'
site=$(fb bo --json list site --limit 1 | jq -r '.records[0].id')
for i in 1 2 3 4 5 6; do
	fb bo --quiet put booking site="$site" case="$case" date=2020-02-0$i time=15:00 status=booked
	booking=$(fb bo --json put booking site="$site" case="$case" date=2020-02-0$i time=13:00 status=booked code=B$i | jq -r .id)
	[ $i = 6 ] || fb bo --quiet put booking "$booking" status=no_show
done
stick bo anna cia disa
same "$(figure cia M7)" "$(figure bo M7)" 'bookings count from rows'
same "$(figure cia M7 | jq -c 'map([.key,.value])')" '[["booked",7],["no_show",5]]' 'by what became of them'
same "$(figure cia L36)" null 'of quotations there are no rows'

# ---- erasing ----
visits=$(figure cia L11)
fb cia report iop $period --format json | jq -cS .lines >"$work/before"
visit=$(fb bo --json list visit --limit 1 | jq -r '.records[0].id')
request=$(fb bo --json erase "$visit" --reason 'bad om det' | jq -r .request)
stick bo anna
claim 'a second person approves' fb anna erase approve "$request"
stick anna bo cia disa
fb cia report iop $period --format json | jq -cS .lines >"$work/after"
claim 'the figures are what they were' cmp "$work/before" "$work/after"
same "$(figure anna L11) $(figure bo L11)" "$visits $((visits - 1))" 'though the visit is gone'
exits 2 'it is' fb bo get "$visit"

# ---- a coordinator who leaves, and one who helps herself ----
fb anna --quiet revoke cia --reason slutat >/dev/null
stick anna bo disa
session=$(fb bo --json list session status=held --limit 1 | jq -r '.records[0].id')
fb bo --quiet put visit session="$session" gender=woman >/dev/null
stick bo anna cia
same "$(figure anna L11)" "$((visits + 1))" 'a visit is counted after a coordinator has left'
same "$(figure cia L11)" "$visits" 'by those who stay: she reads no more'
admitted dan coordinator
stick anna dan
same "$(figure dan L11)" "$((visits + 1))" 'her successor has the years before as well'
claim 'a coordinator may let herself into a team' fb dan grant self lund
stick dan bo
claim 'every member is told by status' jq -e 'any(.warnings[]; contains("dan has granted itself the team lund"))' <(fb bo --json status)
claim 'and by the list of members' jq -e '.members[]|select(.device=="dan")|.self_granted==["lund"]' <(fb bo --json members)
fb bo members >"$work/members"
claim 'in words too' grep -qi "granted itself" "$work/members"

# ---- a drop-box that is made when work has been under way ----
rows_of() { fb "$1" --json team fill "${@:2}" | jq .rows; }
found_late() { # HOME KIT: a programme without a drop-box, and a team
	fb "$1" --quiet init --org Sen --member "$1" --device "$1" --kit "$work/$2" --no-drop-box
	fb "$1" --quiet team add fältet && fb "$1" --quiet grant self fältet >/dev/null
}
found_late gun kit3
fb gun --quiet import $lund/trace.jsonl
fb gun report iop $period --format json | jq -cS '[.lines[]|select(.id!="L11b" and .id!="L36")|{id,value,n}]' >"$work/records"
exits 2 'without one there is nothing to fill' fb gun team fill
says 'no drop-box' 'why'
same "$(source_of gun)" records 'counted from records'
claim 'making one fills it' [ "$(fb gun --json team add siffror --drop-box | jq .rows)" -gt 1000 ]
same "$(source_of gun)" rows 'and from rows'
fb gun report iop $period --format json | jq -cS '[.lines[]|select(.id!="L11b" and .id!="L36")|{id,value,n}]' >"$work/rows"
claim 'the figures are the same' cmp "$work/records" "$work/rows"
same "$(rows_of gun)" 0 'nothing is left to fill in'
fb gun --quiet put visit gender=woman session="$(fb gun --json list session status=held --limit 1 | jq -r '.records[0].id')"
same "$(rows_of gun)" 0 'what is written from now on has its row'
fb gun report iop $period --format json | jq -cS '[.lines[]|select(.id!="L11b" and .id!="L36")|{id,value,n}]' >"$work/rows"

# Somebody who reads the team writes the rows of a coordinator who does not.
joined() { # HOME ROLE [TEAM]: is let in by gun
	root=$(fb gun --json status | jq -r '.root_fingerprint // empty')
	fb "$1" --quiet join --request "$work/$1.req" --member "$1" --device "$1"
	fb gun --quiet admit "$work/$1.req" --role "$2" ${3:+--team "$3"} --welcome "$work/$1.welcome" >/dev/null
	fb "$1" --quiet join --welcome "$work/$1.welcome" --yes
	rm -f "$work/stick" && fb gun --quiet bundle write "$work/stick" && fb "$1" --quiet bundle read "$work/stick"
}
joined ebba advisor fältet
joined kaj coordinator
same "$(source_of kaj) $(figure kaj L11)" "rows $(figure gun L11)" 'a coordinator who reads no case has the years before'
same "$(rows_of ebba)" 0 'an adviser who wrote nothing has nothing to fill in'
claim 'but may for colleagues' [ "$(rows_of ebba --colleagues)" -gt 1000 ]
stick ebba gun kaj
fb kaj report iop $period --format json | jq -cS '[.lines[]|select(.id!="L11b" and .id!="L36")|{id,value,n}]' >"$work/twice"
claim 'rows that stand twice count once' cmp "$work/rows" "$work/twice"
same "$(rows_of gun) $(rows_of kaj)" '0 0' 'and whoever reads rows sees that none is missing'

# ---- what was written after a removal counts once adopted ----
before=$(figure anna L11)
fb anna --quiet revoke disa >/dev/null
stick anna bo
fb disa --quiet put visit session="$session" gender=man >/dev/null
stick disa bo
same "$(fb bo --json status | jq .waiting_adoption)" 1 'one visit waits; its row is not shown beside it'
fb bo --quiet adopt "$(fb bo --json adopt | jq -r '.waiting[0].entry // .entries[0].entry')" >/dev/null
stick bo anna
same "$(figure anna L11)" "$((before + 1))" 'adopted by an adviser, its row counts as well'
finish
