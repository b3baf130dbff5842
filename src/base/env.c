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
