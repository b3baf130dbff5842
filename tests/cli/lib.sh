# What the command-line suites share. A suite sources this, makes claims, ends with `finish`.
#   claim "what must hold" COMMAND…
set -u
cd "$(dirname "$0")/../.."
bin=$PWD/${1:-build}
work=$(mktemp -d)
# Where a hub keeps what no disk may bring back: a folder of this suite's own, for otherwise its homes would leave theirs in the system's.
memory=$(mktemp -d /dev/shm/faltbok-suite.XXXXXX 2>/dev/null || mktemp -d)
export XDG_RUNTIME_DIR=$memory
unset RUNTIME_DIRECTORY
passed=0 failed=0
background=

cleanup() {
	for pid in $background; do kill "$pid" 2>/dev/null; done
	wait 2>/dev/null
	rm -rf "$work" "$memory"
}
trap cleanup EXIT
echo 'fem vanliga ord om vintern' >"$work/pass"

fb() { # HOME ARG…
	_home=$1
	shift
	${instead:-} "$bin/faltbok" --home "$work/$_home" --passphrase-file "$work/pass" --kdf interactive "$@"
}
hub() { ${instead:-} "$bin/faltbok-hub" --home "$work/hub" --passphrase-file "$work/pass" --kdf interactive "$@"; }
audit() { ${instead:-} "$bin/faltbok-audit" --home "$work/auditor" --passphrase-file "$work/pass" --kdf interactive "$@"; }

ok() { passed=$((passed + 1)); }
no() {
	failed=$((failed + 1))
	echo "not so: $1"
	[ -s "$work/err" ] && sed 's/^/    /' "$work/err" | head -5
	return 0
}
claim() {
	_what=$1
	shift
	if "$@" >"$work/out" 2>"$work/err"; then ok; else no "$_what"; fi
}
# exits STATUS "what" COMMAND…: the command ends with this status and says one sentence on standard error.
exits() {
	_want=$1 _what=$2
	shift 2
	_got=0
	"$@" >"$work/out" 2>"$work/err" || _got=$?
	if [ "$_got" != "$_want" ]; then
		no "$_what: exit $_got, not $_want"
	elif [ "$_want" != 0 ] && [ "$(wc -l <"$work/err")" != 1 ]; then
		no "$_what: not one sentence but $(wc -l <"$work/err") lines"
	else ok; fi
}
# says TEXT "what": the last command's standard error (or output) holds TEXT.
says() { if grep -qF -- "$1" "$work/err" "$work/out"; then ok; else no "$2: it does not say \"$1\""; fi; }
same() { if [ "$1" = "$2" ]; then ok; else no "$3: \"$1\" is not \"$2\""; fi; }

# found: an organisation in home "anna" with team lund; $root its fingerprint.
found() {
	root=$(fb anna --json init --org Prov --member Anna --device anna --kit "$work/kit" | jq -r .root_fingerprint)
	fb anna --quiet team add lund && fb anna --quiet grant self lund >/dev/null
}
# admitted NAME ROLE [TEAM]: a device joins by files.
admitted() {
	_who=$1 _role=$2 _prog=fb_$2
	case $_role in hub) _p=hub ;; auditor) _p=audit ;; *) _p="fb $_who" ;; esac
	$_p --quiet join --request "$work/$_who.request" --member "$_who" --device "$_who" &&
		fb anna --quiet admit "$work/$_who.request" --role "$_role" ${3:+--team "$3"} --welcome "$work/$_who.welcome" &&
		$_p --quiet join --welcome "$work/$_who.welcome" --root "$root"
}
# serving COMMAND…: starts it with --json, sets $port (of TCP, or of the WebSocket where there is no other), $ws_port and $pid.
serving() {
	rm -f "$work/serve.$$"
	instead=exec "$@" >"$work/serve.$$" 2>"$work/serve.err" & # the program itself is the child, so that a kill reaches it
	pid=$!
	background="$background $pid"
	port=
	for _ in $(seq 2000); do
		port=$(jq -r "if .port > 0 then .port else .ws_port // empty end" "$work/serve.$$" 2>/dev/null)
		ws_port=$(jq -r ".ws_port // 0" "$work/serve.$$" 2>/dev/null)
		[ -n "$port" ] && return 0
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	no "serving: $(cat "$work/serve.err")"
	return 1
}
until_true() { # SECONDS COMMAND…: it holds before the time is up, which only bounds how long a failure takes
	local _end=$((SECONDS + $1))
	shift
	while [ $SECONDS -lt $_end ]; do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}
carry() { fb "$1" --quiet bundle write "$work/stick.fb" && fb "$2" --quiet bundle read "$work/stick.fb"; } # FROM TO
title() { fb "$1" --json get "$2" 2>/dev/null | jq -r '.fields.title // empty'; } # HOME RECORD
hash_of() { fb "$1" --json status | jq -r .state_hash; }
finish() {
	echo "$(basename "$0"): $passed passed, $failed failed"
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ]
}
