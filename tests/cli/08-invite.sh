#!/bin/bash
# Joining on the spot: a code on one screen, typed on another; cut anywhere, and taken up again.
. "$(dirname "$0")/lib.sh"
found
# inviting ARG…: Anna waits at the door in the background; $code is what her screen shows, $pid she.
inviting() {
	rm -f "$work/invite.$$"
	instead=exec fb anna --json invite --listen 127.0.0.1:0 --role advisor --team lund "$@" >"$work/invite.$$" 2>"$work/invite.err" &
	pid=$!
	background="$background $pid"
	code=
	for _ in $(seq 2000); do
		code=$(head -n 1 "$work/invite.$$" 2>/dev/null | jq -r '.code // empty' 2>/dev/null)
		[ -n "$code" ] && return 0
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	no "inviting: $(cat "$work/invite.err")"
}
members() { fb anna --json members | jq '.members|length'; }
knock() { fb "$1" join "$2" --member "$1" --device "$1"; }

inviting --yes
claim 'a newcomer joins by the code' knock bo "$code"
says 'must show the same digits' 'Bo sees digits'
same "$(grep -cE '^ +[0-9]{6}$' "$work/out")" 1 'they are six'
says 'Recovery code of this device' 'Bo sees the recovery code'
claim 'and the inviter ends' wait "$pid"
same "$(tail -n 1 "$work/invite.$$" | jq -r '[.joined,.member,.name]|join(" ")')" 'true bo bo' 'the inviter knows who came'
same "$(fb bo --json members | jq -c '[.members[]|select(.device=="bo")|.roles,.teams]')" '[["advisor"],["lund"]]' 'Bo is an advisor of the team'
claim 'Bo writes at once' fb bo put case topic=housing --note 'från Bo'
exits 6 'the code a second time: nobody is there any more' knock cia "$code"
says 'otherwise join by files' 'what to do instead'
exits 2 'a code that is none' knock cia ABCDEF
exits 1 'a code without names' fb cia join "$code"
exits 2 'an advisor invites nobody' fb bo invite --role advisor --listen 127.0.0.1:0 --yes
exits 1 'nobody could answer about digits' setsid "$bin/faltbok" --home "$work/anna" --passphrase-file "$work/pass" invite --role advisor --listen 127.0.0.1:0

# The code as the camera reads it names the inviter's key.
inviting --yes
qr=$(head -n 1 "$work/invite.$$" | jq -r .qr)
exits 6 'another code at the same door' knock cia "AAAAAAAAAAAAAAAAAAAAAAAAAA@${code#*@}"
says 'does not know this code' 'what is wrong'
exits 6 'the key of another inviter' knock cia "$code#AAAAAAAAAAAAAAAAAAAAAAAAAA"
claim 'the whole text of the QR code' knock cia "$qr"
wait "$pid"
same "$(members)" 3 'three members, and nothing of the failures'
inviting --yes
kill "$pid"; wait "$pid" 2>/dev/null
instead=exec fb anna invite --role hub --listen 127.0.0.1:0 --yes >"$work/qr" 2>/dev/null &
pid=$!
for _ in $(seq 2000); do grep -q '█▀▀\|█ ▄▄▄▄▄ █' "$work/qr" && break; sleep 0.05; done
claim 'the QR code is drawn' grep -q '█▀▀\|█ ▄▄▄▄▄ █' "$work/qr"
kill "$pid"; wait "$pid" 2>/dev/null

# While she waits her home is open to her other terminal, and to no second invitation.
inviting --yes
same "$(fb anna --json invite list | jq -r '[.invitations[]|.code]|join(" ")')" "$code" 'the other terminal lists the code that waits'
claim 'and writes' fb anna put case topic=housing --note 'medan koden väntar'
exits 2 'a second code beside it' fb anna invite --role advisor --listen 127.0.0.1:0 --yes
says 'waiting in another terminal' 'why not'
claim 'the code is withdrawn from the other terminal' fb anna invite withdraw "$code"
wait "$pid"; same $? 2 'who waited ends'
claim 'and says why' grep -q 'the code was withdrawn' "$work/invite.err"
claim 'the home is free again' fb anna status
exits 6 'a withdrawn code' knock cia "$code"

# A hub and an auditor come the same way.
for who in hub auditor; do
	rm -f "$work/invite.$$"
	instead=exec fb anna --json invite --listen 127.0.0.1:0 --role "$who" --yes >"$work/invite.$$" 2>/dev/null &
	pid=$!
	for _ in $(seq 2000); do code=$(jq -r '.code // empty' "$work/invite.$$" 2>/dev/null); [ -n "$code" ] && break; sleep 0.05; done
	case $who in hub) p=hub ;; *) p=audit ;; esac
	claim "the $who joins by a code" $p join "$code" --member "$who" --device "$who"
	wait "$pid"
