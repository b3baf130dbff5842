/*
 * faltbok init: founds an organisation. The root key exists for a moment,
 * becomes three shares of which any two make it whole, and is wiped.
 */
#include <stdio.h>
#include <stdlib.h>

#include "app/node.h"
#include "base/mem.h"
#include "casework/rows.h"
#include "crypto/guard.h"
#include "app/node_builtin.h"
#include "node/kit.h"

enum { PROFILE_BYTES_MAX = 1 << 20 };

static const char DROP_BOX_NAME[] = "statistik";

static enum err_code
read_profile(struct app *app, const char *path, struct buf *out, struct err *err)
{
	if (path == NULL) {
		buf_put(out, builtin_profile, builtin_profile_bytes);
		return buf_ok(out) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
	}
	return app->env->files->read(app->env, path, PROFILE_BYTES_MAX, out, err);
}

static enum err_code
fill_kit(struct env *env, struct kit *kit, const struct org *org, const struct node_seeds *seeds, bool escrow, struct err *err)
{
	uint8_t next[32];
	enum err_code rc = kit_split(env, kit->root, seeds->root, err);

	if (rc == ERR_OK)
		rc = kit_split(env, kit->rotation, seeds->rotation, err);
	if (rc == ERR_OK && escrow)
		rc = kit_split(env, kit->escrow, seeds->escrow, err);
	if (rc == ERR_OK && org_next_root(org, next))
		kit_rotation_words(kit->rotation_words, next);
	kit_root_words(kit->root_words, &org_genesis(org)->root_pk);
	return rc;
}

/* Where statistics go, apart from content, if the programme has any. */
static enum err_code
add_drop_box(struct node *node, bool wanted, struct err *err)
{
	const struct profile *p = node_profile(node);
	struct stream_id box;
	bool any = false;

	for (size_t i = 0; p != NULL && i < profile_type_count(p); i++)
		any = any || (rows_has_type(profile_type_at(p, i)) && profile_type_at(p, i)->group != GROUP_OPEN);
	return wanted && any ? node_team_add(node, DROP_BOX_NAME, true, &box, err) : ERR_OK;
}

enum err_code
found_org(struct node **out, struct env *env, const struct founding *f, struct kit *kit, uint8_t print[32], struct err *err)
{
	struct home home = { 0 };

	*out = NULL;
	if (home_create(&home, env, f->home, f->member, f->device, f->passphrase, f->kdf, kit->recovery_code, err) != ERR_OK)
		return err->code;
	return found_in(out, &home, f, kit, print, err);
}

enum err_code
found_in(struct node **out, struct home *home, const struct founding *f, struct kit *kit, uint8_t print[32], struct err *err)
{
	struct env *env = home->env;
	struct node_seeds seeds;

	if (home_kill_card(home, kit->kill_card, err) != ERR_OK) {
		home_close(home);
		return err->code;
	}
	if (node_of_home(out, home, err) != ERR_OK)
		return err->code;
	if (node_found(*out, f->org, f->member, f->device, f->profile, f->escrow, &seeds, err) == ERR_OK &&
	    add_drop_box(*out, f->drop_box, err) == ERR_OK && node_commit(*out, err) == ERR_OK &&
	    fill_kit(env, kit, node_org(*out), &seeds, f->escrow, err) == ERR_OK)
		org_root_fingerprint(node_org(*out), print);
	wipe(&seeds, sizeof(seeds));
	if (err->code != ERR_OK) {
		node_close(*out);
		*out = NULL;
	}
	return err->code;
}

json_t *
founded_json(struct node *node, const uint8_t print[32])
{
	char id[33], dev[33], fingerprint[65];

	return json_pack("{s:s,s:s,s:s}", "org", hex_encode(id, node_keystore(node)->org.b, 16), "device",
	                 hex_encode(dev, node_self(node)->id.b, 16), "root_fingerprint", hex_encode(fingerprint, print, 32));
}

static json_t *
shares_json(const char shares[3][SHARE_TEXT_BYTES])
{
	return json_pack("[s,s,s]", shares[0], shares[1], shares[2]);
}

