/* What a profile says besides types and lists, and how it is written by hand. */
#include "scarce.h"

#include <jansson.h>

#include "casework/profile_internal.h"
#include "casework/records.h"

#define HEAD "{\"profile\":\"p\",\"version\":1,\n\"lists\":[{\"name\":\"s\",\"choices\":[{\"code\":\"new\"},{\"code\":\"open\"},{\"code\":\"done\"}]}],\n"
#define TYPES(status, more) "\"types\":[{\"number\":2,\"name\":\"t\",\"group\":\"own\",\"class\":\"content\"" more ",\"fields\":[\n" \
                            "{\"number\":1,\"name\":\"status\",\"type\":\"choice\",\"list\":\"s\"" status "},\n" \
                            "{\"number\":2,\"name\":\"closed\",\"type\":\"date\"},\n" \
                            "{\"number\":3,\"name\":\"phone\",\"type\":\"text\",\"class\":\"contact\",\"off\":true}]}]"
#define FLOW ",\"workflow\":{\"start\":[\"new\"],\"next\":{\"new\":[\"open\"],\"open\":[\"done\",\"new\"]},\"remind\":{\"open\":14}}"

static struct profile *
parsed(const char *json)
{
	struct profile *p;
	struct err err = ERR_INIT;

	if (profile_parse(&p, BYTES_STR(json), &err) != ERR_OK)
		fail_msg("%s", err.text);
	return p;
}

static void
a_state_follows_only_where_the_workflow_says(void **state)
{
	struct profile *p = parsed(HEAD TYPES(FLOW, "") "}");
	const struct profile_type *t = profile_type_named(p, "t");
	const struct workflow *w = profile_field_named(t, "status")->workflow;

	(void)state;
	assert_true(workflow_may_move(w, NULL, "new"));
	assert_false(workflow_may_move(w, NULL, "done"));
	assert_true(workflow_may_move(w, "new", "open"));
	assert_false(workflow_may_move(w, "new", "done"));
	assert_true(workflow_may_move(w, "done", "done"));
	assert_false(workflow_may_move(w, "done", "open"));
	assert_int_equal(workflow_state_of(w, "open")->remind_days, 14);
	profile_free(p);
}

/* A home that takes it for one of a newer version works on with the old one. */
static void
a_profile_that_there_was_no_memory_to_read_is_not_said_to_be_wrong(void **state)
{
	static const char json[] = HEAD TYPES(FLOW, "") "}";

	(void)state;
	json_set_alloc_funcs(mem_alloc, mem_free);
	for (struct scarce s = SCARCE; scarce_again(&s);) {
		struct err why = ERR_INIT;
		struct profile *p;

		if (scarce_done(&s, "reading it", profile_parse(&p, BYTES_STR(json), &why), &why))
			profile_free(p);
		scarce_over(&s);
	}
	json_set_alloc_funcs(malloc, free);
}

static void
write_down(struct record *r, struct draft *d, uint8_t n)
{
	struct change_space space = { NULL, 0, NULL, 0 };
	struct origin from = { .author = n };
	struct buf body = BUF_INIT;
	struct change c;
	struct err err = ERR_INIT;

	memset(from.entry, n, sizeof(from.entry));
	draft_group(d, r);
	if (draft_encode(d, record_type(r) == 0 ? NULL : r, 1, (uint64_t)n * 1000 << 16, &body, &err) != ERR_OK ||
	    change_decode(&c, buf_bytes(&body), &space, &err) != ERR_OK || record_apply(r, &c, &from, &err) != ERR_OK)
		fail_msg("%s", err.text);
	buf_free(&body);
	change_space_free(&space);
}

/* What a form that sets one field is told about a record. */
static enum err_code
told(const struct profile_type *t, const struct record *now, const char *field, const char *value, struct err *err)
{
	struct record_id id = { { 1 } };
	struct draft d;
	enum err_code rc;

	*err = (struct err)ERR_INIT;
	draft_init(&d, t, &id);
	rc = draft_assign_text(&d, OP_SET, field, value, err);
	if (rc == ERR_OK)
		rc = draft_check_rules(&d, now, err);
	draft_free(&d);
	return rc;
}

