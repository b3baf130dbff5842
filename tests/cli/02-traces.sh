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

# Of who is in step already an exchange costs the same, however much both hold.
costs() { fb bo --json sync --peer "127.0.0.1:$port" | jq '.peers[0]|select(.in_step)|.bytes_sent+.bytes_received'; }
claim 'Bo is admitted' admitted bo advisor lund
serving fb anna --json serve --listen 127.0.0.1:0
claim 'Bo has it too' fb bo sync --peer "127.0.0.1:$port"
small=$(costs)

shuf --random-source="$trace" "$trace" >"$work/shuffled.jsonl"
claim 'lines in any order' fb anna import "$work/shuffled.jsonl"
same "$(fb anna --json status | jq .records)" 2737 'records of the whole trace'
claim 'Bo has the whole trace' fb bo sync --peer "127.0.0.1:$port"
same "$(fb bo --json status | jq .records)" 2737 'to the last record'
large=$(costs)
claim "an exchange about twenty times as much costs no more: $large bytes, of $small" test "$large" -gt 0 -a "$large" -le $((small + small / 4))
kill "$pid" && wait "$pid"
claim 'export is readable' fb anna export -o "$work/out.jsonl"
same "$(wc -l <"$work/out.jsonl")" 2737 'lines of the export'
same "$(jq -r 'select(.type=="visit")|.fields.gender' "$work/out.jsonl" | sort | uniq -c | tr -s ' ' | tr '\n' ';')" ' 317 man; 420 woman;' 'genders in the export'
finish
