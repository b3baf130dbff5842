/*
 * A file is two images and the list of what separates them, in order. Pieces
 * never cross a sector, so that each has a fate of its own; SQLite is told
 * that a write does not disturb the bytes beside it in a sector, as its own
 * VFS for Unix is, and garbage keeps to the bytes of its piece.
 */
#include "sim/disk_internal.h"
#include "sim/mark.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

void *
sim_must_have(void *p)
{
	mem_release();
	if (p == NULL)
		abort();
	return p;
}

/* ---- images ---- */

static void
image_write(struct image *m, uint64_t at, const void *p, size_t n)
{
	if (at + n > m->cap) {
		uint64_t cap = m->cap == 0 ? 4096 : m->cap;

		while (cap < at + n)
			cap *= 2;
		m->p = sim_must(mem_grow(m->p, cap));
		m->cap = cap;
	}
	if (at > m->len)
		memset(m->p + m->len, 0, at - m->len);
	memcpy(m->p + at, p, n);
	if (at + n > m->len)
		m->len = at + n;
}

static void
image_truncate(struct image *m, uint64_t len)
{
	static const uint8_t zero = 0;

	if (len < m->len)
		m->len = len;
	else if (len > m->len)
		image_write(m, len - 1, &zero, 1);
}

void
disk_piece_apply(struct image *m, const struct piece *c)
{
	if (c->p == NULL)
		image_truncate(m, c->at);
	else
		image_write(m, c->at, c->p, c->n);
}

void
disk_pieces_clear(struct inode *f)
{
	for (size_t i = 0; i < f->piece_count; i++)
		if (f->pieces[i].first)
			mem_free(f->pieces[i].p);
	f->piece_count = 0;
}

static struct piece *
piece_add(struct inode *f)
{
	f->pieces = sim_must(mem_room(f->pieces, f->piece_count, &f->piece_cap, sizeof(*f->pieces)));
	return &f->pieces[f->piece_count++];
}

void
disk_image_set(struct image *to, const struct image *from)
{
	to->len = 0;
	if (from->len > 0)
		image_write(to, 0, from->p, from->len);
}

/* ---- names ---- */

static struct name *
name_find(const struct names *n, const char *path)
{
	for (size_t i = 0; i < n->count; i++)
		if (strcmp(n->at[i].path, path) == 0)
			return &n->at[i];
	return NULL;
}

static void
name_remove(struct names *n, const char *path)
{
	struct name *at = name_find(n, path);

	if (at == NULL)
		return;
	mem_free(at->path);
	memmove(at, at + 1, (size_t)(n->at + n->count - at - 1) * sizeof(*at));
	n->count--;
}

void
disk_name_put(struct names *n, const char *path, struct inode *f)
{
	struct name *at = name_find(n, path);

	if (at == NULL) {
		n->at = sim_must(mem_room(n->at, n->count, &n->cap, sizeof(*n->at)));
		at = &n->at[n->count++];
		at->path = sim_must(mem_strdup(path));
	}
	at->file = f;
}

void
disk_names_clear(struct names *n)
{
	while (n->count > 0)
		mem_free(n->at[--n->count].path);
}

void
disk_change_apply(struct names *n, const struct name_change *c)
{
	struct name *old;

	if (c->file == NULL) {
		name_remove(n, c->path);
		return;
	}
	disk_name_put(n, c->path, c->file);
	old = c->from == NULL ? NULL : name_find(n, c->from);
	if (old != NULL && old->file == c->file)
		name_remove(n, c->from);
}

void
disk_change_free(struct name_change *c)
{
	mem_free(c->path);
	mem_free(c->from);
}

static void
change_add(struct disk *d, const char *path, const char *from, struct inode *f)
{
	struct name_change *c;

	d->changes = sim_must(mem_room(d->changes, d->change_count, &d->change_cap, sizeof(*d->changes)));
	c = &d->changes[d->change_count++];
	c->path = sim_must(mem_strdup(path));
	c->from = from == NULL ? NULL : sim_must(mem_strdup(from));
	c->file = f;
	disk_change_apply(&d->live, c);
}

static size_t
folder_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? 0 : (size_t)(slash - path);
}

static bool
same_folder(const char *a, const char *b)
{
	size_t len = folder_len(a);

	return len == folder_len(b) && memcmp(a, b, len) == 0;
}

/* ---- faults ---- */

void
disk_arm(struct disk *d, enum disk_fault fault, uint64_t after)
{
	d->fault = fault;
	d->fault_at = after;
	d->struck = false;
	d->full_for = 0;
}

void
disk_set_lasting(struct disk *d, bool lasting)
{
	d->lasting = lasting;
}

bool
disk_fault_struck(const struct disk *d)
{
	return d->struck;
}

void
disk_set_lying(struct disk *d, bool lying)
{
	d->lying = lying;
}

void
disk_set_read_only(struct disk *d, bool read_only)
{
	d->read_only = read_only;
}

bool
disk_dead(const struct disk *d)
{
	return d->dead;
}

