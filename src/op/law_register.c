/*
 * The register of processing (Article 30) and the draft of an impact
 * assessment (Article 35), from what the profile says and what the program
 * does. Drafts: what only people know is left open and marked. proto/law.md, 7.
 */
#include <stdio.h>
#include <stdlib.h>

#include "casework/due.h"
#include "op/law.h"

struct section { const char *id, *title; };

static const char *
words_of(const struct label *labels, size_t count, const char *name)
{
	const char *label = label_in(labels, count, "sv");

	return label == NULL ? name : label;
}

static const char *
class_sv(enum data_class class)
{
	static const char *const words[] = { "statistik", "innehåll", "kontaktuppgifter", "tillfälligt", "öppet" };

	return words[class];
}

static void
retention_text(const struct retention *r, char out[120])
{
	if (r == NULL)
		snprintf(out, 120, "inte bestämt");
	else if (r->unit == RETAIN_KEEP)
		snprintf(out, 120, "sparas");
	else
		snprintf(out, 120, "%u %s efter %s", r->count, r->unit == RETAIN_MONTHS ? "månader" : "dagar", r->from == NULL ? "senaste ändringen"
		         : words_of(r->from->labels, r->from->label_count, r->from->name));
}

static json_t *
fields_of(const struct profile *p, const struct profile_type *t)
{
	json_t *out = json_array();
	char keep[120];

	for (size_t i = 0; i < t->field_count; i++) {
		const struct profile_field *f = &t->fields[i];

		retention_text(profile_retention(p, t, f), keep);
		json_array_append_new(out, json_pack("{s:s,s:s,s:s,s:b,s:s?}", "field", words_of(f->labels, f->label_count, f->name), "class",
		                                     class_sv(f->class), "kept", keep, "asked", !f->off, "why", label_in(f->why, f->why_count, "sv")));
	}
	return out;
}

static json_t *
categories(const struct profile *p)
{
	json_t *out = json_array();
	char keep[120];

	for (size_t i = 0; i < profile_type_count(p); i++) {
		const struct profile_type *t = profile_type_at(p, i);

		if (t->class == CLASS_OPEN)
			continue;
		retention_text(profile_retention(p, t, NULL), keep);
		json_array_append_new(out, json_pack("{s:s,s:s,s:s,s:s?,s:o}", "type", words_of(t->labels, t->label_count, t->name), "class",
		                                     class_sv(t->class), "kept", keep, "why", label_in(t->why, t->why_count, "sv"), "fields", fields_of(p, t)));
	}
	return out;
}

/* Who sees what, as the profile's roles say it; keys decide what can be read at all. */
static json_t *
recipients(const struct profile *p)
{
	json_t *out = json_array();

	for (size_t i = 0; i < profile_role_count(p); i++) {
		const struct profile_role *role = profile_role_at(p, i);
		json_t *sees = json_array();

		for (int k = CLASS_STATISTICS; k <= CLASS_OPEN; k++)
			if (role->sees & (1u << k))
				json_array_append_new(sees, json_string(class_sv((enum data_class)k)));
		json_array_append_new(out, json_pack("{s:s,s:o}", "role", words_of(role->labels, role->label_count, role->name), "sees", sees));
	}
	json_array_append_new(out, json_string("Finansiärer och nämnder: bara rapporter, där antal personer från 1 till 4 är dolda"));
	json_array_append_new(out, json_string("Nav och granskare: kryptotext som de inte kan läsa"));
	return out;
}

static const char *const measures[] = {
	"Allt innehåll är krypterat med nycklar per team och ärende; nav och granskare har inga nycklar",
	"Varje post är undertecknad och kedjad; ändringar syns och fel rättas utan att det gamla försvinner i tysthet",
	"Nycklarna på en enhet skyddas av lösenord (Argon2id); dekrypterade uppgifter skrivs aldrig på disk",
	"En förlorad enhet tas bort, och nya uppgifter förseglas inte till den",
	"Radering tar två personer och förstör nycklarna; varje enhet kvitterar",
	"Gallring efter profilens regler, provkörning först",
	"Läsning av enskilda poster loggas på enheten; skyddade poster öppnas bara med skäl, synligt för teamet",
	"Personnummer, telefonnummer och e-postadresser i fritext ger varning och maskas vid export",
	"Rapporter döljer små tal, även mot tidigare publicerade rapporter",
};

