/*
 * What an exchange has brought, as JSON and as the sentence that people are
 * shown: "7 new visits from Dalby, 2 changed cases, 1 erased; in step with
 * hub and Veberöd". A type's plural, and in Swedish its article, are the
 * profile's; the rest of the grammar stands here in two languages.
 */
#include "op/op_internal.h"

#include "base/mem.h"
#include "op/brought.h"
#include "op/day_internal.h"

enum { PARTS_SHOWN = 6, ASKED_OF_RECORD = 4, WITH_MAX = 8 };

enum tongue { SV, EN };
static const char *const tongue_tag[] = { "sv", "en" };

/* Records of one type that came from one place. */
struct share { uint32_t type; char from[PLACE_BYTES]; struct device_id dev; uint64_t created, changed; };
struct shares { struct share *at; size_t count, cap; };

/* ---- where it came from ---- */

static void record_site(struct op_call *c, const struct record *r, const struct profile_type *t, int depth, char out[PLACE_BYTES]);

/* Through what `round` asks of a record after its own site: its session, then the visit or case that it is part of. */
static bool
leads_on(const char *type, int round)
{
	return round == 0 ? strcmp(type, "session") == 0 : strcmp(type, "visit") == 0 || strcmp(type, "case") == 0;
}

/* The site that a record names, by itself or through its session, visit or case; "" when it names none. */
static void
site_of(struct op_call *c, const struct record *r, const struct profile_type *t, int depth, int round, char out[PLACE_BYTES])
{
	const struct profile *p = node_profile(c->node);

	for (size_t i = 0; t != NULL && i < t->field_count && out[0] == '\0'; i++) {
		const struct profile_field *f = &t->fields[i];
		const struct profile_type *to = f->ref_type != NULL ? profile_type_named(p, f->ref_type) : NULL;
		struct record_id id;
		struct record *of;
		char name[DAY_TEXT];

		if (to == NULL || f->shape != SHAPE_REGISTER || !day_ref(r, t, f->name, &id))
			continue;
		if (strcmp(to->name, "site") == 0) {
			snprintf(out, PLACE_BYTES, "%.*s", PLACE_BYTES - 1, day_site_name(c, &id, name));
			continue;
		}
		of = depth < ASKED_OF_RECORD && leads_on(to->name, round) ? op_record_here(c, &id) : NULL;
		if (of != NULL)
			record_site(c, of, to, depth + 1, out);
		record_free(of);
	}
}

static void
record_site(struct op_call *c, const struct record *r, const struct profile_type *t, int depth, char out[PLACE_BYTES])
{
	for (int round = 0; round < 2 && out[0] == '\0'; round++)
		site_of(c, r, t, depth, round, out);
}

void
site_named_by(struct op_call *c, const struct record_id *id, char out[PLACE_BYTES])
{
	struct record *r = node_profile(c->node) != NULL ? op_record_here(c, id) : NULL;

	out[0] = '\0';
	if (r != NULL)
		record_site(c, r, profile_type_numbered(node_profile(c->node), record_type(r)), 0, out);
	record_free(r);
}

static struct share *
share_of(struct shares *s, uint32_t type, const char *from, const struct device_id *dev)
{
	struct share *room;

	for (size_t i = 0; i < s->count; i++)
		if (s->at[i].type == type && strcmp(s->at[i].from, from) == 0)
			return &s->at[i];
	room = mem_room(s->at, s->count, &s->cap, sizeof(*room));
	if (room == NULL)
		return NULL;
	s->at = room;
	room[s->count] = (struct share){ .type = type, .dev = *dev };
	snprintf(room[s->count].from, PLACE_BYTES, "%.*s", PLACE_BYTES - 1, from);
	return &room[s->count++];
}

static void
add_share(struct op_call *c, struct shares *s, uint32_t type, const struct author *author, const char *site, uint64_t created, uint64_t changed)
{
	struct device_id dev = device_id_of(author);
	struct share *to = share_of(s, type, site[0] != '\0' ? site : node_device_name(c->node, &dev), &dev);

	if (to == NULL) {
		err_plain(&c->err, ERR_NO_MEMORY);
		return;
	}
	to->created += created;
	to->changed += changed;
}

