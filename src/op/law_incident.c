/*
 * Breaches of personal data: every one is written down, and what the
 * authority asks for stands under the headings of its form. A lost device
 * makes its own first draft from what the device could read.
 * proto/law.md, 6.
 */
#include <stdio.h>

#include "casework/personal.h"
#include "crdt/hlc.h"
#include "node/removal.h"
#include "op/law.h"

/* ---- under the authority's headings ---- */

static const struct { const char *heading, *field; } form[] = {
	{ "När incidenten började", "began" },
	{ "När incidenten upphörde", "ended" },
	{ "När incidenten upptäcktes", "discovered" },
	{ "Vad som har hänt", "text" },
	{ "Antal registrerade som berörs", "persons" },
	{ "Grupper av registrerade", "groups" },
	{ "Typer av personuppgifter", "data_types" },
	{ "Sannolika konsekvenser", "consequences" },
	{ "Hur allvarliga konsekvenserna är", "severity" },
	{ "Åtgärder som har vidtagits eller föreslås", "action" },
	{ "Information till de registrerade: när, eller varför inte", "informed" },
	{ "Anmäld till IMY", "reported" },
};

/* The authority asks how many and which kinds, never who: numbers and addresses in the text do not go along. How many were masked. */
static size_t
put_form(struct buf *out, const char *heading, const char *text)
{
	size_t masked;

	buf_printf(out, "\n%s\n  ", heading);
	masked = personal_mask(out, BYTES_STR(text[0] == '\0' ? "(inte ifyllt)" : text));
	buf_printf(out, "\n");
	return masked;
}

/* 72 hours after it was found (Article 33). */
static void
put_deadline(struct buf *out, const char *discovered)
{
	int64_t ms;
	int16_t offset;
	char at[40];

	if (time_parse(discovered, &ms, &offset))
		(void)put_form(out, "Ska vara anmäld senast (72 timmar)", time_print(at, ms + 72 * 3600000, offset));
}

static size_t
missing_in(const struct record *r, const struct profile_type *t, json_t *out)
{
	for (size_t i = 0; i < COUNT_OF(form); i++) {
		struct buf text = BUF_INIT;

		law_field_text(r, t, form[i].field, &text);
		if (text.len == 0)
			json_array_append_new(out, json_string(form[i].heading));
		buf_free(&text);
	}
	return json_array_size(out);
}

static size_t
print_form(struct op_call *c, const struct record *r, const struct profile_type *t, struct buf *out)
{
	struct buf text = BUF_INIT;
	char today[16];
	size_t masked = 0;

	buf_printf(out, "Anmälan av personuppgiftsincident (artikel 33 dataskyddsförordningen), utskriven %s\n", law_today(c->node, today));
	(void)put_form(out, "Personuppgiftsansvarig", node_org_name(c->node));
	for (size_t i = 0; i < COUNT_OF(form); i++) {
		buf_clear(&text);
		law_field_text(r, t, form[i].field, &text);
		if (buf_str(&text) == NULL) { /* a form with a gap is none */
			out->failed = true;
			break;
		}
		masked += put_form(out, form[i].heading, buf_str(&text));
		if (strcmp(form[i].field, "discovered") == 0 && text.len > 0)
			put_deadline(out, buf_str(&text));
	}
	for (size_t i = 0; i < record_note_count(r); i++) {
		const struct note *n = record_note_at(r, i);
		char at[40];

		buf_printf(out, "\nTillägg %s\n  ", time_print(at, n->has_shown ? n->shown_ms : hlc_ms(n->hlc), n->shown_offset_min));
		masked += personal_mask(out, n->text);
		buf_printf(out, "\n");
	}
	buf_free(&text);
	return masked;
}

