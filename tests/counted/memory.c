#include "memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "held.h"

struct sweep {
	struct trial *t;
	const struct which *which;
	long seen;
	struct child { pid_t pid; long nth; bool lasting; } children[BESIDE_MAX];
	int running;
	bool child; /* this process is one */
	uint64_t passed, failed;
};

static bool
is_chosen(const struct which *w, long nth)
{
	return w->step == 0 ? nth == w->first : nth >= w->first && (nth - w->first) % w->step == 0;
}

static void
await_one(struct sweep *s)
{
	int status, i = 0;
	pid_t pid;

	while ((pid = wait(&status)) < 0 && errno == EINTR)
		;
	while (i < s->running && s->children[i].pid != pid)
		i++;
	if (i == s->running)
		abort();
	if (WIFSIGNALED(status))
		printf("%s: memory %ld%s: the program ends by signal %d\n", s->t->scene->op, s->children[i].nth, s->children[i].lasting ? " and on" : "",
		       WTERMSIG(status));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		s->passed++;
	else
		s->failed++;
	s->children[i] = s->children[--s->running];
}

/* True in the child. */
static bool
branch(struct sweep *s, long nth, bool lasting)
{
	pid_t pid;

	while (s->running >= s->which->beside)
		await_one(s);
	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		perror("counted: fork");
		abort();
	}
	if (pid > 0) {
		s->children[s->running++] = (struct child){ pid, nth, lasting };
		return false;
	}
	s->child = true;
	s->t->nth = nth;
	s->t->lasting = lasting;
	mem_watch(NULL, NULL);
	mem_fail_after(0, lasting);
	return true;
}

static void
at_allocation(void *ctx)
{
	struct sweep *s = ctx;
	long nth = s->seen++;

	if (is_chosen(s->which, nth) && !branch(s, nth, false))
		(void)branch(s, nth, true);
}

void
memory_sweep(struct trial *t, const struct which *which, uint64_t *passed, uint64_t *failed)
{
	struct sweep s = { .t = t, .which = which };
	bool answered;

	if (!trial_begin(t)) {
		trial_end(t);
		++*failed;
		return;
	}
	held_forget();
	mem_fail_after(-1, 0);
	mem_watch(at_allocation, &s);
	answered = trial_act(t);
	mem_watch(NULL, NULL);
	mem_fail_after(-1, 0);
	if (s.child)
		exit(trial_judge(t, answered, true) ? 0 : 3);
	while (s.running > 0)
		await_one(&s);
	trial_end(t);
	*passed += s.passed;
	*failed += s.failed;
}