/* What is listed is asked for its site; of what is too much to list the devices are told. */
static void
share_out(struct op_call *c, const struct brought *b, struct shares *out)
{
	for (size_t i = 0; b->more && i < b->row_count; i++)
		add_share(c, out, b->rows[i].type, &b->rows[i].author, "", b->rows[i].created, b->rows[i].changed);
	for (size_t i = 0; !b->more && i < b->record_count; i++) {
		const struct brought_record *rec = &b->records[i];
		char site[PLACE_BYTES];

		site_named_by(c, &rec->id, site);
		add_share(c, out, rec->type, &rec->author, site, rec->created, !rec->created);
	}
}

/* ---- as JSON ---- */

static const char *
type_word(struct node *n, uint32_t number)
{
	const struct profile_type *t = node_profile(n) != NULL ? profile_type_numbered(node_profile(n), number) : NULL;

	return t != NULL ? t->name : "";
}

static json_t *
as_json(struct op_call *c, const struct brought *b, const struct shares *s)
{
	json_t *types = json_array(), *records = json_array();

	for (size_t i = 0; i < s->count; i++)
		json_array_append_new(types, json_pack("{s:s,s:s,s:o,s:I,s:I}", "type", type_word(c->node, s->at[i].type), "from", s->at[i].from, "device",
		                                       json_hex(s->at[i].dev.b, 16), "new", (json_int_t)s->at[i].created, "changed",
		                                       (json_int_t)s->at[i].changed));
	for (size_t i = 0; i < b->record_count; i++)
		json_array_append_new(records, json_pack("{s:o,s:s,s:b}", "id", json_hex(b->records[i].id.b, 16), "type",
		                                         type_word(c->node, b->records[i].type), "new", b->records[i].created));
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:b,s:b}", "new", (json_int_t)b->created, "changed", (json_int_t)b->changed, "erased",
	                 (json_int_t)b->erased, "after_removal", (json_int_t)b->after_removal, "conflicts", (json_int_t)b->conflicts, "types", types,
	                 "records", records, "more", b->more, "untold", b->untold);
}

/* ---- as a sentence ---- */

/* "visits": the profile's plural, else what can be said without it. */
static void
put_type(struct buf *out, struct node *n, uint32_t number, bool one, enum tongue l)
{
	const struct profile_type *t = node_profile(n) != NULL ? profile_type_numbered(node_profile(n), number) : NULL;
	const char *many = t != NULL && !one ? label_in(t->plurals, t->plural_count, tongue_tag[l]) : NULL;
	const char *label = t != NULL ? label_in(t->labels, t->label_count, tongue_tag[l]) : NULL;

	if (many != NULL)
		buf_printf(out, "%s", many);
	else if (label != NULL)
		buf_printf(out, "%s", label);
	else
		buf_printf(out, "%s", t != NULL ? t->name : l == SV ? "poster" : "records");
}

/* ny, nytt, nya: the article decides where there is one of it. */
static const char *
bent(struct node *n, uint32_t number, bool one, bool created, enum tongue l)
{
	const struct profile_type *t = node_profile(n) != NULL ? profile_type_numbered(node_profile(n), number) : NULL;
	const char *article = t != NULL ? label_in(t->articles, t->article_count, tongue_tag[l]) : NULL;
	bool neuter = article != NULL && strcmp(article, "ett") == 0;

	if (l == EN)
		return created ? "new" : "changed";
	if (!one)
		return created ? "nya" : "ändrade";
	if (created)
		return neuter ? "nytt" : "ny";
	return neuter ? "ändrat" : "ändrad";
}

static void
begin_part(struct buf *out, size_t *parts)
{
	if ((*parts)++ > 0)
		buf_printf(out, ", ");
}

