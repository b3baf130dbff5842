/*
 * A hub's further organisations. Each has a store of its own in a folder of
 * its own; their keys are together in the one keystore, so that one passphrase
 * and one Argon2id open them all. What is removed loses its keys first: what
 * a crash leaves then is a folder that nothing opens.
 */
#include <stdio.h>

#include "base/mem.h"
#include "store/home_internal.h"

/* Named by the device, whose id nobody else has. */
static enum err_code
set_part(struct home *part, struct home *whole, struct keystore *keys, struct err *err)
{
	struct device_id id = device_id_of(&keys->device.sign_pk);
	char name[17];

	memset(part, 0, sizeof(*part));
	part->env = whole->env;
	part->whole = whole;
	part->keys = keys;
	hex_encode(name, id.b, 8);
	if ((size_t)snprintf(part->path, sizeof(part->path), "%s/org-%s", whole->path, name) >= sizeof(part->path))
		return err_set(err, ERR_USAGE, "the path of the home is too long");
	return ERR_OK;
}

enum err_code
home_part_create(struct home *part, struct home *whole, const char *member, const char *device, struct err *err)
{
	struct keystore *keys;
	enum err_code rc;

	memset(part, 0, sizeof(*part));
	if (strlen(member) >= sizeof(keys->member_name) || strlen(device) >= sizeof(keys->device_name))
		return err_set(err, ERR_INVALID, "a name has at most %zu bytes", sizeof(keys->member_name) - 1);
	keys = keystore_add_other(whole->keys, whole->env);
	if (keys == NULL)
		return whole->keys->other_count == KEYSTORE_OTHERS ?
		               err_set(err, ERR_REFUSED, "a hub serves at most %d organisations; `faltbok-hub org remove` gives one up", KEYSTORE_OTHERS + 1) :
		               err_plain(err, ERR_NO_MEMORY);
	(void)snprintf((char *)keys->member_name, sizeof(keys->member_name), "%s", member);
	(void)snprintf((char *)keys->device_name, sizeof(keys->device_name), "%s", device);
	env_random(whole->env, keys->request_nonce, sizeof(keys->request_nonce));
	rc = set_part(part, whole, keys, err);
	if (rc == ERR_OK)
		rc = whole->env->files->make_dir(whole->env, part->path, err);
	if (rc == ERR_OK)
		rc = replica_open(&part->replica, whole->env, part->path, true, err);
	if (rc == ERR_OK)
		rc = home_check_place(part, true, err);
	if (rc == ERR_OK)
		rc = home_save_keystore(whole, err);
	if (rc != ERR_OK) {
		home_close(part);
		keystore_drop_other(whole->keys, whole->keys->other_count - 1);
	}
	return rc;
}

enum err_code
home_part_open(struct home *part, struct home *whole, size_t which, struct err *err)
{
	enum err_code rc = set_part(part, whole, whole->keys->others[which], err);

	if (rc == ERR_OK)
		rc = home_open_store(part, err);
	if (rc == ERR_OK)
		rc = home_check_place(part, false, err);
	if (rc != ERR_OK) {
		err_wrap(err, "%s", part->path);
		home_close(part);
	}
	return rc;
}

enum err_code
home_rename(struct home *h, const char *member, const char *device, struct err *err)
{
	if (strlen(member) >= sizeof(h->keys->member_name) || strlen(device) >= sizeof(h->keys->device_name))
		return err_set(err, ERR_INVALID, "a name has at most %zu bytes", sizeof(h->keys->member_name) - 1);
	(void)snprintf((char *)h->keys->member_name, sizeof(h->keys->member_name), "%s", member);
	(void)snprintf((char *)h->keys->device_name, sizeof(h->keys->device_name), "%s", device);
	env_random(h->env, h->keys->request_nonce, sizeof(h->keys->request_nonce));
	return home_save_keystore(h, err);
}

static enum err_code
remove_files(struct env *env, const char *folder, struct err *err)
{
	static const char *const files[] = { "log.db", "log.db-wal", "log.db-journal", "place", "place.new" };
	enum err_code rc = ERR_OK;
	char path[4096];

	for (size_t i = 0; i < COUNT_OF(files) && rc == ERR_OK; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		if (env->files->exists(env, path))
			rc = env->files->remove(env, path, err);
	}
	return rc;
}

enum err_code
home_part_remove(struct home *whole, size_t which, struct err *err)
{
	struct home part;
	enum err_code rc = set_part(&part, whole, whole->keys->others[which], err);

	if (rc != ERR_OK)
		return rc;
	keystore_drop_other(whole->keys, which);
	rc = home_save_keystore(whole, err);
	return rc == ERR_OK ? remove_files(whole->env, part.path, err) : rc;
}

enum err_code
home_give_up(struct home *h, struct err *err)
{
	enum err_code rc;

	replica_close(h->replica);
	h->replica = NULL;
	rc = keystore_renew(h->keys, h->env, err);
	if (rc == ERR_OK)
		rc = home_save_keystore(h, err);
	if (rc == ERR_OK)
		rc = remove_files(h->env, h->path, err);
	if (rc == ERR_OK)
		rc = replica_open(&h->replica, h->env, h->path, true, err);
	if (rc == ERR_OK)
		rc = home_check_place(h, true, err);
	return rc == ERR_OK ? home_save_keystore(h, err) : rc;
}
