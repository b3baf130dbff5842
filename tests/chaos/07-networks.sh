#!/bin/bash
# Machines of their own, on networks of their own: five advisers, a hub, a stranger who sees every frame.
. "$(dirname "$0")/lib.sh"

. "$(dirname "$0")/networks.sh"
serve_on() { # MACHINE HOME ARG…
	local _m=$1 _h=$2
	shift 2
	start "serve-$_h" exec_on "$_m" "$bin/faltbok" --home "$work/$_h" --passphrase-file "$work/pass" --json serve "$@"
}
hub_on() { local _m=$1; shift; start serve-hub exec_on "$_m" "$bin/faltbok-hub" --home "$work/hub" --passphrase-file "$work/pass" --json serve "$@"; }
lacks_nothing() { # HOME FROM: every marker owed by FROM stands at HOME
	titles "$1" >"$work/t.$1"
	[ -z "$(sort -u "$work/owed.$2" | comm -23 - "$work/t.$1")" ]
}

if ! may_make_networks; then
	leave_networks
	skip 60 "no right to make network namespaces; 03-wires and cli/20-network try the same over loopback"
	suite_done
	exit
fi

# Names long enough that chance does not write them.
names="Annabritta-Lindqvist Benedikta-Sundin Cyriakus-Ohlsson Dagfinnur-Westlund Eleonora-Bergkvist"
homes="anna ben cia dag eva"
founded() {
	root=$(fb anna --json init --org 'Rådrum-i-Skymningsdalen' --member Annabritta-Lindqvist --device 'Annabrittas-vita-dator' --kit "$work/kit" | jq -r .root_fingerprint)
	fb anna --quiet team add lundagruppen && fb anna --quiet grant self lundagruppen >/dev/null
	set -- $names
	shift
	for who in ben cia dag eva; do
		fb $who --quiet join --request "$work/$who.request" --member "$1" --device "$1-dator" &&
			fb anna --quiet admit "$work/$who.request" --role advisor --team lundagruppen --welcome "$work/$who.welcome" >/dev/null &&
			fb $who --quiet join --welcome "$work/$who.welcome" --root "$root" >/dev/null || no "$who is admitted"
		shift
	done
	hub --quiet join --request "$work/hub.request" --member Navet-i-Skymningsdalen --device Navet-i-Skymningsdalen &&
		fb anna --quiet admit "$work/hub.request" --role hub --welcome "$work/hub.welcome" >/dev/null && hub --quiet join --welcome "$work/hub.welcome" --root "$root" >/dev/null
	printf '%s\n' $names 'Annabrittas-vita-dator' 'Rådrum-i-Skymningsdalen' lundagruppen Navet-i-Skymningsdalen anteckning "$root" "$(cat "$work/pass")" >>"$work/markers"
	cp -a "$work/hub" "$work/hub.empty"
}