static uint64_t
put_shares(struct buf *out, struct node *n, const struct shares *s, bool created, enum tongue l, size_t *parts)
{
	uint64_t left = 0;

	for (size_t i = 0; i < s->count; i++) {
		uint64_t count = created ? s->at[i].created : s->at[i].changed;

		if (count == 0)
			continue;
		if (*parts >= PARTS_SHOWN) {
			left += count;
			continue;
		}
		begin_part(out, parts);
		buf_printf(out, "%llu %s ", (unsigned long long)count, bent(n, s->at[i].type, count == 1, created, l));
		put_type(out, n, s->at[i].type, count == 1, l);
		buf_printf(out, l == SV ? " från %s" : " from %s", s->at[i].from);
	}
	return left;
}

static void
put_count(struct buf *out, uint64_t count, const char *one, const char *many, size_t *parts)
{
	if (count == 0)
		return;
	begin_part(out, parts);
	buf_printf(out, "%llu %s", (unsigned long long)count, count == 1 ? one : many);
}

static void
put_with(struct buf *out, const struct brought_with *with, size_t count, bool in_step, enum tongue l)
{
	size_t named = 0, all = 0;

	for (size_t i = 0; i < count; i++)
		all += with[i].in_step == in_step;
	for (size_t i = 0; i < count && named < WITH_MAX; i++) {
		if (with[i].in_step != in_step)
			continue;
		if (named++ == 0)
			buf_printf(out, in_step ? l == SV ? "; i takt med " : "; in step with " : l == SV ? "; ännu inte i takt med " : "; not yet in step with ");
		else
			buf_printf(out, named < all ? ", " : l == SV ? " och " : " and ");
		buf_printf(out, "%s", with[i].name);
	}
	if (all > named)
		buf_printf(out, l == SV ? " och %zu till" : " and %zu more", all - named);
}

unsigned
said_by(const struct peer_result *r)
{
	return (r->withholds ? EXCHANGE_WITHHOLDS : 0u) | (r->full ? EXCHANGE_FULL : 0u) | (r->newer ? EXCHANGE_NEWER : 0u);
}

void
said_json(json_t *o, unsigned said)
{
	json_object_set_new(o, "withholds", json_boolean(said & EXCHANGE_WITHHOLDS));
	json_object_set_new(o, "full", json_boolean(said & EXCHANGE_FULL));
	json_object_set_new(o, "newer", json_boolean(said & EXCHANGE_NEWER));
}

void
put_said(struct buf *out, const char *before, const char *name, unsigned said, bool swedish)
{
	static const struct { unsigned what; const char *sv, *en; } words[] = {
		{ EXCHANGE_WITHHOLDS, "%s%s lämnar inte ut något förrän en samordnares enhet har hört av sig dit",
		  "%s%s gives nothing out before a coordinator's device has called it" },
		{ EXCHANGE_FULL, "%s%s har inte plats för mer; det som skrivs här finns kvar här", "%s%s has no room for more; what is written here stays here" },
		{ EXCHANGE_NEWER, "%s%s talar en nyare version också; det som bara den förstår gick inte över",
		  "%s%s speaks a newer version too; what only that understands was not exchanged" },
	};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if ((said & words[i].what) != 0)
			buf_printf(out, swedish ? words[i].sv : words[i].en, before, name);
}

