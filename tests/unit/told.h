/* What reports are told of in tests: records made from words, without a store. */
#ifndef FALTBOK_TESTS_TOLD_H
#define FALTBOK_TESTS_TOLD_H

#include "check.h"

#include "casework/records.h"
#include "casework/report.h"

enum { TOLD_MAX = 400 };
struct told { struct record *r[TOLD_MAX]; size_t count; bool backwards; };

/* One record more, of fields { name, text }, each with the operation `op`. */
static inline struct record_id
told_add(struct told *all, const struct profile *p, const char *type, uint8_t op, const char *const (*fields)[2], size_t count)
{
	struct change_space space = { NULL, 0, NULL, 0 };
	struct origin from = { .author = 1 };
	struct buf body = BUF_INIT;
	struct record_id id = { { 1 } };
	struct change c;
	struct draft d;
	struct err err = ERR_INIT;

	assert_true(all->count < TOLD_MAX);
	id.b[14] = (uint8_t)(all->count >> 8);
	id.b[15] = (uint8_t)all->count;
	memcpy(from.entry, id.b, 16);
	all->r[all->count] = record_new(&id);
	draft_init(&d, profile_type_named(p, type), &id);
	for (size_t i = 0; i < count; i++)
		if (fields[i][1][0] != '\0' && draft_assign_text(&d, op, fields[i][0], fields[i][1], &err) != ERR_OK)
			fail_msg("%s", err.text);
	draft_group(&d, NULL);
	if (draft_encode(&d, NULL, 1, 1000 << 16, &body, &err) != ERR_OK || change_decode(&c, buf_bytes(&body), &space, &err) != ERR_OK ||
	    record_apply(all->r[all->count++], &c, &from, &err) != ERR_OK)
		fail_msg("%s", err.text);
	draft_free(&d);
	buf_free(&body);
	change_space_free(&space);
	return id;
}

/* A report_source's `each`; ctx is the struct told. */
static inline enum err_code
told_each(void *ctx, uint32_t type, report_record_cb cb, void *cb_ctx, struct err *err)
{
	const struct told *all = ctx;

	(void)err;
	for (size_t i = 0; i < all->count; i++) {
		const struct record *r = all->r[all->backwards ? all->count - 1 - i : i];

		if (record_type(r) == type && !cb(cb_ctx, r))
			break;
	}
	return ERR_OK;
}

static inline void
told_free(struct told *all)
{
	for (size_t i = 0; i < all->count; i++)
		record_free(all->r[i]);
}

#endif
