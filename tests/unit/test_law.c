/* What the law asks for, on nodes: protected identity, access by code, what has been read, how long things are kept. */
#include "asks.h"

#include <stdlib.h>

#include "node/reads.h"

static const char A[] = "0000000000000000000000000000000a", B[] = "0000000000000000000000000000000b", CASE[] = "0000000000000000000000000000000c";

static enum err_code
refused(struct node *n, const char *name, json_t *params)
{
	enum err_code code;

	json_decref(ask(n, name, params, &code));
	return code;
}

static void
put(struct node *n, const char *type, const char *id, const char *set)
{
	json_t *fields = json_loads(set, 0, NULL);

	assert_non_null(fields);
	tell(n, "put", json_pack("{s:s,s:s,s:o}", "type", type, "id", id, "set", fields));
}

static size_t
listed(struct node *n, const char *type, json_int_t *left_out)
{
	json_t *r = ask(n, "list", json_pack("{s:s}", "type", type), NULL);
	size_t count = json_array_size(json_object_get(r, "records"));

	*left_out = json_integer_value(json_object_get(r, "protected_left_out"));
	json_decref(r);
	return count;
}

/* What refers to a protected person is as protected, and so is what is merged with her; taking it back shows them again. */
static void
protection_reaches_cases_and_merged_records(void **state)
{
	struct nodes o;
	json_int_t left_out;

	(void)state;
	nodes_start(&o);
	put(o.first, "visitor", A, "{\"code\": \"7KDMR\", \"mode\": \"code\"}");
	put(o.first, "visitor", B, "{\"code\": \"XWPTB\", \"mode\": \"code\"}");
	put(o.first, "case", CASE, "{\"visitor\": \"0000000000000000000000000000000b\", \"title\": \"Hyra\"}");
	assert_int_equal(listed(o.first, "case", &left_out), 1);
	put(o.first, "visitor", A, "{\"mode\": \"protected\"}");
	assert_int_equal(listed(o.first, "case", &left_out), 1); /* another person's */
	tell(o.first, "merge", json_pack("{s:s,s:s}", "keep", B, "other", A));
	assert_int_equal(listed(o.first, "case", &left_out), 0);
	assert_int_equal(left_out, 1);
	assert_int_equal(refused(o.first, "get", json_pack("{s:s}", "id", CASE)), ERR_REFUSED);
	assert_int_equal(refused(o.first, "slip next-step", json_pack("{s:s}", "id", CASE)), ERR_REFUSED);
	assert_int_equal(refused(o.first, "access-export", json_pack("{s:s,s:s}", "who", "XWPTB", "output", "/nowhere/at/all")), ERR_REFUSED);
	tell(o.first, "unmerge", json_pack("{s:s}", "id", A));
	assert_int_equal(listed(o.first, "case", &left_out), 1);
	assert_int_equal(left_out, 0);
	nodes_end(&o);
}

static void
a_protected_person_has_no_contact_details(void **state)
{
	struct nodes o;
	json_t *r;
	char *text;

	(void)state;
	nodes_start(&o);
	put(o.first, "visitor", A, "{\"code\": \"7KDMR\", \"mode\": \"contact\", \"name\": \"Vera Testsson\"}");
	assert_int_equal(refused(o.first, "put", json_pack("{s:s,s:s,s:{s:s}}", "type", "visitor", "id", A, "set", "mode", "protected")), ERR_REFUSED);
	tell(o.first, "put", json_pack("{s:s,s:s,s:{s:s,s:s}}", "type", "visitor", "id", A, "set", "mode", "protected", "name", ""));
	assert_int_equal(refused(o.first, "put", json_pack("{s:s,s:s,s:{s:s}}", "type", "visitor", "id", A, "set", "phone", "070-123 45 67")), ERR_REFUSED);
	assert_int_equal(refused(o.first, "get", json_pack("{s:s}", "id", A)), ERR_REFUSED);
	r = ask(o.first, "break-glass", json_pack("{s:s,s:s}", "id", A, "reason", "ringer från sjukhus"), NULL);
	text = json_dumps(r, 0);
	assert_non_null(strstr(text, "7KDMR"));
	free(text);
	json_decref(r);
	r = ask(o.first, "access log", json_object(), NULL);
	assert_int_equal(json_array_size(json_object_get(r, "opened")), 1);
	json_decref(r);
	nodes_end(&o);
}