static json_t *
sentence(struct node *n, const struct brought *b, const struct shares *s, const struct brought_with *with, size_t count, enum tongue l)
{
	struct buf out = BUF_INIT;
	size_t parts = 0;
	uint64_t left;
	json_t *text;

	left = put_shares(&out, n, s, true, l, &parts);
	left += put_shares(&out, n, s, false, l, &parts);
	put_count(&out, left, l == SV ? "till" : "more", l == SV ? "till" : "more", &parts);
	put_count(&out, b->erased, l == SV ? "gallrat" : "erased", l == SV ? "gallrade" : "erased", &parts);
	put_count(&out, b->after_removal, l == SV ? "skriven efter borttagning, räknas inte" : "written after a removal, which does not count",
	          l == SV ? "skrivna efter borttagning, räknas inte" : "written after a removal, which do not count", &parts);
	put_count(&out, b->conflicts, l == SV ? "ny konflikt" : "new conflict", l == SV ? "nya konflikter" : "new conflicts", &parts);
	if (parts == 0 && !b->untold)
		buf_printf(&out, l == SV ? "inget nytt" : "nothing new");
	if (b->untold) {
		begin_part(&out, &parts);
		buf_printf(&out, l == SV ? "mer som minnet inte räckte till att räkna" : "more that there was no memory to count");
	}
	put_with(&out, with, count, true, l);
	put_with(&out, with, count, false, l);
	for (size_t i = 0; i < count; i++)
		put_said(&out, "; ", with[i].name, with[i].said, l == SV);
	text = buf_ok(&out) ? json_string(buf_str(&out)) : NULL;
	buf_free(&out);
	return text;
}

bool
brought_say(struct node *n, const struct brought *b, const struct brought_with *with, size_t count, json_t *answer)
{
	struct op_call c = { .node = n };
	struct shares s = { .at = NULL };
	json_t *both = json_object();
	bool whole = true;

	share_out(&c, b, &s);
	for (enum tongue l = SV; l <= EN; l++)
		whole = json_object_set_new(both, tongue_tag[l], sentence(n, b, &s, with, count, l)) == 0 && whole;
	whole = json_object_set_new(answer, "brought", as_json(&c, b, &s)) == 0 && whole;
	whole = json_object_set_new(answer, "sentence", both) == 0 && whole;
	mem_free(s.at);
	return whole && c.err.code == ERR_OK;
}

/* ---- the last exchanges ---- */

json_t *
exchange_json(struct node *n, const struct node_exchange *e)
{
	struct brought_with with = { .in_step = e->in_step, .said = e->said };
	char at[40];
	json_t *o, *peer = json_null();

	if (e->has_peer) {
		snprintf(with.name, sizeof(with.name), "%s", node_device_name(n, &e->peer));
		peer = json_pack("{s:o,s:s}", "id", json_hex(e->peer.b, 16), "name", with.name);
	}
	o = json_pack("{s:s,s:o,s:s,s:b,s:b,s:I,s:I}", "at", time_print(at, e->at_ms, env_utc_offset_min(node_env(n), e->at_ms)), "peer", peer, "way",
	              e->way == EXCHANGE_BUNDLE ? "bundle" : e->way == EXCHANGE_WEBSOCKET ? "websocket" : "link", "ok", e->ok, "in_step", e->in_step, "sent", (json_int_t)e->sent, "received",
	              (json_int_t)e->received);
	if (o != NULL)
		said_json(o, e->said);
	if (o != NULL && !brought_say(n, &e->brought, &with, e->has_peer && e->way != EXCHANGE_BUNDLE ? 1 : 0, o)) {
		json_decref(o);
		o = NULL;
	}
	return o;
}

void
op_exchanges(struct op_call *c)
{
	int64_t limit = param_number(c, "limit", EXCHANGES_KEPT);
	json_t *list = json_array();

	for (size_t i = 0; i < node_exchange_count(c->node) && (int64_t)i < limit; i++)
		if (json_array_append_new(list, exchange_json(c->node, node_exchange_at(c->node, i))) != 0)
			err_plain(&c->err, ERR_NO_MEMORY);
	c->result = json_pack("{s:o}", "exchanges", list);
	op_end(c);
}

const struct node_exchange *
exchange_note(struct node *n, const struct peer_result *r)
{
	struct node_exchange e = { .way = r->websocket ? EXCHANGE_WEBSOCKET : EXCHANGE_LINK, .at_ms = node_env(n)->ops->wall_ms(node_env(n)), .has_peer = r->known,
		                   .ok = r->code == ERR_OK, .in_step = r->in_step, .sent = r->sent, .received = r->received, .peer = r->device, .said = said_by(r) };

	return r->known ? node_exchanged(n, &r->author, &e) : NULL;
}
