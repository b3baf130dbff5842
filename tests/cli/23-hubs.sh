#!/bin/bash
# Addresses that somebody typed: kept, dialled until they are forgotten, and named by who answers there.
. "$(dirname "$0")/lib.sh"
field() { jq -r "$1" "$work/out"; }

found
claim 'bo is admitted' admitted bo advisor lund
claim 'no address is kept at first' fb bo --json hubs
same "$(field '.hubs|length')" 0 'an empty list'
for bad in nowhere :4433 'a b:1' host:0 host:70000 host:x; do
	exits 2 "\"$bad\" is no address" fb bo hubs --add "$bad"
done
exits 2 'what is not kept is not forgotten' fb bo hubs --forget hub.example.org:4433
exits 1 'one thing at a time' fb bo hubs --add a:1 --forget b:1

serving fb anna --json serve --no-discovery --listen 127.0.0.1:0
at=127.0.0.1:$port
claim 'an address is typed' fb bo --json hubs --add "$at"
same "$(field '.hubs[0]|[.address,.typed,.name,.last_seen]|@json')" "[\"$at\",true,null,null]" 'kept before anybody has answered'
claim 'typed again it stands there once' fb bo --json hubs --add "$at"
same "$(field '.hubs|length')" 1 'once'
claim 'sync finds it without being told' fb bo --json sync
same "$(field '.peers[0].name')" anna 'who was there'
claim 'the list' fb bo --json hubs
same "$(field '.hubs|map([.address,.name,.typed,.last_seen!=null])|@json')" "[[\"$at\",\"anna\",true,true]]" 'now says who'
claim 'in words' fb bo hubs
says "$at  anna" 'address and name'

# A serving node dials what is typed while it runs.
claim 'it is forgotten' fb bo --json hubs --forget "$at"
same "$(field '.hubs|length')" 0 'as typed and as met'
serving fb bo --json serve --no-discovery --listen 127.0.0.1:0
claim 'typed at a node that serves' fb bo --json hubs --add "$at"
linked=false
for _ in $(seq 2000); do
	fb bo --json hubs >"$work/out" && linked=$(field '.hubs[0].linked') && [ "$linked" = true ] && break
	sleep 0.1
done
same "$linked" true 'it links by itself'
claim 'and is forgotten there' fb bo --json hubs --forget "$at"
same "$(field '.hubs|length')" 0 'gone from the list'
kill "$pid"; wait "$pid" 2>/dev/null
claim 'after a start it is still forgotten' fb bo --json hubs
same "$(field '.hubs|length')" 0 'gone for good'
for i in $(seq 32); do fb bo --quiet hubs --add "10.0.0.$i:4433" >/dev/null || no "address $i"; done
exits 2 'there is a limit' fb bo hubs --add 10.0.1.1:4433
says 'forget one first' 'and it says what to do'
finish
