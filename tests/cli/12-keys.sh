#!/bin/bash
# Keys that come and go: attestations, keys by hand, network keys, a backup, a copied home.
. "$(dirname "$0")/lib.sh"
found
for who in bo cia; do claim "$who is admitted" admitted $who advisor lund; done
claim 'dag is admitted to no team' admitted dag advisor
status() { fb "$1" --json status; }
warns() { status "$1" | jq -r '.warnings[]' >"$work/out"; : >"$work/err"; }
have_faketime=$(command -v faketime)
at() { # DAYS HOME ARG…: the same program, so many days from now
	_days=$1 _who=$2
	shift 2
	faketime -f "+${_days}d" "$bin/faltbok" --home "$work/$_who" --passphrase-file "$work/pass" --kdf interactive "$@"
}

# What is held elsewhere is known from ATTESTs, without meeting.
a=$(fb bo --json put case title=första | jq -r .id)
same "$(status bo | jq -c '[.custody.only_here,.custody.elsewhere]')" '[1,0]' 'first it is only here'
same "$(status bo | jq .membership_age_days)" -1 'no coordinator has vouched yet'
carry bo anna && carry anna cia && carry cia bo
same "$(status bo | jq .membership_age_days)" 0 "the coordinator's word came by a third device"
same "$(status bo | jq -c '[.custody.only_here,.custody.elsewhere]')" '[0,1]' 'and so did the proof of a copy'
same "$(title cia "$a")" första 'Cia reads it'
same "$(status bo | jq -c '.silent|map(.name)')" '["dag"]' 'who was never heard of is named'
member() { fb "$1" --json members | jq -c --arg d "$2" ".members[]|select(.device==\$d)|$3"; } # AT DEVICE FILTER
same "$(member bo dag '[.silent,.silent_days,.heard]')$(member bo anna '[.silent,.silent_days]')" '[true,null,null][false,0]' 'members says it too'
claim 'members in words' fb bo members
says '! never heard of' 'of whom nothing was heard'

# By hand: a grant waits for a yes.
claim 'the team is set to by hand' fb anna team set lund --approval hand
says 'when a person has said yes' 'in words'
exits 2 'neither hand nor auto' fb anna team set lund --approval perhaps
exits 2 'an adviser sets nothing' fb bo team set lund --approval auto
carry anna bo && carry anna cia && carry bo anna
claim 'no key waits' fb bo keys list
says 'No key waits' 'keys list, empty'

# Anna leaves the team and grants it to Dag: she has no key to give, so those in it are asked.
fb anna --quiet ungrant self lund
fb anna --quiet grant dag lund
carry anna bo
g=$(fb bo --json put case title=andra | jq -r .id) # under a new epoch, for those who were in the team before
carry bo dag
same "$(title dag "$a")$(title dag "$g")" '' 'a new epoch hands nothing to who still waits'
same "$(fb bo --json keys list | jq -r '.waiting[]|[.name,.team,.granted_by,.why,.refused]|join(" ")')" 'dag lund anna hand false' 'it waits at Bo'
claim 'keys list' fb bo keys list
says "given by hand" 'keys list in words'
same "$(status bo | jq .keys_waiting)" 1 'status counts it'
warns bo; says 'waits for a key' 'and says so'
same "$(member bo dag '[.keys_waiting[]|[.team,.why,.refused]]')$(member bo anna .keys_waiting)" '[["lund","hand",false]][]' 'members shows who waits, for which team'
fb bo members >"$work/out"; says '! waits for the key of lund' 'in words'
key=$(fb bo --json keys list | jq -r '.waiting[0].id')
exits 2 'an id that nothing has' fb bo keys approve ffffffffffff
claim 'Bo refuses' fb bo keys refuse "$key"
same "$(status bo | jq .keys_waiting)" 0 'then status is quiet'
same "$(fb bo --json keys list | jq '.waiting[0].refused')" true 'the list is not'
claim 'Bo thinks better of it' fb bo keys approve "${key:0:8}"
says 'has been given the keys of lund' 'in words'
same "$(fb bo --json keys list | jq -c .waiting)" '[]' 'then none waits'
carry bo dag
same "$(title dag "$a") $(title dag "$g")" 'första andra' 'Dag reads what was written before'

