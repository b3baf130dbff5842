/*
 * Who is not welcome: idle connections, slow ones, handshakes that lead nowhere
 * and garbage, from as many addresses as there are kinds.
 *
 *   flood() runs until the process is killed
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "flood.h"

enum { CONNS_MAX = 16384, GARBAGE_BYTES = 65536, TICK_MS = 50, GARBAGE_AGAIN_PER_S = 20 };

enum kind { FREE, IDLE, SLOW, HANDSHAKE, GARBAGE, KINDS };
struct conn { enum kind kind; double since; };

static struct conn conns[CONNS_MAX]; /* by descriptor */
static size_t open_of[KINDS];
static uint64_t answered;
static uint32_t hub, base;
static int port, poll_fd;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
end(int fd)
{
	open_of[conns[fd].kind]--;
	conns[fd].kind = FREE;
	close(fd);
}

static bool
begin(enum kind kind)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(hub) };
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(base + (uint32_t)kind) };
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || fd >= CONNS_MAX || bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0 ||
	    (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS)) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	conns[fd] = (struct conn){ kind, now() };
	open_of[kind]++;
	e.data.fd = fd;
	epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &e);
	return true;
}

static void
keep(enum kind kind, size_t want, size_t most)
{
	for (size_t i = 0; i < most && open_of[kind] < want; i++)
		if (!begin(kind))
			break;
}

static void
say(int fd, size_t bytes)
{
	static uint8_t noise[GARBAGE_BYTES];

	if (noise[0] == 0)
		for (size_t at = 0; at < sizeof(noise); at += 256)
			(void)!getrandom(noise + at, 256, 0);
	noise[0] = (uint8_t)(noise[0] + 1 ? noise[0] + 1 : 1); /* no first message twice */
	noise[1]++;
	if (send(fd, noise, bytes, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN && errno != ENOTCONN)
		end(fd);
}

static void
happened(const struct epoll_event *e)
{
	uint8_t sink[4096];
	ssize_t n = 1;
	int fd = e->data.fd;

	if ((e->events & EPOLLOUT) != 0 && conns[fd].kind == HANDSHAKE)
		say(fd, 48);
	while (conns[fd].kind != FREE && (n = recv(fd, sink, sizeof(sink), MSG_DONTWAIT)) > 0)
		answered += (uint64_t)n;
	if (conns[fd].kind != FREE && (n == 0 || (e->events & (EPOLLERR | EPOLLHUP)) != 0))
		end(fd);
}

static void
tick(double from, size_t per_s, size_t *made)
{
	static double last_byte;
	bool drip = now() - last_byte >= 1;

	for (; (double)*made < (now() - from) * (double)per_s; ++*made)
		(void)begin(HANDSHAKE);
	if (drip)
		last_byte = now();
	for (int fd = 0; fd < CONNS_MAX; fd++) {
		if (conns[fd].kind == SLOW && drip)
			say(fd, 1);
		else if (conns[fd].kind == GARBAGE)
			say(fd, GARBAGE_BYTES);
	}
}

void
flood(uint32_t to, uint32_t from_base, int to_port, size_t idle, size_t slow, size_t per_s, size_t garbage)
{
	struct rlimit limit;
	struct epoll_event events[512];
	double from = now(), last = 0;
	size_t made = 0;

	hub = to;
	base = from_base;
	port = to_port;
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (;;) {
		int n;

		n = epoll_wait(poll_fd, events, 512, TICK_MS);
		for (int i = 0; i < n; i++)
			happened(&events[i]);
		if (now() - last >= TICK_MS / 1000.0) {
			last = now();
			keep(IDLE, idle, 400);
			keep(SLOW, slow, 400);
			keep(GARBAGE, garbage, garbage * GARBAGE_AGAIN_PER_S * TICK_MS / 1000); /* who was cut comes again, twenty times a second */
			tick(from, per_s, &made);
		}
		if (answered > 0) {
			fprintf(stderr, "flood: %llu bytes of an answer\n", (unsigned long long)answered);
			_exit(3);
		}
	}
}
