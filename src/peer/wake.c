#include "peer/wake.h"

#include "base/mem.h"

#define NS_PER_MS 1000000ull

enum {
	CHECK_MS = 10000,        /* between looks at both clocks */
	ASLEEP_MS = 20000,       /* they differ by more: the machine has slept */
};

struct wake {
	struct env *env;
	struct env_timer *check;
	void (*woke)(void *ctx);
	void *ctx;
	uint64_t mono_ns;
	int64_t wall_ms;
};

static void check_clocks(void *ctx);

static void
look(struct wake *w)
{
	w->mono_ns = w->env->ops->mono_ns(w->env);
	w->wall_ms = w->env->ops->wall_ms(w->env);
	w->check = w->env->ops->timer(w->env, CHECK_MS * NS_PER_MS, check_clocks, w);
}

static void
check_clocks(void *ctx)
{
	struct wake *w = ctx;
	int64_t passed = (int64_t)((w->env->ops->mono_ns(w->env) - w->mono_ns) / NS_PER_MS);
	bool slept = w->env->ops->wall_ms(w->env) - w->wall_ms - passed > ASLEEP_MS;

	look(w);
	if (slept)
		w->woke(w->ctx);
}

struct wake *
wake_new(struct env *env, void (*woke)(void *ctx), void *ctx)
{
	struct wake *w = mem_zero(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->env = env;
	w->woke = woke;
	w->ctx = ctx;
	look(w);
	return w;
}

void
wake_free(struct wake *w)
{
	if (w == NULL)
		return;
	if (w->check != NULL)
		w->env->ops->timer_stop(w->env, w->check);
	mem_free(w);
}
