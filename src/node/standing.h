/*
 * How others stand to this device, by what they have signed: who lacks what
 * of ours, what of theirs we lack, who has not been heard of, and whether a
 * hub is behind what others have. Computed in one walk over what is stored.
 */
#ifndef FALTBOK_NODE_STANDING_H
#define FALTBOK_NODE_STANDING_H

#include "node/node.h"

enum { STANDING_LAGS_MAX = 4 };

/* Somebody holds entries that a hub, heard of since, has not. */
struct standing_lag { struct device_id has; uint64_t entries; int64_t days; };

struct node_standing {
	struct device_id dev;
	bool hub, met;
	int64_t met_ms;          /* last exchange; when met */
	int64_t heard_ms;        /* that, or its newest word in the log; 0: never */
	int64_t silent_days;     /* since; -1: never */
	uint64_t ahead, behind;  /* entries: it has and we lack; we have, it may have, and it has not signed for */
	bool in_step;            /* it has signed for all that we hold and it may have, and claims nothing more */
	struct standing_lag lag[STANDING_LAGS_MAX];
	size_t lag_count;        /* of hubs only; a day at least */
};

/*
 * A coordinator's grant of a team to her own device that nobody at this home has said to have seen: status tells of it.
 * Seen is a note of this home alone, and the list of members shows the grant all the same.
 */
bool node_is_alarming(struct node *n, const struct org_grant *g);
/* Notes as seen, in the open batch, all that there are, or those of one device; *count is how many of them were not. */
enum err_code node_see_grants(struct node *n, const struct device_id *dev, size_t *count, struct err *err) MUST_CHECK;

/* Every live device but our own, in the order of admission. NULL when memory is short; the caller frees it with mem_free(). */
struct node_standing *node_standings(struct node *n, size_t *count, struct err *err);

#endif
