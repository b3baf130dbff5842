#include "base/env.h"

#include <stdarg.h>
#include <stdio.h>

void
env_logf(struct env *env, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	if (env->ops->log == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	env->ops->log(env, line);
}

void
env_both(struct env *env, void (*there)(void *ctx), void *there_ctx, void (*here)(void *ctx), void *here_ctx)
{
	if (env->ops->both != NULL) {
		env->ops->both(env, there, there_ctx, here, here_ctx);
		return;
	}
	there(there_ctx);
	here(here_ctx);
}

int
env_utc_offset_min(struct env *env, int64_t ms)
{
	return env->ops->utc_offset_min != NULL ? env->ops->utc_offset_min(env, ms) : 0;
}

const char *
env_trouble(struct env *env, struct env_conn *c, enum err_code why)
{
	const char *text = env->ops->trouble != NULL ? env->ops->trouble(env, c) : "";

	return *text != '\0' ? text : err_meaning(why);
}
