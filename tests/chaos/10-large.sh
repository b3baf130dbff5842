#!/bin/bash
# Huge and honest: a team that has written much (in the whole run 100,000 cases with a note each), three devices and a hub. No clock
# decides: what it costs is counted in bytes and entries.
. "$(dirname "$0")/lib.sh"

found
for who in ben cia; do claim "$who is admitted" admitted $who advisor lund; done
claim 'a hub is admitted' admitted hub hub
all=$(some 5000 100000)
first=$((all / 10))

cases() { # FROM TO: lines to import
	awk -v from="$1" -v to="$2" 'BEGIN { for (i = from; i <= to; i++) printf "{\"t\":\"2021-03-%02dT10:%02d:%02d+01:00\",\"by\":\"x\",\"type\":\"case\",\"id\":\"%032x\",\"set\":{\"title\":\"nummer %d\"},\"note\":{\"id\":\"%032x\",\"text\":\"en anteckning, märkt ord%dslut, av vanlig längd, som någon har skrivit vid ett bord\"}}\n", i % 28 + 1, i % 60, i % 59, i, i, i + 16777216, i }'
}
bytes_of() { jq '[.peers[]?|.bytes_sent+.bytes_received]|add' "$work/try.out"; }
meets() { try fb "$1" --json sync --wait 600 --peer "127.0.0.1:$2" && jq -e '[.peers[]?|select(.in_step)]|length > 0' "$work/try.out" >/dev/null; }
holds() { [ "$(fb "$1" --json status | jq .records)" = "$2" ]; }

what_it_costs_grows_as_what_is_held_and_no_faster() {
	cases 1 "$first" >"$work/first.jsonl"
	cases $((first + 1)) "$all" >"$work/rest.jsonl"
	claim "a tenth of $all cases is imported" fb anna --quiet import "$work/first.jsonl"
	start serve-anna node anna --json serve --no-discovery --listen 127.0.0.1:0
	local anna_pid=$pid anna_port=$port few much idle one
	claim 'Ben gets it' meets ben "$anna_port"
	few=$(bytes_of)
	claim 'and the rest is imported' fb anna --quiet import "$work/rest.jsonl"
	count large "$all"
	claim 'Ben gets that' meets ben "$anna_port"
	much=$(bytes_of)
	claim "nine times as much costs nine times the bytes and no more: $much, of $few" test "$much" -le $((few * 9 + few * 9 / 4))
	claim 'he meets her again' meets ben "$anna_port"
	claim 'and again' meets ben "$anna_port"
	idle=$(bytes_of)
	claim "which costs $idle bytes" test "$idle" -le 20000
	write ben
	claim 'one case more is brought' meets ben "$anna_port"
	one=$(bytes_of)
	claim "and costs what one costs: $one bytes" test "$one" -le $((idle + 20000))
	claim 'both have every record' holds ben "$((all + 1))"
	claim 'Anna too' holds anna "$((all + 1))"
	ended "$anna_pid" TERM
	same "$status" 0 'Anna ends well'
}

all_of_it_goes_by_a_hub_and_over_a_wire_that_is_cut() {
	start serve-hub "$bin/faltbok-hub" --home "$work/hub" --passphrase-file "$work/pass" --json serve --no-discovery --listen 127.0.0.1:0
	local hub_pid=$pid hub_port=$port cut_pid n
	claim 'the hub is brought it' meets anna "$hub_port"
	to="127.0.0.1:$hub_port" && proxied --cut '~2000000'
	cut_pid=$pid
	for n in $(seq 3); do try fb cia --quiet sync --wait 600 --peer "127.0.0.1:$port" || true; done
	proxy_counts "$cut_pid"
	claim 'Cia gets it from there, after cuts' meets cia "$hub_port"
	claim 'every record' holds cia "$((all + 1))"
	ended "$hub_pid" TERM
	same "$status" 0 'the hub ends well'
	claim 'the hub verifies' hub verify
}

one_of_them_is_found_and_the_rest_can_be_read() {
	same "$(fb cia --json search "ord${first}slut" | jq -c '[.records[].fields.title]')" "[\"nummer $first\"]" 'one word finds its case'
	same "$(fb cia --json list case --limit 999999 | jq '.records|length')" "$((all + 1))" 'all are listed'
}

scenario what_it_costs_grows_as_what_is_held_and_no_faster
scenario all_of_it_goes_by_a_hub_and_over_a_wire_that_is_cut
scenario one_of_them_is_found_and_the_rest_can_be_read
owed_by ben anna cia
agree anna ben cia
judge cia
suite_done
