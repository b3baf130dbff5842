/* A node among strangers who connect in numbers and say nothing: a colleague is served all the same. And one whose port another has. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "site.h"

#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/net.h"
#include "peer/meet.h"

enum { CROWD = MEET_PEERS_MAX + 100 };

struct caller { struct peer_result result; bool over; };

static void
on_done(void *ctx, struct peer *p, const struct peer_result *result)
{
	struct caller *c = ctx;

	(void)p;
	c->result = *result;
}

static void
on_gone(void *ctx, struct peer *p)
{
	(void)p;
	((struct caller *)ctx)->over = true;
}

static void
want_descriptors(void)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur < 4 * CROWD && limit.rlim_max >= 4 * CROWD)
		limit.rlim_cur = 4 * CROWD;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur < 3 * CROWD)
		skip(); /* a system that lets no process have so many has no such crowd either */
}

static void
gather(struct env *env, int port, int held[CROWD])
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port) };

	for (int i = 0; i < CROWD; i++) {
		held[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(held[i], (struct sockaddr *)&at, sizeof(at)), 0);
		if (i % 32 == 0)
			net_turn(env);
	}
	for (int i = 0; i < 50; i++)
		net_turn(env);
}

static void
whoever_speaks_at_once_is_not_kept_out_by_any_number_of_the_silent(void **state)
{
	static const size_t device[] = { ADVISER, SECOND };
	static int held[CROWD];
	struct peer_host host[2];
	struct caller caller = { .over = false };
	struct replica *replica[2];
	struct network_key key;
	struct meet *meet;
	struct site site;
	struct env *env;
	char addr[32];

	(void)state;
	want_descriptors();
	site_start(&site);
	memset(&key, 0, sizeof(key));
	memset(key.n, 0xa1, 32);
	env = net_env_new(NULL);
	replica[0] = site_replica(&site, "a");
	replica[1] = site_replica(&site, "b");
	site_found(&site, replica[0]);
	site_copy(&site, replica[0], replica[1]);
	for (int i = 0; i < 2; i++)
		host[i] = (struct peer_host){
			.env = env, .replica = replica[i], .keys = &site.device[device[i]], .role = ROLE_ADVISOR, .network = &key, .network_count = 1,
		};
	host[0].ctx = &caller;
	host[0].done = on_done;
	host[0].gone = on_gone;
	meet = meet_new(&host[1], &(struct meet_events){ .ctx = NULL });
	assert_non_null(meet);
	SITE_OK(meet_listen(meet, "127.0.0.1:0", err));
	gather(env, meet_port(meet), held);
	assert_in_range(meet_links(meet), MEET_PEERS_MAX / 4, MEET_PEERS_MAX - 1);
	snprintf(addr, sizeof(addr), "127.0.0.1:%d", meet_port(meet));
	assert_non_null(peer_dial(&host[0], addr, false, NULL));
	net_run(env, &caller.over, 60000);
	assert_true(caller.over);
	if (caller.result.code != ERR_OK)
		fail_msg("%s", caller.result.text);
	assert_true(caller.result.in_step);
	for (int i = 0; i < CROWD; i++)
		close(held[i]);
	meet_free(meet);
	net_env_free(env);
	replica_close(replica[0]);
	replica_close(replica[1]);
	site_end(&site);
}

