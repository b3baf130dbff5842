#!/bin/bash
# What an exchange has brought, in a sentence and in figures; a site that is closed, proved and wiped.
. "$(dirname "$0")/lib.sh"
field() { jq -r "$1" "$work/out"; }

found
claim 'dalby is admitted' admitted dalby advisor lund
claim 'bo is admitted' admitted bo advisor lund
claim 'cia is admitted' admitted cia advisor lund

# ---- the sentence ----
claim 'a session at Dalby' fb dalby --json session open Dalby --channel physical --start 13:00
for _ in 1 2 3; do claim 'a visit there' fb dalby visit save gender=woman +topic=housing; done
case=$(fb dalby --json put case topic=housing --note 'ett brev' | jq -r .id)
claim 'a bundle of it' fb dalby bundle write "$work/b1"
claim 'anna reads it' fb anna --json bundle read "$work/b1"
same "$(field '.brought.types[]|select(.type=="visit")|[.new,.changed,.from]|@csv')" '3,0,"Dalby"' 'three visits, all new, by their site'
same "$(field '[.brought.records[]|select(.type=="visit" and .new)]|length')" 3 'with their ids'
same "$(field .brought.erased)" 0 'nothing is erased'
says '3 new visits from Dalby' 'the English sentence counts in the plural'
says '3 nya besök från Dalby' 'and the Swedish one'
says '1 nytt ärende från' 'one of it is bent by its article'
claim 'the same bundle again' fb anna --json bundle read "$work/b1"
same "$(field '.sentence.sv')" 'inget nytt' 'brings nothing'
claim 'what anna read is kept' fb anna --json exchanges
same "$(field '[.exchanges[]|select(.brought.new>0)]|length')" 1 'one exchange that brought something'
same "$(field '[.exchanges[].peer.name]|unique|.[0]')" dalby 'from whom'
grep -qa 'dalby\|Dalby' "$work/anna/exchanges"; same $? 1 'what is kept of it is sealed'
claim 'a change by dalby' fb dalby put case "$case" status=closed
serving fb dalby --json serve --no-discovery --listen 127.0.0.1:0
dalby_pid=$pid
claim 'anna meets dalby' fb anna --json sync --peer "127.0.0.1:$port"
same "$(field '.brought.types[]|select(.type=="case")|[.new,.changed]|@csv')" '0,1' 'one case changed'
says '1 ändrat ärende från' 'said so'
says 'in step with dalby' 'in step'
claim 'status counts nothing that either lacks' fb anna --json status
same "$(field '.peers[]|select(.name=="dalby")|[.ahead,.behind,.in_step]|@csv')" '0,0,true' 'and says in step only then'
claim 'a serving node keeps them too' fb dalby --json exchanges
same "$(field '.exchanges[0].peer.name')" anna 'by name'
kill "$dalby_pid"; wait "$dalby_pid" 2>/dev/null
claim 'two write at once' fb anna put case "$case" topic=health
claim 'apart' fb dalby put case "$case" topic=appeal
claim 'one written since' fb anna --json status --brief
same "$(field '.peers[]|select(.name=="dalby")|[.behind>0,.in_step]|@csv')" 'true,false' 'is counted as lacking there'
claim 'a bundle of that' fb dalby bundle write "$work/b2"
claim 'is read' fb anna --json bundle read "$work/b2"
same "$(field .brought.conflicts)" 1 'a conflict has arisen'
says '1 ny konflikt' 'and is said'

# ---- everybody has everything ----
claim 'bo hears of all' fb anna bundle write "$work/b3"
claim 'by stick' fb bo bundle read "$work/b3"

# ---- closing without anybody to prove it ----
exits 2 'a wipe that nobody has said yes to' setsid "$bin/faltbok" --home "$work/dalby" --passphrase-file "$work/pass" close-site --wipe
says 'nobody has said yes' 'why'
claim 'a draft is kept' fb dalby draft put visit --text '{"note":"halvt"}'
exits 2 'closing with a draft' fb dalby close-site
says 'draft' 'names it'
claim 'the draft goes' fb dalby draft drop visit
claim 'somebody waits' fb dalby queue add
exits 2 'closing while somebody waits' fb dalby close-site
says 'have not been called' 'says how many'
claim 'who waits goes' fb dalby queue leave "$(fb dalby --json queue list | jq -r '.places[]|select(.state=="waiting").ticket')"
claim 'the site is closed' fb dalby --json close-site --wait 5
same "$(field '.steps[0].step+" "+(.steps[0].done|tostring)')" 'session true' 'its session is'
same "$(field '.steps[0].session.counts.visits')" 3 'with its counts'
same "$(field .proven)" false 'nothing is proved: nobody was reached'
same "$(field '.lacking>0')" true 'how much'
exits 2 'a wipe without proof' fb dalby close-site --wipe --yes --wait 3
says 'not proved to be at another device of the team' 'says what lacks'
says 'nothing has been wiped' 'and that all is there'
claim 'the home works on' fb dalby status

