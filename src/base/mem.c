/*
 * The counters are per thread: a test arms the thread it runs on, and work
 * done beside the loop neither spends its count nor disturbs it.
 */
#include "base/mem.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local long left = -1; /* allocations that still succeed; < 0: all do */
static _Thread_local bool keep_failing;
static _Thread_local long counted;
static _Thread_local unsigned held;
static _Thread_local unsigned long refusals;
static _Thread_local void (*watch)(void *ctx);
static _Thread_local void *watch_ctx;

bool
mem_grant(void)
{
	if (held > 0)
		return true;
	if (watch != NULL)
		watch(watch_ctx);
	counted++;
	if (left < 0)
		return true;
	if (left > 0) {
		left--;
		return true;
	}
	if (!keep_failing)
		left = -1;
	return false;
}

static void *
given(void *p)
{
	refusals += p == NULL;
	return p;
}

void *
mem_alloc(size_t n)
{
	return given(mem_grant() ? malloc(n > 0 ? n : 1) : NULL);
}

void *
mem_zero(size_t count, size_t n)
{
	size_t bytes;

	if (!mem_grant() || __builtin_mul_overflow(count, n, &bytes))
		return given(NULL);
	return given(calloc(1, bytes > 0 ? bytes : 1));
}

void *
mem_grow(void *p, size_t n)
{
	return given(mem_grant() ? realloc(p, n > 0 ? n : 1) : NULL);
}

void *
mem_dup(const void *p, size_t n)
{
	void *copy = mem_alloc(n);

	if (copy != NULL && n > 0)
		memcpy(copy, p, n);
	return copy;
}

char *
mem_strdup(const char *s)
{
	return mem_dup(s, strlen(s) + 1);
}

void
mem_free(void *p)
{
	free(p);
}

void *
mem_room(void *array, size_t count, size_t *cap, size_t item_bytes)
{
	size_t more, bytes;
	void *grown;

	assert(count <= *cap);
	if (count < *cap)
		return array;
	more = *cap > 0 ? *cap * 2 : 8;
	if (more <= *cap || __builtin_mul_overflow(more, item_bytes, &bytes))
		return NULL;
	grown = mem_grow(array, bytes);
	if (grown != NULL)
		*cap = more;
	return grown;
}

void
mem_fail_after(long n, int for_ever)
{
	left = n;
	keep_failing = for_ever != 0;
	counted = 0;
}

void
mem_watch(void (*look)(void *ctx), void *ctx)
{
	watch = look;
	watch_ctx = ctx;
}

void
mem_hold(void)
{
	held++;
}

void
mem_release(void)
{
	assert(held > 0);
	held--;
}

void
mem_refused(void)
{
	refusals++;
}

unsigned long
mem_refusals(void)
{
	return refusals;
}

long
mem_allocations(void)
{
	return counted;
}