/* Who opens something behind glass is seen by the whole team, on their own devices. */
static void
break_glass_is_seen_on_the_other_device(void **state)
{
	struct nodes o;
	struct node *dalby;
	json_t *r;

	(void)state;
	nodes_start(&o);
	dalby = nodes_join(&o, "dalby", true);
	put(o.first, "visitor", A, "{\"code\": \"7KDMR\", \"mode\": \"protected\"}");
	nodes_meet(o.first, dalby);
	assert_int_equal(refused(dalby, "break-glass", json_pack("{s:s}", "id", A)), ERR_USAGE); /* no reason, no glass */
	tell(dalby, "break-glass", json_pack("{s:s,s:s}", "id", A, "reason", "ringer från sjukhus"));
	nodes_meet(o.first, dalby);
	r = ask(o.first, "access log", json_object(), NULL);
	assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(r, "opened"), 0), "reason")), "ringer från sjukhus");
	json_decref(r);
	nodes_end(&o);
}

/* Reads stay on the device, in their order, and the newest are kept. */
static void
reads_are_kept_in_order_and_here(void **state)
{
	struct nodes o;
	struct node *dalby;
	struct buf lines = BUF_INIT;
	const char *one, *two;

	(void)state;
	nodes_start(&o);
	dalby = nodes_join(&o, "dalby", true);
	put(o.first, "case", CASE, "{\"title\": \"Hyra\"}");
	put(o.first, "visitor", A, "{\"code\": \"7KDMR\", \"mode\": \"code\"}");
	tell(o.first, "get", json_pack("{s:s}", "id", CASE));
	tell(o.first, "get", json_pack("{s:s}", "id", A));
	SITE_OK(node_reads(o.first, &lines, err));
	one = strstr(buf_str(&lines), CASE);
	two = strstr(buf_str(&lines), A);
	assert_non_null(one);
	assert_non_null(two);
	assert_true(one < two);
	nodes_meet(o.first, dalby);
	buf_clear(&lines);
	SITE_OK(node_reads(dalby, &lines, err));
	assert_int_equal(lines.len, 0);
	buf_wipe(&lines);
	nodes_end(&o);
}

static void
due(struct node *n, const char *id, char out[16])
{
	json_t *r = ask(n, "retention clock", json_pack("{s:s}", "id", id), NULL);
	const char *on = json_string_value(json_object_get(r, "due"));

	snprintf(out, 16, "%s", on == NULL ? "never" : on);
	json_decref(r);
}

/* A case is kept from the day it was closed; one that is open, or opened again, is not due at all. */
static void
the_clock_of_a_case_runs_from_its_end(void **state)
{
	struct nodes o;
	char on[16];

	(void)state;
	nodes_start(&o);
	put(o.first, "case", CASE, "{\"title\": \"Hyra\", \"opened\": \"2020-01-10\", \"status\": \"open\"}");
	due(o.first, CASE, on);
	assert_string_equal(on, "never");
	put(o.first, "case", CASE, "{\"status\": \"closed\", \"closed\": \"2020-02-10\"}");
	due(o.first, CASE, on);
	assert_string_equal(on, "2022-02-10");
	put(o.first, "case", CASE, "{\"status\": \"open\", \"closed\": \"\"}");
	due(o.first, CASE, on);
	assert_string_equal(on, "never");
	nodes_end(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(protection_reaches_cases_and_merged_records),
		cmocka_unit_test(a_protected_person_has_no_contact_details),
		cmocka_unit_test(break_glass_is_seen_on_the_other_device),
		cmocka_unit_test(reads_are_kept_in_order_and_here),
		cmocka_unit_test(the_clock_of_a_case_runs_from_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
