#include "sim/still.h"

#include <assert.h>

#include "base/mem.h"
#include "sim/disk_internal.h"

struct still_file {
	uint64_t number;
	struct image durable;
	struct piece *pieces;
	size_t piece_count;
};
struct still_name { char *path; size_t file; };
struct still_change { char *path, *from; size_t file; };

enum { NO_FILE = SIZE_MAX };

struct still {
	struct still_file *files;
	struct still_name *durable;
	struct still_change *changes;
	size_t file_count, durable_count, change_count;
	uint64_t next_inode;
};

static size_t
file_no(const struct disk *d, const struct inode *f)
{
	for (size_t i = 0; i < d->inode_count; i++)
		if (d->inodes[i] == f)
			return i;
	return NO_FILE;
}

static void
file_take(struct still_file *to, const struct inode *from)
{
	assert(from->handles == 0);
	to->number = from->number;
	disk_image_set(&to->durable, &from->durable);
	to->pieces = sim_must(mem_zero(from->piece_count + 1, sizeof(*to->pieces)));
	to->piece_count = from->piece_count;
	for (size_t i = 0; i < from->piece_count; i++) {
		to->pieces[i] = from->pieces[i];
		if (from->pieces[i].p != NULL)
			to->pieces[i].p = sim_must(mem_dup(from->pieces[i].p, from->pieces[i].n));
	}
}

struct still *
still_take(const struct disk *d)
{
	struct still *s = sim_must(mem_zero(1, sizeof(*s)));

	assert(disk_dead(d));
	s->next_inode = d->next_inode;
	s->files = sim_must(mem_zero(d->inode_count + 1, sizeof(*s->files)));
	s->durable = sim_must(mem_zero(d->durable.count + 1, sizeof(*s->durable)));
	s->changes = sim_must(mem_zero(d->change_count + 1, sizeof(*s->changes)));
	for (; s->file_count < d->inode_count; s->file_count++)
		file_take(&s->files[s->file_count], d->inodes[s->file_count]);
	for (size_t i = 0; i < d->durable.count; i++)
		s->durable[s->durable_count++] = (struct still_name){ .path = sim_must(mem_strdup(d->durable.at[i].path)), .file = file_no(d, d->durable.at[i].file) };
	for (size_t i = 0; i < d->change_count; i++) {
		const struct name_change *c = &d->changes[i];

		s->changes[s->change_count++] = (struct still_change){
			.path = sim_must(mem_strdup(c->path)),
			.from = c->from == NULL ? NULL : sim_must(mem_strdup(c->from)),
			.file = file_no(d, c->file),
		};
	}
	return s;
}

void
still_free(struct still *s)
{
	for (size_t i = 0; i < s->file_count; i++) {
		for (size_t k = 0; k < s->files[i].piece_count; k++)
			mem_free(s->files[i].pieces[k].p);
		mem_free(s->files[i].pieces);
		mem_free(s->files[i].durable.p);
	}
	for (size_t i = 0; i < s->durable_count; i++)
		mem_free(s->durable[i].path);
	for (size_t i = 0; i < s->change_count; i++) {
		mem_free(s->changes[i].path);
		mem_free(s->changes[i].from);
	}
	mem_free(s->files);
	mem_free(s->durable);
	mem_free(s->changes);
	mem_free(s);
}

/* ---- living through it ---- */

struct settling { struct dice dice; enum disk_loss loss; uint64_t digest; };

static bool
arrives(struct settling *t)
{
	bool yes = t->loss == LOSS_NONE || (t->loss != LOSS_ALL && dice_chance(&t->dice, 500));

	t->digest = siphash(t->digest, 1, &yes, sizeof(yes));
	return yes;
}

/* Of a sector that was being written its beginning may be noise: the bytes beside the piece are never touched. */
static void
piece_arrives(struct settling *t, struct image *m, const struct piece *c)
{
	uint8_t sector[SECTOR_BYTES];
	struct piece torn = *c;

	if (c->p == NULL || t->loss != LOSS_GARBAGE || !dice_chance(&t->dice, 200)) {
		disk_piece_apply(m, c);
		return;
	}
	assert(c->n <= sizeof(sector));
	memcpy(sector, c->p, c->n);
	dice_fill(&t->dice, sector, dice_between(&t->dice, 1, c->n));
	t->digest = siphash(t->digest, 2, sector, c->n);
	torn.p = sector;
	disk_piece_apply(m, &torn);
}

static bool
same_image(const struct image *a, const struct image *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->p, b->p, a->len) == 0);
}

/* The file on the disk that has that number, emptied of whatever was unsynced; or a new one. */
static struct inode *
file_by_number(struct disk *d, size_t inodes, uint64_t number)
{
	struct inode *f;

	for (size_t i = 0; i < inodes; i++) {
		f = d->inodes[i];
		if (f->number != number)
			continue;
		assert(f->handles == 0);
		disk_pieces_clear(f);
		f->locked_by = NULL;
		return f;
	}
	f = disk_inode_new(d);
	f->number = number;
	return f;
}

/* Most files are as they were: comparing them costs less than writing them. */
static struct inode *
file_settles(struct settling *t, struct disk *d, size_t inodes, const struct still_file *from)
{
	struct inode *f = file_by_number(d, inodes, from->number);

	if (!same_image(&f->durable, &from->durable))
		disk_image_set(&f->durable, &from->durable);
	for (size_t i = 0; i < from->piece_count; i++)
		if (arrives(t))
			piece_arrives(t, &f->durable, &from->pieces[i]);
	if (!same_image(&f->live, &f->durable))
		disk_image_set(&f->live, &f->durable);
	return f;
}

static void
names_settle(struct settling *t, struct disk *d, const struct still *s, struct inode **files)
{
	for (size_t i = 0; i < s->durable_count; i++)
		disk_name_put(&d->durable, s->durable[i].path, files[s->durable[i].file]);
	for (size_t i = 0; i < s->change_count; i++) {
		const struct still_change *c = &s->changes[i];
		struct name_change change = { c->path, c->from, c->file == NO_FILE ? NULL : files[c->file] };

		if (arrives(t))
			disk_change_apply(&d->durable, &change);
	}
	for (size_t i = 0; i < d->durable.count; i++)
		disk_name_put(&d->live, d->durable.at[i].path, d->durable.at[i].file);
}

/* Files stay for whoever finds a use for them; disk_sweep() then takes the rest. */
static void
forget_names(struct disk *d)
{
	for (size_t i = 0; i < d->change_count; i++)
		disk_change_free(&d->changes[i]);
	d->change_count = 0;
	disk_names_clear(&d->live);
	disk_names_clear(&d->durable);
	while (d->claim_count > 0)
		mem_free(d->claims[--d->claim_count]);
}

uint64_t
still_leave(struct disk *d, const struct still *s, enum disk_loss loss, uint64_t seed)
{
	struct settling t = { .dice = dice_of(seed, STREAM_DISK, d->id), .loss = loss, .digest = 1 };
	struct inode **files = sim_must(mem_zero(s->file_count + 1, sizeof(struct inode *)));
	size_t inodes = d->inode_count;

	forget_names(d);
	for (size_t i = 0; i < s->file_count; i++)
		files[i] = file_settles(&t, d, inodes, &s->files[i]);
	names_settle(&t, d, s, files);
	mem_free(files);
	disk_sweep(d);
	d->next_inode = s->next_inode;
	d->dead = false;
	disk_arm(d, FAULT_NONE, 0);
	return t.digest;
}
