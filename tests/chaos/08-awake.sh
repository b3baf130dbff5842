#!/bin/bash
# Networks that come, go and change while programs serve, machines that sleep and wake elsewhere: they find each other
# again by themselves, and until then status says what is true.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/networks.sh"

if ! may_make_networks; then
	leave_networks
	skip 60 "no right to make network namespaces; cli/20-network tries over loopback what can be tried there"
	suite_done
	exit
fi
clock_of() { # HOME: the library that lets a running program's clock be set, if this machine has it; the other clocks go on as they are
	faketime=$(find /usr/lib -name libfaketime.so.1 2>/dev/null | head -1)
	echo '+0' >"$work/clock-$1"
	[ -z "$faketime" ] || echo "env LD_PRELOAD=$faketime FAKETIME_TIMESTAMP_FILE=$work/clock-$1 FAKETIME_CACHE_DURATION=1 DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_FAKE_MONOTONIC=1"
}
serve_on() { # MACHINE HOME ARG…
	local _m=$1 _h=$2
	shift 2
	start "serve-$_h" exec_on "$_m" $(clock_of "$_h") "$bin/faltbok" --home "$work/$_h" --passphrase-file "$work/pass" --json serve "$@"
	eval "pid_$_h=$pid port_$_h=$port"
}
# asleep HOME HOURS: as of now it does nothing; when it wakes its clock has gone on.
asleep() { local _p; eval "_p=\$pid_$1"; kill -STOP "$_p"; echo "+${2}h" >"$work/clock-$1"; }
awake() { local _p; eval "_p=\$pid_$1"; kill -CONT "$_p"; }
status_of() { fb "$1" --json status; }
peer() { status_of "$1" | jq -r --arg d "$2" ".peers[]|select(.name == \$d)|$3"; } # HOME OTHER FIELD
in_step() { [ "$(peer "$1" "$2" .in_step)" = true ] && [ "$(peer "$2" "$1" .in_step)" = true ] && alike "$1" "$2"; }
ahead_of() { [ "$(peer "$1" "$2" '.behind > 0 and (.in_step|not)')" = true ]; }
only_here() { [ "$(status_of "$1" | jq '.custody.only_here > 0')" = true ]; }
both_in_step() { claim "$1" until_true 120 in_step anna ben; }
# What anna writes while ben cannot be reached: status counts it, and does not call it in step.
alone() {
	write anna
	claim "$1: what is written now is only here" only_here anna
	claim "$1: and Ben is said to lack it" ahead_of anna ben
}
# Found by what is said at once when something has changed, and not by what is said every half minute anyway.
datagrams() { on "$1" awk '$1 == "Udp:" && $5 ~ /^[0-9]+$/ { n += $5 } $1 == "Udp6OutDatagrams" { n += $2 } END { print n + 0 }' /proc/net/snmp /proc/net/snmp6; }
places() { ip -n "$nets-$1" -o addr show up | grep -cE ' inet | inet6 fe80'; }
mark_beacons() { beacons_before=$(datagrams "$1"); }
few_beacons() { # MACHINE: no more than the four of a start since the mark
	local _n=$(($(datagrams "$1") - beacons_before)) _p
	_p=$(places "$1")
	if [ "$_n" -gt 0 ] && [ "$_n" -le $((4 * _p)) ]; then ok; else no "found by the first beacons: $_n datagrams from $_p places"; fi
}
fresh_machines() {
	machine "a$1" && machine "b$1"
}
gone() { for h in anna ben; do eval "ended \$pid_$h TERM"; same "$status" 0 "$h stops with exit 0"; done; }

found
admitted ben advisor lund
carry anna ben
carry ben anna

