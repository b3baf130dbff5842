/*
 * A hundred devices in a star, a ring, a line, and with nothing but a stick
 * that goes from hand to hand; clocks are wrong by years. Whatever way news
 * travels, two passes bring it to everybody: there and back.
 */
#include "check.h"

#include "node/node.h"
#include "peer/peer.h"
#include "sim/station.h"

enum { DEVICES = 100 };

static struct world *world;
static struct station *at[DEVICES];
static struct stream_id team;

static void
put(size_t i)
{
	static const struct record_id the_case = { { 0xca, 0x5e } };
	struct draft d;
	struct hash entry;
	struct err err = ERR_INIT;
	uint8_t id[16] = { (uint8_t)i };
	char text[32];

	snprintf(text, sizeof(text), "seen at table %zu", i);
	draft_init(&d, profile_type_named(node_profile(at[i]->node), "case"), &the_case);
	if (draft_note(&d, id, text, NULL, &err) != ERR_OK || draft_assign_text(&d, OP_SET, "status", text, &err) != ERR_OK ||
	    node_write(at[i]->node, &team, &d, &entry, &err) != ERR_OK || node_commit(at[i]->node, &err) != ERR_OK)
		fail_msg("table %zu cannot write: %s", i, err.text);
	draft_free(&d);
}

static int
found_them(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	keystore_cheap_for_tests = true;
	world = world_new(100, DEVICES, false);
	for (size_t i = 0; i < DEVICES; i++) {
		at[i] = station_new(world, i);
		if (i == 0 ? station_found(at[0], &team, &err) != ERR_OK : station_join(at[i], at[0], ROLE_ADVISOR, &team, &err) != ERR_OK)
			return -1;
		/* From thirty years back to ten ahead; and what each writes before it has met anybody is side by side. */
		host_set_skew(at[i]->host, ((int64_t)(i * 7 % 40) - 30) * 365 * 86400 * 1000);
		put(i);
	}
	return 0;
}

static int
let_them_go(void **state)
{
	(void)state;
	for (size_t i = 0; i < DEVICES; i++)
		station_free(at[i]);
	world_free(world);
	return 0;
}

static void
meet(size_t a, size_t b)
{
	struct err err = ERR_INIT;

	if (station_meet(at[a], at[b], &err) != ERR_OK)
		fail_msg("table %zu cannot dial table %zu: %s", a, b, err.text);
	world_run(world, 3 * NS_PER_S);
}

static void
all_show_the_same(const char *shape)
{
	uint8_t first[64], other[64];

	for (size_t i = 0; i < DEVICES; i++) {
		uint8_t *to = i == 0 ? first : other;

		station_frontier(at[i], to);
		assert_true(station_hash(at[i], to + 32));
		if (memcmp(first, to, 64) != 0)
			fail_msg("%s: table %zu and table 0 differ", shape, i);
	}
}

static void
two_passes_around_a_star(void **state)
{
	(void)state;
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 1; i < DEVICES; i++)
			meet(i, 0);
	all_show_the_same("star");
}

static void
two_passes_around_a_ring(void **state)
{
	(void)state;
	for (size_t i = 0; i < DEVICES; i += 9)
		put(i);
	for (size_t i = 0; i < 2 * DEVICES - 1; i++)
		meet(i % DEVICES, (i + 1) % DEVICES);
	all_show_the_same("ring");
}

static void
there_and_back_along_a_line(void **state)
{
	(void)state;
	for (size_t i = 4; i < DEVICES; i += 11)
		put(i);
	for (size_t i = 0; i + 1 < DEVICES; i++)
		meet(i, i + 1);
	for (size_t i = DEVICES - 1; i > 0; i--)
		meet(i, i - 1);
	all_show_the_same("line");
}

/* Each reads the stick and writes it anew with all that it knows. */
static void
hand_on(struct buf *stick, size_t i)
{
	struct bundle_counts counts = { 0 };
	struct err err = ERR_INIT;
	uint64_t entries;

	if (stick->len > 0 && (bundle_read(node_peer_host(at[i]->node), buf_bytes(stick), false, &counts, &err) != ERR_OK || node_commit(at[i]->node, &err) != ERR_OK))
		fail_msg("table %zu cannot read the stick: %s", i, err.text);
	buf_clear(stick);
	if (bundle_write(node_peer_host(at[i]->node), NULL, stick, &entries, &err) != ERR_OK)
		fail_msg("table %zu cannot write the stick: %s", i, err.text);
}

static void
a_stick_from_hand_to_hand_and_back(void **state)
{
	struct buf stick = BUF_INIT;

	(void)state;
	for (size_t i = 2; i < DEVICES; i += 13)
		put(i);
	for (size_t i = 0; i < DEVICES; i++)
		hand_on(&stick, i);
	for (size_t i = DEVICES; i-- > 0;)
		hand_on(&stick, i);
	buf_free(&stick);
	all_show_the_same("stick");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_passes_around_a_star),
		cmocka_unit_test(two_passes_around_a_ring),
		cmocka_unit_test(there_and_back_along_a_line),
		cmocka_unit_test(a_stick_from_hand_to_hand_and_back),
	};

	return cmocka_run_group_tests(tests, found_them, let_them_go);
}