# A network key: made with a removal, sealed to those who remain, and learned by stick.
claim 'Anna makes one by hand' fb anna netkey rotate
says 'is taken for 180 days more' 'in words'
exits 2 'an adviser makes none' fb bo netkey rotate
claim 'Anna removes Cia' fb anna revoke cia
claim 'who has not heard can still read a stick' carry anna bo
claim 'and write one' carry bo anna
carry anna dag && carry dag anna && carry anna bo && carry bo anna
fb anna --quiet bundle write "$work/after.fb"
claim 'when all have heard, those who remain open it' fb bo bundle check "$work/after.fb"
serving fb anna --json serve --listen 127.0.0.1:0
exits 2 'the removed device is told so' fb cia sync --peer "127.0.0.1:$port"
says 'has been removed' 'the refusal'
claim 'who remains links with the new key' fb bo sync --peer "127.0.0.1:$port"
kill "$pid" && wait "$pid"

# A backup: a home again, in logs of its own; nothing is lost and everybody is told.
b=$(fb bo --json put case title=före | jq -r .id)
claim 'Bo makes a backup' fb bo backup "$work/bo.backup"
says 'destroy old backups' 'in words'
exits 2 'nothing is overwritten' fb bo backup "$work/bo.backup"
claim 'no readable word in it' sh -c "! grep -qaE 'före|första' '$work/bo.backup'"
c=$(fb bo --json put case title=efter | jq -r .id)
carry bo dag
exits 1 'restore wants a file' fb again restore
exits 5 'a file that is not there' fb again restore "$work/none"
echo 'no backup' >"$work/none.backup"
exits 3 'a file that is no backup' fb again restore "$work/none.backup"
echo 'fel ord om våren och hösten' >"$work/wrong"
exits 4 'another passphrase' "$bin/faltbok" --home "$work/again" --passphrase-file "$work/wrong" restore "$work/bo.backup"
claim 'and nothing was made' sh -c "! ls '$work/again/keystore' '$work/again/log.db' 2>/dev/null"
claim 'Bo restores it' fb again restore "$work/bo.backup"
says 'logs of its own' 'in words'
exits 2 'not over a home' fb again restore "$work/bo.backup"
claim 'it verifies' fb again verify
same "$(title again "$b")$(title again "$c")" före 'what was there then is there'
d=$(fb again --json put case title=återställd | jq -r .id)
carry again dag && carry dag again && carry dag bo && carry bo dag
same "$(title again "$c")" efter 'what was written since comes from others'
same "$(title bo "$d")" återställd 'and the original has what the restored home wrote'
for who in bo again dag; do
	same "$(status $who | jq -c '[.copies[]|.name,.self]')" "[\"bo\",$([ $who = dag ] && echo false || echo true)]" "$who is told of two copies"
	same "$(status $who | jq -c .forks)" '[]' 'nothing forked'
done
warns dag; says 'two copies in use of bo' 'in words'
same "$(member dag bo '.copies|length') $(member dag dag .copies)" '2 null' 'members shows of whom'
fb dag members >"$work/out"; says '! two copies in use' 'in words'

# A copied home is the same, without being asked.
cp -a "$work/dag" "$work/copy"
e=$(fb dag --json put case title=här | jq -r .id)
f=$(fb copy --json put case title=där | jq -r .id)
carry copy bo && carry bo dag && carry dag bo && carry bo copy
same "$(title dag "$f") $(title copy "$e")" 'där här' 'both go on'
warns dag; says 'two copies in use of dag' 'the original is told'
warns copy; says 'two copies in use of dag' 'and the copy'

# Years apart: the view of the membership grows old, and the grace of the old network key ends.
if [ -n "$have_faketime" ]; then
	same "$(at 16 bo --json status | jq '[.membership_age_days>14,(.warnings|map(select(test("days old")))|length)]' -c)" '[true,1]' 'after 14 days a warning'
	at 40 bo --json status | jq -r '.warnings[]' >"$work/out"; : >"$work/err"
	says 'reach a coordinator' 'after 30 days it asks for something'
	same "$(at 40 bo --json members | jq -c '.members[]|select(.device=="anna")|[.silent,.silent_days>30,(.heard|length>0)]')" '[true,true,true]' 'members says who is silent, and since when'
	at 40 bo members >"$work/out"; says '! silent for 40 days, since' 'in words'
else
	echo "(no faketime: what depends on days is tried in the unit tests)"
fi
finish
