#!/bin/bash
# A small organisation on the real programs. What they print goes into one file,
# which the second implementation checks together with the vectors.
#   run.sh BUILD
set -euo pipefail
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
joins() { # NAME: by files
	fb "$1" --quiet join --request "$work/$1.request" --member "$1" --device "$1"
	fb anna --quiet admit "$work/$1.request" --role advisor --team lund --welcome "$work/$1.welcome"
	fb "$1" --quiet join --welcome "$work/$1.welcome" --root "$root"
}
hand_over() { # FROM TO: by stick
	rm -f "$work/$1.fb"
	fb "$1" --quiet bundle write "$work/$1.fb"
	fb "$2" --quiet bundle read "$work/$1.fb"
}
opening() { # NAME HOME BUNDLE END [WELCOME]: what this home says, and the files that should come to the same
	fb "$2" --json status | jq -c --arg name "$1" --arg bundle "$work/$3" --arg keystore "$work/$2/keystore" \
		--arg ends "$4" --arg welcome "${5:+$work/$5}" \
		'{name: $name, bundle: $bundle, keystore: $keystore, ends: $ends, state_hash, records, conflicts}
		 + if $welcome == "" then {entries} else {welcome: $welcome} end'
}

root=$(fb anna --json init --org Prov --member Anna --device anna --kit "$work/kit" | jq -r .root_fingerprint)
fb anna --quiet team add lund
fb anna --quiet grant self lund >/dev/null
joins bo
joins cia

# Two sites' days, written apart: neither has met the other's records.
trace=tests/data/lund-2019-2021/trace.jsonl
grep -m 80 '"by":"samordnare"' $trace >"$work/anna.jsonl"
grep -m 120 '"by":"dalby"' $trace >"$work/bo.jsonl"
fb anna --quiet import "$work/anna.jsonl"
fb bo --quiet import "$work/bo.jsonl"
hand_over anna bo

# One case, changed on both sides before they meet again.
case=$(fb bo --json put case topic=housing --note 'ringde kommunen' | jq -r .id)
hand_over bo anna
fb anna --quiet put case "$case" topic=health --note 'ringde regionen'
fb bo --quiet put case "$case" topic=appeal
hand_over anna bo
hand_over bo anna

# Cia gets only the first part of Bo's stick.
head -c $(($(stat -c %s "$work/bo.fb") * 3 / 4)) "$work/bo.fb" >"$work/cut.fb"
fb cia --quiet bundle read "$work/cut.fb" 2>/dev/null || [ $? = 3 ]

{
	opening 'the reader of a bundle' anna bo.fb whole
	opening 'its writer' bo bo.fb whole
	opening 'a bundle cut short' cia cut.fb cut cia.welcome
} | jq -s --arg pass "$work/pass" '{passphrase_file: $pass, openings: .}' >"$work/organisation.json"
[ -z "${KEEP:-}" ] || cp -r "$work/." "$KEEP/"
node "$bin/second/second.mjs" check proto/vectors "$work/organisation.json"
