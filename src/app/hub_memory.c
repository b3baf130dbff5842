/*
 * Memory of the system that neither a restart of the machine nor an older
 * image of its disk brings back: a file in a tmpfs. Whether the folder is one is
 * asked of the system, not of its name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "app/hub_ops.h"
#include "crypto/hc.h"

enum { TMPFS = 0x01021994, RAMFS = (int)0x858458f6 };

static bool
is_memory(const char *folder)
{
	struct statfs fs;

	return folder != NULL && folder[0] == '/' && statfs(folder, &fs) == 0 && ((long)fs.f_type == TMPFS || (unsigned)fs.f_type == (unsigned)RAMFS);
}

void
hub_memory_find(struct hub_memory *m, struct env *env, const char *home)
{
	const char *const candidates[] = { getenv("RUNTIME_DIRECTORY"), getenv("XDG_RUNTIME_DIR"), "/run/lock", "/dev/shm" };
	char absolute[4096], name[33];
	uint8_t id[16];

	m->env = env;
	m->folder[0] = '\0';
	app_absolute(home, absolute);
	HC(id, sizeof(id), BYTES_NONE, "fb1/hub/place", BYTES_STR(absolute));
	hex_encode(name, id, sizeof(id));
	for (size_t i = 0; i < COUNT_OF(candidates) && m->folder[0] == '\0'; i++) {
		struct stat st;

		if (!is_memory(candidates[i]) || access(candidates[i], W_OK) != 0)
			continue;
		if ((size_t)snprintf(m->folder, sizeof(m->folder), "%s/faltbok-hub-%u-%s", candidates[i], (unsigned)getuid(), name) >= sizeof(m->folder))
			m->folder[0] = '\0';
		/* In a folder that all may write to somebody else may have been first. */
		else if ((mkdir(m->folder, 0700) != 0 && lstat(m->folder, &st) != 0) || lstat(m->folder, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != getuid())
			m->folder[0] = '\0';
	}
}

static bool
path_of(const struct hub_memory *m, const struct device_id *device, char out[4096])
{
	char id[33];

	hex_encode(id, device->b, 16);
	(void)snprintf(out, 4096, "%s/%s", m->folder, id);
	return m->folder[0] != '\0';
}

bool
hub_memory_get(void *ctx, const struct device_id *device, uint8_t out[32])
{
	const struct hub_memory *m = ctx;
	struct buf b = BUF_INIT;
	char path[4096];
	bool ok = path_of(m, device, path) && m->env->files->read(m->env, path, 32, &b, NULL) == ERR_OK && b.len == 32;

	if (ok)
		memcpy(out, b.p, 32);
	buf_free(&b);
	return ok;
}

/* What cannot be kept costs a coordinator's call after the next start, and nothing else. An old one must not stay. */
void
hub_memory_put(void *ctx, const struct device_id *device, const uint8_t witness[32])
{
	struct hub_memory *m = ctx;
	struct err err = ERR_INIT, gone = ERR_INIT;
	char path[4096];

	if (!path_of(m, device, path) || m->env->files->replace(m->env, path, BYTES(witness, 32), &err) == ERR_OK)
		return;
	env_logf(m->env, "%s", err.text);
	(void)!m->env->files->remove(m->env, path, &gone);
}
