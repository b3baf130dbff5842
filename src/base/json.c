/*
 * A reading that is refused memory is left at that very place, by longjmp():
 * jansson would go on and write beyond what it has. So that nothing is lost
 * by that, what it has been given during a reading is kept account of, and
 * what it gives back is freed when the reading has ended.
 */
#include "base/json.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

struct reading {
	jmp_buf out;
	void **given, **back; /* back: of those; there is room for all of them */
	size_t count, cap, back_count, back_cap;
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
	void *p = mem_alloc(n), **given, **back;

	if (p == NULL) {
		refuse(r, NULL);
		return NULL;
	}
	if (r == NULL)
		return p;
	given = mem_room(r->given, r->count, &r->cap, sizeof(*given));
	r->given = given != NULL ? given : r->given;
	back = given != NULL ? mem_room(r->back, r->count, &r->back_cap, sizeof(*back)) : NULL;
	r->back = back != NULL ? back : r->back;
	if (back == NULL)
		refuse(r, p);
	r->given[r->count++] = p;
	return p;
}

static void
json_release(void *p)
{
	struct reading *r = reading;

	if (r == NULL)
		mem_free(p);
	else if (p != NULL)
		r->back[r->back_count++] = p;
}

void
json_use_mem(void)
{
	json_set_alloc_funcs(json_memory, json_release);
}

static void
free_each(void **p, size_t count)
{
	for (size_t i = 0; i < count; i++)
		mem_free(p[i]);
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
		reading = NULL;
		free_each(r.back, r.back_count);
	} else {
		reading = NULL;
		free_each(r.given, r.count);
		if (why != NULL) {
			memset(why, 0, sizeof(*why));
			(void)snprintf(why->text, sizeof(why->text), "out of memory");
		}
	}
	mem_free(r.given);
	mem_free(r.back);
	return out;
}
