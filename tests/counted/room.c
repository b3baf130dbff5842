#include "room_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char room_home[] = "/home/lund/faltbok", room_passphrase[] = ROOM_PASSPHRASE;

struct env *
room_env(struct room *r)
{
	return host_env(r->host);
}

struct bytes
room_secret(void)
{
	return BYTES(room_passphrase, strlen(room_passphrase));
}

/* ---- asking ---- */

json_t *
room_params(const struct room *r, const char *params)
{
	char text[4096];
	size_t at = 0;
	json_t *out;

	for (const char *p = params; *p != '\0'; p++) {
		size_t k = 0;

		if (*p != '$') {
			text[at++] = *p;
			continue;
		}
		while (k < r->name_count && strncmp(p + 1, r->names[k].name, strlen(r->names[k].name)) != 0)
			k++;
		if (k == r->name_count) {
			fprintf(stderr, "counted: nothing is named %.20s\n", p);
			abort();
		}
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s", r->names[k].value);
		p += strlen(r->names[k].name);
	}
	text[at] = '\0';
	mem_hold();
	out = json_loads(text, 0, NULL);
	mem_release();
	if (out == NULL) {
		fprintf(stderr, "counted: not JSON: %s\n", text);
		abort();
	}
	return out;
}

static void
finished(struct op_call *call)
{
	struct room *r = call->ctx;

	r->answered = true;
	r->result = call->result;
	r->err = call->err;
}

static bool
has_answer(void *ctx)
{
	const struct room *r = ctx;

	return r->answered || disk_dead(r->disk);
}

bool
room_ask(struct room *r, const char *op, const json_t *params)
{
	room_forget_answer(r);
	json_decref(r->asked);
	r->asked = json_incref((json_t *)(uintptr_t)params);
	r->call = (struct op_call){ .node = r->node, .params = params, .finished = finished, .ctx = r };
	op_start(op_find(op), &r->call);
	if (!world_run_until(r->world, has_answer, r, 3600 * NS_PER_S)) {
		fprintf(stderr, "counted: %s was never answered\n", op);
		abort();
	}
	return r->answered && r->err.code == ERR_OK;
}

void
room_forget_answer(struct room *r)
{
	json_decref(r->result);
	r->result = NULL;
	r->answered = false;
	r->err = (struct err)ERR_INIT;
}

/* ---- the program ---- */

enum err_code
room_open(struct room *r, bool cold, struct err *err)
{
	struct node_secret secret = { .slot = 1, .secret = BYTES_STR(ROOM_PASSPHRASE) };

	return cold ? node_open_cold(&r->node, room_env(r), room_home, &secret, err) : node_open(&r->node, room_env(r), room_home, &secret, err);
}

void
room_stop(struct room *r)
{
	host_hang_up(r->host, false);
	node_close(r->node);
	r->node = NULL;
	host_forget(r->host);
}

static enum err_code
start_other(struct room *r, struct err *err)
{
	struct node_secret secret = { .slot = 1, .secret = BYTES_STR(ROOM_PASSPHRASE) };

	return node_open(&r->other, host_env(r->other_host), ROOM_OTHER_HOME, &secret, err);
}

enum err_code
room_open_other(struct room *r, struct err *err)
{
	disk_image_restore(r->other_disk, r->other_kept);
	return start_other(r, err);
}

static void
other_result(void *ctx, const struct peer_result *result, const char *addr)
{
	(void)ctx;
	(void)result;
	(void)addr;
}

enum err_code
room_other_listens(struct room *r, struct err *err)
{
	static const struct meet_events events = { .result = other_result };

	r->other_meet = meet_new(node_peer_host(r->other), &events);
	return r->other_meet == NULL ? err_plain(err, ERR_NO_MEMORY) : meet_listen(r->other_meet, ROOM_OTHER_ADDR, err);
}

void
room_stop_other(struct room *r)
{
	host_hang_up(r->other_host, false);
	meet_free(r->other_meet);
	r->other_meet = NULL;
	node_close(r->other);
	r->other = NULL;
	host_forget(r->other_host);
}

enum err_code
room_other_again(struct room *r, struct err *err)
{
	enum err_code rc;

	if (r->other != NULL)
		room_stop_other(r);
	rc = start_other(r, err);
	return rc == ERR_OK ? room_other_listens(r, err) : rc;
}

void
room_restore(struct room *r)
{
	disk_image_restore(r->disk, r->kept);
}

void
room_finding(void *ctx, const char *text)
{
	struct err *err = ctx;

	if (err->code == ERR_OK)
		(void)err_set(err, ERR_DAMAGED, "%s", text);
}

uint64_t
room_entries(struct room *r)
{
	return replica_entry_count(node_replica(r->node));
}

void
room_free(struct room *r)
{
	room_forget_answer(r);
	json_decref(r->asked);
	disk_image_free(r->kept);
	disk_image_free(r->other_kept);
	world_free(r->world);
}
