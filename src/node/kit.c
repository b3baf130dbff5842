#include "node/kit.h"

#include <stdio.h>

#include "crypto/guard.h"
#include "crypto/hc.h"

static const char *const sheet_names[] = { "trustee-1.txt", "trustee-2.txt", "trustee-3.txt", "reserve-1.txt", "reserve-2.txt",
	                                       "reserve-3.txt", "recovery-code.txt", "kill-card.txt" };

/* A share that was printed wrong would be found out years later, when nothing helps. */
static bool
read_back(char text[3][SHARE_TEXT_BYTES], const uint8_t secret[32])
{
	struct share s[3];
	uint8_t joined[32];
	bool ok = true;

	for (int i = 0; i < 3; i++)
		ok = share_parse(&s[i], text[i]) && ok;
	for (int i = 0; i < 3 && ok; i++)
		ok = shares_join(joined, &s[i], &s[(i + 1) % 3]) && memcmp(joined, secret, sizeof(joined)) == 0;
	wipe(s, sizeof(s));
	wipe(joined, sizeof(joined));
	return ok;
}

enum err_code
kit_split(struct env *env, char out[3][SHARE_TEXT_BYTES], const uint8_t secret[32], struct err *err)
{
	struct share s[3];
	uint8_t random[96];

	env_random(env, random, sizeof(random));
	shares_split(s, secret, random);
	for (int i = 0; i < 3; i++)
		share_print(out[i], &s[i]);
	wipe(random, sizeof(random));
	wipe(s, sizeof(s));
	return read_back(out, secret) ? ERR_OK : err_set(err, ERR_DAMAGED, "the shares do not read back");
}

void
kit_root_words(char out[WORDS_SIX_BYTES + 1], const struct author *root_pk)
{
	uint8_t hash[32];

	HC(hash, sizeof(hash), BYTES_NONE, "fb1/root/key", BYTES_OF(*root_pk));
	words_encode(out, hash, 6);
}

void
kit_rotation_words(char out[WORDS_SIX_BYTES + 1], const uint8_t next_root_hash[32])
{
	words_encode(out, next_root_hash, 6);
}

static void
trustee_sheet(struct buf *out, const char *org, const struct kit *kit, int i)
{
	buf_printf(out, "Fältbok: %s\nTrustee sheet %d of 3, of the key %s\n\n"
	           "Any two of the three sheets together decide for the organisation; one alone can do nothing.\n"
	           "Print it, delete the file, keep the paper where nobody else looks.\n\nRoot share:\n%s\n", org, i + 1, kit->root_words, kit->root[i]);
	if (kit->escrow[i][0] != '\0')
		buf_printf(out, "\nEscrow share (two of three can read what is live, if every reader is lost):\n%s\n", kit->escrow[i]);
}

static void
reserve_sheet(struct buf *out, const char *org, const struct kit *kit, int i)
{
	buf_printf(out, "Fältbok: %s\nReserve sheet %d of 3, of the key %s\n\n"
	           "Keep it in a sealed envelope, in another place than the trustee sheets. It is for one occasion: when a trustee sheet is lost or\n"
	           "stolen, or a trustee goes. Then any two of the three make new sheets of all kinds: faltbok root rotate.\n"
	           "It cannot be used twice; afterwards it is worthless.\n\nRotation share:\n%s\n", org, i + 1, kit->rotation_words, kit->rotation[i]);
}

/* False when the kit has no such sheet. */
static bool
write_sheet(struct buf *out, const char *org, const struct kit *kit, size_t i)
{
	if (i < 3)
		trustee_sheet(out, org, kit, (int)i);
	else if (i < 6)
		reserve_sheet(out, org, kit, (int)i - 3);
	else if (i == 6 && kit->recovery_code[0] != '\0')
		buf_printf(out, "Fältbok: %s\nRecovery code of the first coordinator's device. It opens the device when the passphrase is forgotten:\n\n%s\n",
		           org, kit->recovery_code);
	else if (i == 7 && kit->kill_card[0] != '\0')
		buf_printf(out, "Fältbok: %s\nKill card of the first coordinator's device. When it is stolen, read this to any coordinator, who removes it with\n"
		           "faltbok revoke DEVICE --kill-card FILE, whatever its rank. It can do nothing else.\n\n%s\n", org, kit->kill_card);
	return out->len > 0;
}

static void
remove_sheets(struct env *env, const char *dir, size_t count)
{
	char path[4096];

	for (size_t i = 0; i < count; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, sheet_names[i]);
		if (env->files->exists(env, path) && env->files->remove(env, path, NULL) != ERR_OK)
			env_logf(env, "a sheet of a kit that came to nothing cannot be removed");
	}
}

static const char trial[] = "A sheet will stand here.\n";

/* Nothing but our own trial, left where the machine stopped in the middle of it. */
static bool
is_trial(struct env *env, const char *path)
{
	struct buf file = BUF_INIT;
	bool same = env->files->read(env, path, sizeof(trial), &file, NULL) == ERR_OK && file.len == sizeof(trial) - 1 &&
	            memcmp(file.p, trial, file.len) == 0;

	buf_wipe(&file);
	return same;
}

enum err_code
kit_ready(struct env *env, const char *dir, struct err *err)
{
	char path[4096];
	enum err_code rc = env->files->make_dir(env, dir, err);

	for (size_t i = COUNT_OF(sheet_names); i-- > 0 && rc == ERR_OK;) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, sheet_names[i]);
		if (!env->files->exists(env, path))
			continue;
		if (is_trial(env, path))
			rc = env->files->remove(env, path, err);
		else
			rc = err_set(err, ERR_EXISTS, "%s: there is a kit's sheet already; give another directory, or put it away first", path);
	}
	if (rc == ERR_OK)
		rc = env->files->create(env, path, BYTES_STR(trial), err);
	return rc == ERR_OK ? env->files->remove(env, path, err) : rc;
}

enum err_code
kit_write(struct env *env, const char *dir, const char *org, const struct kit *kit, struct err *err)
{
	struct buf sheet = BUF_INIT;
	char path[4096];
	enum err_code rc = env->files->make_dir(env, dir, err);
	size_t i;

	for (i = 0; i < COUNT_OF(sheet_names) && rc == ERR_OK; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, sheet_names[i]);
		if (write_sheet(&sheet, org, kit, i))
			rc = buf_ok(&sheet) ? env->files->create(env, path, buf_bytes(&sheet), err) : err_plain(err, ERR_NO_MEMORY);
		buf_wipe(&sheet);
	}
	if (rc != ERR_OK && i > 0)
		remove_sheets(env, dir, i - 1);
	return rc;
}

void
kit_remove(struct env *env, const char *dir)
{
	remove_sheets(env, dir, COUNT_OF(sheet_names));
}