/* Recorded beacons, sent again from forged addresses where somebody accepts and says nothing. */
static void
addresses_that_were_only_heard_leave_room_for_those_that_somebody_names(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	struct peer_host host;
	struct network_key key;
	struct meet *meet;
	struct site site;
	struct env *env;
	char addr[32];
	int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), dialled = 0;
	struct err why = ERR_INIT;

	(void)state;
	assert_int_equal(bind(silent, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(silent, 256), 0);
	assert_int_equal(getsockname(silent, (struct sockaddr *)&at, &len), 0);
	site_start(&site);
	memset(&key, 0, sizeof(key));
	env = net_env_new(NULL);
	host = (struct peer_host){ .env = env, .replica = site_replica(&site, "a"), .keys = &site.device[ADVISER], .role = ROLE_ADVISOR, .network = &key, .network_count = 1 };
	site_found(&site, host.replica);
	meet = meet_new(&host, &(struct meet_events){ .ctx = NULL });
	for (int i = 1; i <= 2 * MEET_TARGETS_MAX; i++) {
		snprintf(addr, sizeof(addr), "127.0.1.%d:%d", i, ntohs(at.sin_port));
		dialled += meet_dial(meet, addr, MEET_FOUND, &why) == ERR_OK;
		net_turn(env);
	}
	assert_in_range(dialled, 1, MEET_TARGETS_MAX - 1);
	for (int i = 1; i <= MEET_TARGETS_MAX - dialled; i++) {
		snprintf(addr, sizeof(addr), "127.0.2.%d:%d", i, ntohs(at.sin_port));
		SITE_OK(meet_dial(meet, addr, MEET_KEEP, err));
	}
	/* And an address that makes no sense takes no place for good. */
	meet_free(meet);
	meet = meet_new(&host, &(struct meet_events){ .ctx = NULL });
	for (int i = 0; i < 2 * MEET_TARGETS_MAX; i++)
		assert_int_not_equal(meet_dial(meet, "no address", MEET_KEEP, &why), ERR_OK);
	snprintf(addr, sizeof(addr), "127.0.0.1:%d", ntohs(at.sin_port));
	SITE_OK(meet_dial(meet, addr, MEET_KEEP, err));
	meet_free(meet);
	close(silent);
	net_env_free(env);
	replica_close(host.replica);
	site_end(&site);
}

/* ---- an address that another program has ---- */

static struct { void (*fn)(void *ctx); void *ctx; } kept; /* the timer that was set last: it ends when the test says so */

static struct env_timer *
keep_timer(struct env *env, uint64_t ns, void (*fn)(void *ctx), void *ctx)
{
	(void)env, (void)ns;
	kept.fn = fn;
	kept.ctx = ctx;
	return (struct env_timer *)&kept;
}

static void
let_timer_go(struct env *env, struct env_timer *t)
{
	(void)env, (void)t;
	memset(&kept, 0, sizeof(kept));
}

static void
an_address_that_is_taken_is_listened_at_when_it_becomes_free(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	struct env *env = net_env_new(NULL);
	struct env_ops ops = *env->ops;
	struct peer_host host = { .env = env };
	struct meet *meet = meet_new(&host, &(struct meet_events){ .ctx = NULL });
	int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char addr[32];

	(void)state;
	assert_int_equal(bind(other, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(other, 1), 0);
	assert_int_equal(getsockname(other, (struct sockaddr *)&at, &len), 0);
	snprintf(addr, sizeof(addr), "127.0.0.1:%d", ntohs(at.sin_port));
	ops.timer = keep_timer;
	ops.timer_stop = let_timer_go;
	env->ops = &ops;
	meet_listen_patiently(meet, addr);
	assert_non_null(strstr(meet_unheard(meet), addr));
	assert_int_equal(meet_port(meet), 0);
	kept.fn(kept.ctx); /* it is still taken */
	assert_non_null(meet_unheard(meet));
	close(other);
	kept.fn(kept.ctx);
	assert_null(meet_unheard(meet));
	assert_int_equal(meet_port(meet), ntohs(at.sin_port));
	meet_listen_patiently(meet, "nowhere"); /* one that never can be stays told, and ends with the meet */
	assert_non_null(meet_unheard(meet));
	meet_free(meet);
	assert_null(kept.fn);
	net_env_free(env);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_speaks_at_once_is_not_kept_out_by_any_number_of_the_silent),
		cmocka_unit_test(addresses_that_were_only_heard_leave_room_for_those_that_somebody_names),
		cmocka_unit_test(an_address_that_is_taken_is_listened_at_when_it_becomes_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
