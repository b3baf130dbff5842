/*
 * Where an operation's files come from and go to: the disk, or the call
 * itself when a door gives and takes no paths.
 */
#include "op/op_internal.h"

#include "base/mem.h"

void
op_files_free(struct op_files *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->count; i++)
		buf_wipe(&f->file[i].data);
	mem_free(f);
}

struct op_file *
op_files_add(struct op_files *f, const char *param, bool out)
{
	struct op_file *file;

	if (f->count == OP_FILES_MAX)
		return NULL;
	file = &f->file[f->count++];
	*file = (struct op_file){ .param = param, .out = out, .data = BUF_INIT };
	return file;
}

const struct op_file *
op_files_find(const struct op_files *f, const char *param, size_t nth)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->file[i].param, param) == 0 && nth-- == 0)
			return &f->file[i];
	return NULL;
}

static enum err_code
read_file(struct op_call *c, const char *name, size_t nth, const char *path, size_t max, struct buf *out)
{
	struct env *env = node_env(c->node);
	const struct op_file *given;

	if (c->files == NULL)
		return env->files->read(env, path, max, out, &c->err);
	given = op_files_find(c->files, name, nth);
	if (given == NULL || given->out)
		return err_set(&c->err, ERR_NOT_FOUND, "%s: the file itself is missing", path);
	if (given->data.len > max)
		return err_set(&c->err, ERR_TOO_BIG, "%s: %zu bytes are more than the %zu that are read", path, given->data.len, max);
	buf_put_bytes(out, buf_bytes(&given->data));
	return buf_ok(out) ? ERR_OK : err_plain(&c->err, ERR_NO_MEMORY);
}

enum err_code
param_file(struct op_call *c, const char *name, size_t max, struct buf *out)
{
	return read_file(c, name, 0, param_text(c, name), max, out);
}

enum err_code
param_file_of(struct op_call *c, const char *name, size_t nth, size_t max, struct buf *out)
{
	const char *path = json_string_value(json_array_get(json_object_get(c->params, name), nth));

	if (path == NULL)
		return err_set(&c->err, ERR_USAGE, "%s must be a list of files", name);
	return read_file(c, name, nth, path, max, out);
}

enum err_code
param_file_out(struct op_call *c, const char *name, struct bytes data)
{
	struct env *env = node_env(c->node);
	struct op_file *file;

	if (!op_json_is_whole(c))
		return err_plain(&c->err, ERR_NO_MEMORY); /* what was to be written is made of JSON with a gap */
	if (c->files == NULL)
		return env->files->replace(env, param_text(c, name), data, &c->err);
	file = op_files_add(c->files, name, true);
	if (file != NULL)
		buf_put_bytes(&file->data, data);
	return file != NULL && buf_ok(&file->data) ? ERR_OK : err_plain(&c->err, ERR_NO_MEMORY);
}
