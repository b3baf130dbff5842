/*
 * Which store a hub's entries are in: said once with --store, and kept in
 * HOME/store, so that `status`, `verify` and the next start ask the same one.
 */
#include <stdio.h>
#include <string.h>

#include "app/hub_ops.h"
#include "pg/pg.h"

enum { URL_BYTES_MAX = 2000 };

static void
path_of(const struct app *app, char out[4096])
{
	(void)snprintf(out, 4096, "%s/store", app->home);
}

static enum err_code
read_kept(struct app *app, struct hub_store *s, struct err *err)
{
	struct buf b = BUF_INIT;
	char path[4096];
	enum err_code rc = ERR_OK;

	path_of(app, path);
	if (app->env->files->exists(app->env, path))
		rc = app->env->files->read(app->env, path, URL_BYTES_MAX, &b, err);
	if (rc == ERR_OK && buf_str(&b) != NULL)
		(void)snprintf(s->kept, sizeof(s->kept), "%.*s", (int)strcspn(buf_str(&b), "\n"), buf_str(&b));
	if (s->kept[0] == '\0')
		(void)snprintf(s->kept, sizeof(s->kept), "sqlite");
	buf_free(&b);
	return rc;
}

enum err_code
hub_store_choose(struct hub_store *s, struct app *app, struct err *err)
{
	const char *given = app_option(app, "--store");
	enum err_code rc;

	memset(s, 0, sizeof(*s));
	rc = read_kept(app, s, err);
	if (rc != ERR_OK)
		return rc;
	if (given != NULL && strlen(given) >= sizeof(s->now))
		return err_set(err, ERR_USAGE, "--store: an address has at most %d bytes", URL_BYTES_MAX);
	(void)snprintf(s->now, sizeof(s->now), "%s", given != NULL ? given : s->kept);
	if (strcmp(s->now, "sqlite") != 0)
		rc = pg_engine_new(&s->engine, s->now, err);
	app->env->store = s->engine;
	return rc;
}

enum err_code
hub_store_keep(struct hub_store *s, struct app *app, struct err *err)
{
	char path[4096], line[sizeof(s->now) + 2];

	if (strcmp(s->now, s->kept) == 0)
		return ERR_OK;
	path_of(app, path);
	(void)snprintf(line, sizeof(line), "%s\n", s->now);
	env_logf(app->env, "the store is another one than before: what %s/log.db holds is %s; the rest comes from the organisation's devices as they call",
	         app->home, s->engine != NULL ? "in it now" : "what there is");
	return app->env->files->replace(app->env, path, BYTES_STR(line), err);
}

void
hub_store_free(struct hub_store *s, struct app *app)
{
	app->env->store = NULL;
	pg_engine_free(s->engine);
	s->engine = NULL;
}
