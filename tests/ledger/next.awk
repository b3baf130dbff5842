# Which profile of the simulator has the next slice: awk -v profiles="a b …" -v marks="A B …" -v busy="a" -f next.awk LEDGER
#
# Slices go in turn to writes, to seeds, to the kind of fault or rare state that is furthest from its aim, and to the profile that has
# had least time: one state that is hardly ever reached would otherwise have them all. What has reached its aim gives its turn to what
# is furthest, and that goes to the profile that brings most of it in a second; once nothing is missing, least time decides. A profile
# that is being played already has the next one only if it is worth a second core.
function number(key,   i) { for (i = 1; i <= NF; i++) if (index($i, key "=") == 1) return substr($i, length(key) + 2); return 0 }
BEGIN { aim["saved"] = 10000000; aim["seeds"] = 100000; kind_aim = 1000; mark_aim = 100; split(marks, m, " "); for (i in m) known[m[i]] = 1 }
$1 == "kind=sim" {
	p = number("profile"); lines++
	time[p] += number("seconds")
	for (i = 1; i <= NF; i++) {
		split($i, kv, "=")
		what = kv[1] == "saved" ? "saved" : kv[1] == "passed" ? "seeds" : index(kv[1], "fault.") == 1 || (index(kv[1], "mark.") == 1 && (substr(kv[1], 6) in known)) ? kv[1] : ""
		if (what == "") continue
		total[what] += kv[2]; got[p, what] += kv[2]
		if (!(what in aim)) aim[what] = index(what, "mark.") == 1 ? mark_aim : kind_aim
	}
}
END {
	count = split(profiles, name, " ")
	least = ""
	for (i = 1; i <= count; i++) {
		if (name[i] == busy) continue
		if (least == "" || time[name[i]] < time[least]) least = name[i]
	}
	turn = lines % 4
	far = turn == 0 && total["saved"] < aim["saved"] ? "saved" : turn == 1 && total["seeds"] < aim["seeds"] ? "seeds" : ""
	if (far == "") for (what in aim)
		if (total[what] < aim[what] && (far == "" || total[what] / aim[what] < total[far] / aim[far] || (total[what] / aim[what] == total[far] / aim[far] && what < far))) far = what
	best = ""
	for (i = 1; i <= count && far != ""; i++) {
		if (far == "seeds" && got[name[i], "seeds"] * 2 > total["seeds"]) continue # one cheap profile alone is no campaign
		rate = time[name[i]] > 0 ? got[name[i], far] / time[name[i]] : 0
		if (rate > 0 && (best == "" || rate > best_rate)) { best = name[i]; best_rate = rate }
	}
	print best == "" || time[least] == 0 || turn == 3 ? least : best
}
