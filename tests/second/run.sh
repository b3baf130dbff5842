#!/bin/bash
# A small organisation on the real programs; what it comes to goes into one file,
# which the second implementation then checks together with the vectors.
#   run.sh BUILD
set -eu
cd "$(dirname "$0")/../.."
bin=$PWD/${1:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo 'fem vanliga ord om vintern' >"$work/pass"

fb() { # HOME ARG…
	_home=$1
	shift
	"$bin/faltbok" --home "$work/$_home" --passphrase-file "$work/pass" --kdf interactive "$@"
}
hand_over() { # FROM TO: by stick
	rm -f "$work/$1.fb"
	fb "$1" --quiet bundle write "$work/$1.fb"
	fb "$2" --quiet bundle read "$work/$1.fb"
}

root=$(fb anna --json init --org Prov --member Anna --device anna --kit "$work/kit" | jq -r .root_fingerprint)
fb anna --quiet team add lund
fb anna --quiet grant self lund >/dev/null
fb bo --quiet join --request "$work/bo.request" --member Bo --device bo
fb anna --quiet admit "$work/bo.request" --role advisor --team lund --welcome "$work/bo.welcome"
fb bo --quiet join --welcome "$work/bo.welcome" --root "$root"

# Two sites' days, written apart: records of one that the other has not met.
trace=tests/data/lund-2019-2021/trace.jsonl
grep '"by":"samordnare"' $trace | head -40 >"$work/anna.jsonl"
grep '"by":"dalby"' $trace | head -60 >"$work/bo.jsonl"
fb anna --quiet import "$work/anna.jsonl"
fb bo --quiet import "$work/bo.jsonl"
hand_over anna bo

# One case, changed on both sides before they meet again.
case=$(fb bo --json put case topic=housing --note 'ringde kommunen' | jq -r .id)
hand_over bo anna
fb anna --quiet put "case" "$case" topic=health --note 'ringde regionen'
fb bo --quiet put "case" "$case" topic=appeal
hand_over anna bo
hand_over bo anna

status=$(fb anna --json status)
size=$(stat -c %s "$work/bo.fb")
head -c $((size * 2 / 3)) "$work/bo.fb" >"$work/cut.fb"
jq -n --argjson status "$status" --arg dir "$work" '{
	bundle: "\($dir)/bo.fb", cut: "\($dir)/cut.fb", passphrase_file: "\($dir)/pass",
	keystores: ["\($dir)/anna/keystore", "\($dir)/bo/keystore"],
	state_hash: $status.state_hash, records: $status.records, conflicts: $status.conflicts, entries: $status.entries}' \
	>"$work/organisation.json"
[ -n "${KEEP:-}" ] && cp -r "$work/." "$KEEP/"
node "$bin/second/second.mjs" check proto/vectors "$work/organisation.json"
