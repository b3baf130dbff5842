#!/bin/bash
# Every kind of entry has vectors in its form and out of it, where proto/log.md says that they are.
. "$(dirname "$0")/lib.sh"
kinds() { # every number and its name
	sed -n '/^## 2\. Kinds/,/^## 3\./p' proto/log.md | grep -oE '\| [0-9]+ \| [A-Z_]+' | tr -d '|' | sort -n
}
places() { # file, list and kinds
	sed -n '/^## 2\. Kinds/,/^## 3\./p' proto/log.md | sed -nE 's/^\| `([a-z]+\.json)`, `([a-z]+)` \| ([0-9 ]+) \|$/\1 \2 \3/p'
}
held() { # FILE LIST KIND 0|1: how many such vectors; DATA's rows say whether they open
	jq --arg list "$2" --argjson kind "$3" --argjson good "$4" '[.[$list][]
		| if type == "array" then [.[0], .[2]] else [32, if .opens then 1 else 0 end] end
		| select(. == [$kind, $good])] | length' "proto/vectors/$1"
}
kinds >"$work/kinds"
places >"$work/places"
known=$(sed -n '/^enum entry_kind/,/^};/p' src/log/entry.h | grep -oE 'KIND_[A-Z_]+' | wc -l)
same "$(wc -l <"$work/kinds")" "$known" 'the text names as many kinds as the program'
while read -r kind name; do
	read -r file list < <(awk -v k="$kind" '{ for (i = 3; i <= NF; i++) if ($i == k) print $1, $2 }' "$work/places")
	claim "$name ($kind): proto/log.md says where its vectors are" [ -n "${list:-}" ]
	[ -n "${list:-}" ] || continue
	claim "$name ($kind): one in its form, in $file" [ "$(held "$file" "$list" "$kind" 1)" -gt 0 ]
	claim "$name ($kind): one out of it, in $file" [ "$(held "$file" "$list" "$kind" 0)" -gt 0 ]
	file='' list=''
done <"$work/kinds"
for ok in true false; do
	claim "a KEYTABLE's rows, $ok" jq -e "any(.rows[]; .accept == $ok)" proto/vectors/keys.json
	claim "shares as typed, $ok" jq -e "any(.texts[]; .accept == $ok)" proto/vectors/shares.json
done
finish
