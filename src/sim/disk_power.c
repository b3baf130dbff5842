/* What a power cut leaves, copies, and what the oracles may look at. */
#include "sim/disk_internal.h"

#include <assert.h>

#include "base/mem.h"

/* ---- power ---- */

static bool
survives(struct disk *d, enum disk_loss loss)
{
	return loss == LOSS_NONE || (loss != LOSS_ALL && dice_chance(&d->dice, 500));
}

/*
 * What a power cut leaves of one file. Garbage is what half-written sectors
 * hold; it only ever lies where the node had written and not yet synced.
 */
static void
settle_file(struct disk *d, struct inode *f, enum disk_loss loss)
{
	for (size_t i = 0; i < f->piece_count; i++) {
		struct piece *c = &f->pieces[i];

		if (!survives(d, loss))
			continue;
		if (c->p != NULL && loss == LOSS_GARBAGE && dice_chance(&d->dice, 200))
			dice_fill(&d->dice, c->p, dice_between(&d->dice, 1, c->n));
		disk_piece_apply(&f->durable, c);
	}
	disk_pieces_clear(f);
	disk_image_set(&f->live, &f->durable);
	f->locked_by = NULL;
}

void
disk_power_on(struct disk *d, enum disk_loss loss)
{
	assert(d->dead);
	for (size_t i = 0; i < d->inode_count; i++) {
		assert(d->inodes[i]->handles == 0);
		settle_file(d, d->inodes[i], loss);
	}
	for (size_t i = 0; i < d->change_count; i++) {
		if (survives(d, loss))
			disk_change_apply(&d->durable, &d->changes[i]);
		disk_change_free(&d->changes[i]);
	}
	d->change_count = 0;
	disk_names_clear(&d->live);
	for (size_t i = 0; i < d->durable.count; i++)
		disk_name_put(&d->live, d->durable.at[i].path, d->durable.at[i].file);
	while (d->claim_count > 0)
		mem_free(d->claims[--d->claim_count]);
	disk_sweep(d);
	d->dead = false;
	disk_arm(d, FAULT_NONE, 0);
	trace_line(d->trace, "disk %u: power on", d->id);
}

void
disk_copy(struct disk *to, const struct disk *from)
{
	assert(to->live.count == 0 && to->durable.count == 0);
	to->next_inode = from->next_inode + 1000; /* past every number that `from` has given out: none is on both */
	for (size_t i = 0; i < from->live.count; i++) {
		struct inode *f = disk_inode_new(to);

		disk_image_set(&f->live, &from->live.at[i].file->live);
		disk_image_set(&f->durable, &f->live);
		disk_name_put(&to->live, from->live.at[i].path, f);
		disk_name_put(&to->durable, from->live.at[i].path, f);
	}
}

/* ---- images of a whole disk ---- */

struct shot { char *path; uint64_t inode; struct image content; };

struct disk_image {
	struct shot *shots;
	size_t count, cap;
};

struct disk_image *
disk_image_take(const struct disk *d)
{
	struct disk_image *image = sim_must(mem_zero(1, sizeof(*image)));

	for (size_t i = 0; i < d->live.count; i++) {
		const struct name *name = &d->live.at[i];
		struct shot *shot;

		image->shots = sim_must(mem_room(image->shots, image->count, &image->cap, sizeof(*image->shots)));
		shot = &image->shots[image->count++];
		*shot = (struct shot){ .path = sim_must(mem_dup(name->path, strlen(name->path) + 1)), .inode = name->file->number };
		disk_image_set(&shot->content, &name->file->live);
	}
	return image;
}

void
disk_image_restore(struct disk *d, const struct disk_image *image)
{
	for (size_t i = 0; i < d->change_count; i++)
		disk_change_free(&d->changes[i]);
	d->change_count = 0;
	disk_names_clear(&d->live);
	disk_names_clear(&d->durable);
	for (size_t i = 0; i < d->inode_count; i++)
		assert(d->inodes[i]->handles == 0);
	disk_sweep(d);
	for (size_t i = 0; i < image->count; i++) {
		struct inode *f = disk_inode_new(d);

		f->number = image->shots[i].inode;
		disk_image_set(&f->live, &image->shots[i].content);
		disk_image_set(&f->durable, &f->live);
		disk_name_put(&d->live, image->shots[i].path, f);
		disk_name_put(&d->durable, image->shots[i].path, f);
	}
	trace_line(d->trace, "disk %u: put back to an older image", d->id);
}

void
disk_image_free(struct disk_image *image)
{
	for (size_t i = 0; i < image->count; i++) {
		mem_free(image->shots[i].path);
		mem_free(image->shots[i].content.p);
	}
	mem_free(image->shots);
	mem_free(image);
}

/* ---- oracles ---- */

void
disk_each(struct disk *d, void (*cb)(void *ctx, const char *path, struct bytes data), void *ctx)
{
	for (size_t i = 0; i < d->live.count; i++)
		cb(ctx, d->live.at[i].path, BYTES(d->live.at[i].file->live.p, d->live.at[i].file->live.len));
	for (size_t i = 0; i < d->durable.count; i++)
		cb(ctx, d->durable.at[i].path, BYTES(d->durable.at[i].file->durable.p, d->durable.at[i].file->durable.len));
}

uint64_t
disk_ops(const struct disk *d)
{
	return d->ops;
}

uint64_t
disk_unsynced(const struct disk *d)
{
	uint64_t n = d->change_count;

	for (size_t i = 0; i < d->inode_count; i++)
		n += d->inodes[i]->piece_count;
	return n;
}

/* ---- life ---- */

struct disk *
disk_new(uint64_t seed, uint32_t id, struct trace *trace)
{
	struct disk *d = sim_must(mem_zero(1, sizeof(*d)));

	assert(id < DISK_ID_MAX);
	d->dice = dice_of(seed, STREAM_DISK, id);
	d->id = id;
	d->trace = trace;
	d->next_inode = 1000;
	sim_vfs_attach(id, d);
	return d;
}

void
disk_free(struct disk *d)
{
	if (d == NULL)
		return;
	sim_vfs_attach(d->id, NULL);
	for (size_t i = 0; i < d->inode_count; i++)
		disk_inode_free(d->inodes[i]);
	for (size_t i = 0; i < d->change_count; i++)
		disk_change_free(&d->changes[i]);
	disk_names_clear(&d->live);
	disk_names_clear(&d->durable);
	while (d->claim_count > 0)
		mem_free(d->claims[--d->claim_count]);
	mem_free(d->claims);
	mem_free(d->inodes);
	mem_free(d->changes);
	mem_free(d->live.at);
	mem_free(d->durable.at);
	mem_free(d);
}

void
disk_set_scan(struct disk *d, struct scan *scan)
{
	d->scan = scan;
}

const char *
disk_vfs_name(const struct disk *d)
{
	return sim_vfs_name(d->id);
}

uint32_t
disk_id(const struct disk *d)
{
	return d->id;
}
