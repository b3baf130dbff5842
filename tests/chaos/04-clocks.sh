#!/bin/bash
# Clocks that are wrong by decades, jump under a running node, or stand before 1970's first day has ended.
. "$(dirname "$0")/lib.sh"
if ! command -v faketime >/dev/null || [ "$(faketime '2001-01-01 12:00:00' date +%Y 2>/dev/null)" != 2001 ]; then
	skip 30 'no faketime here; the simulator turns clocks in every profile'
	suite_done
	exit
fi
found
for who in ben cia; do claim "$who is admitted" admitted $who advisor lund; done
export FAKETIME_DONT_FAKE_MONOTONIC=1
then_() { faketime "$1" "${@:2}"; } # DATE COMMAND…
far=$(($(date +%Y) + 30))-06-01 back=$(($(date +%Y) - 30))-06-01
as() { # DATE HOME ARG…
	local _d=$1 _h=$2
	shift 2
	count clock
	faketime "$_d" "$bin/faltbok" --home "$work/$_h" --passphrase-file "$work/pass" "$@"
}
title_of() { fb "$1" --json get "$2" | jq -c '.fields.title'; }

thirty_years_ahead_or_behind_people_work_on_together() {
	write ben faketime "$far 12:00:00"
	write cia faketime "$back 12:00:00"
	write anna
	write cia faketime '1970-01-01 00:00:05'
	carry ben anna; carry cia anna; carry anna ben; carry anna cia
	for h in ben cia anna; do owed_by $h anna ben cia; done
	agree anna ben cia
}

the_later_word_counts_whatever_its_clock_says() {
	id=$(as "$far 12:00:00" ben --json put case title=framtiden | jq -r .id)
	carry ben cia
	as "$back 12:00:00" cia --quiet put case "$id" title=efteråt
	carry cia anna; carry anna ben
	for h in anna ben cia; do same "$(title_of $h "$id")" '"efteråt"' "what was written in knowledge of the other counts at $h"; done
	# And apart, neither clock wins: both are shown.
	as "$far 13:00:00" ben --quiet put case "$id" title=i-framtiden
	as "$back 13:00:00" cia --quiet put case "$id" title=i-dåtiden
	carry ben anna; carry cia anna; carry anna ben; carry anna cia
	for h in anna ben cia; do same "$(fb $h --json get "$id" | jq -c '[.fields.title.conflict[].value]|sort')" '["i-dåtiden","i-framtiden"]' "both are shown at $h"; done
	agree anna ben cia
}

a_clock_decades_ahead_fires_nothing_for_good() {
	local members keys before
	members=$(fb anna --json members | jq -c '[.members[]|[.device,.state]]|sort')
	before=$(fb anna --json list case --limit 9999 | jq '.records|length')
	for d in "$far 12:00:00" "$back 12:00:00" '1970-01-01 00:00:01' "$far 12:00:00"; do
		claim "a node of $d opens and verifies" as "$d" anna --quiet verify
		claim "it tells where it stands" as "$d" anna --json status
		write anna faketime "$d"
	done
	same "$(fb anna --json members | jq -c '[.members[]|[.device,.state]]|sort')" "$members" 'nobody was removed by a clock'
	same "$(fb anna --json list case --limit 9999 | jq '.records|length')" $((before + 4)) 'and nothing was erased by it'
	carry anna ben; carry ben anna
	owed_by anna ben
	agree anna ben
}

a_clock_that_jumps_under_a_running_node_loses_nothing() {
	echo "@$(date '+%Y-%m-%d %H:%M:%S')" >"$work/clock"
	start serve-anna env FAKETIME_TIMESTAMP_FILE="$work/clock" FAKETIME_NO_CACHE=1 LD_PRELOAD="$(faketime now env | sed -n 's/^LD_PRELOAD=//p')" \
		"$bin/faltbok" --home "$work/anna" --passphrase-file "$work/pass" --json serve --no-discovery --listen 127.0.0.1:0
	local anna_pid=$pid anna_port=$port
	for d in "$far 12:00:00" "$back 12:00:00" '1970-01-01 00:00:10' '2038-01-19 03:14:06' '2026-10-25 01:59:59' '2016-12-31 23:59:59' "$(date '+%Y-%m-%d %H:%M:%S')"; do
		echo "@$d" >"$work/clock"
		count clock
		write anna
		write ben
		claim "a peer is served when it is $d there" fb ben --quiet sync --peer "127.0.0.1:$anna_port"
	done
	ended "$anna_pid" TERM
	same "$status" 0 'it ends well'
	owed_by anna anna ben
	owed_by ben anna
	agree anna ben
}

a_device_that_has_fallen_silent_is_named() {
	carry anna ben
	as "$(date -d '+61 days' '+%Y-%m-%d %H:%M:%S')" anna --json status >"$work/silent"
	claim 'after sixty-one days status names who was not heard of' jq -e '[.silent[]?.name]|index("cia") != null' "$work/silent"
	as "$(date -d '+61 days' '+%Y-%m-%d %H:%M:%S')" anna status >"$work/silent.txt"
	claim 'in words' grep -q cia "$work/silent.txt"
}

scenario thirty_years_ahead_or_behind_people_work_on_together
scenario the_later_word_counts_whatever_its_clock_says
scenario a_clock_decades_ahead_fires_nothing_for_good
scenario a_clock_that_jumps_under_a_running_node_loses_nothing
scenario a_device_that_has_fallen_silent_is_named
judge anna ben cia
audited anna
suite_done
