/*
 * Rotate-on-write with a withheld removal (vault.md, 4; org.md, 5).
 *
 * Two coordinators, C1 and C2, three writers, W, Y and X, and a newcomer N.
 * C1 removes X. C2 removes Y (TWO), or C1 lets N in (NEWCOMER), or both; with
 * LEAVES C2 removes N again. Each may happen at any time or never.
 *
 * The state is what has been said, and nothing else. Whoever acts does it in a
 * view: any part of what has been said, chosen anew each time. So a carrier may hold back
 * anything from anybody for as long as it likes, one entry and not the next,
 * and even take back what a device knew. Real devices see less than that: they never
 * forget, and a log comes to them in its order. What holds here holds for them.
 *
 * C1, C2 and W are never removed and so are recipients of every epoch: in the same view
 * they do the same. W writes and gives keys for all three.
 *
 *   spin -a rotate.pml && gcc -O2 -DSAFETY -DNOCLAIM -o pan pan.c && ./pan
 *
 * CLAIM=1, 2 or 3 asserts that one alone, 0 all. WRONG=1..5 breaks the rule: see README.md.
 */
#ifndef TWO
#define TWO 0
#endif
#ifndef NEWCOMER
#define NEWCOMER 1
#endif
#ifndef LEAVES
#define LEAVES 0
#endif
#ifndef WRONG
#define WRONG 0
#endif
#ifndef CLAIM
#define CLAIM 0
#endif
#ifndef MADE
#define MADE 2 /* epochs that may be made before the end */
#endif
#define EPOCHS (MADE + 2) /* the founder's, and one for the end */
#define NONE 9

#define C1 1  /* the devices are bits */
#define C2 2
#define W  4
#define Y  8  /* removed by C2 */
#define X  16 /* removed by C1 */
#define N  32 /* let in by C1 */
#define FIRST_READERS (C1 | C2 | W | Y | X)

/* What has been said: REVOKEs and a GRANT, EPOCHs, and KEYGRANTs for N. */
byte removed;        /* of these devices */
bit let_in;
byte made = 1;       /* the epochs are 0 .. made - 1; 0 is the founder's */
byte n[EPOCHS], parent[EPOCHS], maker[EPOCHS];
byte rcpt[EPOCHS];   /* sealed to, by the EPOCH */
byte knew[EPOCHS];   /* removals that the maker knew */
bit first_id[EPOCHS]; /* its id is smaller than those of its elders */
byte beyond;         /* epochs beyond the cut that their maker's removal made: a mask */
byte given, given_x; /* epochs that N was given, by one who stays, and by X: masks */
byte given_beyond;   /* of given_x, those beyond X's cut */

/* A view: parts of the above. Nothing of it outlasts an act. */
byte v_removed, v_epochs, v_given, v_given_x, v_effective;
bit v_let_in;
byte d, e, i, use, top, readers, first;

#define epoch(k) (1 << (k)) /* as a set of one */
#define among(set, k) (((set) >> (k)) & 1)

inline some_of(all, out) {
	out = 0;
	i = 0;
	do
	:: (all) >> i ->
		if
		:: among(all, i) -> out = out | (1 << i)
		:: skip
		fi;
		i++
	:: else -> break
	od
}
/* Everybody has the founder's epoch: all others are its descendants, and nothing of theirs has effect without it. */
inline choose_view() {
	some_of(removed, v_removed);
	if
	:: let_in -> v_let_in = 1
	:: v_let_in = 0
	fi;
	some_of((epoch(made) - 1) & ~1, v_epochs);
	v_epochs = v_epochs | 1;
	some_of(given & v_epochs, v_given);
	some_of(given_x & v_epochs, v_given_x)
}
inline see_all() {
	v_removed = removed;
	v_let_in = let_in;
	v_epochs = epoch(made) - 1;
	v_given = given;
	v_given_x = given_x
}

/* What follows from a view. */
#define gifts_in_effect (v_given | ((v_removed & X) -> (v_given_x & ~given_beyond) : v_given_x))
/* An epoch's recipients, by the EPOCH and by KEYGRANTs in effect. */
#define recipients(k) (rcpt[k] | (WRONG != 3 && among(gifts_in_effect, k) -> N : 0))
/* And whoever the view shows to hold the key, in effect or not. */
#define holders(k) (rcpt[k] | (among(v_given | v_given_x, k) -> N : 0))
#define holds(who, k) ((holders(k) & (who)) != 0)
#define clean(k) (WRONG == 1 || ((recipients(k) | maker[k]) & ~readers) == 0)
/* The larger n first, then the smaller id. */
#define smaller_id(k, j) ((k) > (j) -> first_id[k] : !first_id[j])
#define before(k, j) (n[k] > n[j] || (n[k] == n[j] && smaller_id(k, j)))
/* WRONG=4: one's own epoch before all others. */
#define own(k, who) (WRONG == 4 && maker[k] == (who))
#define better(k, j, who) (own(k, who) || (!own(j, who) && before(k, j)))

