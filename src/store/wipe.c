/*
 * Destroying a home. The file `wiping` is where it begins, and the last to
 * go: with it the home opens no more, whatever else is still there, and
 * whoever finds it finishes. Keys are written over before they are removed;
 * the rest is sealed under them. Spec: proto/store.md, 8 "Wiping".
 */
#include "store/home.h"

#include <stdio.h>

/* Keys first, the lock and the mark last; each also as it stands beside itself while it is written. */
static const char *const files[] = { "keystore", "log.db", "log.db-wal", "log.db-journal", "log.db-shm", "view.snap", "desk", "desk.next",
	                             "exchanges", "reads.log", "place", "control.sock" };

static const char *
path_of(char out[4096], const char *home, const char *name, const char *ending)
{
	(void)snprintf(out, 4096, "%s/%s%s", home, name, ending);
	return out;
}

bool
home_is_being_wiped(struct env *env, const char *home)
{
	char path[4096];

	return env->files->exists(env, path_of(path, home, "wiping", ""));
}

enum err_code
home_wipe_begin(struct home *h, struct err *err)
{
	static const uint8_t word[] = "this home is being wiped\n";
	char path[4096];

	if (h->env->files->replace(h->env, path_of(path, h->path, "wiping", ""), BYTES(word, sizeof(word) - 1), err) != ERR_OK)
		return err_wrap(err, "beginning to wipe");
	h->wiping = true;
	return ERR_OK;
}

static enum err_code
destroy(struct env *env, const char *home, const char *name, const char *ending, struct err *err)
{
	char path[4096];

	if (!env->files->exists(env, path_of(path, home, name, ending)))
		return ERR_OK;
	return strcmp(name, "keystore") == 0 ? env->files->shred(env, path, err) : env->files->remove(env, path, err);
}

enum err_code
home_wipe_keys(struct env *env, const char *home, struct err *err)
{
	enum err_code rc = destroy(env, home, "keystore", "", err);

	return rc == ERR_OK ? destroy(env, home, "keystore", ".new", err) : rc;
}

enum err_code
home_wipe_finish(struct env *env, const char *home, struct err *err)
{
	char path[4096];
	enum err_code rc = home_wipe_keys(env, home, err);

	for (size_t i = 0; i < COUNT_OF(files) && rc == ERR_OK; i++) {
		rc = destroy(env, home, files[i], "", err);
		if (rc == ERR_OK)
			rc = destroy(env, home, files[i], ".new", err);
	}
	if (rc == ERR_OK)
		rc = destroy(env, home, "lock", "", err);
	if (rc == ERR_OK)
		rc = destroy(env, home, "wiping", ".new", err);
	if (rc == ERR_OK && home_is_being_wiped(env, home))
		rc = env->files->remove(env, path_of(path, home, "wiping", ""), err);
	return rc == ERR_OK ? rc : err_wrap(err, "wiping %s: its keys are gone first; `faltbok close-site --wipe` finishes", home);
}
