# Networks of one's own: a bridge is a network, a machine is a namespace with a cable to it.
#   may_make_networks || …          whether this place lets us
#   network NAME   machine NAME   cable MACHINE NETWORK ADDRESS [isolated]   pulled MACHINE NETWORK
#   on MACHINE COMMAND…             exec_on: in place of this shell
#   leave_networks                  takes all of them away
nets=c$$
leave_networks() {
	for ns in $(ip netns list 2>/dev/null | grep -oE "^$nets-[a-z0-9]+"); do ip netns del "$ns" 2>/dev/null; done
}
may_make_networks() {
	ip netns add "$nets-try" 2>/dev/null && ip -n "$nets-try" link add name b0 type bridge 2>/dev/null &&
		ip -n "$nets-try" link add name v0 type veth peer name v1 2>/dev/null && ip netns del "$nets-try"
}
network() { # NAME: a bridge that shows every frame on every port, like the air of a hotspot
	ip netns add "$nets-$1" && ip -n "$nets-$1" link set dev lo up &&
		ip -n "$nets-$1" link add name br0 type bridge ageing_time 0 mcast_snooping 0 stp_state 0 && ip -n "$nets-$1" link set dev br0 up
}
machine() { ip netns add "$nets-$1" && ip -n "$nets-$1" link set dev lo up; }
cable() { # MACHINE NETWORK ADDRESS [isolated]
	ip -n "$nets-$1" link add name "$2" type veth peer name "$1" netns "$nets-$2" && ip -n "$nets-$1" addr add "$3/24" dev "$2" &&
		ip -n "$nets-$2" link set dev "$1" master br0 && ip -n "$nets-$2" link set dev "$1" up && ip -n "$nets-$1" link set dev "$2" up &&
		ip -n "$nets-$1" route add multicast 224.0.0.0/4 dev "$2" 2>/dev/null
	[ -z "${4:-}" ] || ip netns exec "$nets-$2" bridge link set dev "$1" isolated on
}
pulled() { ip -n "$nets-$1" link del dev "$2"; }
on() { local _ns=$1; shift; ip netns exec "$nets-$_ns" "$@"; }
exec_on() { local _ns=$1; shift; exec ip netns exec "$nets-$_ns" "$@"; }