done

# A node that serves keeps its invitations, and answers about digits from elsewhere.
serving fb anna --json serve --no-discovery --listen 127.0.0.1:0
anna_pid=$pid
invite() { fb anna --json invite --role advisor --team lund --listen 127.0.0.1:0 | jq -r .code; }
waiting() { # until a device waits for an answer
	for _ in $(seq 2000); do
		[ "$(fb anna --json invite list | jq -r '[.invitations[]|select(.state=="waiting for your answer")]|length')" = "$1" ] && return 0
		sleep 0.05
	done
	return 1
}
before=$(members)
code=$(invite)
instead=exec fb dan join "$code" --member dan --device dan >"$work/dan.out" 2>"$work/dan.err" &
dan_pid=$!
background="$background $dan_pid"
claim 'Dan waits' waiting 1
same "$(fb anna --json invite list | jq -r '.invitations[0].newcomer.digits')" "$(grep -oE '^ +[0-9]{6}$' "$work/dan.out" | tr -d ' ')" 'the digits on both screens'
claim 'the digits do not agree' fb anna invite confirm "$code" --refuse
wait "$dan_pid"
same $? 2 'Dan is refused'
claim 'and told why' grep -q 'did not confirm the digits' "$work/dan.err"
same "$(members)" "$before" 'Dan is no member'
exits 6 'and his code is spent' knock dan "$code"
code=$(invite)
claim 'an invitation is withdrawn' fb anna invite withdraw "${code%%@*}"
exits 6 'a withdrawn code' knock dan "$code"
exits 2 'withdrawing it twice' fb anna invite withdraw "$code"

# kill -9 of the newcomer while people compare digits, and again right after.
code=$(invite)
for round in 1 2; do
	instead=exec fb dan join "$code" --member dan --device dan >"$work/dan.out" 2>&1 &
	dan_pid=$!
	claim "Dan waits, round $round" waiting 1
	kill -9 "$dan_pid"; wait "$dan_pid" 2>/dev/null
	claim "nobody waits any more, round $round" waiting 0
done
exits 2 'a name other than the half-made home has' fb dan join "$code" --member Daniel --device dan
exits 2 'nobody to confirm' fb anna invite confirm "$code"
instead=exec fb dan join "$code" --member dan --device dan >"$work/dan.out" 2>"$work/dan.err" &
dan_pid=$!
claim 'Dan waits once more' waiting 1
kill -STOP "$dan_pid"
claim 'he is admitted while his machine stands still' fb anna invite confirm "$code"
kill -9 "$dan_pid"; wait "$dan_pid" 2>/dev/null
same "$(members)" $((before + 1)) 'he is a member who does not know it'
exits 2 'too late to withdraw' fb anna invite withdraw "$code"
claim 'the same command gets him his welcome, unasked' knock dan "$code"
same "$(members)" $((before + 1)) 'and he is a member once'
same "$(fb anna --json invite list | jq '.invitations|length')" 0 'no invitation is left open'
claim 'Dan works' fb dan put case topic=housing

# kill -9 of the inviter: her codes are gone, a new one resumes the same home.
code=$(invite)
instead=exec fb eva join "$code" --member eva --device eva >"$work/eva.out" 2>"$work/eva.err" &
eva_pid=$!
background="$background $eva_pid"
claim 'Eva waits' waiting 1
kill -9 "$anna_pid"; wait "$anna_pid" 2>/dev/null
wait "$eva_pid"
same $? 6 'Eva hears that the link was lost'
claim 'and what to do' grep -q 'run the same command again' "$work/eva.err"
inviting --yes
claim 'Eva joins with the new code' knock eva "$code"
wait "$pid"
same "$(members)" $((before + 2)) 'Eva is a member once'

# kill -9 of the inviter at any moment: whatever she had written by then, a new code makes Fia a member once.
for ms in 002 010 030 060; do
	inviting --yes
	fb fia join "$code" --member fia --device fia >/dev/null 2>&1 &
	fia_pid=$!
	sleep "0.$ms"
	kill -9 "$pid"; wait "$pid" 2>/dev/null
	wait "$fia_pid"
done
inviting --yes
claim 'Fia joins in the end' knock fia "$code"
kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null
same "$(members)" $((before + 3)) 'Fia is a member once'
claim 'the inviter is sound' fb anna verify
claim 'and so is she' fb fia verify
finish