# ---- a hotspot whose creator is a peer; everybody finds everybody; the stranger hears it all ----
five_on_a_hotspot_find_each_other_and_a_stranger_learns_nothing() {
	network air
	machine m1 && cable m1 air 10.42.0.1 # Anna's laptop makes the hotspot: hers is the address that routers have
	local i=2
	for m in m2 m3 m4 m5 m6; do machine $m && cable $m air 10.42.0.$i; i=$((i + 1)); done
	machine stranger && cable stranger air 10.42.0.66
	start capture exec_on stranger "$tools/wire" capture air "$work/air.pcap"
	local capture=$pid
	i=1
	for h in $homes; do write $h; done
	for h in $homes; do
		serve_on m$i $h
		eval "pid_$h=$pid port_$h=$port"
		i=$((i + 1))
	done
	hub_on m6 --listen 0.0.0.0:0
	local hub_pid=$pid hub_port=$port
	for h in $homes; do for from in $homes; do claim "what $from wrote comes to $h" until_true 60 lacks_nothing $h $from; done; done
	write eva
	for h in anna ben cia dag; do claim "what Eva writes then comes to $h" until_true 120 lacks_nothing $h eva; done
	agree anna ben cia dag eva
	claim 'the hub was found as well' until_true 120 knows_hub anna

	# Restarted, a node is no more known than before.
	ended "$pid_ben" TERM
	same "$status" 0 'Ben stops with exit 0'
	serve_on m2 ben
	pid_ben=$pid port_ben=$port
	write ben
	claim 'Ben is found again under another port' until_true 60 lacks_nothing anna ben
	ended "$capture" TERM
	on stranger "$tools/wire" flows "$work/air.pcap" "$work/air" >"$work/flows"
	# Each of the seven starts sends one at least; how many more depends on how soon they find each other.
	claim 'the stranger heard beacons and connections' jq -e '.datagrams >= 7 and .streams >= 12 and .bytes > 50000' "$work/flows"
	claim 'none of it holds a name, an id, a key or a word' "$tools/look" --texts "$work/markers" $(for h in $homes hub; do echo --home "$work/$h" --passphrase-file "$work/pass"; done) "$work/air" "$work/air.pcap"
	claim 'and no eight bytes stand in it twice' "$tools/wire" repeats "$work/air"
	cat "$work/flows"

	# The stranger speaks to every port: not one byte comes back.
	printf 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' >"$work/http"
	i=1
	for p in $port_anna $port_ben $port_cia $port_dag $port_eva $hub_port; do
		head -c 3000 /dev/urandom >"$work/noise"
		head -c 48 /dev/urandom >"$work/noise48"
		for f in '' "$work/noise" "$work/noise48" "$work/http"; do
			same "$(on stranger "$tools/wire" ask "10.42.0.$i:$p" $f 2>&1)" 0 "bytes that port $p of machine $i answers a stranger who sends ${f##*/}"
			count stranger
		done
		i=$((i + 1))
	done

	# What was recorded is played again to whom it was said.
	local answered=0 asked=0 at f n
	for at in 1:$port_anna 2:$port_ben 3:$port_cia 6:$hub_port; do
		for f in $(ls "$work/air"/tcp-*-"${at#*:}" 2>/dev/null | head -"$(some 2 20)"); do
			for n in 48 "$(stat -c %s "$f")"; do
				head -c "$n" "$f" >"$work/again"
				answered=$((answered + $(on stranger "$tools/wire" ask "10.42.0.$at" "$work/again" 2>/dev/null || echo 1)))
				asked=$((asked + 1))
			done
		done
	done
	count wire:replays $asked
	claim "recorded connections are played again ($asked)" test $asked -ge 6
	same "$answered" 0 'bytes that come back for them'
	for h in $homes; do eval "ended \$pid_$h TERM"; same "$status" 0 "$h stops with exit 0"; done
	ended "$hub_pid" TERM
	same "$status" 0 'the hub stops with exit 0'
	claim 'no log line holds a name or a word' "$tools/look" --texts "$work/markers" "$work"/serve-*.err "$work"/serve-*.out
	judge $homes
	audited anna
}
knows_hub() { fb "$1" --json status | jq -e '.peers[]|select(.name=="Navet-i-Skymningsdalen")' >/dev/null; }

# ---- a guest network where clients do not see each other ----
clients_that_are_kept_apart_meet_through_the_hub() {
	network cafe
	machine n1 && cable n1 cafe 10.43.0.1 isolated
	machine n2 && cable n2 cafe 10.43.0.2 isolated
	machine n3 && cable n3 cafe 10.43.0.3
	hub_on n3 --listen 0.0.0.0:7100
	local hub_pid=$pid
	serve_on n1 anna --peer 10.43.0.3:7100
	local a=$pid
	serve_on n2 ben --peer 10.43.0.3:7100
	local b=$pid
	exits_on 1 n1 'the network does keep them apart' "$tools/wire" ask 10.43.0.2:7100
	write anna
	claim 'Ben has it from the hub' until_true 60 lacks_nothing ben anna
	write ben
	claim 'and Anna what Ben wrote' until_true 60 lacks_nothing anna ben
	ended "$a" TERM; ended "$b" TERM; ended "$hub_pid" TERM
	agree anna ben

	# Without a hub: one has a cable besides, and is named by its address.
	network office
	cable n1 office 10.44.0.1 && cable n2 office 10.44.0.2
	serve_on n1 anna --no-discovery --listen 10.44.0.1:7101
	a=$pid
	write ben
	claim 'a typed address works where nothing is heard' on n2 "$bin/faltbok" --home "$work/ben" --passphrase-file "$work/pass" --quiet sync --peer 10.44.0.1:7101
	claim 'Anna has it' lacks_nothing anna ben
	ended "$a" TERM
}
exits_on() { # 1: fails, 0: works
	local _want=$1 _m=$2 _what=$3 _got=0
	shift 3
	on "$_m" "$@" >/dev/null 2>&1 || _got=1
	same "$_got" "$_want" "$_what"
}

