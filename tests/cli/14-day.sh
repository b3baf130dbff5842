#!/bin/sh
# A whole day at a pop-up between two real devices: apart, and together again.
. "$(dirname "$0")/lib.sh"

field() { jq -r "$1" "$work/out"; }

found
claim "dalby joins" admitted dalby advisor lund
claim "linero's site is made" fb anna put site name='Linero bibliotek' kind=regular
claim "anna keeps its book" fb anna booking keep 'Linero bibliotek'
claim "volunteers are there" fb anna put volunteer code=RÅD1
claim "dalby hears of it" fb anna bundle write "$work/b0"
claim "by a stick" fb dalby bundle read "$work/b0"

# ---- before opening: a queue, triage, and a draft that survives ----
claim "tickets are given before opening" fb dalby --json queue add --language ar --topic boende --documents 'Brev'
t1=$(field .place.ticket)
same "$(field .place.topic)" housing "a label is taken as its code"
same "$(field .place.session)" null "no session is open yet"
claim "a second" fb dalby --json queue add --deadline-today --minutes 20
same "$(field .ahead)" 1 "one is ahead"
t2=$(field .place.ticket)
claim "a third" fb dalby --json queue add
t3=$(field .place.ticket)
claim "anna's tickets" fb anna --json queue add
[ "$(field .place.ticket)" != "$t1" ]; same $? 0 "two devices give different tickets"
claim "anna's place goes" fb anna queue leave "$(field .place.ticket)"
exits 2 "a topic that is none" fb dalby queue add --topic rymdfart
exits 2 "no queue place is put into the log" fb dalby put queue ticket=A1
says "faltbok queue" "it says what to do instead"