void
disk_power_off(struct disk *d)
{
	if (!d->dead)
		trace_line(d->trace, "disk %u: power off after op %llu", d->id, (unsigned long long)d->ops);
	d->dead = true;
	d->fault = FAULT_NONE;
}

/* Counts one operation of a kind and says whether its fault strikes now. */
static bool
strikes(struct disk *d, enum disk_fault kind)
{
	if (d->fault != kind || d->fault_at == 0 || --d->fault_at > 0)
		return false;
	trace_line(d->trace, "disk %u: fault %d strikes at op %llu", d->id, (int)kind, (unsigned long long)d->ops);
	d->struck = true;
	if (d->lasting)
		d->fault_at = 1;
	else
		d->fault = FAULT_NONE;
	if (kind != FAULT_POWER) /* that one is counted where its machine goes */
		struck(kind == FAULT_NO_SPACE ? STRUCK_NO_SPACE : kind == FAULT_WRITE ? STRUCK_DISK_WRITE : kind == FAULT_SYNC ? STRUCK_DISK_SYNC : STRUCK_DISK_READ);
	return true;
}

/* Before anything that changes the disk or makes it durable. */
static enum disk_rc
before_change(struct disk *d)
{
	if (d->dead)
		return DISK_IO;
	d->ops++;
	if (strikes(d, FAULT_POWER)) {
		disk_power_off(d);
		return DISK_IO;
	}
	return DISK_OK;
}

static enum disk_rc
before_write(struct disk *d)
{
	enum disk_rc rc = d->read_only && !d->dead ? DISK_READ_ONLY : before_change(d);

	if (rc != DISK_OK)
		return rc;
	if (strikes(d, FAULT_WRITE))
		return DISK_IO;
	if (strikes(d, FAULT_NO_SPACE))
		d->full_for = 20;
	if (d->full_for > 0) {
		d->full_for--;
		return DISK_NO_SPACE;
	}
	return DISK_OK;
}

/* ---- files ---- */

struct inode *
disk_inode_new(struct disk *d)
{
	struct inode *f = sim_must(mem_zero(1, sizeof(*f)));

	f->number = d->next_inode++;
	d->inodes = sim_must(mem_room(d->inodes, d->inode_count, &d->inode_cap, sizeof(struct inode *)));
	d->inodes[d->inode_count++] = f;
	return f;
}

void
disk_inode_free(struct inode *f)
{
	disk_pieces_clear(f);
	mem_free(f->pieces);
	mem_free(f->live.p);
	mem_free(f->durable.p);
	mem_free(f);
}

static bool
inode_used(const struct disk *d, const struct inode *f)
{
	if (f->handles > 0)
		return true;
	for (size_t i = 0; i < d->live.count; i++)
		if (d->live.at[i].file == f)
			return true;
	for (size_t i = 0; i < d->durable.count; i++)
		if (d->durable.at[i].file == f)
			return true;
	for (size_t i = 0; i < d->change_count; i++)
		if (d->changes[i].file == f)
			return true;
	return false;
}

void
disk_sweep(struct disk *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->inode_count; i++) {
		if (inode_used(d, d->inodes[i]))
			d->inodes[kept++] = d->inodes[i];
		else
			disk_inode_free(d->inodes[i]);
	}
	d->inode_count = kept;
}

enum disk_rc
disk_open(struct disk *d, const char *path, bool create, struct inode **out, bool *created)
{
	struct name *n = name_find(&d->live, path);
	enum disk_rc rc;

	*created = false;
	if (d->dead)
		return DISK_IO;
	if (n == NULL) {
		if (!create)
			return DISK_NOT_FOUND;
		rc = before_write(d);
		if (rc != DISK_OK)
			return rc;
		change_add(d, path, NULL, disk_inode_new(d));
		n = name_find(&d->live, path);
		*created = true;
		trace_line(d->trace, "disk %u: create %s", d->id, path);
	}
	n->file->handles++;
	*out = n->file;
	return DISK_OK;
}

void
disk_close(struct disk *d, struct inode *f)
{
	assert(f->handles > 0);
	f->handles--;
	disk_sweep(d);
}

enum disk_rc
disk_read(struct disk *d, struct inode *f, uint64_t at, void *p, size_t n, size_t *got)
{
	*got = 0;
	if (d->dead || strikes(d, FAULT_READ))
		return DISK_IO;
	if (at < f->live.len)
		*got = f->live.len - at < n ? (size_t)(f->live.len - at) : n;
	if (*got > 0)
		memcpy(p, f->live.p + at, *got);
	return DISK_OK;
}