# ---- a network that comes apart and together again, cables pulled while nodes run ----
a_partition_heals_and_so_do_they() {
	network west && network east
	machine p1 && cable p1 west 10.45.0.1
	machine p2 && cable p2 west 10.45.0.2
	machine p3 && cable p3 east 10.46.0.3
	machine p4 && cable p4 east 10.46.0.4
	serve_on p1 anna; local a=$pid
	serve_on p2 ben; local b=$pid
	serve_on p3 cia; local c=$pid
	serve_on p4 dag; local d=$pid
	for h in anna ben cia dag; do write $h; done
	claim 'the west agrees' until_true 60 alike_and anna ben
	claim 'the east agrees' until_true 60 alike_and cia dag
	claim 'and neither knows of the other' sh -c "! grep -qxFf '$work/owed.cia' '$work/t.none' 2>/dev/null"
	same "$(titles anna | grep -cxFf <(tail -1 "$work/owed.cia"))" 0 'while they are apart'
	for h in anna cia; do for _ in $(seq "$(some 3 30)"); do write $h; done; done
	# A cable from the one to the other: an interface that comes while the node runs.
	cable p2 east 10.46.0.2
	count partition
	for h in cia dag; do claim "$h hears of the west" until_true 90 lacks_nothing $h anna; done
	for h in anna ben; do claim "$h hears of the east" until_true 90 lacks_nothing $h cia; done
	# And goes again, in the middle of a copy.
	for _ in $(seq "$(some 3 20)"); do write anna; done
	pulled p2 east
	count partition
	for _ in $(seq "$(some 3 20)"); do write dag; done
	same "$(fb ben --json status | jq -r '.state_hash|length')" 64 'nodes answer at once while a cable is out'
	cable p2 east 10.46.0.2
	for h in anna ben; do claim "$h has all of it again" until_true 120 lacks_nothing $h dag; done
	for h in cia dag; do claim "and $h" until_true 120 lacks_nothing $h anna; done
	for p in $a $b $c $d; do ended "$p" TERM; same "$status" 0 'it stops with exit 0'; done
	agree anna ben cia dag
}
alike_and() { lacks_nothing "$1" "$2" && lacks_nothing "$2" "$1"; }

