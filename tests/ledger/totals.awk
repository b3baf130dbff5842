# Totals of the ledger. Ends with 3 when a rare state that the build knows (marks=FILE, one a line) has been reached by no seed.
function of(key,   i) { for (i = 1; i <= NF; i++) if (index($i, key "=") == 1) return substr($i, length(key) + 2); return "" }
function big(n,   s, out) { s = sprintf("%.0f", n); out = ""; while (length(s) > 3) { out = "," substr(s, length(s) - 2) out; s = substr(s, 1, length(s) - 3) } return s out }
{
	kind = of("kind"); seconds += of("seconds"); points += of("points"); executions += of("executions")
	if (kind == "fuzz") target[of("target")] += of("executions")
	if (kind == "universes") universes += of("count")
	if (kind == "plant") { plant[of("n")] = of("found") }
	if (kind != "sim") next
	seeds += of("passed") + of("failed"); failed += of("failed"); saved += of("saved"); mb += of("scanned-mb")
	by[of("profile")] += of("passed") + of("failed")
	for (i = 1; i <= NF; i++) {
		split($i, kv, "=")
		if (index(kv[1], "fault.") == 1) { fault[substr(kv[1], 7)] += kv[2]; faults += kv[2] }
		if (index(kv[1], "mark.") == 1) mark[substr(kv[1], 6)] += kv[2]
	}
}
END {
	printf "%s seeds, %s of them with a finding; %s acknowledged writes, none lost but in those; %s faults of %d kinds\n", big(seeds), big(failed), big(saved), big(faults), length(fault)
	printf "%s MB of disks, wires and log lines looked through for what must not be there; %s crash points; %s universes\n", big(mb), big(points), big(universes)
	printf "%s fuzz executions on %d targets; %d planted bugs found; %.1f hours\n\n", big(executions), length(target), length(plant), seconds / 3600
	for (p in by) printf "  %-16s %12s seeds\n", p, big(by[p]) | "sort"
	close("sort"); print ""
	for (f in fault) printf "  %-24s %12s\n", f, big(fault[f]) | "sort"
	close("sort")
	for (t in target) printf "  %-24s %12s executions\n", t, big(target[t]) | "sort"
	close("sort")
	while (marks != "" && (getline m < marks) > 0) if (!(m in mark) && seeds >= 5000) { printf "never reached: %s\n", m; bad = 3 }
	exit bad
}
