/*
 * The acts of a play: one function each, true unless the play ends there.
 *
 *   act.c (the table, chance) ─> act_write │ act_meet │ act_befall │ … ─> node, disk, world
 *
 * What each is drawn from and how often: swarm.c. A new one is a row of act.c.
 */
#ifndef FALTBOK_SIM_ACT_INTERNAL_H
#define FALTBOK_SIM_ACT_INTERNAL_H

#include "sim/play_internal.h"

size_t act_some_station(struct play *p);
/* An error that no fault explains is a finding. */
bool act_excused(struct play *p, size_t i, const char *doing, const struct err *err);

/* act_write.c */
bool act_write(struct play *p, size_t i);

/* act_meet.c */
bool act_meet(struct play *p, size_t i);
bool act_keys(struct play *p, size_t i);
bool act_bundle_out(struct play *p, size_t i);
bool act_bundle_in(struct play *p, size_t i);

/* act_befall.c */
bool act_wrong_pass(struct play *p, size_t i);
bool act_close(struct play *p, size_t i);
bool act_clock(struct play *p, size_t i);
bool act_crash(struct play *p, size_t i);
bool act_hub_crash(struct play *p, size_t i);
bool act_hub_close(struct play *p, size_t i);
bool act_replay(struct play *p, size_t i);
bool act_part(struct play *p, size_t i);
bool act_clog(struct play *p, size_t i);
bool act_image(struct play *p, size_t i);
bool act_put_back(struct play *p, size_t i);

/* act_backup.c */
bool act_backup(struct play *p, size_t i);
bool act_restore(struct play *p, size_t i);

/* act_upgrade.c */
bool act_old_home(struct play *p, size_t i);
bool act_new_home(struct play *p, size_t i);
bool act_profile(struct play *p, size_t i);

/* act_merge.c */
bool act_merge(struct play *p, size_t i);

/* act_hub.c */
bool act_quota(struct play *p, size_t i);

/* act_site.c */
bool act_close_site(struct play *p, size_t i);

/* act_grant.c */
bool act_rooted(struct play *p, size_t i);
bool act_hand(struct play *p, size_t i);

#endif