enum disk_rc
disk_write(struct disk *d, struct inode *f, uint64_t at, const void *p, size_t n)
{
	enum disk_rc rc = before_write(d);
	uint8_t *copy;
	uint64_t end = at + n;

	if (rc != DISK_OK)
		return rc;
	trace_bytes(d->trace, BYTES(p, n));
	if (d->scan != NULL)
		scan_bytes(d->scan, BYTES(p, n), "a write to disk");
	image_write(&f->live, at, p, n);
	if (n == 0)
		return DISK_OK;
	copy = sim_must(mem_dup(p, n));
	for (bool first = true; at < end; first = false) {
		uint64_t part = SECTOR_BYTES - at % SECTOR_BYTES;

		if (part > end - at)
			part = end - at;
		*piece_add(f) = (struct piece){ .at = at, .n = (uint32_t)part, .first = first, .p = copy };
		at += part;
		copy += part;
	}
	return DISK_OK;
}

enum disk_rc
disk_truncate(struct disk *d, struct inode *f, uint64_t len)
{
	enum disk_rc rc = before_write(d);

	if (rc != DISK_OK)
		return rc;
	image_truncate(&f->live, len);
	*piece_add(f) = (struct piece){ .at = len, .n = 0, .p = NULL };
	return DISK_OK;
}

enum disk_rc
disk_sync(struct disk *d, struct inode *f)
{
	enum disk_rc rc = before_change(d);
	bool fails;

	if (rc != DISK_OK || d->lying)
		return rc;
	fails = strikes(d, FAULT_SYNC);
	for (size_t i = 0; i < f->piece_count; i++)
		if (!fails || dice_chance(&d->dice, 500))
			disk_piece_apply(&f->durable, &f->pieces[i]);
	disk_pieces_clear(f);
	return fails ? DISK_IO : DISK_OK;
}

uint64_t
disk_file_bytes(const struct inode *f)
{
	return f->live.len;
}

uint64_t
disk_inode_number(const struct inode *f)
{
	return f->number;
}

bool
disk_lock(struct inode *f, const void *holder)
{
	if (f->locked_by != NULL && f->locked_by != holder)
		return false;
	f->locked_by = holder;
	return true;
}

void
disk_unlock(struct inode *f, const void *holder)
{
	if (f->locked_by == holder)
		f->locked_by = NULL;
}

bool
disk_exists(const struct disk *d, const char *path)
{
	return name_find(&d->live, path) != NULL;
}

enum disk_rc
disk_rename(struct disk *d, const char *from, const char *to)
{
	enum disk_rc rc = before_write(d);
	struct name *n = name_find(&d->live, from);

	if (rc != DISK_OK)
		return rc;
	if (n == NULL)
		return DISK_NOT_FOUND;
	change_add(d, to, from, n->file);
	trace_line(d->trace, "disk %u: rename %s -> %s", d->id, from, to);
	return DISK_OK;
}

enum disk_rc
disk_remove(struct disk *d, const char *path)
{
	enum disk_rc rc = d->read_only && !d->dead ? DISK_READ_ONLY : before_change(d);

	if (rc != DISK_OK)
		return rc;
	if (name_find(&d->live, path) == NULL)
		return DISK_NOT_FOUND;
	change_add(d, path, NULL, NULL);
	trace_line(d->trace, "disk %u: remove %s", d->id, path);
	return DISK_OK;
}

enum disk_rc
disk_sync_folder_of(struct disk *d, const char *path)
{
	enum disk_rc rc = before_change(d);
	size_t kept = 0;

	if (rc != DISK_OK || d->lying)
		return rc;
	if (strikes(d, FAULT_SYNC))
		return DISK_IO; /* a folder's changes stay in the journal of the file system, still to be tried */
	for (size_t i = 0; i < d->change_count; i++) {
		if (!same_folder(path, d->changes[i].path)) {
			d->changes[kept++] = d->changes[i];
			continue;
		}
		disk_change_apply(&d->durable, &d->changes[i]);
		disk_change_free(&d->changes[i]);
	}
	d->change_count = kept;
	return DISK_OK;
}

bool
disk_is_read_only(const struct disk *d)
{
	return d->read_only;
}

bool
disk_claim(struct disk *d, const char *path)
{
	for (size_t i = 0; i < d->claim_count; i++)
		if (strcmp(d->claims[i], path) == 0)
			return false;
	d->claims = sim_must(mem_room(d->claims, d->claim_count, &d->claim_cap, sizeof(char *)));
	d->claims[d->claim_count++] = sim_must(mem_strdup(path));
	return true;
}

void
disk_release(struct disk *d, const char *path)
{
	for (size_t i = 0; i < d->claim_count; i++) {
		if (strcmp(d->claims[i], path) != 0)
			continue;
		mem_free(d->claims[i]);
		d->claims[i] = d->claims[--d->claim_count];
		return;
	}
}

void
disk_random(struct disk *d, void *p, size_t n)
{
	dice_fill(&d->dice, p, n);
}

struct look { struct scan *scan; size_t machine; };

static void
look_in_file(void *ctx, const char *path, struct bytes data)
{
	struct look *l = ctx;
	char where[160];

	snprintf(where, sizeof(where), "n%zu's %s", l->machine, path);
	scan_bytes(l->scan, data, where);
}

void
disk_look(struct disk *d, struct scan *scan, size_t machine)
{
	struct look l = { scan, machine };

	disk_each(d, look_in_file, &l);
}
