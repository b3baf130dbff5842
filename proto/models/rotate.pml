/*
 * Rotate-on-write with a withheld removal (vault.md, 4; org.md, 5).
 *
 * Two coordinators, three writers W, Y and X, and a newcomer N. C1 removes X
 * and lets N in; W or C2 gives N the key it would itself use. Whatever one device knows can reach any other, or be held
 * back, each kind by itself: control entries and team entries are different
 * logs, and whoever carries them may carry one and drop the other.
 *
 *   spin -a rotate.pml && gcc -O2 -DSAFETY -DNOCLAIM -o pan pan.c && ./pan
 *
 * -DTWO=1 -DNEWCOMER=0: instead of N, C2 removes Y, before, after or at the
 * same time. WRONG=1 uses the largest n whether clean or not, WRONG=2 makes a
 * new epoch and leaves a removed device in it: each must be found.
 */
#ifndef TWO
#define TWO 0
#endif
#ifndef NEWCOMER
#define NEWCOMER 1
#endif
#ifndef WRONG
#define WRONG 0
#endif

#define C1 0
#define C2 1
#define W  2
#define Y  3     /* removed by C2 */
#define X  4     /* removed by C1 */
#define N  5     /* granted by C1 */
#define DEVICES 6
#ifndef EPOCHS
#define EPOCHS 3
#endif
#define NONE 9

#define bit(d) (1 << (d))
#define FIRST_READERS (bit(C1) | bit(C2) | bit(W) | bit(Y) | bit(X))

byte removals[DEVICES];     /* known removals: bit 0 X, bit 1 Y */
bit grant[DEVICES];         /* knows that N is let in */
byte epochs[DEVICES];       /* known EPOCH entries */
byte given[DEVICES];        /* known KEYGRANTs: of epoch e to N is bit e */
byte made = 1;              /* epochs so far; 0 is the founder's */
byte n[EPOCHS];
byte rcpt[EPOCHS];          /* sealed to, by the EPOCH */
byte maker_knew[EPOCHS];    /* removals that the maker knew */
bit wrote[DEVICES];
bit removed_x, removed_y, let_in;

inline gone_known(d, out) {
	out = ((removals[d] & 1) -> bit(X) : 0) | ((removals[d] & 2) -> bit(Y) : 0)
}
/* who may read, as far as d knows */
inline readers_known(d, out) {
	gone_known(d, g);
	out = (FIRST_READERS | (grant[d] -> bit(N) : 0)) & ~g
}
/* whether d holds E of e */
#define holds(d, e) ((epochs[d] & bit(e)) && ((rcpt[e] & bit(d)) || ((d) == N && (given[N] & bit(e)))))
/* every recipient that d knows of, by the EPOCH or by a KEYGRANT */
#define recipients(d, e) (rcpt[e] | ((given[d] & bit(e)) -> bit(N) : 0))

inline preferred(d, out) {
	byte e;
	out = NONE;
	readers_known(d, r);
	e = 0;
	do
	:: e < made ->
		if
		:: holds(d, e) && (WRONG == 1 || (recipients(d, e) & ~r) == 0) && (out == NONE || n[e] > n[out]) -> out = e
		:: else
		fi;
		e++
	:: else -> break
	od;
	e = 0
}

/* One note: under the preferred epoch, or under a new one made for it. */
inline write_note(d) {
	preferred(d, use);
	if
	:: use == NONE && made < EPOCHS ->
		/* n: one more than the largest effective one it knows */
		byte top = 0, k = 0;
		do
		:: k < made ->
			if
			:: (epochs[d] & bit(k)) && n[k] > top -> top = n[k]
			:: else
			fi;
			k++
		:: else -> break
		od;
		readers_known(d, r);
		n[made] = top + 1;
		rcpt[made] = (WRONG == 2 -> (r | bit(X)) : r);
		maker_knew[made] = removals[d];
		epochs[d] = epochs[d] | bit(made);
		use = made;
		made++;
		top = 0;
		k = 0
	:: else
	fi;
	if
	:: use != NONE ->
		gone_known(d, g);
		/* No writer seals to a device that it knows is removed. */
		assert((recipients(d, use) & g) == 0);
		/* And what was made by somebody who knew of a removal never opens for that device. */
		assert(!((maker_knew[use] & 1) && (rcpt[use] & bit(X))));
		assert(!((maker_knew[use] & 2) && (rcpt[use] & bit(Y))))
	:: else
	fi;
	use = 0;
	g = 0;
	r = 0
}

init {
	byte d, other, use, g, r, first;

	atomic {
		n[0] = 1;
		rcpt[0] = FIRST_READERS;
		d = 0;
		do
		:: d < DEVICES -> epochs[d] = 1; d++
		:: else -> break
		od;
		d = 0
	};
	do
	/* What happens. */
	:: atomic { !removed_x -> removed_x = 1; removals[C1] = removals[C1] | 1 }
	:: atomic { TWO && !removed_y -> removed_y = 1; removals[C2] = removals[C2] | 2 }
	:: atomic { NEWCOMER && !let_in -> let_in = 1; grant[C1] = 1 }
	/* Somebody writes, the removed one too, for it may not have heard. */
	:: atomic { select(d : W .. X);
		if
		:: !wrote[d] -> wrote[d] = 1; write_note(d)
		:: else
		fi;
		d = 0 }
	/* Somebody gives N the key that it would itself use. */
	:: atomic { select(d : C2 .. W);
		if
		:: grant[d] ->
			preferred(d, use);
			if
			:: use != NONE -> given[d] = given[d] | bit(use)
			:: else
			fi;
			use = 0; r = 0; g = 0
		:: else
		fi;
		d = 0 }
	/* Something reaches somebody: control, or team entries. */
	:: atomic { select(d : C1 .. (NEWCOMER -> N : X)); select(other : C1 .. (NEWCOMER -> N : X));
		if
		:: (removals[d] & ~removals[other]) || grant[d] > grant[other] -> removals[other] = removals[other] | removals[d]; grant[other] = grant[other] | grant[d]
		:: (epochs[d] & ~epochs[other]) || (given[d] & ~given[other]) -> epochs[other] = epochs[other] | epochs[d]; given[other] = given[other] | given[d]
		:: else
		fi;
		d = 0; other = 0 }
	:: break
	od;

	/* In the end everything reaches everybody, and those who are left write until all agree. */
	atomic {
		removed_x = 1; removed_y = TWO; let_in = NEWCOMER;
		byte round = 0;
		do
		:: round < 2 ->
			byte all = 0, gv = 0;
			d = 0;
			do
			:: d < DEVICES -> all = all | epochs[d]; gv = gv | given[d]; d++
			:: else -> break
			od;
			d = 0;
			do
			:: d < DEVICES -> removals[d] = 1 + 2 * TWO; grant[d] = NEWCOMER; epochs[d] = all; given[d] = gv; d++
			:: else -> break
			od;
			d = W;
			write_note(d); /* makes a clean epoch when there is none */
			round++; all = 0; gv = 0
		:: else -> break
		od;
		preferred(W, first);
		if
		:: made < EPOCHS ->
			assert(first != NONE);
			/* Nobody who is gone is among those that it is sealed to, and all who are left are, but for N, who is given it next. */
			readers_known(W, r);
			assert((recipients(W, first) | bit(N)) == (r | bit(N)));
			preferred(C1, use);
			assert(use == first);
			preferred(C2, use);
			assert(use == first)
		:: else
		fi
	}
}