inline understand() {
	readers = (FIRST_READERS | (v_let_in -> N : 0)) & ~v_removed;
	v_effective = 1;
	top = 0;
	e = 1;
	do
	:: e < made ->
		if
		:: among(v_epochs, e) && among(v_effective, parent[e]) && !((v_removed & maker[e]) && among(beyond, e)) ->
			v_effective = v_effective | epoch(e);
			if
			:: before(e, top) -> top = e
			:: else
			fi
		:: else
		fi;
		e++
	:: else -> break
	od;
	e = 0
}
inline preferred(who, out) {
	out = NONE;
	e = 0;
	do
	:: e < made ->
		if
		:: among(v_effective, e) && holds(who, e) && clean(e) && (out == NONE || better(e, out, who)) -> out = e
		:: else
		fi;
		e++
	:: else -> break
	od;
	e = 0
}

/* One note in the view: under the preferred epoch, or under a new one made for it. */
inline write_note(who, room) {
	preferred(who, use);
	if
	:: use == NONE && made < room ->
		n[made] = n[top] + 1;
		parent[made] = top;
		maker[made] = (who);
		rcpt[made] = (WRONG == 2 -> readers | X : (WRONG == 5 -> readers & ~Y : readers));
		knew[made] = v_removed;
		if
		:: made > 1 -> first_id[made] = 1
		:: first_id[made] = 0
		fi;
		if
		:: removed & (who) -> beyond = beyond | epoch(made)
		:: else
		fi;
		use = made;
		v_epochs = v_epochs | epoch(made);
		v_effective = v_effective | epoch(made);
		made++
	:: else
	fi;
	if
	:: use != NONE ->
		/* 1: no writer seals to a device that it knows is removed. */
		assert((CLAIM != 0 && CLAIM != 1) || (holders(use) & v_removed) == 0);
		/* 2: what was made by somebody who knew of a removal is not sealed to that device. */
		assert((CLAIM != 0 && CLAIM != 2) || (rcpt[use] & knew[use]) == 0)
	:: else
	fi
}

/* A removal cuts the logs of who goes: what it says later is beyond the cut, and of what it has said, any part may be. */
inline remove(who) {
	removed = removed | (who);
	e = 1;
	do
	:: e < made && maker[e] == (who) ->
		if
		:: beyond = beyond | epoch(e)
		:: skip
		fi;
		e++
	:: e < made && maker[e] != (who) -> e++
	:: else -> break
	od;
	if
	:: (who) == X -> some_of(given_x, given_beyond)
	:: else
	fi;
	e = 0
}

inline forget() {
	v_removed = 0; v_let_in = 0; v_epochs = 0; v_given = 0; v_given_x = 0; v_effective = 0;
	d = 0; e = 0; i = 0; use = 0; top = 0; readers = 0; first = 0
}

init {
	atomic {
		n[0] = 1;
		rcpt[0] = FIRST_READERS;
		maker[0] = C1
	};
	do
	/* What happens. */
	:: atomic { !(removed & X) -> remove(X); forget() }
	:: atomic { TWO && !(removed & Y) -> remove(Y); forget() }
	:: atomic { NEWCOMER && !let_in -> let_in = 1 }
	:: atomic { LEAVES && let_in && !(removed & N) -> remove(N); forget() }
	/* Somebody writes, the removed one too, for it may not have heard. */
	:: atomic {
		if
		:: d = W
		:: d = X
		:: TWO -> d = Y
		:: let_in -> d = N
		fi;
		choose_view();
		if
		:: (v_removed & d) || (d == N && !v_let_in)
		:: else -> understand(); write_note(d, MADE + 1)
		fi;
		forget() }
	/* Somebody gives N a key that it holds. */
	:: atomic { let_in ->
		if
		:: d = W
		:: d = X
		fi;
		choose_view();
		if
		:: (v_removed & (d | N)) || !v_let_in
		:: else ->
			understand();
			use = 0;
			do
			:: use < made ->
				if
				:: among(v_effective, use) && holds(d, use) && !(rcpt[use] & N) ->
					if
					:: d == W -> given = given | epoch(use)
					:: d == X ->
						given_x = given_x | epoch(use);
						given_beyond = given_beyond | ((removed & X) -> epoch(use) : 0)
					:: skip
					fi
				:: else
				fi;
				use++
			:: else -> break
			od
		fi;
		forget() }
	:: break
	od;

	/* In the end everything reaches everybody, N is given what W holds, and one who is left writes. */
	atomic {
		see_all();
		understand();
		if
		:: readers & N -> given = given | v_effective
		:: else
		fi;
		see_all();
		understand();
		if
		:: d = W
		:: readers & N -> d = N
		fi;
		write_note(d, EPOCHS);
		first = use;
		see_all();
		understand();
		/* 3: all who are left agree on one epoch, and it is sealed to all of them and to nobody else. */
#if CLAIM == 0 || CLAIM == 3
		assert(first != NONE);
		assert(recipients(first) == readers);
		preferred(C1, use);
		assert(use == first);
		preferred(C2, use);
		assert(use == first);
		preferred(W, use);
		assert(use == first);
		if
		:: readers & N ->
			preferred(N, use);
			assert(use == first)
		:: else
		fi;
		if
		:: readers & Y ->
			preferred(Y, use);
			assert(use == first)
		:: else
		fi;
#endif
		forget()
	}
}
