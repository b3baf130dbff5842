/* A disk that takes no write: what only reads answers as ever, and the rest says why it does not. */
#include <stdio.h>
#include <string.h>

#include "trial_internal.h"

/* Asked before the disk became so. */
static bool
begin_still(struct room *r, const struct scene *s, struct err *err)
{
	bool good = trial_room_begin(r, s, err);

	if (!good)
		return false;
	room_stop(r);
	disk_set_read_only(r->disk, true);
	return room_open(r, false, err) == ERR_OK;
}

/* What only reads answers as ever, and what was to write is refused for that reason, in words. */
static bool
fits_a_still_disk(const struct trial *t, bool answered)
{
	const struct room *r = t->room;

	if (answered && t->whole->changes > 0)
		return trial_found(t, "it is said to be done on a disk that takes no write", NULL);
	if (!answered && r->err.text[0] == '\0')
		return trial_found(t, "an error without a sentence", NULL);
	if (!answered && t->scene->first != NULL && r->err.code == ERR_UNKNOWN)
		return true; /* what was asked first lived in the program that ended: an open invitation */
	if (!answered && (r->err.code != ERR_READ_ONLY || strstr(r->err.text, "only be read") == NULL))
		return trial_found(t, "it does not say why nothing can be done", r->err.text);
	if (!answered && t->whole->answer != NULL && t->whole->changes == 0)
		return trial_found(t, "it only reads, and is refused", r->err.text);
	if (answered && t->whole->answer != NULL && !json_equal(r->result, t->whole->answer))
		return trial_found(t, "it answers something else", NULL);
	return true;
}

/* It is one trial: the disk was mounted so before the program started. Then it takes writes again, and has none. */
bool
trial_still(struct trial *t, bool *struck)
{
	struct room *r = t->room;
	struct err err = ERR_INIT;
	json_t *params;
	bool good;

	*struck = t->nth == 0;
	if (!*struck || scene_meets(t->scene)) { /* two machines: tests/sim/test_full.c */
		*struck = false;
		return true;
	}
	good = begin_still(r, t->scene, &err) || trial_found(t, "it cannot even begin", err.text);
	params = room_params(r, t->scene->params);
	if (good)
		good = fits_a_still_disk(t, room_ask(r, t->scene->op, params));
	if (good && room_entries(r) != t->whole->before)
		good = trial_found(t, "it shows what is not there", NULL);
	trial_room_end(r);
	disk_set_read_only(r->disk, false);
	good = good && trial_stands(t, false);
	if (good && room_entries(r) != t->whole->before)
		good = trial_found(t, "something was written", NULL);
	trial_room_end(r);
	json_decref(params);
	return good;
}
