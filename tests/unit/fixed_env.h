/*
 * An env whose randomness is a hash of a counter: the same run, the same
 * bytes. `fixed_env.repeat` makes it stuck, as after a resumed snapshot.
 */
#ifndef FALTBOK_TESTS_FIXED_ENV_H
#define FALTBOK_TESTS_FIXED_ENV_H

#include "base/env.h"
#include "crypto/hc.h"

struct fixed_env {
	struct env env;
	uint64_t drawn;
	bool repeat;
};

/* HC(32, no key, "test/random", be64(counter)), cut short or continued with the next counter. */
static void
fixed_random(struct env *env, void *p, size_t n)
{
	struct fixed_env *f = env->ctx;
	uint8_t *at = p, block[32], counter[8];

	while (n > 0) {
		size_t now = n < sizeof(block) ? n : sizeof(block);

		be64_put(counter, f->drawn);
		f->drawn += !f->repeat;
		HC(block, sizeof(block), BYTES_NONE, "test/random", BYTES(counter, sizeof(counter)));
		memcpy(at, block, now);
		at += now;
		n -= now;
	}
}

static inline struct env *
fixed_env_init(struct fixed_env *f)
{
	static const struct env_ops ops = { .random = fixed_random };

	*f = (struct fixed_env){ .env = { .ops = &ops } };
	f->env.ctx = f;
	return &f->env;
}

#endif