networks_come_while_they_serve() {
	fresh_machines 1
	serve_on a1 anna
	serve_on b1 ben
	write anna && write ben
	claim 'without a network everything is only here' only_here anna
	network spot # a hotspot: nobody is told that it is there
	cable a1 spot 10.61.0.1 && cable b1 spot 10.61.0.2
	count interface-new
	both_in_step 'two who served without a network find each other when there is one'
	gone
}
a_cable_out_and_in_again() {
	network net
	fresh_machines 2
	cable a2 net 10.62.0.1 && cable b2 net 10.62.0.2
	serve_on a2 anna
	serve_on b2 ben
	write ben
	both_in_step 'they meet'
	ip -n "$nets-b2" link set dev net down
	count interface-down
	alone 'the cable is out'
	ip -n "$nets-b2" link set dev net up
	both_in_step 'the cable is in again, and they are in step by themselves'
	pulled b2 net # the card is taken out, and another put in under the same name within the time between two looks
	cable b2 net 10.62.0.2
	count interface-replaced
	write anna
	both_in_step 'and through another card of the same name'
	gone
}
an_address_that_changes() {
	fresh_machines 3
	cable a3 net 10.63.0.1 && cable b3 net 10.63.0.2
	serve_on a3 anna
	serve_on b3 ben
	write anna
	both_in_step 'they meet'
	sleep 11
	ip -n "$nets-b3" addr del 10.63.0.2/24 dev net
	ip -n "$nets-b3" -6 addr flush dev net
	count address-gone
	alone 'Ben has no address'
	mark_beacons b3
	ip -n "$nets-b3" addr add 10.63.0.77/24 dev net
	count address-new
	both_in_step 'Ben has another address'
	few_beacons b3
	gone
}
no_ipv4_anywhere() {
	fresh_machines 4
	cable a4 net 10.64.0.1 && cable b4 net 10.64.0.2
	for m in a4 b4; do ip -n "$nets-$m" -4 addr flush dev net; ip -n "$nets-$m" -4 addr flush dev lo; done
	count ipv6-only
	serve_on a4 anna
	serve_on b4 ben
	write anna && write ben
	both_in_step 'IPv6 alone is enough'
	gone
}
# The lid is closed at one place and opened at another, hours later: nothing was said to the other side.
asleep_and_awake_elsewhere() {
	fresh_machines 5
	cable a5 net 10.65.0.1 && cable b5 net 10.65.0.2
	serve_on a5 anna
	serve_on b5 ben
	write anna
	both_in_step 'they meet'
	sleep 11 # until their link is older than two that are made at the same time
	asleep ben 9
	pulled b5 net
	alone 'Ben sleeps'
	cable b5 net 10.65.0.88
	count slept
	mark_beacons b5
	awake ben
	both_in_step 'Ben wakes elsewhere, nine hours later'
	few_beacons b5
	asleep anna 50
	write ben
	count slept
	awake anna
	both_in_step 'and Anna, where she was'
	gone
}
asleep_with_an_address_alone() {
	fresh_machines 6
	cable a6 net 10.66.0.1 && cable b6 net 10.66.0.2
	serve_on a6 anna --no-discovery --listen 0.0.0.0:7061
	serve_on b6 ben --no-discovery --peer 10.66.0.1:7061
	write anna
	both_in_step 'they meet at the address that was typed'
	asleep ben 9
	pulled b6 net
	alone 'Ben sleeps'
	cable b6 net 10.66.0.88
	count slept
	awake ben
	both_in_step 'Ben wakes elsewhere and dials the address he knows'
	# Whom he dials goes away without a word, and comes back: the back-off is not what is waited for after a sleep.
	ended "$pid_anna" KILL
	asleep ben 20
	serve_on a6 anna --no-discovery --listen 0.0.0.0:7061
	write anna
	count slept
	awake ben
	both_in_step 'and when the other was away as well'
	gone
}
# The power goes, and with it the only end that knew that the link had ended.
the_power_goes() {
	fresh_machines 7
	cable a7 net 10.67.0.1 && cable b7 net 10.67.0.2
	serve_on a7 anna
	serve_on b7 ben
	write anna
	both_in_step 'they meet'
	sleep 11
	pulled b7 net
	ended "$pid_ben" KILL
	count power
	alone 'the power is gone'
	cable b7 net 10.67.0.2
	mark_beacons b7
	serve_on b7 ben
	both_in_step 'Ben starts again, and the link that Anna still has is not preferred'
	few_beacons b7
	gone
}

scenario networks_come_while_they_serve
scenario a_cable_out_and_in_again
scenario an_address_that_changes
scenario no_ipv4_anywhere
scenario asleep_and_awake_elsewhere
scenario asleep_with_an_address_alone
scenario the_power_goes
agree anna ben
judge anna ben
suite_done
