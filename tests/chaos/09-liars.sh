#!/bin/bash
# Who lies: a member who tells two halves two stories, forges inside a good seal or takes a role; and one of a later version, who does not.
. "$(dirname "$0")/lib.sh"

found
for who in ben cia dan; do admitted $who advisor lund >/dev/null || no "$who joins"; done
quietly fb anna put case title=början
for who in ben cia dan; do carry anna $who && carry $who anna; done
for who in ben cia dan; do carry anna $who; done
lie_of() { "$tools/liar" "$2" --home "$work/$1" --passphrase-file "$work/pass" "$3" "$4"; } # HOME LIE IN OUT
role_of() { fb "$1" --json members | jq -c --arg d "$2" '[.members[]|select(.device==$d)|.roles[]]|sort'; }

# Ben's disk is copied, he tells Cia one thing; it is put back, and he tells Dan another. Then he is seen no more.
two_histories_told_to_two_halves_are_one_fork_for_all() {
	mkdir "$work/image" && cp -a "$work/ben/." "$work/image/"
	local first second who f
	first=$(fb ben --json put case title=till-Cia | jq -r .id)
	carry ben cia
	for f in "$work/image"/*; do [ -f "$f" ] && cat "$f" >"$work/ben/${f##*/}"; done # in place: not a copy of the home
	for f in "$work/ben"/*; do [ -e "$work/image/${f##*/}" ] || rm -rf "$f"; done
	second=$(fb ben --json put case title=till-Dan | jq -r .id)
	carry ben dan
	same "$(title cia "$first")$(title dan "$second")" till-Ciatill-Dan 'each believes what it was told'
	carry dan cia && carry cia dan && carry cia anna
	for who in anna cia dan; do
		same "$(fb $who --json status | jq -c '[.forks[]|.device]|unique')" '["ben"]' "$who names who said two things"
		same "$(fb $who --json status | jq -c '[.forks[]|.branches]|unique')" '[2]' "$who holds both"
		same "$(title $who "$first")$(title $who "$second")" '' "and shows neither"
		claim "$who verifies" fb $who verify
	done
	quietly fb anna put case title=vidare # who writes tells of it in an entry
	for who in cia dan; do carry anna $who && carry $who anna; done
	for who in cia dan; do carry anna $who; done
	agree anna cia dan
	same "$(frontier_of anna) $(frontier_of anna)" "$(frontier_of cia) $(frontier_of dan)" 'all hold the same'
	quietly admitted auditor auditor
	carry anna dan
	quietly fb dan bundle write "$work/evidence.fb"
	"$bin/faltbok-audit" --json verify "$work/evidence.fb" --root "$root" --home "$work/auditor" --passphrase-file "$work/pass" >"$work/audit.out" 2>"$work/err"
	claim 'an auditor finds the proof of it, and that it is good' jq -e '[.findings[]|select(.check=="A8")|[.severity,(.text|test("signed two different entries .* proves it"))]]|unique==[["warning",true]]' "$work/audit.out"
	count lie:fork
}

# Inside a seal that opens, where only signatures protect: nothing of it is taken, and what is true is taken afterwards.
what_is_forged_inside_a_good_seal_is_refused_and_what_is_true_still_counts() {
	local lie before entries id rc
	carry anna cia && carry cia anna && carry anna ben2
	id=$(fb anna --json put case title=sanningen | jq -r .id)
	quietly fb anna bundle write "$work/true.fb" && quietly fb ben2 bundle read "$work/true.fb"
	before=$(state_of cia) entries=$(entries_of cia)
	for lie in bit text hand stranger; do
		claim "a bundle that lies: $lie" lie_of ben2 $lie "$work/true.fb" "$work/lie.fb"
		rc=0
		try fb cia --json bundle read "$work/lie.fb" || rc=$?
		same "$(jq -r .new "$work/try.out")" 0 "$lie: nothing of it is taken (exit $rc)"
		same "$(jq -r '.refused > 0' "$work/try.out")" true "$lie: and Cia is told that it was refused"
		same "$(state_of cia) $(entries_of cia)" "$before $entries" "$lie: Cia holds and shows what she did"
		count "lie:$lie"
	done
	claim 'the same way, without a lie' lie_of ben2 honest "$work/true.fb" "$work/lie.fb"
	same "$(fb cia --json bundle read "$work/lie.fb" | jq -c '[.new,.refused]')" '[1,0]' 'is taken'
	carry anna cia
	same "$(title cia "$id")" sanningen 'and counts: no lie before it has harmed it'
	# The right key, and not the right.
	claim 'a role that one gives oneself' lie_of ben2 role "$work/true.fb" "$work/lie.fb"
	quietly fb cia bundle read "$work/lie.fb"
	same "$(role_of cia ben2)" "$(role_of anna ben2)" 'is obeyed by nobody'
	same "$(role_of cia ben2)" '["advisor"]' 'an advisor is what he is'
	carry cia anna && carry anna cia
	agree anna cia
	claim 'Cia verifies' fb cia verify
	count lie:role
}