json_t *
kit_json(const struct kit *kit)
{
	json_t *o = json_pack("{s:s,s:s,s:o,s:o}", "recovery_code", kit->recovery_code, "kill_card", kit->kill_card, "root_shares",
	                      shares_json(kit->root), "rotation_shares", shares_json(kit->rotation));

	if (kit->escrow[0][0] != '\0')
		json_object_set_new(o, "escrow_shares", shares_json(kit->escrow));
	return o;
}

static void
print_kit(struct buf *out, const struct kit *kit)
{
	buf_printf(out, "\nThe recovery kit, shown once. Write it down now.\nRecovery code of this device: %s\nKill card of this device:     %s\n",
	           kit->recovery_code, kit->kill_card);
	for (int i = 0; i < 3; i++)
		buf_printf(out, "Trustee %d, root share:     %s\n", i + 1, kit->root[i]);
	for (int i = 0; i < 3; i++)
		buf_printf(out, "Trustee %d, rotation share: %s\n", i + 1, kit->rotation[i]);
	for (int i = 0; i < 3 && kit->escrow[0][0] != '\0'; i++)
		buf_printf(out, "Trustee %d, escrow share:   %s\n", i + 1, kit->escrow[i]);
}

/* False when there are no files after all, though there was room a moment ago: then the kit is printed, for it exists nowhere else. */
static bool
write_kit(struct app *app, const char *dir, const char *org, const struct kit *kit, struct node *node)
{
	struct err err = ERR_INIT;

	if (kit_write(app->env, dir, org, kit, &err) == ERR_OK) {
		if (replica_papers_kept(node_replica(node), &err) != ERR_OK)
			fprintf(stderr, "%s: noting that the kit was written: %s\n", app->program, err.text);
		return true;
	}
	fprintf(stderr, "%s: %s: %s; the kit is printed here instead\n", app->program, dir, err.text);
	return false;
}

int
app_init(struct app *app)
{
	const char *org = app_option(app, "--org"), *member = app_option(app, "--member"), *device = app_option(app, "--device");
	const char *dir = app_option(app, "--kit"), *profile_path = app_option(app, "--profile");
	struct founding f = { .home = app->home, .org = org, .member = member, .device = device, .kdf = app->kdf,
	                      .escrow = !app_flag(app, "--no-escrow"), .drop_box = !app_flag(app, "--no-drop-box") };
	struct node *node = NULL;
	struct kit kit = { .recovery_code = "" };
	struct buf profile = BUF_INIT, text = BUF_INIT;
	struct profile *checked = NULL;
	struct err err = ERR_INIT;
	json_t *result = NULL;
	uint8_t print[32];
	char words[WORDS_SIX_BYTES + 1];
	bool printed = false; /* here, rather than into files */
	int status;

	if (org == NULL || member == NULL || device == NULL)
		err_set(&err, ERR_USAGE, "init --org NAME --member NAME --device NAME: all three names are needed");
	else if (app_no_more(app, &err) == ERR_OK && (dir == NULL || kit_ready(app->env, dir, &err) == ERR_OK) && read_profile(app, profile_path, &profile, &err) == ERR_OK &&
	         profile_parse(&checked, buf_bytes(&profile), &err) == ERR_OK && app_passphrase(app, true, &err) == ERR_OK &&
	         (f.passphrase = buf_bytes(&app->passphrase), f.profile = buf_bytes(&profile),
	          found_org(&node, app->env, &f, &kit, print, &err)) == ERR_OK) {
		result = founded_json(node, print);
		printed = dir == NULL || !write_kit(app, dir, org, &kit, node);
	}
	if (err.code == ERR_OK) {
		buf_printf(&text, "%s is founded. Its words, which newcomers compare:\n  %s\n", org, words_encode(words, print, 6));
		if (!printed)
			buf_printf(&text, "The recovery kit is in %s: print the sheets, hand them out, delete the files.\n", dir);
		else
			print_kit(&text, &kit);
		if (printed)
			json_object_set_new(result, "kit", kit_json(&kit));
		status = app_answer(app, result, buf_str(&text));
		if (printed && status == 0)
			app_papers_shown(app, node_replica(node));
	} else {
		json_decref(result);
		status = app_fail(app, &err);
	}
	node_close(node);
	profile_free(checked);
	wipe(&kit, sizeof(kit));
	buf_wipe(&text);
	buf_free(&profile);
	return status;
}
