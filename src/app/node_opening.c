/*
 * Opening: what the image lacks, in slices that nobody notices.
 */
#include "app/first.h"
#include "web/ask.h"

enum { SLICE_FIRST = 256, SLICE_MIN = 32, SLICE_MAX = 8192 };
#define SLICE_NS 25000000ull /* how long others may have to wait */
#define SLICE_PAUSE_NS 1000000ull

static void
not_opened(struct serve_job *j)
{
	struct serve *s = j->s;

	if (j->node == s->node)
		node_lock(j->node);
	else
		node_close(j->node);
	j->node = NULL;
}

static void
tell_opening(struct serve *s)
{
	web_event(s->web, "opening", json_pack("{s:I,s:I}", "done", (json_int_t)s->open_done, "all", (json_int_t)s->open_all));
}

/* One slice, made longer or shorter by how long it took. */
static void
open_more(void *ctx)
{
	struct serve_job *j = ctx;
	struct serve *s = j->s;
	struct env *env = s->app->env;
	uint64_t began = env->ops->mono_ns(env), took, left;

	j->slice = NULL;
	if (s->stopping)
		return; /* serve_leave_opening() is next */
	if (node_go_on(j->node, j->entries, &left, &j->err) != ERR_OK)
		not_opened(j);
	if (j->node == NULL || left == 0) {
		s->opening = NULL;
		job_finish(j);
		return;
	}
	took = env->ops->mono_ns(env) - began;
	s->open_done += j->entries;
	s->open_all = s->open_done + left;
	tell_opening(s);
	j->entries = took == 0 ? j->entries : j->entries * SLICE_NS / took;
	j->entries = j->entries < SLICE_MIN ? SLICE_MIN : j->entries > SLICE_MAX ? SLICE_MAX : j->entries;
	j->slice = env->ops->timer(env, SLICE_PAUSE_NS, open_more, j);
	if (j->slice == NULL) {
		err_plain(&j->err, ERR_NO_MEMORY);
		not_opened(j);
		s->opening = NULL;
		job_finish(j);
	}
}

void
job_open_in_slices(struct serve_job *j)
{
	j->s->opening = j;
	j->entries = SLICE_FIRST;
	open_more(j);
}

/* The loop has ended in the middle of it. What was read is not kept; the next start reads it again. */
void
serve_leave_opening(struct serve *s)
{
	struct serve_job *j = s->opening;

	if (j == NULL)
		return;
	s->opening = NULL;
	if (j->slice != NULL)
		s->app->env->ops->timer_stop(s->app->env, j->slice);
	not_opened(j);
	err_set(&j->err, ERR_LOCKED, "the program is ending");
	web_answer(j->call, NULL, &j->err);
	job_free(j);
}
