/*
 * Referrals: sent, received, accepted or declined, done, withdrawn, or never
 * answered. Which state follows which is the profile's to say.
 */
#include "op/day_internal.h"
#include "op/law.h"

void
op_referral_send(struct op_call *c)
{
	const struct profile_type *t = day_type(c, "referral"), *cases = day_type(c, "case");
	const char *site_text = param_text(c, "site"), *direction = param_text(c, "direction"), *note = param_text(c, "note");
	struct record_id site, id;
	struct record *of = NULL;
	struct stream_id team;
	char today[11];
	uint8_t note_id[16];
	json_t *warnings = json_array();
	struct draft d;
	bool found = false;

	if (t != NULL && cases != NULL)
		of = day_find(c, "case", cases, &team);
	if (of != NULL && site_text != NULL && day_site(c, site_text, record_is_practice(of), &site, &found) == ERR_OK && !found)
		err_set(&c->err, ERR_UNKNOWN, "site: no site is called \"%s\"", site_text);
	if (of != NULL && c->err.code == ERR_OK && day_begin(c, &d, t, NULL) == ERR_OK) {
		id = d.record;
		(void)(day_set_ref(c, &d, OP_SET, "case", record_id_of(of)) == ERR_OK &&
		       day_set(c, &d, "direction", direction != NULL ? direction : found ? "internal" : "out") == ERR_OK &&
		       day_set(c, &d, "to", param_text(c, "to")) == ERR_OK && day_set(c, &d, "reason", param_text(c, "reason")) == ERR_OK &&
		       day_set(c, &d, "mode", param_text(c, "mode")) == ERR_OK && day_set(c, &d, "status", "sent") == ERR_OK &&
		       day_set(c, &d, "sent", day_date(c, day_now(c), today)) == ERR_OK &&
		       (!param_flag(c, "consent") || day_set(c, &d, "consent", "yes") == ERR_OK) &&
		       (!found || day_set_ref(c, &d, OP_SET, "site", &site) == ERR_OK) && (note == NULL || day_note(c, &d, note, note_id) == ERR_OK));
		law_warn_draft(&d, warnings);
		(void)!day_write(c, &d, &team);
	}
	if (day_commit(c))
		c->result = json_pack("{s:o,s:o,s:s}", "referral", json_hex(id.b, 16), "case", json_hex(record_id_of(of)->b, 16), "status", "sent");
	record_free(of);
	day_end(c, warnings);
}

void
op_referral_set(struct op_call *c)
{
	const struct profile_type *t = day_type(c, "referral");
	const char *status = param_text(c, "status"), *note = param_text(c, "note");
	struct record *r = t != NULL ? day_find(c, "id", t, NULL) : NULL;
	struct stream_id team;
	char was[DAY_TEXT], today[11];
	uint8_t note_id[16];
	json_t *warnings = json_array();
	struct draft d;

	if (r != NULL && node_record(c->node, record_id_of(r), r, &team, &c->err) == ERR_OK && day_begin(c, &d, t, record_id_of(r)) == ERR_OK) {
		day_text(r, t, "status", was);
		(void)(draft_assign_text(&d, OP_SET, "status", status, &c->err) == ERR_OK &&
		       day_set(c, &d, "answered", day_date(c, day_now(c), today)) == ERR_OK &&
		       day_set(c, &d, "decline_reason", param_text(c, "reason")) == ERR_OK && (note == NULL || day_note(c, &d, note, note_id) == ERR_OK));
		law_warn_draft(&d, warnings);
		(void)!day_write(c, &d, &team);
	}
	if (day_commit(c))
		c->result = json_pack("{s:o,s:s,s:s}", "referral", json_hex(record_id_of(r)->b, 16), "status", status, "was", was);
	record_free(r);
	day_end(c, warnings);
}