# ---- another device of the team proves it ----
serving fb anna --json serve --no-discovery --listen 127.0.0.1:0
anna_port=$port anna_pid=$pid
claim 'closed with anna there' fb dalby --json close-site --peer "127.0.0.1:$anna_port"
same "$(field .proven)" true 'all of it is proved'
same "$(field '.by[]|select(.lacks==0).name')" anna 'by anna'
same "$(field .wiped)" false 'nothing is wiped unasked'
same "$(fb dalby --json status | jq .safe_to_wipe)" true 'status says the same'

# ---- a home that others may count on says first that it leaves ----
claim 'cia writes' fb cia put case "$case" topic=health
claim 'and closes with anna there' fb cia --json close-site --peer "127.0.0.1:$anna_port"
same "$(field .proven)" true 'all of it is proved'
kill "$anna_pid"; wait "$anna_pid" 2>/dev/null
exits 2 'a wipe that nobody hears of' fb cia close-site --wipe --yes --wait 1
says 'has said that it leaves' 'the word is out'
says 'nothing has been wiped' 'and nothing wiped'
same "$(fb cia --json status | jq -c '[.leaving,([.warnings[]|select(test("has said that it leaves"))]|length)]')" '[true,1]' 'status says that it leaves'
claim 'the home works on' fb cia get "$case"
same "$(fb cia --json status | jq .safe_to_wipe)" false 'it may not be wiped before somebody has acknowledged that'
claim 'a stick of it' fb cia bundle write "$work/c1"
claim 'anna reads it' fb anna bundle read "$work/c1"
claim 'and answers' fb anna bundle write "$work/c2"
same "$(fb anna --json status | jq -c '.safe_to_wipe')" false 'what cia had signed for anna counts no more'
claim 'cia hears of that' fb cia bundle read "$work/c2"
claim 'and goes on writing' fb cia put case "$case" topic=housing
same "$(fb cia --json status | jq -c .leaving)" false 'which takes the word back'
serving fb anna --json serve --no-discovery --listen 127.0.0.1:0
anna_port=$port anna_pid=$pid
claim 'wiped in one command' fb cia --json close-site --wipe --yes --peer "127.0.0.1:$anna_port"
same "$(field .wiped)" true 'it is'
same "$(field '[.steps[].step]|join(" ")')" 'session leaving exchange proof wipe' 'after it has said once more that it leaves'
same "$(ls -A "$work/cia" | wc -l)" 0 'no file is left'

# ---- with a hub in the organisation, only the hub counts ----
kill "$anna_pid"; wait "$anna_pid" 2>/dev/null
claim 'a hub is admitted' admitted hub hub
serving fb anna --json serve --no-discovery --listen 127.0.0.1:0
anna_port=$port
claim 'dalby hears of the hub' fb dalby --quiet sync --peer "127.0.0.1:$anna_port"
exits 2 'anna alone does not do any more' fb dalby close-site --wipe --yes --peer "127.0.0.1:$anna_port"
says 'at a hub' 'the hub must have it'
same "$(fb dalby --json status | jq -c '[.safe_to_wipe,.custody.only_here]')" '[false,0]' 'nor does status, though anna holds all that was written'
serving hub --json serve --no-discovery --listen 127.0.0.1:0
hub_port=$port
claim 'anna tells the hub who belongs' fb anna --quiet sync --peer "127.0.0.1:$hub_port"
claim 'wiped with the proof' fb dalby --json close-site --wipe --yes --peer "127.0.0.1:$hub_port"
same "$(field .wiped)" true 'it is'
same "$(field '.by[]|select(.hub).lacks')" 0 'the hub has all'
same "$(ls -A "$work/dalby" | wc -l)" 0 'no file is left'
exits 2 'there is no home any more' fb dalby status
claim 'anna gets it from the hub' fb anna --quiet sync --peer "127.0.0.1:$hub_port"
claim 'what dalby wrote last' fb anna --json get "$case"
same "$(field '.history? // .notes[0].text')" 'ett brev' 'is not lost'

# ---- a wipe that was interrupted ----
claim 'bo has what others have' fb bo --quiet sync --peer "127.0.0.1:$hub_port"
cp -a "$work/bo" "$work/half"
echo 'this home is being wiped' >"$work/half/wiping"
exits 2 'half wiped, it opens no more' fb half status
says 'close-site --wipe' 'and says what finishes it'
exits 2 'nor is another made there' fb half join --request "$work/r" --member Bo --device bo
claim 'the next time finishes' fb half --json close-site --wipe --yes
same "$(ls -A "$work/half" | wc -l)" 0 'all of it'

# ---- a serving node ----
serving fb bo --json serve --no-discovery --listen 127.0.0.1:0 --peer "127.0.0.1:$hub_port"
bo_pid=$pid
claim 'through the node that serves' fb bo --json close-site --wipe --yes --peer "127.0.0.1:$hub_port"
same "$(field .wiped)" true 'wiped'
wait "$bo_pid"; same $? 0 'and the node ends by itself'
same "$(ls -A "$work/bo" | wc -l)" 0 'nothing left'
finish
