/*
 * A reading that is refused memory is left at that very place, by longjmp():
 * jansson would go on and write beyond what it has. So that nothing is lost
 * by that, what it has been given during a reading is kept account of.
 */
#include "base/json.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

struct reading {
	jmp_buf out;
	void **given;
	size_t count, cap;
};

static _Thread_local struct reading *reading;
static _Thread_local unsigned long refusals;

unsigned long
json_refusals(void)
{
	return refusals;
}

static void
refuse(struct reading *r, void *p)
{
	refusals++;
	mem_free(p);
	if (r != NULL)
		longjmp(r->out, 1);
}

static void *
json_memory(size_t n)
{
	struct reading *r = reading;
	void *p = mem_alloc(n), **more;

	if (p == NULL) {
		refuse(r, NULL);
		return NULL;
	}
	if (r == NULL)
		return p;
	more = mem_room(r->given, r->count, &r->cap, sizeof(*more));
	if (more == NULL)
		refuse(r, p);
	else
		(r->given = more)[r->count++] = p;
	return p;
}

/* Nearly always it is among the last. */
static void
json_release(void *p)
{
	struct reading *r = reading;
	size_t i = r != NULL ? r->count : 0;

	while (p != NULL && i > 0 && r->given[i - 1] != p)
		i--;
	if (p != NULL && i > 0)
		r->given[i - 1] = r->given[--r->count];
	mem_free(p);
}

void
json_use_mem(void)
{
	json_set_alloc_funcs(json_memory, json_release);
}

json_t *
json_read(struct bytes text, size_t flags, json_error_t *why)
{
	struct reading r = { .count = 0 };
	json_t *volatile out = NULL;

	json_use_mem();
	reading = &r;
	if (setjmp(r.out) == 0) {
		out = json_loadb((const char *)text.p, text.len, flags, why);
	} else {
		for (size_t i = 0; i < r.count; i++)
			mem_free(r.given[i]);
		if (why != NULL) {
			memset(why, 0, sizeof(*why));
			(void)snprintf(why->text, sizeof(why->text), "out of memory");
		}
	}
	reading = NULL;
	mem_free(r.given);
	return out;
}