void
op_incident_export(struct op_call *c)
{
	const struct profile_type *t = profile_type_named(node_profile(c->node), "incident");
	json_t *missing = json_array();
	struct buf out = BUF_INIT;
	struct record_id id;
	struct record *r = NULL;
	size_t masked = 0;

	if (node_profile(c->node) == NULL)
		op_no_profile(c);
	else if (t == NULL)
		err_set(&c->err, ERR_REFUSED, "the profile has no type incident");
	else if (view_find(node_view(c->node), param_text(c, "id"), &id, &c->err) == ERR_OK && (r = record_new(&id)) != NULL &&
	         node_record(c->node, &id, r, NULL, &c->err) == ERR_OK) {
		if (record_type(r) != t->number)
			err_set(&c->err, ERR_INVALID, "%s is not an incident; `faltbok list incident` shows them", param_text(c, "id"));
		else {
			(void)missing_in(r, t, missing);
			masked = print_form(c, r, t, &out);
			if (!buf_ok(&out))
				err_plain(&c->err, ERR_NO_MEMORY);
			else if (param_file_out(c, "output", buf_bytes(&out)) == ERR_OK)
				c->result = json_pack("{s:s,s:O,s:I}", "file", param_text(c, "output"), "missing", missing, "masked", (json_int_t)masked);
		}
	}
	record_free(r);
	json_decref(missing);
	buf_wipe(&out);
	if (c->err.code != ERR_OK || c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}

/* ---- a lost device ---- */

struct people { struct node *node; uint64_t persons, cases; };

/* How many people the cases are about can only be bounded: those who are known by code or contact, and the cases. */
static bool
count_people(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct people *p = ctx;
	const struct profile_type *t = profile_type_numbered(node_profile(p->node), record_type(r));

	(void)team;
	p->persons += t != NULL && t->class == CLASS_CONTACT && t->group == GROUP_OWN;
	p->cases += t != NULL && t->class == CLASS_CONTENT && t->group == GROUP_OWN && t->notes;
	return true;
}

/* No text: there was no memory for it. */
static enum err_code
set_text(struct draft *d, const char *field, const char *text, struct err *err)
{
	if (text == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	return profile_field_named(d->type, field) == NULL ? ERR_OK : draft_assign_text(d, OP_SET, field, text, err);
}

static void
data_types(const struct profile *p, struct buf *out)
{
	for (size_t i = 0; i < profile_type_count(p); i++) {
		const struct profile_type *t = profile_type_at(p, i);
		const char *label = label_in(t->labels, t->label_count, "sv");

		if (t->class == CLASS_CONTENT || t->class == CLASS_CONTACT)
			buf_printf(out, "%s%s", out->len > 0 ? ", " : "", label == NULL ? t->name : label);
	}
}

static enum err_code
fill_incident(struct op_call *c, struct draft *d, const struct org_device *dev, const struct node_exposure *x, const struct people *people)
{
	struct env *env = node_env(c->node);
	struct buf what = BUF_INIT, types = BUF_INIT;
	uint64_t readable = 0;
	char now[40], today[16], persons[24];
	enum err_code rc;

	for (size_t i = 0; i < x->team_count; i++)
		readable += x->teams[i].readable;
	(void)time_print(now, env->ops->wall_ms(env), 0);
	snprintf(persons, sizeof(persons), "%llu", (unsigned long long)people->persons);
	buf_printf(&what, "Enheten %s (%s) saknas. Den kunde läsa %llu poster i %zu team. Innehållet är krypterat på enheten: utan dess lösenord "
	           "eller återställningskod går det inte att läsa. %s", node_device_name(c->node, &dev->id), node_member_name(c->node, &dev->id),
	           (unsigned long long)readable, x->team_count, x->removed ? "Enheten är borttagen; nya poster förseglas inte till den."
	           : "Enheten är ännu inte borttagen.");
	data_types(node_profile(c->node), &types);
	if ((rc = set_text(d, "date", law_today(c->node, today), &c->err)) == ERR_OK && (rc = set_text(d, "kind", "privacy", &c->err)) == ERR_OK &&
	    (rc = set_text(d, "discovered", now, &c->err)) == ERR_OK && (rc = set_text(d, "text", buf_str(&what), &c->err)) == ERR_OK &&
	    (rc = set_text(d, "persons", persons, &c->err)) == ERR_OK && (rc = set_text(d, "groups", "besökare", &c->err)) == ERR_OK &&
	    (rc = set_text(d, "data_types", buf_str(&types), &c->err)) == ERR_OK)
		rc = set_text(d, "action", x->removed ? "Enheten är borttagen och nycklarna är bytta." : "", &c->err);
	buf_free(&what);
	buf_free(&types);
	return rc;
}

static json_t *
steps(const struct node_exposure *x, const char *device)
{
	json_t *out = json_array();

	if (!x->removed)
		json_array_append_new(out, json_sprintf("faltbok revoke %s --reason \"förlorad\"", device));
	json_array_append_new(out, json_string("faltbok sync   (så att alla slutar försegla till den)"));
	json_array_append_new(out, json_sprintf("faltbok members --exposure %s   (vad den kunde läsa)", device));
	json_array_append_new(out, json_string("Fyll i det som saknas i incidenten: när det hände, konsekvenser, hur allvarligt, information till de berörda"));
	json_array_append_new(out, json_string("faltbok incident export ID -o FIL   (inom 72 timmar till IMY, om det inte är osannolikt att någon drabbas)"));
	return out;
}

void
op_incident_lost(struct op_call *c)
{
	const struct profile_type *t = profile_type_named(node_profile(c->node), "incident");
	struct people people = { .node = c->node };
	struct node_exposure x;
	const struct org_device *dev;
	struct stream_id team;
	struct record_id id;
	struct hash entry;
	struct draft d;

	if (node_profile(c->node) == NULL)
		op_no_profile(c);
	else if (t == NULL)
		err_set(&c->err, ERR_REFUSED, "the profile has no type incident");
	else if (find_device(c, param_text(c, "device"), &dev) == ERR_OK && node_exposure(c->node, &dev->id, &x, &c->err) == ERR_OK) {
		env_random(node_env(c->node), id.b, sizeof(id.b));
		draft_init(&d, t, &id);
		if (view_each(node_view(c->node), 0, count_people, &people, &c->err) == ERR_OK &&
		    fill_incident(c, &d, dev, &x, &people) == ERR_OK && node_team_for(c->node, NULL, param_text(c, "team"), &team, &c->err) == ERR_OK &&
		    node_write(c->node, &team, &d, &entry, &c->err) == ERR_OK && op_commit(c) == ERR_OK)
			c->result = json_pack("{s:o,s:b,s:b,s:I,s:I,s:o}", "incident", json_hex(id.b, 16), "saved", 1, "removed", x.removed, "persons",
			                      (json_int_t)people.persons, "cases", (json_int_t)people.cases, "next", steps(&x, param_text(c, "device")));
		else
			node_drop(c->node);
		draft_free(&d);
		node_exposure_free(&x);
	}
	if (c->err.code != ERR_OK || c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}
