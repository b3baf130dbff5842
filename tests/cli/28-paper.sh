#!/bin/bash
# Recovery code and kill card: printed once, reminded of until somebody says that they are kept.
. "$(dirname "$0")/lib.sh"
: >"$work/err"

unkept() { fb "$1" --json status | jq -r '.paper_unconfirmed|join(" ")'; }
opens() { # HOME CODE: the recovery code sets a passphrase
	printf '%s\n' "$2" >"$work/code"
	fb "$1" recover --code "$work/code" >"$work/out" 2>"$work/err"
}

found
same "$(unkept anna)" '' 'a kit that stands in files is kept'
fb bare --json init --org Bar --member Bo --device bo >"$work/init"
same "$(unkept bare)" 'recovery_code kill_card' 'a kit that was printed is reminded of'
fb bare --json status | jq -r '.warnings[]' >"$work/out"
says 'nobody has said that the recovery code of this device is written down: `faltbok paper confirm` when it is, `faltbok paper new` prints another' 'status says so'
says 'it cannot be printed again' 'and of the card'
fb bare paper confirm >"$work/out"; says 'Noted' 'it is kept'
same "$(unkept bare)" '' 'and no more reminded of'
fb bare paper confirm >"$work/out"; says 'nothing to note' 'twice does no harm'

# Another paper.
old=$(jq -r .kit.recovery_code "$work/init")
fb bare paper new >"$work/out"
says 'opens nothing any more' 'the old one is to be destroyed'
new=$(sed -n 2p "$work/out" | tr -d ' ')
same "$(unkept bare)" 'recovery_code' 'the new paper is reminded of'
exits 4 'the old one opens nothing' opens bare "$old"
opens bare "$old"; says 'recovery code' 'says which'
claim 'the new one opens' opens bare "$new"
serving fb bare --json serve --no-discovery --listen 127.0.0.1:0
exits 4 'a home that is served has nothing printed' fb bare paper new
says 'open in process' 'by whom'
claim 'but is told what is kept' fb bare paper confirm
same "$(unkept bare)" '' 'by the process that serves'
kill "$pid"; wait "$pid" 2>/dev/null
exits 1 'a word too many' fb bare paper confirm now
exits 1 'a word too few' fb bare paper

# Where the sheets cannot be written nothing is founded; where they suddenly cannot, they are printed.
mkdir "$work/used" && echo mine >"$work/used/trustee-1.txt"
exits 2 'a directory with a sheet in it' fb none init --org N --member N --device n --kit "$work/used"
claim 'and no home was made' test ! -e "$work/none/keystore"
same "$(cat "$work/used/trustee-1.txt")" mine 'and the sheet is as it was'
exits 5 'no directory' fb none init --org N --member N --device n --kit /proc/kit
claim 'and no home was made of that either' test ! -e "$work/none/keystore"

# A request that cannot be written comes with no card; the next one has both papers.
exits 5 'no place for the request' fb cia join --request /proc/none/cia.request --member Cia --device cia
fb cia --json join --request "$work/cia.request" --member Cia --device cia >"$work/asked"
same "$(jq -r '(.kill_card|length),(.recovery_code|length)' "$work/asked" | xargs)" '26 26' 'the next request shows card and code'
fb cia --json join --request "$work/cia.request" --member Cia --device cia >"$work/again"
same "$(jq -r '.kill_card,.recovery_code' "$work/again" | xargs)" 'null null' 'and a third none, for those were shown'
same "$(jq -r .words "$work/asked")" "$(jq -r .words "$work/again")" 'and is the same request'
fb anna --quiet admit "$work/cia.request" --role advisor --team lund --welcome "$work/cia.welcome"
fb cia --quiet join --welcome "$work/cia.welcome" --root "$root"
same "$(unkept cia)" 'recovery_code kill_card' 'a member is reminded of both'
claim 'the code that was shown opens' opens cia "$(jq -r .recovery_code "$work/asked")"
jq -r .kill_card "$work/asked" >"$work/card"
claim 'the card that was shown removes the device' fb anna revoke cia --kill-card "$work/card"
serving fb anna --json serve --no-discovery --listen 127.0.0.1:0
exits 2 'who calls once more and hears of it' fb cia sync --peer "127.0.0.1:$port"
kill "$pid"; wait "$pid" 2>/dev/null
same "$(unkept cia)" 'recovery_code' 'needs no kill card any more'

# Shown to nobody.
fb dan --quiet join --request "$work/dan.request" --member Dan --device dan
same "$(fb dan --json join --request "$work/dan.request" --member Dan --device dan | jq -r '(.kill_card|length),(.recovery_code|length)' | xargs)" '26 26' \
	'what a quiet request kept to itself the next one shows'

# The other two programs.
hub --json join --request "$work/hub.request" --member Nav --device nav >"$work/asked"
fb anna --quiet admit "$work/hub.request" --role hub --welcome "$work/hub.welcome"
hub --quiet join --welcome "$work/hub.welcome" --root "$root"
hub status >"$work/out"; says "kill card is written down" 'a hub reminds of its papers'
serving hub --json serve --listen 127.0.0.1:0
claim 'a hub that serves is told' hub paper confirm
hub --json status | jq -e '[.warnings[]|select(test("written down"))]|length==0' >"$work/out" && ok || no 'and reminds no more'
exits 4 'and prints nothing new meanwhile' hub paper new
kill "$pid"; wait "$pid" 2>/dev/null
claim 'then it does' hub paper new
hub status >"$work/out"; says "recovery code is written down" 'and reminds of that'
claim 'and is told without serving' hub paper confirm
audit --quiet join --request "$work/audit.request" --member Rev --device rev
claim 'an auditor too prints' audit paper new
claim 'and confirms' audit paper confirm
exits 1 'and nothing else' audit paper burn
finish
