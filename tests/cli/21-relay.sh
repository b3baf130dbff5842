#!/bin/bash
# A newcomer on another network than the inviter: the hub leads the one to the other, and reads nothing.
. "$(dirname "$0")/lib.sh"
found
admitted hub hub
admitted ben advisor lund

knock() { fb "$1" join "$2" --member "$1" --device "$1"; }
members() { fb anna --json members | jq '.members|length'; }
invite() { fb anna --json invite --role advisor --team lund --hub-only "$@" | jq -r .code; }
invitations() { fb anna --json invite list | jq -r "[.invitations[]|select($1)]|length"; }
ready() { [ "$(invitations '.hubs[0].ready')" = "$1" ]; }
waiting() { [ "$(invitations '.state=="waiting for your answer"')" = "$1" ]; }
ended() { ! kill -0 "$1" 2>/dev/null; }

exits 2 'hubs only, and none has been met' fb anna invite --role advisor --team lund --hub-only --yes
says 'no hub is known here' 'what is missing'
serving hub --json serve --listen 127.0.0.1:0 --no-discovery
hub_pid=$pid hub_port=$port
claim 'Anna meets the hub' fb anna sync --peer "127.0.0.1:$hub_port"
claim 'and so does Ben' fb ben sync --peer "127.0.0.1:$hub_port"
serving fb anna --json serve --no-discovery
anna_pid=$pid

code=$(invite --yes)
same "${code#*~}" "127.0.0.1:$hub_port" 'the code names the hub, and no place of the inviter'
claim 'the hub holds the offer' until_true 150 ready 1
claim 'a newcomer joins through the hub' knock bo "$code"
says 'must show the same digits' 'Bo sees digits'
says 'Joined as advisor' 'Bo is in'
claim 'Bo writes at once' fb bo put case topic=housing --note 'från Bo'
claim 'the invitation ends when the newcomer has taken its welcome' until_true 150 ready 0
exits 6 'the code a second time' knock cia "$code"
says 'leads in with this code' 'what to do'
claim 'the hub serves its members as before' fb anna sync --peer "127.0.0.1:$hub_port"
claim 'the newcomer among them' fb bo sync --peer "127.0.0.1:$hub_port"

# Where the inviter listens too, but at an address that leads nowhere: the hub is the third way.
code=$(fb anna --json invite --role advisor --team lund --yes --listen 127.0.0.1:0 --address 127.0.0.1:1 | jq -r .code)
claim 'the hub holds this one' until_true 150 ready 1
exits 6 'the address alone, without the hub' knock cia "$(echo "$code" | tr -d '\n' | sed 's/~.*//; s/^[^@]*/AAAAAAAAAAAAAAAAAAAAAAAAAA/')"
claim 'address, beacon or hub: one of them leads in' knock cia "$code"
before=$(members)

# Digits are compared on both screens; a wrong code and a second device get nowhere.
code=$(invite)
claim 'the hub holds the next' until_true 150 ready 1
exits 6 'another secret at the same hub' knock dan "AAAAAAAAAAAAAAAAAAAAAAAAAA~${code#*~}"
exits 6 'the key of another inviter' knock dan "$code#AAAAAAAAAAAAAAAAAAAAAAAAAA"
claim 'the offer stands again after that' until_true 150 ready 1
instead=exec fb dan join "$code" --member dan --device dan >"$work/dan.out" 2>"$work/dan.err" &
dan_pid=$!
background="$background $dan_pid"
claim 'Dan waits' until_true 150 waiting 1
same "$(fb anna --json invite list | jq -r '.invitations[0].newcomer.digits')" "$(grep -oE '^ +[0-9]{6}$' "$work/dan.out" | tr -d ' ')" 'the digits on both screens'
exits 6 'a second newcomer meanwhile' knock eva "$code"
claim 'Dan waits still' waiting 1
kill -9 "$dan_pid"; wait "$dan_pid" 2>/dev/null
claim 'nobody waits any more when Dan is gone' until_true 150 waiting 0
again() { fb dan join "$code" --member dan --device dan >"$work/dan.out" 2>"$work/dan.err" & dan_pid=$!; background="$background $dan_pid"; }
again
claim 'he comes again with the same code' until_true 150 waiting 1
claim 'the digits do not agree' fb anna invite confirm "$code" --refuse
wait "$dan_pid"
same $? 2 'Dan is refused'
claim 'and told why, through the hub' grep -q 'did not confirm the digits' "$work/dan.err"
same "$(members)" "$before" 'Dan is no member'

# The hub ends and comes back midway: nothing is half done, and the same code goes on.
code=$(invite)
claim 'the hub holds a third' until_true 150 ready 1
again
claim 'Dan waits once more' until_true 150 waiting 1
kill -9 "$hub_pid"; wait "$hub_pid" 2>/dev/null
wait "$dan_pid"
same $? 6 'Dan hears that the link was lost'
claim 'and what to do' grep -q 'run the same command again' "$work/dan.err"
claim 'the inviter knows it too' until_true 150 ready 0
serving hub --json serve --listen "127.0.0.1:$hub_port" --no-discovery
hub_pid=$pid
claim 'the offer is made anew' until_true 150 ready 1
again
claim 'Dan waits at the same code' until_true 150 waiting 1
claim 'he is admitted' fb anna invite confirm "$code"
wait "$dan_pid"
same $? 0 'Dan has joined'
same "$(members)" $((before + 1)) 'once'
claim 'Dan works' fb dan put case topic=housing

# Garbage, and half a handshake, at the hub's door.
for n in 1 40 48 96 5000; do
	head -c "$n" /dev/urandom | timeout 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/$hub_port && cat >&3 && timeout 1 head -c 1 <&3" >"$work/answer" 2>/dev/null
	same "$(wc -c <"$work/answer" | tr -d ' ')" 0 "$n bytes of noise get not one back"
done
claim 'and the hub serves' fb bo sync --peer "127.0.0.1:$hub_port"

# Sixteen at once, and a seventeenth that has to wait outside. Of this node and of the hub the limit is the same.
for _ in $(seq 16); do invite --yes >/dev/null; done
claim 'the hub holds sixteen' until_true 150 ready 16
exits 2 'one more' fb anna invite --role advisor --team lund --hub-only --yes
code=$(fb anna --json invite list | jq -r '.invitations[7].code')
claim 'any of them leads in' knock eva "$code"

# What is withdrawn, or removed, is held no longer.
code=$(fb anna --json invite list | jq -r '.invitations[3].code')
claim 'one is withdrawn' fb anna invite withdraw "$code"
exits 6 'and leads nowhere' knock fia "$code"
kill "$anna_pid"; wait "$anna_pid" 2>/dev/null

# The hub's store is sound, and it never saw a name or a word.
kill "$hub_pid"; wait "$hub_pid" 2>/dev/null
claim 'the hub is sound' hub verify
claim 'no name of a newcomer is in what the hub logged' sh -c "! grep -iE 'dan|eva|cia' '$work/serve.err'"
claim 'the inviter is sound' fb anna verify
finish