static void
a_form_is_held_to_the_workflow_and_to_what_is_off(void **state)
{
	struct profile *p = parsed(HEAD TYPES(FLOW, "") "}");
	const struct profile_type *t = profile_type_named(p, "t");
	struct record_id id = { { 1 } };
	struct record *r = record_new(&id);
	struct err err = ERR_INIT;
	struct draft d;

	(void)state;
	assert_int_equal(told(t, NULL, "status", "done", &err), ERR_INVALID);
	assert_string_equal(err.text, "t: status: done may not follow at the beginning; what may: new");
	assert_int_equal(told(t, NULL, "phone", "046", &err), ERR_INVALID);
	assert_string_equal(err.text, "t: phone is off in this profile");
	draft_init(&d, t, &id);
	assert_int_equal(draft_assign_text(&d, OP_SET, "status", "open", &err), ERR_OK);
	write_down(r, &d, 1);
	draft_free(&d);
	assert_int_equal(told(t, r, "status", "done", &err), ERR_OK);
	draft_init(&d, t, &id);
	assert_int_equal(draft_assign_text(&d, OP_SET, "status", "done", &err), ERR_OK);
	write_down(r, &d, 2);
	draft_free(&d);
	assert_int_equal(told(t, r, "status", "open", &err), ERR_INVALID);
	assert_string_equal(err.text, "t: status: open may not follow done; what may: nothing");
	record_free(r);
	profile_free(p);
}

static void
retention_is_the_types_else_the_classs(void **state)
{
	struct profile *p = parsed(HEAD TYPES("", ",\"retention\":{\"months\":24,\"from\":\"closed\"}")
	                           ",\"retention\":{\"contact\":{\"days\":30},\"open\":{\"keep\":true}}}");
	const struct profile_type *t = profile_type_named(p, "t");
	const struct retention *r = profile_retention(p, t, NULL);

	(void)state;
	assert_int_equal(r->unit, RETAIN_MONTHS);
	assert_int_equal(r->count, 24);
	assert_string_equal(r->from->name, "closed");
	assert_ptr_equal(profile_retention(p, t, profile_field_named(t, "closed")), r);
	r = profile_retention(p, t, profile_field_named(t, "phone"));
	assert_int_equal(r->unit, RETAIN_DAYS);
	assert_int_equal(r->count, 30);
	profile_free(p);
}

static void
a_role_writes_and_sees_what_it_is_given(void **state)
{
	struct profile *p = parsed(HEAD TYPES("", "") ",\"roles\":[{\"name\":\"advisor\"},{\"name\":\"coordinator\",\"write\":[],\"see\":[\"open\"]}]}");
	struct profile *none = parsed(HEAD TYPES("", "") "}");
	const struct profile_type *t = profile_type_named(p, "t");

	(void)state;
	assert_true(profile_may_write(p, "advisor", t) && profile_may_see(p, "advisor", CLASS_CONTENT));
	assert_false(profile_may_write(p, "coordinator", t) || profile_may_see(p, "coordinator", CLASS_CONTENT));
	assert_true(profile_may_see(p, "coordinator", CLASS_OPEN));
	assert_false(profile_may_write(p, "auditor", t));
	assert_true(profile_may_write(none, "auditor", t));
	profile_free(p);
	profile_free(none);
}