static json_t *
texts(const char *const *list, size_t count)
{
	json_t *out = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(out, json_string(list[i]));
	return out;
}

static json_t *
common(struct op_call *c, const char *kind)
{
	const struct profile *p = node_profile(c->node);
	size_t count;
	const struct label *purpose = profile_purpose(p, &count);
	char today[16];

	return json_pack("{s:s,s:s,s:s,s:s,s:i,s:s,s:o,s:o,s:o}", "register", kind, "date", law_today(c->node, today), "controller", node_org_name(c->node),
	                 "profile", profile_id(p), "profile_version", (int)profile_version(p), "purpose", words_of(purpose, count, "(fyll i)"),
	                 "categories", categories(p), "recipients", recipients(p), "security", texts(measures, COUNT_OF(measures)));
}

static json_t *
art30(struct op_call *c)
{
	json_t *out = common(c, "art30");
	static const char *const open[] = { "Kontaktuppgifter till personuppgiftsansvarig och dataskyddsombud",
		"Rättslig grund för varje ändamål (artikel 6, och artikel 9 för känsliga uppgifter)", "Personuppgiftsbiträden och avtal, till exempel den som driver navet",
		"Överföring till tredje land: ingen sker genom programmet" };

	json_object_set_new(out, "to_fill_in", texts(open, COUNT_OF(open)));
	return out;
}

static json_t *
dpia(struct op_call *c)
{
	static const char *const criteria[] = { "Känsliga uppgifter: hälsa, ursprung och skyddsbehov kan stå i anteckningar",
		"Registrerade i utsatt ställning: nyanlända, barn, personer med skyddade uppgifter", "Ny teknik: kryptering mellan enheter utan central server" };
	static const struct { const char *threat, *measure, *left; } risks[] = {
		{ "En enhet tappas bort eller blir stulen", "Lösenord, krypterad disk i vila, borttagning på distans av rätten till nya uppgifter",
		  "Med enhetens lösenord går det att läsa det den redan hade" },
		{ "En rådgivare läser ärenden utan skäl", "Läslogg, skäl för skyddade poster, team med egna nycklar", "Loggen stannar på enheten tills den begärs ut" },
		{ "Någon räknar ut en enskild ur en rapport", "Dolda små tal, även mot tidigare rapporter", "Två som publicerar utan att ha mötts kan tillsammans visa för mycket" },
		{ "Uppgifter finns kvar för länge", "Gallring med kvitto per enhet", "En enhet som aldrig mer ses kan inte bekräfta" },
		{ "Fel person får en utskrift eller lapp", "Lappar bär kod, inte namn; skyddade personer skrivs aldrig ut", "Papper lyder ingen nyckel" },
		{ "Navet eller nätet avlyssnas", "Allt är krypterat före det lämnar enheten", "Tidpunkter och mängder syns för navet" },
	};
	static const char *const open[] = { "Samråd med dataskyddsombudet", "Synpunkter från registrerade eller deras företrädare", "Bedömning av nödvändighet och proportionalitet",
		"Beslut om kvarstående risk, datum och namn", "Nästa översyn" };
	json_t *out = common(c, "dpia"), *list = json_array();

	for (size_t i = 0; i < COUNT_OF(risks); i++)
		json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "threat", risks[i].threat, "measure", risks[i].measure, "left", risks[i].left));
	json_object_set_new(out, "why_required", texts(criteria, COUNT_OF(criteria)));
	json_object_set_new(out, "risks", list);
	json_object_set_new(out, "to_fill_in", texts(open, COUNT_OF(open)));
	return out;
}

/* ---- as text and as a page: a title, then whatever the value is ---- */

static const struct section sections[] = {
	{ "controller", "Personuppgiftsansvarig" }, { "date", "Datum" }, { "profile", "Profil" }, { "profile_version", "Version" }, { "purpose", "Ändamål" },
	{ "why_required", "Varför en konsekvensbedömning behövs" }, { "categories", "Kategorier av uppgifter, och hur länge de sparas" },
	{ "recipients", "Mottagare" }, { "security", "Skyddsåtgärder" }, { "risks", "Risker" }, { "to_fill_in", "Att fylla i" },
};

static void
escaped(struct buf *out, const char *text, bool html)
{
	for (; *text != '\0'; text++)
		if (html && (*text == '&' || *text == '<' || *text == '>'))
			buf_printf(out, "%s", *text == '&' ? "&amp;" : *text == '<' ? "&lt;" : "&gt;");
		else
			buf_put_u8(out, (uint8_t)*text);
}