# ---- a hub that was wiped, and a hub that was put back ----
a_hub_that_is_wiped_is_filled_again_and_nobody_believes_that_it_has_what_it_lost() {
	network net
	machine h1 && cable h1 net 10.47.0.1
	machine h2 && cable h2 net 10.47.0.2
	machine h3 && cable h3 net 10.47.0.3
	write anna
	hub_on h3 --listen 0.0.0.0:7102 --no-discovery; local hub_pid=$pid
	on h1 "$bin/faltbok" --home "$work/anna" --passphrase-file "$work/pass" --quiet sync --peer 10.47.0.3:7102
	same "$(fb anna --json status | jq .custody.only_here)" 0 'the hub has signed for everything'
	ended "$hub_pid" TERM
	cp -a "$work/hub" "$work/hub.before"
	# Its disk is replaced: the home that it had on its first day.
	rm -rf "$work/hub" && cp -a "$work/hub.empty" "$work/hub"
	count hub-wiped
	hub_on h3 --listen 0.0.0.0:7102 --no-discovery; hub_pid=$pid
	claim 'Anna sends all of it anew' until_true 60 refilled
	on h2 "$bin/faltbok" --home "$work/eva" --passphrase-file "$work/pass" --quiet sync --peer 10.47.0.3:7102
	claim 'Eva gets from it what the old disk had' lacks_nothing eva anna
	ended "$hub_pid" TERM
	claim 'the hub verifies' hub verify
}
refilled() { # in step with the hub, after more entries were sent than were written since
	on h1 "$bin/faltbok" --home "$work/anna" --passphrase-file "$work/pass" --json sync --peer 10.47.0.3:7102 >"$work/refill" 2>&1
	jq -r '.peers[]?.sent' "$work/refill" >>"$work/refilled"
	jq -e '[.peers[]?|select(.in_step)]|length > 0' "$work/refill" >/dev/null && awk '{ n += $1 } END { exit n <= 20 }' "$work/refilled"
}
a_hub_put_back_gives_a_removed_device_nothing() {
	# Dag is in step, then removed; the hub learns it; then its disk is put back to before.
	hub_on h3 --listen 0.0.0.0:7102 --no-discovery; local hub_pid=$pid
	for h in anna dag; do on h1 "$bin/faltbok" --home "$work/$h" --passphrase-file "$work/pass" --quiet sync --peer 10.47.0.3:7102; done
	ended "$hub_pid" TERM
	cp -a "$work/hub" "$work/hub.before-removal"
	hub_on h3 --listen 0.0.0.0:7102 --no-discovery; hub_pid=$pid
	claim 'Anna removes Dag' fb anna --quiet revoke Dagfinnur-Westlund-dator --reason slutat
	write anna
	on h1 "$bin/faltbok" --home "$work/anna" --passphrase-file "$work/pass" --quiet sync --peer 10.47.0.3:7102
	ended "$hub_pid" TERM
	# In place, as an administrator restores: the files of before-removal with what the disk of today knows of the place.
	rm -rf "$work/hub" && cp -a "$work/hub.before-removal" "$work/hub"
	# Eva wrote since, and reaches the restored hub before any coordinator does.
	count hub-put-back
	hub_on h3 --listen 0.0.0.0:7102 --no-discovery; hub_pid=$pid
	local before
	before=$(entries_of dag)
	on h1 "$bin/faltbok" --home "$work/dag" --passphrase-file "$work/pass" --json sync --wait 5 --peer 10.47.0.3:7102 >"$work/dag.sync" 2>"$work/dag.err"
	same "$(titles dag | grep -cxFf <(tail -1 "$work/owed.anna"))" 0 'what came after the removal, at the removed device'
	write eva
	on h2 "$bin/faltbok" --home "$work/eva" --passphrase-file "$work/pass" --quiet sync --peer 10.47.0.3:7102
	on h1 "$bin/faltbok" --home "$work/dag" --passphrase-file "$work/pass" --json sync --wait 5 --peer 10.47.0.3:7102 >"$work/dag.sync" 2>"$work/dag.err"
	same "$(titles dag | grep -cxFf <(tail -1 "$work/owed.eva"))" 0 'what Eva wrote after the hub was put back, at the removed device'
	on h2 "$bin/faltbok" --home "$work/eva" --passphrase-file "$work/pass" --quiet sync --peer 10.47.0.3:7102
	on h1 "$bin/faltbok" --home "$work/anna" --passphrase-file "$work/pass" --quiet sync --peer 10.47.0.3:7102
	exits_on 1 h1 'once a coordinator was there the removed device is refused' "$bin/faltbok" --home "$work/dag" --passphrase-file "$work/pass" --quiet sync --peer 10.47.0.3:7102
	ended "$hub_pid" TERM
	claim 'the hub verifies' hub verify
	echo "  (entries at the removed device: $before before, $(entries_of dag) after)"
	judge anna eva
}

founded
scenario five_on_a_hotspot_find_each_other_and_a_stranger_learns_nothing
scenario clients_that_are_kept_apart_meet_through_the_hub
deep && scenario a_partition_heals_and_so_do_they # minutes: beacons are half a minute apart
scenario a_hub_that_is_wiped_is_filled_again_and_nobody_believes_that_it_has_what_it_lost
scenario a_hub_put_back_gives_a_removed_device_nothing
suite_done
