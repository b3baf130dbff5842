/* The simulated wire promises what TCP promises: order, or an end; and it can be cruel. */
#include "check.h"

#include "sim/world.h"

struct end {
	struct env *env;
	struct env_conn *c;
	struct buf got;
	bool opened, closed;
	enum err_code why;
};

static void
opened(void *ctx, struct env_conn *c)
{
	struct end *e = ctx;

	(void)c;
	e->opened = true;
}

static void
data(void *ctx, struct env_conn *c, const uint8_t *p, size_t n)
{
	(void)c;
	buf_put(&((struct end *)ctx)->got, p, n);
}

static void
drained(void *ctx, struct env_conn *c)
{
	(void)ctx;
	(void)c;
}

static void
closed(void *ctx, struct env_conn *c, enum err_code why)
{
	struct end *e = ctx;

	(void)c;
	e->closed = true;
	e->why = why;
	e->c = NULL;
}

static const struct conn_events events = { opened, data, drained, closed };

static void
accepted(void *ctx, struct env_conn *c, const char *from)
{
	struct end *e = ctx;

	(void)from;
	e->c = c;
	e->env->ops->conn_events(e->env, c, &events, e);
}

struct pair {
	struct world *w;
	struct end a, b;
};

static void
pair_open(struct pair *p, uint64_t seed, const struct weather *weather)
{
	struct env_listener *l;
	struct err err = ERR_INIT;

	memset(p, 0, sizeof(*p));
	p->w = world_new(seed, 2, false);
	if (weather != NULL)
		world_set_weather(p->w, weather);
	p->a.env = host_env(world_host(p->w, 0));
	p->b.env = host_env(world_host(p->w, 1));
	assert_int_equal(p->b.env->ops->listen(p->b.env, "n1:7000", accepted, &p->b, &l, &err), ERR_OK);
	assert_int_equal(p->a.env->ops->dial(p->a.env, "n1:7000", &events, &p->a, &p->a.c, &err), ERR_OK);
	world_run(p->w, 3 * NS_PER_S);
}

static void
pair_free(struct pair *p)
{
	buf_free(&p->a.got);
	buf_free(&p->b.got);
	world_free(p->w);
}

static void
send_pattern(struct end *e, size_t n)
{
	for (size_t i = 0; i < n; i += 100) {
		uint8_t part[100];

		for (size_t k = 0; k < sizeof(part); k++)
			part[k] = (uint8_t)((i + k) * 7 >> 3);
		if (e->c != NULL)
			assert_int_equal(e->env->ops->send(e->env, e->c, BYTES(part, sizeof(part))), ERR_OK);
	}
}

static bool
is_prefix_of_pattern(const struct buf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if (b->p[i] != (uint8_t)(i * 7 >> 3))
			return false;
	return true;
}

static void
bytes_arrive_in_order_and_once(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct pair p;

		pair_open(&p, seed, &(struct weather){ .latency_min = 1, .latency_max = 300 * NS_PER_MS, .chunk_max = 97 });
		assert_true(p.a.opened && p.b.c != NULL);
		send_pattern(&p.a, 20000);
		world_run(p.w, 600 * NS_PER_S);
		assert_int_equal(p.b.got.len, 20000);
		assert_true(is_prefix_of_pattern(&p.b.got));
		pair_free(&p);
	}
}

static void
what_was_queued_arrives_before_the_close(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 3, NULL);
	send_pattern(&p.a, 5000);
	p.a.env->ops->close(p.a.env, p.a.c);
	world_run(p.w, 60 * NS_PER_S);
	assert_int_equal(p.b.got.len, 5000);
	assert_true(p.b.closed);
	assert_int_equal(p.b.why, ERR_OK);
	assert_false(p.a.closed); /* who closes is not told */
	pair_free(&p);
}

static void
a_close_is_heard_by_who_is_still_sending(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct pair p;

		pair_open(&p, seed, &(struct weather){ .latency_min = NS_PER_MS, .latency_max = 300 * NS_PER_MS, .chunk_max = 97 });
		send_pattern(&p.b, 20000);
		world_run(p.w, NS_PER_MS);
		p.a.env->ops->close(p.a.env, p.a.c);
		world_run(p.w, NS_PER_S);
		assert_true(p.b.closed);
		assert_int_equal(p.b.why, ERR_OK);
		world_run(p.w, 60 * NS_PER_S); /* what was under way arrives at nobody */
		assert_true(p.a.got.len < 20000);
		pair_free(&p);
	}
}

static void
a_cut_wire_delivers_a_prefix_and_tells_both_ends(void **state)
{
	size_t short_ = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct pair p;

		pair_open(&p, seed, &(struct weather){ .cut = 1000, .latency_min = 1, .latency_max = NS_PER_MS, .chunk_max = 4096 });
		send_pattern(&p.a, 70000);
		send_pattern(&p.b, 70000);
		world_run(p.w, 60 * NS_PER_S);
		assert_true(is_prefix_of_pattern(&p.a.got) && is_prefix_of_pattern(&p.b.got));
		assert_true(p.a.closed && p.b.closed);
		assert_int_equal(p.a.why, ERR_NETWORK);
		short_ += p.b.got.len < 70000 || p.a.got.len < 70000;
		pair_free(&p);
	}
	assert_int_equal(short_, 40);
}

static void
a_silent_cut_is_noticed_only_after_long(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 5, NULL);
	world_part(p.w, 0, 1, true);
	send_pattern(&p.a, 100);
	world_run(p.w, 1000 * NS_PER_S);
	assert_int_equal(p.b.got.len, 0);
	assert_true(p.a.closed && p.b.closed);
	pair_free(&p);
}

static void
who_pauses_is_sent_no_more_than_a_window(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 6, NULL);
	p.b.env->ops->pause(p.b.env, p.b.c, true);
	send_pattern(&p.a, 1000000);
	world_run(p.w, 60 * NS_PER_S);
	assert_int_equal(p.b.got.len, 0);
	assert_true(p.a.env->ops->unsent(p.a.env, p.a.c) > 600000);
	p.b.env->ops->pause(p.b.env, p.b.c, false);
	world_run(p.w, 60 * NS_PER_S);
	assert_int_equal(p.b.got.len, 1000000);
	assert_true(is_prefix_of_pattern(&p.b.got));
	pair_free(&p);
}

static void
a_dead_machine_answers_nobody(void **state)
{
	struct pair p;
	struct end late = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	pair_open(&p, 7, NULL);
	disk_power_off(host_disk(world_host(p.w, 1)));
	host_hang_up(world_host(p.w, 1), false);
	host_forget(world_host(p.w, 1));
	world_run(p.w, 5 * NS_PER_S);
	assert_true(p.a.closed);
	late.env = p.a.env;
	assert_int_equal(late.env->ops->dial(late.env, "n1:7000", &events, &late, &late.c, &err), ERR_OK);
	world_run(p.w, 5 * NS_PER_S);
	assert_true(late.closed && !late.opened);
	assert_int_equal(late.env->ops->dial(late.env, "nonsense", &events, &late, &late.c, &err), ERR_NETWORK);
	pair_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_arrive_in_order_and_once),
		cmocka_unit_test(what_was_queued_arrives_before_the_close),
		cmocka_unit_test(a_close_is_heard_by_who_is_still_sending),
		cmocka_unit_test(a_cut_wire_delivers_a_prefix_and_tells_both_ends),
		cmocka_unit_test(a_silent_cut_is_noticed_only_after_long),
		cmocka_unit_test(who_pauses_is_sent_no_more_than_a_window),
		cmocka_unit_test(a_dead_machine_answers_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
