#include "app/audit_beside.h"

#include <stdio.h>

#include "peer/peer.h"
#include "store/replica.h"

enum { BUNDLE_BYTES_MAX = 1 << 30, PATH_BYTES_MAX = 4096 };

static const char folder[] = "checking";

enum err_code
beside_clear(struct env *env, const char *home, struct err *err)
{
	static const char *const files[] = { "log.db-wal", "log.db-shm", "log.db-journal", "log.db" };
	enum err_code rc = ERR_OK;
	char path[PATH_BYTES_MAX];

	for (size_t i = 0; i < COUNT_OF(files) && rc == ERR_OK; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s/%s", home, folder, files[i]);
		if (env->files->exists(env, path))
			rc = env->files->remove(env, path, err);
	}
	return rc;
}

static enum err_code
unpack(struct beside *b, struct bytes bundle, struct err *err)
{
	struct keystore *k = b->home->keys;
	struct bundle_counts counts;
	struct peer_host host = {
		.env = b->home->env, .replica = b->replica, .keys = &k->device, .role = ROLE_AUDITOR, .network = k->network, .network_count = k->network_count,
	};
	enum err_code rc = replica_set_org(b->replica, &k->org, &k->root_pk, err);

	if (rc == ERR_OK)
		rc = bundle_read(&host, bundle, false, &counts, err);
	return rc == ERR_OK ? replica_commit(b->replica, err) : rc;
}

enum err_code
beside_open(struct beside *b, struct home *home, const char *bundle, struct err *err)
{
	struct env *env = home->env;
	struct buf file = BUF_INIT;
	char dir[PATH_BYTES_MAX];
	enum err_code rc;

	*b = (struct beside){ .home = home };
	(void)snprintf(dir, sizeof(dir), "%s/%s", home->path, folder);
	rc = beside_clear(env, home->path, err);
	if (rc == ERR_OK)
		rc = env->files->read(env, bundle, BUNDLE_BYTES_MAX, &file, err);
	if (rc == ERR_OK)
		rc = env->files->make_dir(env, dir, err);
	if (rc == ERR_OK)
		rc = replica_open(&b->replica, env, dir, true, err);
	if (rc == ERR_OK)
		rc = unpack(b, buf_bytes(&file), err);
	buf_free(&file);
	return rc;
}

void
beside_close(struct beside *b)
{
	struct err err = ERR_INIT;

	replica_close(b->replica);
	b->replica = NULL;
	if (b->home != NULL && beside_clear(b->home->env, b->home->path, &err) != ERR_OK)
		env_logf(b->home->env, "%s", err.text);
	b->home = NULL;
}
