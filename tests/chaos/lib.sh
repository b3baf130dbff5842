# What the suites of real programs share, on top of the command line's: a seed, writes that are remembered once
# they were acknowledged, and a judge who looks for them afterwards.
#   scenario FUNCTION     runs it; its claims count. Every name says what holds.
#   deep                  true in the whole run (`make chaos`), false in the slice of every check
#   skip N "why"          N claims that cannot be tried here
. "$(dirname "${BASH_SOURCE[0]}")/../cli/lib.sh"
DEPTH=${DEPTH:-0}
SEED=${SEED:-$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')}
RANDOM=$SEED
skipped=0
tools=$bin/chaos
suite=$(basename "$0" .sh)
echo "$suite: SEED=$SEED DEPTH=$DEPTH"
export HOME=$work XDG_DATA_HOME=$work NO_COLOR=1

cleanup() { # what cli/lib.sh does, and what only a chaotic suite leaves behind
	for pid in $background; do kill -CONT "$pid" 2>/dev/null; kill -KILL "$pid" 2>/dev/null; done
	wait 2>/dev/null
	for m in ${mounted:-}; do umount -l "$m" 2>/dev/null; done
	type leave_networks >/dev/null 2>&1 && leave_networks
	rm -rf "$work" "$memory"
}
deep() { [ "$DEPTH" -gt 0 ]; }
some() { if deep; then echo $(($2 * DEPTH)); else echo "$1"; fi; } # FEW MANY
below() { echo $(((RANDOM << 15 | RANDOM) % $1)); }
skip() {
	skipped=$((skipped + $1))
	echo "skipped: $1 claims: $2"
}
# Only root may mount, make networks, be another user; where a container forbids it as well, that is found out by trying.
count() { echo "$1 ${2:-1}" >>"$work/counts"; } # FAULT [N]

quietly() { "$@" >/dev/null 2>&1; }

# try COMMAND…: remembers what it said; 0 as the command. What no person should have to read is kept for the judge.
try() {
	local _rc=0
	"$@" >"$work/try.out" 2>"$work/try.err" || _rc=$?
	[ "$_rc" = 0 ] || plain "$_rc" "$*"
	return $_rc
}
plain() { # one sentence of the program's; what it logs besides is for operators, and as plain
	case $1 in
	[1-6]) [ "$(grep -cE '^faltbok(-hub|-audit)?: ' "$work/try.err")" = 1 ] && ! grep -qiE 'assert|sanitizer|errno|sqlite|0x[0-9a-f]{6}' "$work/try.err" && return ;;
	137 | 143) return ;; # it was killed by us
	esac
	echo "exit $1 of: $2: $(head -c 300 "$work/try.err")" >>"$work/not-plain"
}
all_plain() { if [ ! -e "$work/not-plain" ]; then ok; else no "every refusal is one plain sentence: $(head -3 "$work/not-plain")"; fi; }

