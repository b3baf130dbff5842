#!/bin/bash
# A name server that never answers, and addresses that lead nowhere: writing goes on as if nothing were.
# In a network of its own, where every packet is lost (`unshare`, which needs no root where user namespaces are allowed).
if [ "${inside:-}" != yes ]; then
	inside=yes exec unshare --map-root-user --net --mount "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
unset https_proxy HTTPS_PROXY

ip link set lo up
ip link add away type veth peer name nobody
ip addr add 10.99.0.1/24 dev away
ip link set away up && ip link set nobody up
ip route add default via 10.99.0.254
ip neigh add 10.99.0.254 lladdr 02:00:00:00:00:01 dev away # so that nothing is refused, and nothing answered
echo 'nameserver 192.0.2.53' >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf

known() { fb ben --json status | jq -e '.peers|length > 0' >/dev/null; }
found
admitted ben advisor lund
serving fb ben --json serve --no-discovery --listen 127.0.0.1:0
ben_pid=$pid ben_port=$port
serving fb anna --json serve --no-discovery --listen 127.0.0.1:0 \
	--peer hub.test:7047 --peer wss://hub.test/faltbok --peer two.hub.test:7047 --peer wss://two.hub.test/faltbok --peer six.hub.test:7 --peer 192.0.2.7:7047 --peer wss://192.0.2.8/faltbok --peer "127.0.0.1:$ben_port"
anna_pid=$pid
claim 'a colleague who has a number is met at once, though every lookup is under way' until_true 150 known
lost() { grep -c 'hub\.test\|192\.0\.2' "$work/serve.err"; }
same "$(lost)" 0 'before any of them has come to an end'
for n in 1 2 3 4 5; do claim "write $n while names are looked up" fb anna put case topic=housing --note "anteckning $n"; done
same "$(fb anna --json list case | jq '.records|length')" 5 'all are there'
claim 'search works' fb anna search anteckning
same "$(lost)" 0 'and no lookup and no dial had come to its end meanwhile: nothing waited for one'
claim 'a round that reaches nobody ends' sh -c "! '$bin/faltbok' --home '$work/anna' --passphrase-file '$work/pass' sync --peer hub.test:7047 --peer wss://hub.test/faltbok --wait 3 2>'$work/err'"
claim 'the home is still written to' fb anna put case topic=housing
stop_ben() { kill "$ben_pid"; wait "$ben_pid"; }
claim 'the colleague ends' stop_ben
kill "$anna_pid"
wait "$anna_pid"
same $? 0 'the node ends when it is told'
claim 'sound' fb anna verify
finish
