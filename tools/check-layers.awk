# Holds the tree to tools/layers: a layer includes itself and what its line
# names, and a third-party header has only the homes shown there.
NR == FNR { may[$1] = " " $0 " "; all = all may[$1]; next }
/^#include/ {
	split(FILENAME, at, "/"); what = $2
	if (split(what, part, /["\/]/) > 2) what = part[2]      # "log/chain.h" is log
	if (index(all, " " what " ") && !index(may[at[2]], " " what " ")) {
		print FILENAME ":" FNR ": " at[2] " may not include " $2; bad = 1
	}
}
END { exit bad }
