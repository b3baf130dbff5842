#!/bin/bash
# A figure, no test: two nodes on one network, started cold at one moment; until both have found each other, proved who
# they are and are in step, with nothing to send. The keystores are opened meanwhile. A table, and build/bench-lan.json.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/networks.sh"
ROUNDS=${ROUNDS:-5}
found
admitted ben advisor lund
carry anna ben; carry ben anna
met() { grep -q 'in step' "$work/serve-anna.err" && grep -q 'in step' "$work/serve-ben.err"; }
if may_make_networks; then
	where='two namespaces and a bridge'
	network lan
	machine a && cable a lan 10.48.0.1
	machine b && cable b lan 10.48.0.2
	there() { exec ip netns exec "$nets-$1" "${@:2}"; }
else
	leave_networks
	where=loopback
	there() { exec "${@:2}"; }
fi
for _ in $(seq "$ROUNDS"); do
	rm -f "$work"/serve-*.err
	from=$(date +%s%N)
	for h in anna ben; do
		there "${h:0:1}" "$bin/faltbok" --home "$work/$h" --passphrase-file "$work/pass" --json serve >/dev/null 2>"$work/serve-$h.err" &
		background="$background $!"
		eval "pid_$h=$!"
	done
	while ! met; do sleep 0.005; done 2>/dev/null
	echo $((($(date +%s%N) - from) / 1000000)) >>"$work/ms"
	kill $pid_anna $pid_ben
	wait $pid_anna $pid_ben 2>/dev/null
done
sort -n "$work/ms" | awk -v where="$where" '{ v[NR] = $1 } END {
	printf "%-28s %8s %8s %8s   of 3000 ms, %s\n", "cold start to in step", "median", "least", "most", where
	printf "%-28s %8d %8d %8d ms\n", "", v[int((NR + 1) / 2)], v[1], v[NR]
	printf "{\"lan_cold_start_ms\":{\"value\":%d,\"unit\":\"ms\",\"floor\":3000,\"ratio\":%.3f}}\n", v[int((NR + 1) / 2)], v[int((NR + 1) / 2)] / 3000 >"build/bench-lan.json" }'
