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
#include "crypto/words.h"
#include "app/node_builtin.h"

enum { PROFILE_BYTES_MAX = 1 << 20 };

static const char DROP_BOX_NAME[] = "statistik";

static void
split_into(struct env *env, char out[3][SHARE_TEXT_BYTES], const uint8_t seed[32])
{
	struct share s[3];
	uint8_t random[96];

	env_random(env, random, sizeof(random));
	shares_split(s, seed, random);
	for (int i = 0; i < 3; i++)
		share_print(out[i], &s[i]);
	wipe(random, sizeof(random));
	wipe(s, sizeof(s));
}

static enum err_code
write_sheet(struct app *app, const char *dir, const char *name, struct buf *sheet, struct err *err)
{
	char path[4096];
	enum err_code rc;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	rc = app->env->files->create(app->env, path, buf_bytes(sheet), err);
	buf_wipe(sheet);
	return rc;
}

/* Three sheets for three people and one for the coordinator's safe. */
static enum err_code
write_kit(struct app *app, const char *dir, const struct kit *kit, const char *org, struct err *err)
{
	struct buf sheet = BUF_INIT;
	char name[32];

	if (app->env->files->make_dir(app->env, dir, err) != ERR_OK)
		return err->code;
	for (int i = 0; i < 3; i++) {
		buf_printf(&sheet, "Fältbok: %s\nTrustee %d of 3. Any two of the three sheets together decide for the organisation;\n"
		           "one alone can do nothing. Print it, delete the file, keep the paper where nobody else looks.\n\n"
		           "Root share:\n%s\n", org, i + 1, kit->root_share[i]);
		if (kit->escrow)
			buf_printf(&sheet, "\nEscrow share (two of three can read what is live, if every reader is lost):\n%s\n", kit->escrow_share[i]);
		snprintf(name, sizeof(name), "trustee-%d.txt", i + 1);
		if (write_sheet(app, dir, name, &sheet, err) != ERR_OK)
			return err->code;
	}
	buf_printf(&sheet, "Fältbok: %s\nRecovery code of the first coordinator's device. It opens the device when the passphrase is forgotten:\n\n%s\n",
	           org, kit->code);
	return write_sheet(app, dir, "recovery-code.txt", &sheet, err);
}

static enum err_code
read_profile(struct app *app, const char *path, struct buf *out, struct err *err)
{
	if (path == NULL) {
		buf_put(out, builtin_profile, builtin_profile_bytes);
		return buf_ok(out) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
	}
	return app->env->files->read(app->env, path, PROFILE_BYTES_MAX, out, err);
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
	if (home_create(&home, env, f->home, f->member, f->device, f->passphrase, f->kdf, kit->code, err) != ERR_OK)
		return err->code;
	return found_in(out, &home, f, kit, print, err);
}

enum err_code
found_in(struct node **out, struct home *home, const struct founding *f, struct kit *kit, uint8_t print[32], struct err *err)
{
	struct env *env = home->env;
	uint8_t root[32], escrow[32];

	if (node_of_home(out, home, err) != ERR_OK)
		return err->code;
	if (node_found(*out, f->org, f->member, f->device, root, f->profile, kit->escrow, escrow, err) == ERR_OK &&
	    add_drop_box(*out, kit->drop_box, err) == ERR_OK && node_commit(*out, err) == ERR_OK) {
		split_into(env, kit->root_share, root);
		if (kit->escrow)
			split_into(env, kit->escrow_share, escrow);
		org_root_fingerprint(node_org(*out), print);
	}
	wipe(root, sizeof(root));
	wipe(escrow, sizeof(escrow));
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

json_t *
kit_json(const struct kit *kit)
{
	json_t *o = json_pack("{s:s,s:[s,s,s]}", "recovery_code", kit->code, "root_shares", kit->root_share[0], kit->root_share[1], kit->root_share[2]);

	if (kit->escrow)
		json_object_set_new(o, "escrow_shares", json_pack("[s,s,s]", kit->escrow_share[0], kit->escrow_share[1], kit->escrow_share[2]));
	return o;
}

static void
print_kit(struct buf *out, const struct kit *kit)
{
	buf_printf(out, "\nThe recovery kit, shown once. Write it down now.\nRecovery code of this device: %s\n", kit->code);
	for (int i = 0; i < 3; i++)
		buf_printf(out, "Trustee %d, root share:   %s\n", i + 1, kit->root_share[i]);
	for (int i = 0; i < 3 && kit->escrow; i++)
		buf_printf(out, "Trustee %d, escrow share: %s\n", i + 1, kit->escrow_share[i]);
}

int
app_init(struct app *app)
{
	const char *org = app_option(app, "--org"), *member = app_option(app, "--member"), *device = app_option(app, "--device");
	const char *dir = app_option(app, "--kit"), *profile_path = app_option(app, "--profile");
	struct kit kit = { .escrow = !app_flag(app, "--no-escrow"), .drop_box = !app_flag(app, "--no-drop-box") };
	struct founding f = { .home = app->home, .org = org, .member = member, .device = device, .kdf = app->kdf };
	struct node *node = NULL;
	struct buf profile = BUF_INIT, text = BUF_INIT;
	struct profile *checked = NULL;
	struct err err = ERR_INIT;
	json_t *result = NULL;
	uint8_t print[32];
	char words[WORDS_SIX_BYTES + 1];
	int status;

	if (org == NULL || member == NULL || device == NULL)
		err_set(&err, ERR_USAGE, "init --org NAME --member NAME --device NAME: all three names are needed");
	else if (app_no_more(app, &err) == ERR_OK && read_profile(app, profile_path, &profile, &err) == ERR_OK &&
	         profile_parse(&checked, buf_bytes(&profile), &err) == ERR_OK && app_passphrase(app, true, &err) == ERR_OK &&
	         (f.passphrase = buf_bytes(&app->passphrase), f.profile = buf_bytes(&profile),
	          found_org(&node, app->env, &f, &kit, print, &err)) == ERR_OK) {
		result = founded_json(node, print);
		if (dir != NULL)
			(void)!write_kit(app, dir, &kit, org, &err);
	}
	if (err.code == ERR_OK) {
		buf_printf(&text, "%s is founded. Its words, which newcomers compare:\n  %s\n", org, words_encode(words, print, 6));
		if (dir != NULL)
			buf_printf(&text, "The recovery kit is in %s: print the sheets, hand them out, delete the files.\n", dir);
		else
			print_kit(&text, &kit);
		if (dir == NULL)
			json_object_set_new(result, "kit", kit_json(&kit));
		status = app_answer(app, result, buf_str(&text));
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