# Kinds of entries that only a later version knows pass through whoever does not know them, byte for byte, and what is known counts.
what_a_later_version_writes_passes_through_and_the_rest_counts() {
	local id
	id=$(fb ben3 --json put case title=från-en-senare | jq -r .id)
	quietly fb ben3 bundle write "$work/seen.fb"
	claim 'two entries of kinds that nobody knows here' lie_of ben3 later "$work/seen.fb" "$work/later.fb"
	quietly fb cia bundle read "$work/seen.fb"
	fb cia --json bundle read "$work/later.fb" >"$work/taken" 2>"$work/err"
	same "$(jq -c '[.new,.refused]' "$work/taken")" '[2,0]' 'are taken by who does not know them'
	same "$(title cia "$id")" från-en-senare 'what is known counts'
	start serve-cia node cia --json serve --no-discovery --listen 127.0.0.1:0
	local cia_pid=$pid cia_port=$port
	claim 'and handed on over a link' fb anna --quiet sync --peer "127.0.0.1:$cia_port"
	ended "$cia_pid" TERM
	same "$(title anna "$id")" från-en-senare 'to who did not have them'
	agree anna cia
	same "$(frontier_of anna)" "$(frontier_of cia)" 'byte for byte: one frontier'
	fb anna --json bundle read "$work/later.fb" >"$work/taken" 2>"$work/err"
	same "$(jq -c '[.new,.known,.refused]' "$work/taken")" '[0,2,0]' 'and the two are those that were written'
	claim 'Anna writes on' fb anna --quiet put case "$id" title=vidare
	claim 'and verifies' fb anna verify
	count lie:later
}

# A hub takes what Anna brings, and shows Cia the disk of the day before. She lacks it, until she meets somebody.
a_hub_that_shows_old_heads_hides_nothing_once_two_meet() {
	local id hub_pid anna_pid f
	serve_hub && hub_pid=$pid
	quietly fb anna sync --peer "127.0.0.1:$port" && quietly fb cia sync --peer "127.0.0.1:$port"
	ended "$hub_pid" TERM
	mkdir "$work/yesterday" && cp -a "$work/hub/." "$work/yesterday/"
	id=$(fb anna --json put case title=undanhållet | jq -r .id)
	serve_hub && hub_pid=$pid
	claim 'the hub takes it' fb anna --quiet sync --peer "127.0.0.1:$port"
	same "$(fb anna --json status | jq .custody.only_here)" 0 'and signs for it'
	ended "$hub_pid" TERM
	for f in "$work/yesterday"/*; do [ -f "$f" ] && cat "$f" >"$work/hub/${f##*/}"; done
	for f in "$work/hub"/*; do [ -e "$work/yesterday/${f##*/}" ] || rm -rf "$f"; done
	serve_hub && hub_pid=$pid
	quietly fb cia sync --peer "127.0.0.1:$port"
	same "$(title cia "$id")" '' 'and does not show it to Cia'
	local hub_port=$port
	start serve-anna node anna --json serve --no-discovery --listen 127.0.0.1:0
	anna_pid=$pid
	claim 'Cia meets Anna' fb cia --quiet sync --peer "127.0.0.1:$port"
	ended "$anna_pid" TERM
	same "$(title cia "$id")" undanhållet 'and nothing is hidden any more'
	agree anna cia
	claim 'she brings the hub what it denied' fb cia --quiet sync --peer "127.0.0.1:$hub_port"
	ended "$hub_pid" TERM
	claim 'the hub verifies' hub verify
	same "$(hub --json status | jq .entries)" "$(entries_of cia)" 'and holds what she holds'
	count lie:hub
}
serve_hub() { start serve-hub "$bin/faltbok-hub" --home "$work/hub" --passphrase-file "$work/pass" --json serve --no-discovery --listen 127.0.0.1:0; }

scenario two_histories_told_to_two_halves_are_one_fork_for_all
for who in ben2 ben3; do
	admitted $who advisor lund >/dev/null || no "$who joins"
	quietly fb $who put case title=mitt && carry $who anna && carry anna cia
done
scenario what_is_forged_inside_a_good_seal_is_refused_and_what_is_true_still_counts
scenario what_a_later_version_writes_passes_through_and_the_rest_counts
claim 'a hub joins' admitted hub hub
scenario a_hub_that_shows_old_heads_hides_nothing_once_two_meet
printf '%s\n' undanhållet till-Cia till-Dan sanningen från-en-senare >"$work/markers"
judge anna cia
suite_done