static void
rules_that_point_at_nothing_are_refused_by_line(void **state)
{
	static const struct { const char *name, *json, *want; } cases[] = {
		{ "a state that is not in the list", HEAD TYPES(",\"workflow\":{\"next\":{\"old\":[]}}", "") "}",
		  "line 4: types[0].fields[0].workflow.next: has a state that is not in the list" },
		{ "a reminder in no state", HEAD TYPES(",\"workflow\":{\"next\":{\"new\":[]},\"remind\":{\"done\":3}}", "") "}",
		  "line 4: types[0].fields[0].workflow.remind: has a state that next does not have" },
		{ "retention from a text", HEAD TYPES("", ",\"retention\":{\"days\":3,\"from\":\"status\"}") "}",
		  "line 3: types[0].retention: from must name a date of this type that holds one value" },
		{ "retention of two kinds", HEAD TYPES("", ",\"retention\":{\"days\":3,\"months\":3}") "}",
		  "line 3: types[0].retention: must be an object with one of keep, days and months" },
		{ "a class that is none", HEAD TYPES("", "") ",\n\"retention\":{\"secret\":{\"days\":3}}}",
		  "line 7: retention: has a key that is not a class" },
		{ "a role of another world", HEAD TYPES("", "") ",\n\"roles\":[\n{\"name\":\"king\"}]}",
		  "line 8: roles[0].name: must be one of coordinator, advisor, auditor, hub" },
		{ "a type that is none", HEAD TYPES("", "") ",\n\"roles\":[\n{\"name\":\"hub\",\n\"write\":[\"x\"]}]}",
		  "line 9: roles[0].write: must hold names of types of this profile" },
		{ "a target of no report", HEAD TYPES("", "") ",\n\"targets\":[\n{\"name\":\"a\"}]}",
		  "line 8: targets[0].report: must be a report of this profile" },
		{ "a key that means nothing", HEAD TYPES("", "") ",\"lists2\":[]}", "line 6: lists2: is not a key that a profile has here" },
		{ "a choice that ends before it begins", "{\"profile\":\"p\",\"version\":1,\"lists\":[\n{\"name\":\"l\",\"choices\":[\n{\"code\":\"a\","
		  "\n\"valid_from\":\"2020-01-02\",\n\"valid_to\":\"2020-01-01\"}]}]}", "line 5: lists[0].choices[0].valid_to: is before valid_from" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = ERR_INIT;
		struct profile *p;

		CHECK_CASE(cases[i].name, profile_parse(&p, BYTES_STR(cases[i].json), &err), ERR_INVALID);
		if (strcmp(err.text, cases[i].want) != 0)
			fail_msg("%s: got %s", cases[i].name, err.text);
	}
}

static void
comments_and_a_last_comma_are_no_fault(void **state)
{
	struct profile *p = parsed("\xef\xbb\xbf// our programme\n{\"profile\":\"p\", // its name\n\"version\":1,\"lists\":[],"
	                           "\"types\":[{\"number\":2,\"name\":\"t\",\"labels\":{\"sv\":\"a // b \\\\\", },\"group\":\"own\",\"class\":\"content\",\"fields\":[],},\n],\n// end\n}\n");
	const struct profile_type *t = profile_type_named(p, "t");
	struct err err = ERR_INIT;

	(void)state;
	assert_string_equal(label_in(t->labels, t->label_count, "sv"), "a // b \\");
	profile_free(p);
	assert_int_equal(profile_parse(&p, BYTES_STR("{\"profile\":\"p\",\n,}"), &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "line 2: "));
}

static void
a_choice_may_be_chosen_in_its_days(void **state)
{
	struct profile *p = parsed("{\"profile\":\"p\",\"version\":1,\"lists\":[{\"name\":\"l\",\"choices\":[{\"code\":\"a\",\"valid_from\":\"2020-01-01\","
	                           "\"valid_to\":\"2020-12-31\"}]}],\"types\":[{\"number\":2,\"name\":\"t\",\"group\":\"own\",\"class\":\"content\",\"fields\":"
	                           "[{\"number\":1,\"name\":\"f\",\"type\":\"choice\",\"list\":\"l\"}]}]}");
	static const struct { const char *name, *at; enum err_code want; } cases[] = {
		{ "the day before", "2019-12-31T12:00:00+01:00", ERR_INVALID }, { "the first day", "2020-01-01T00:00:00+01:00", ERR_OK },
		{ "the last day", "2020-12-31T23:59:00+01:00", ERR_OK }, { "the day after", "2021-01-01T00:00:00+01:00", ERR_INVALID },
	};
	struct record_id id = { { 1 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = ERR_INIT;
		struct draft d;

		draft_init(&d, profile_type_named(p, "t"), &id);
		d.has_shown = time_parse(cases[i].at, &d.shown_ms, &d.shown_offset_min);
		CHECK_CASE(cases[i].name, draft_assign_text(&d, OP_SET, "f", "a", &err), cases[i].want);
		draft_free(&d);
	}
	profile_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_state_follows_only_where_the_workflow_says),
		cmocka_unit_test(a_profile_that_there_was_no_memory_to_read_is_not_said_to_be_wrong),
		cmocka_unit_test(a_form_is_held_to_the_workflow_and_to_what_is_off),
		cmocka_unit_test(retention_is_the_types_else_the_classs),
		cmocka_unit_test(a_role_writes_and_sees_what_it_is_given),
		cmocka_unit_test(rules_that_point_at_nothing_are_refused_by_line),
		cmocka_unit_test(comments_and_a_last_comma_are_no_fault),
		cmocka_unit_test(a_choice_may_be_chosen_in_its_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