static void
one_line(struct buf *out, const json_t *v, bool html)
{
	const char *key;
	json_t *item;
	size_t i, n = 0;

	if (json_is_string(v))
		escaped(out, json_string_value(v), html);
	else if (json_is_integer(v))
		buf_printf(out, "%lld", (long long)json_integer_value(v));
	else if (json_is_boolean(v))
		buf_printf(out, json_is_true(v) ? "ja" : "nej (frågas inte)");
	json_array_foreach((json_t *)v, i, item) {
		buf_printf(out, "%s", i > 0 ? ", " : "");
		one_line(out, item, html);
	}
	json_object_foreach((json_t *)v, key, item)
		if (!json_is_null(item) && strcmp(key, "fields") != 0 && !(strcmp(key, "asked") == 0 && json_is_true(item))) {
			buf_printf(out, "%s", n++ > 0 ? " – " : "");
			one_line(out, item, html);
		}
}

static void
list_of(struct buf *out, const json_t *v, bool html, const char *indent)
{
	const json_t *item;
	size_t i;

	buf_printf(out, html ? "<ul>\n" : "");
	json_array_foreach((json_t *)v, i, item) {
		buf_printf(out, "%s%s", html ? "<li>" : indent, html ? "" : "- ");
		one_line(out, item, html);
		buf_printf(out, "\n");
		if (json_array_size(json_object_get(item, "fields")) > 0)
			list_of(out, json_object_get(item, "fields"), html, "    ");
		buf_printf(out, html ? "</li>\n" : "");
	}
	buf_printf(out, html ? "</ul>\n" : "");
}

static void
as_text(struct buf *out, const json_t *r, bool html)
{
	const char *title = strcmp(json_string_value(json_object_get(r, "register")), "art30") == 0 ? "Register över behandling (artikel 30), utkast"
	                    : "Konsekvensbedömning (artikel 35), utkast";

	buf_printf(out, html ? "<!doctype html>\n<html lang=\"sv\"><head><meta charset=\"utf-8\"><title>%s</title></head><body>\n<h1>%s</h1>\n" : "%s\n", title, title);
	for (size_t i = 0; i < COUNT_OF(sections); i++) {
		const json_t *v = json_object_get(r, sections[i].id);

		if (v == NULL)
			continue;
		buf_printf(out, html ? "<h2>%s</h2>\n" : "\n%s\n", sections[i].title);
		if (json_is_array(v)) {
			list_of(out, v, html, "  ");
			continue;
		}
		buf_printf(out, html ? "<p>" : "  ");
		one_line(out, v, html);
		buf_printf(out, html ? "</p>\n" : "\n");
	}
	buf_printf(out, html ? "</body></html>\n" : "");
}

static void
answer(struct op_call *c, json_t *r)
{
	const char *format = param_text(c, "format") != NULL ? param_text(c, "format") : "text";
	const char *path = param_text(c, "output");
	struct buf out = BUF_INIT;
	char *text;

	if (strcmp(format, "json") == 0) {
		text = json_dumps(r, JSON_INDENT(1));
		buf_printf(&out, "%s\n", text == NULL ? "" : text);
		free(text);
	} else if (strcmp(format, "html") == 0 || strcmp(format, "text") == 0) {
		as_text(&out, r, strcmp(format, "html") == 0);
	} else {
		err_set(&c->err, ERR_USAGE, "register: format must be text, html or json, not \"%s\"", format);
	}
	if (c->err.code == ERR_OK && path == NULL)
		c->result = strcmp(format, "json") == 0 ? json_incref(r) : json_pack("{s:s}", "text", buf_str(&out));
	else if (c->err.code == ERR_OK && param_file_out(c, "output", buf_bytes(&out)) == ERR_OK)
		c->result = json_pack("{s:s,s:s}", "file", path, "format", format);
	buf_free(&out);
}

static void
run(struct op_call *c, json_t *(*make)(struct op_call *))
{
	json_t *r = NULL;

	if (node_profile(c->node) == NULL)
		op_no_profile(c);
	else if ((r = make(c)) != NULL && op_json_is_whole(c))
		answer(c, r);
	json_decref(r);
	if (c->err.code != ERR_OK || c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}

void
op_register_art30(struct op_call *c)
{
	run(c, art30);
}

void
op_register_dpia(struct op_call *c)
{
	run(c, dpia);
}