# ---- the session, at a site that did not exist this morning ----
claim "a session is opened offline" fb dalby --json session open Genarp --channel physical --adviser RÅD1 --start 13:00
same "$(field .site_new)" true "the site is made on the spot"
same "$(field .queue_at_opening)" 3 "who waited is counted"
session=$(field .session)
exits 2 "a second session is refused while one is open" fb dalby session open Veberöd
claim "the next is called" fb dalby --json queue call
same "$(field .place.ticket)" "$t1" "who came first"
claim "a draft is kept" fb dalby draft put visit --text '{"note":"halvskrivet"}'
grep -qa halvskrivet "$work"/dalby/*; same $? 1 "nothing of it is readable on the disk"
claim "and given back by another process" fb dalby draft get visit
says halvskrivet "the words that were typed"

# ---- a node that is killed at a keystroke ----
rm -f "$work/dalby/lock.was"
serving fb dalby --json serve --listen 127.0.0.1:0 --no-discovery
claim "a serving node keeps a draft" fb dalby draft put visit --text '{"note":"nästan klart"}'
kill -9 "$pid"; wait "$pid" 2>/dev/null
claim "killed, the draft is there" fb dalby draft get visit
says 'nästan klart' "the last keystroke too"

# ---- visits ----
exits 2 "half a visit is none" fb dalby visit save gender=woman case.topic=housing action.kind=ingenting --queue "$t1" --draft visit
claim "nothing was written" fb dalby --json list visit
same "$(field '.records | length')" 0 "no visit"
claim "a visit is saved whole" fb dalby --json visit save gender=woman language=ar +topic=housing case.topic=housing case.deadline=2030-01-15 \
	case.next_step='Ring kommunen' action.kind=letter_reading --note 'Ett brev om bostad' --queue "$t1" --draft visit
case=$(field .case) visit=$(field .visit)
same "$(field '.warnings | length')" 0 "without a word"
claim "a number in the note" fb dalby --json visit save --id "$visit" --case "$case" --note 'ring 070-123 45 67'
same "$(field '.warnings | map(select(startswith("note: a phone number"))) | length')" 1 "is said, and saved"
claim "its draft is gone" fb dalby --json draft list
same "$(field '.drafts | length')" 0 "no draft"
claim "the session supplied the rest" fb dalby --json get "$visit"
same "$(field .fields.channel),$(field '.fields.adviser[0]'),$(field .fields.session)" "physical,RÅD1,$session" "channel, adviser, session"
claim "a visit without a person" fb dalby visit save first_visit=unknown gender=missing --queue "$t2"
exits 2 "a ticket is served once" fb dalby visit save --queue "$t2"

# ---- a card, a referral, slips ----
claim "a card without a name" fb dalby --json card new --case "$case"
code=$(field .code)
claim "it finds the case" fb dalby --json card find "$code"
same "$(field '.cases[0].id')" "$case" "by what is typed"
claim "small letters and spaces do not matter" fb dalby card find "$(echo "$code" | tr 'A-Z-' 'a-z ')"
exits 2 "a letter read wrong" fb dalby card find "$(echo "$code" | tr '2-9A-Z' '3-9A-Z2')"
claim "a referral to Linero" fb dalby --json referral send "$case" --site linero\ bibliotek --reason time --mode slip
referral=$(field .referral)
claim "its slip in Arabic" fb dalby --json slip referral "$referral" --language ar
same "$(field .direction)" rtl "runs from right to left"
uri=$(field .uri) slip=$(field .code)
for l in sv en fa uk ru be; do
	claim "the next step in $l" fb dalby --json slip next-step "$case" --language $l
	same "$(field .language),$(field '.lines | length')" "$l,3" "what, when, where in $l"
done
claim "a language that has no slip" fb dalby --json slip next-step "$case" --language ti
same "$(field .language),$(field '.warnings | length')" "sv,1" "is said, and Swedish"
claim "a slip prints" fb dalby slip next-step "$case"
says 'Ring kommunen' "with its step"

# ---- Linero has not met Dalby: the slip opens the same case all the same ----
claim "the slip is scanned" fb anna --json slip open "$uri"
same "$(field .case),$(field .referral),$(field .here)" "$case,$referral,false" "it names the case"
claim "and typed" fb anna --json slip open "$slip"
same "$(field .case)" "$case" "the same"
claim "anna writes on it before it has come" fb anna --json visit save --case "$case" case.complexity=legal --note 'Fortsatt på Linero' --card "$code"
same "$(field .case)" "$case" "the same case"
claim "booking where the book is kept" fb anna --json booking take linero\ bibliotek --date 2030-01-14 --time 13:00
same "$(field .status)" booked "is given"
claim "booking elsewhere" fb dalby --json booking take linero\ bibliotek --date 2030-01-14 --time 13:00
same "$(field .status)" requested "is asked for"
exits 2 "a time that is taken" fb anna booking take linero\ bibliotek --date 2030-01-14 --time 13:20

# ---- closing ----
exits 2 "closing while somebody waits" fb dalby session close
says "1 in the queue" "says who"
claim "she left" fb dalby queue leave "$t3" --turned-away
claim "closing" fb dalby --json session close --end 16:00
same "$(field '[.counts.visits,.counts.cases,.counts.queue_at_opening,.counts.turned_away,.counts.served,.purged] | map(tostring) | join(",")')" "2,1,3,1,2,3" "with its counts"
exits 2 "closing twice" fb dalby session close "$session"
claim "the queue is gone" fb dalby --json queue list --all
same "$(field '.places | length')" 0 "every place"
[ -e "$work/dalby/desk" ]; same $? 1 "and the file that held it"

# ---- together again ----
serving fb anna --json serve --listen 127.0.0.1:0 --no-discovery
claim "they meet" fb dalby --quiet sync --peer 127.0.0.1:"$port"
claim "and once more" fb dalby --quiet sync --peer 127.0.0.1:"$port"
claim "the case has both halves" fb anna --json get "$case"
same "$(field '.notes | length'),$(field .fields.complexity),$(field .fields.topic)" "3,legal,housing" "notes and fields"
claim "anna's session counts" fb anna --json get "$session"
same "$(field .fields.status),$(field .fields.queue_served),$(field .fields.turned_away)" "held,2,1" "came along"
claim "the referral goes on" fb anna referral set "$referral" received
claim "is accepted" fb anna referral set "$referral" accepted
exits 2 "what is accepted is not declined any more" fb anna referral set "$referral" declined --reason 'x'
says 'declined may not follow accepted' "and what may"
claim "nothing was written of it" fb anna --json get "$referral"
same "$(field .fields.status)" accepted "it stands as it was"
booking=$(fb anna --json booking slots linero\ bibliotek --date 2030-01-14 | jq -r '[.slots[].bookings[]|select(.status=="booked")][0].id')
claim "a booking is cancelled" fb anna booking set "$booking" cancelled
exits 2 "who cancelled has not come after all" fb anna booking set "$booking" done
says 'done may not follow cancelled' "nor does a booking's"
claim "both cards of one visitor are hinted at" fb anna --json duplicates
same "$(field '.pairs | length'),$(field '.pairs[0].why[0]')" "1,same code" "the stub and the card"
a=$(field '.pairs[0].a.id') b=$(field '.pairs[0].b.id')
claim "merging" fb anna merge "$a" "$b"
claim "both ids go on working" fb anna --json get "$b"
same "$(field .id),$(field .asked)" "$a,$b" "the one leads to the other"
claim "nothing is hinted at any more" fb anna --json duplicates
same "$(field '.pairs | length')" 0 "no pair"
claim "the card finds everything" fb anna --json card find "$code"
same "$(field '.visits | length')" 2 "both visits"
claim "parting" fb anna unmerge "$b"
claim "they are two again" fb anna --json get "$b"
same "$(field .id)" "$b" "as before"
claim "hours are derived" fb anna --json hours derive
same "$(field '.derived[0].hours')" 3 "three hours"
claim "twice is once" fb anna --json hours derive
same "$(field '.derived | length'),$(field .already)" "0,1" "nothing new"
claim "and confirmed" fb anna hours confirm --all
kill "$pid"; wait "$pid" 2>/dev/null

# ---- what is planned, and paper ----
linero=$(fb anna --json list site | jq -r '.records[]|select(.fields.name=="Linero bibliotek")|.id')
claim "an opening" fb anna put opening site="$linero" rrule='FREQ=WEEKLY;BYDAY=MO' opens=13:00 closes=15:30 mode=drop_in valid_from=2030-01-01 +channel=physical +channel=phone
claim "a Monday" fb anna --json session planned --date 2030-01-14
same "$(field '[.planned[]|[.name,.opens,.closes,.session]]|tostring')" '[["Linero bibliotek","13:00","15:30",null]]' "is open"
claim "a Tuesday" fb anna --json session planned --date 2030-01-15
same "$(field '.planned|length')" 0 "is not"
planned=$(fb anna --json put session site="$linero" date=2030-01-14 status=planned kind=outreach | jq -r .id)
claim "a session is written down" fb anna --json session planned --date 2030-01-14 --site linero\ bibliotek
same "$(field '[.planned[]|[.session,.status]]|tostring')" "[[\"$planned\",\"planned\"]]" "beside its opening"
claim "opening it" fb anna --json session open linero\ bibliotek --date 2030-01-14 --start 13:00
same "$(field '.session,.planned,.joined' | xargs)" "$planned true false" "takes up what was planned"
claim "it is" fb anna --json get "$planned"
same "$(field '.fields.kind,(.fields.channel|sort|join(" "))' | xargs)" "outreach phone physical" "of its kind, and people are met as the opening says"
claim "a sheet" fb anna --json session sheet
same "$(field '.session,.rows,([.columns[]|select(.field=="gender")|.codes[].code]|join(" "))' | xargs)" "$planned 15 woman man other missing" "has the codes"
same "$(field '[.columns[]|select(.field=="visitor" or .field=="adviser" or .field=="residence_status")]|length')" 0 "and asks for no person"
claim "as a page" fb anna session sheet --format html --rows 3 -o "$work/sheet.html"
same "$(grep -c '<tr>' "$work/sheet.html")" 4 "with its lines"
exits 1 "in no other form" fb anna session sheet --format pdf
exits 2 "no endless sheet" fb anna session sheet --rows 61
claim "what stood on it" fb anna --json visit save gender=woman from_paper=true
claim "is entered" fb anna --json get "$(field .visit)"
same "$(field .fields.from_paper)" true "and says so"
claim "closed" fb anna session close

# ---- practice ----
claim "a practice session" fb dalby --json session open Genarp --practice
claim "a practice visit" fb dalby visit save gender=woman case.topic=housing
claim "closed" fb dalby session close
claim "the figures" fb dalby --json report iop --from 2000-01-01 --to 2099-12-31
claim "and what is there" fb dalby --json list visit
same "$(field '[.records[] | select(.practice)] | length')" 1 "the visit is marked"
same "$(field '[.records[] | select(.practice | not)] | length')" 3 "the others are not"
claim "a home for practice" fb training practice
claim "has examples" fb training --json session current
same "$(field .name),$(field .queue.waiting)" "Dalby,3" "an open session and a queue"
exits 2 "is made once" fb training practice
for h in anna dalby training; do claim "$h verifies" fb $h verify; done
finish