# Writes with a marker each. What exits 0 is remembered: it is owed from then on.
mark_no=0
fresh() { mark_no=$((mark_no + 1)); printf 'M%06d%08x%08x' "$mark_no" "$(below 1073741824)" "$SEED" >"$work/mark"; }
write() { # HOME [COMMAND in front…]: one case with a title of its own; the note says it again
	local _home=$1 _m
	shift
	fresh
	_m=$(cat "$work/mark")
	echo "$_m" >>"$work/markers"
	try "$@" "$bin/faltbok" --home "$(home_of "$_home")" --passphrase-file "$work/pass" --quiet put case "title=$_m" --note "anteckning $_m" || return
	echo "$_m" >>"$work/owed.$_home"
	count acknowledged
}
home_of() { case $1 in /*) echo "$1" ;; *) echo "$work/$1" ;; esac; }
titles() { fb "$1" --json list case --limit 99999 | jq -r '.records[].fields.title // empty' | sort -u; }
# owed_by HOME AT…: everything that HOME was told is saved stands at AT.
owed_by() {
	local _who=$1 _at _lost
	shift
	for _at; do
		titles "$_at" >"$work/titles"
		_lost=$(sort -u "$work/owed.$_who" 2>/dev/null | comm -23 - "$work/titles" | wc -l)
		if [ "$_lost" = 0 ] && [ -s "$work/owed.$_who" ]; then ok; else no "all that $_who was told is saved stands at $_at: $_lost of $(wc -l <"$work/owed.$_who" 2>/dev/null) are not there"; fi
	done
}
# judge HOME…: it opens, verifies, and no file of it holds a marker or a secret.
judge() {
	local _h
	for _h; do
		claim "$_h opens and verifies" fb "$_h" verify
		claim "no file of $_h holds what was written, nor a key" "$tools/look" --texts "$work/markers" --home "$work/$_h" --passphrase-file "$work/pass" --only secrets "$work/$_h"
	done
}
# audited HOME: what it holds passes the auditor.
audited() {
	rm -f "$work/audit.fb"
	[ -d "$work/auditor" ] || admitted auditor auditor >/dev/null || no 'an auditor joins'
	quietly fb "$1" bundle write "$work/audit.fb"
	claim "an auditor finds what $1 holds clean" "$bin/faltbok-audit" verify "$work/audit.fb" --root "$root" --home "$work/auditor" --passphrase-file "$work/pass"
	claim "the bundle of $1 holds nothing readable" "$tools/look" --texts "$work/markers" --home "$work/$1" --passphrase-file "$work/pass" --only secrets "$work/audit.fb"
}
state_of() { fb "$1" --json status | jq -r .state_hash; }
entries_of() { fb "$1" --json status | jq -r .entries; }
frontier_of() { fb "$1" --json status | jq -r .frontier; }
alike() { [ "$(frontier_of "$1")" = "$(frontier_of "$2")" ]; }
agree() { local _a=$1; shift; for _b; do same "$(state_of "$_b")" "$(state_of "$_a")" "what $_a and $_b show"; done; }
carry() { quietly fb "$1" bundle write "$work/stick.fb" && quietly fb "$2" bundle read "$work/stick.fb"; }

# start NAME COMMAND…: in the background, in a process of its own; $pid. Ready when it printed a line.
start() {
	rm -f "$work/$1.out"
	local _name=$1
	shift
	"$@" >"$work/$_name.out" 2>"$work/$_name.err" &
	pid=$!
	background="$background $pid"
	until_true 120 ready_or_gone "$_name" "$pid"
	port=$(jq -r '.port // empty' "$work/$_name.out" 2>/dev/null)
	[ -s "$work/$_name.out" ] || { no "$_name starts: $(head -c 300 "$work/$_name.err")"; return 1; }
}
ready_or_gone() { [ -s "$work/$1.out" ] || ! kill -0 "$2" 2>/dev/null; }
# ended PID SIGNAL: sends it, waits; $status
ended() {
	kill "-$2" "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	status=$?
}
node() { instead=exec fb "$@"; } # HOME ARG…: the program itself is the child, so that signals reach it
proxied() { # FAULT…: a proxy to $to; $port, $pid
	start proxy "$tools/proxy" --to "$to" --seed "$(below 1000000)" "$@"
}
proxy_counts() { # ends the proxy, and counts what it did
	ended "$1" TERM
	jq -r 'to_entries[]|select(.value>0 and (.key|IN("cut","half-open","blackhole","flip","swap","duplicates","replays")))|"wire:\(.key) \(.value)"' <(tail -n 1 "$work/proxy.out") >>"$work/counts"
}
suite_done() {
	all_plain
	if [ -n "${CHAOS_LEDGER:-}" ]; then
		{ echo "suite $suite $SEED $passed $failed $skipped"; [ -e "$work/counts" ] && sed 's/^/count /' "$work/counts"; } >>"$CHAOS_LEDGER"
	fi
	[ "$skipped" = 0 ] || echo "$skipped skipped"
	finish
}
scenario() { "$@"; }
