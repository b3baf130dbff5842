#!/bin/bash
# Importing a trace is all or nothing, and twice is the same as once.
. "$(dirname "$0")/lib.sh"
trace=tests/data/lund-2019-2021/trace.jsonl
found

grep '"by":"genarp"' "$trace" >"$work/genarp.jsonl"
same "$(fb anna --json import "$trace" --by genarp | jq .imported)" 149 "Genarp's lines"
hash=$(fb anna --json status | jq -r .state_hash)
same "$(fb anna --json import "$work/genarp.jsonl" | jq .imported)" 0 'the same again'
same "$(fb anna --json status | jq -r .state_hash)" "$hash" 'the state afterwards'
entries=$(fb anna --json status | jq .entries)

{ head -20 "$trace"; echo '{"t":"2019-09-02T13:12:00+02:00","by":"x","type":"visit","id":"00000000000000000000000000000001","set":{"colour":"red"}}'; } >"$work/bad.jsonl"
exits 2 'a field that the profile does not know' fb anna import "$work/bad.jsonl"
says 'line 21' 'a bad line'
says colour 'a bad field'
{ head -5 "$trace"; echo '{"t":"2019-13-02T13:12:00+02:00","by":"x","type":"visit","id":"00000000000000000000000000000001","set":{"channel":"phone"}}'; } >"$work/bad.jsonl"
exits 2 'a date that does not exist' fb anna import "$work/bad.jsonl"
{ head -5 "$trace"; echo 'garbage'; } >"$work/bad.jsonl"
exits 2 'a line that is not JSON' fb anna import "$work/bad.jsonl"
exits 5 'a file that is not there' fb anna import "$work/nowhere.jsonl"
same "$(fb anna --json status | jq .entries)" "$entries" 'entries after four refusals'

shuf --random-source="$trace" "$trace" >"$work/shuffled.jsonl"
claim 'lines in any order' fb anna import "$work/shuffled.jsonl"
same "$(fb anna --json status | jq .records)" 2737 'records of the whole trace'
claim 'export is readable' fb anna export -o "$work/out.jsonl"
same "$(wc -l <"$work/out.jsonl")" 2737 'lines of the export'
same "$(jq -r 'select(.type=="visit")|.fields.gender' "$work/out.jsonl" | sort | uniq -c | tr -s ' ' | tr '\n' ';')" ' 317 man; 420 woman;' 'genders in the export'
finish
