/* An operator's words as a question to the hub, and its answer as text. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/hub_ops.h"

/* "500000", "20G": bytes of 1024. */
static enum err_code
number(const char *name, const char *text, bool bytes, json_int_t *out, struct err *err)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	unit = bytes && *end != '\0' ? strchr(units, *end) : NULL;
	if (unit != NULL)
		end++;
	for (int i = 0; unit != NULL && i <= unit - units; i++)
		n = n > (1ull << 52) ? 1ull << 62 : n << 10;
	if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || n > (1ull << 62))
		return err_set(err, ERR_USAGE, "%s %s: a number%s is meant; 0 takes the limit away", name, text, bytes ? ", with K, M, G or T behind it" : "");
	*out = (json_int_t)n;
	return ERR_OK;
}

static void
take_quota(struct app *app, json_t *ask, struct err *err)
{
	static const struct { const char *option, *name; } limits[] = {
		{ "--bytes", "bytes" }, { "--entries", "entries" }, { "--devices", "devices" }, { "--connections", "connections" },
	};
	json_int_t n = 0;

	for (size_t i = 0; i < COUNT_OF(limits) && err->code == ERR_OK; i++) {
		const char *text = app_option(app, limits[i].option);

		if (text != NULL && number(limits[i].option, text, i == 0, &n, err) == ERR_OK)
			json_object_set_new(ask, limits[i].name, json_integer(n));
	}
}

json_t *
hub_question(struct app *app, struct err *err)
{
	const char *command = app->argv[0], *what = strcmp(command, "org") == 0 ? (app->argc > 1 ? app->argv[1] : "") : NULL;
	json_t *ask = json_object();
	int used = 1;

	if (app_is_paper(app, "confirm")) {
		json_object_set_new(ask, "op", json_string("paper confirm"));
		return ask;
	}
	json_object_set_new(ask, "op", what != NULL ? json_sprintf("org %s", what) : json_string(command));
	if (strcmp(command, "gc") == 0)
		json_object_set_new(ask, "dry_run", json_boolean(app_flag(app, "--dry-run")));
	if (what != NULL && strcmp(what, "list") != 0 && strcmp(what, "remove") != 0 && strcmp(what, "quota") != 0)
		err_set(err, ERR_USAGE, "org list | org remove ORG --yes | org quota ORG [--bytes N] [--entries N] [--devices N] [--connections N]");
	if (what != NULL) {
		json_object_set_new(ask, "yes", json_boolean(app_flag(app, "--yes")));
		take_quota(app, ask, err);
		used = 2;
		if (strcmp(what, "list") != 0 && app->argc > 2) {
			json_object_set_new(ask, "org", json_string(app->argv[2]));
			used = 3;
		}
	}
	if (err->code == ERR_OK && app->argc > used)
		err_set(err, ERR_USAGE, "%s: \"%s\" is not understood here; see `%s --help`", command, app->argv[used], app->program);
	if (err->code == ERR_OK)
		return ask;
	json_decref(ask);
	return NULL;
}

static unsigned long long
count(const json_t *o, const char *name)
{
	return (unsigned long long)json_integer_value(json_object_get(o, name));
}

static void
say_status(const json_t *answer, struct buf *out)
{
	const json_t *list = json_object_get(answer, "organisations"), *warnings = json_object_get(answer, "warnings");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i), *q = json_object_get(o, "quota");

		buf_printf(out, "%s  %llu entries in %llu logs, %llu bytes of ciphertext, %llu links, %llu devices\n", json_string_value(json_object_get(o, "org")),
		           count(o, "entries"), count(o, "logs"), count(o, "file_bytes"), count(o, "links"), count(o, "devices"));
		if (count(q, "bytes") + count(q, "entries") + count(q, "devices") + count(q, "connections") > 0)
			buf_printf(out, "  quota (0: none): %llu bytes, %llu entries, %llu devices, %llu connections\n", count(q, "bytes"), count(q, "entries"),
			           count(q, "devices"), count(q, "connections"));
	}
	for (size_t i = 0; i < json_array_size(warnings); i++)
		buf_printf(out, "  ! %s\n", json_string_value(json_array_get(warnings, i)));
	if (json_is_true(json_object_get(answer, "serving")))
		buf_printf(out, "Serving.\n");
}

static void
say_gc(const json_t *answer, struct buf *out)
{
	const json_t *list = json_object_get(answer, "organisations");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);

		buf_printf(out, "%s  %llu proofs that count no more, %llu orphan rows, %llu payloads of erased entries, %llu bytes of empty pages, %llu of WAL\n",
		           json_string_value(json_object_get(o, "org")), count(o, "proofs"), count(o, "orphan_rows"), count(o, "erased_payloads"),
		           count(o, "free_bytes"), count(o, "wal_bytes"));
	}
	buf_printf(out, json_is_true(json_object_get(answer, "dry_run")) ? "Would free about %llu bytes; nothing was changed.\n" : "Freed %llu bytes.\n",
	           count(answer, "freed_bytes"));
}

void
hub_say(const json_t *ask, const json_t *answer, struct buf *out)
{
	const char *op = json_string_value(json_object_get(ask, "op"));

	if (strcmp(op, "status") == 0 || strcmp(op, "org list") == 0)
		say_status(answer, out);
	else if (strcmp(op, "gc") == 0)
		say_gc(answer, out);
	else if (strcmp(op, "verify") == 0)
		buf_printf(out, "%llu entries verify.\n", count(answer, "entries"));
	else if (strcmp(op, "paper confirm") == 0)
		buf_printf(out, "Noted: it is written down and kept. Status reminds of it no more.\n");
	else if (strcmp(op, "org remove") == 0)
		buf_printf(out, "%s is no more here: its keys are destroyed, and %llu entries with them.\n", json_string_value(json_object_get(answer, "removed")),
		           count(answer, "entries"));
	else
		buf_printf(out, "The quota of %s is set.%s\n", json_string_value(json_object_get(answer, "org")),
		           json_is_true(json_object_get(answer, "full")) ? " It is used up: nothing more of its teams is taken." : "");
}
