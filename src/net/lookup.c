/*
 * Names looked up by threads of their own, which nobody waits for. A resolver
 * whose name server does not answer cannot be called back: in libuv's pool it
 * would hold up the loop's end, and whatever else the pool is for.
 *
 * What a thread and the loop share is the board. The loop leaves when it
 * likes; the thread that comes back last takes the board away.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include "base/mem.h"
#include "net/net_internal.h"

enum { THREADS_MAX = 16 }; /* at one time; others wait until one of them ends */

struct lookup {
	struct lookup *next;
	struct board *board;
	char host[ADDR_BYTES], port[8];
	lookup_done *cb; /* the loop's alone; NULL: nobody waits for it any more */
	void *ctx;
	int status;
	struct addrinfo *addrs;
};

struct board {
	pthread_mutex_t lock;
	unsigned refs;        /* the loop, and each thread */
	uv_async_t *wake;     /* NULL: the loop has left */
	struct lookup *done;
};

struct lookups { /* the loop's part */
	uv_async_t wake;      /* first: libuv gives it back */
	struct board *board;
	struct lookup *waiting, **waiting_end;
	size_t running, wanted;
};

static void
lookup_free(struct lookup *l)
{
	if (l->addrs != NULL)
		uv_freeaddrinfo(l->addrs);
	mem_free(l);
}

/* With the lock held; gives it up. */
static void
board_leave(struct board *b)
{
	bool last = --b->refs == 0;

	pthread_mutex_unlock(&b->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&b->lock);
	mem_free(b);
}

/* ---- the thread ---- */

/* libuv's call without a callback, so that names in any script are understood; it counts on a loop, and ours is elsewhere. */
static void
resolve(struct lookup *l)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC };
	uv_getaddrinfo_t request;
	uv_loop_t here;

	l->status = uv_loop_init(&here);
	if (l->status != 0)
		return;
	l->status = uv_getaddrinfo(&here, &request, NULL, l->host, l->port, &hints);
	if (l->status == 0)
		l->addrs = request.addrinfo;
	uv_loop_close(&here);
}

static void *
run(void *arg)
{
	struct lookup *l = arg;
	struct board *b = l->board;

	resolve(l);
	pthread_mutex_lock(&b->lock);
	if (b->wake != NULL) {
		l->next = b->done;
		b->done = l;
		uv_async_send(b->wake);
	} else {
		lookup_free(l);
	}
	board_leave(b);
	return NULL;
}

/* Signals are the loop's. */
static bool
start_thread(struct lookup *l)
{
	struct board *b = l->board;
	sigset_t all, before;
	pthread_t thread;
	int rc;

	pthread_mutex_lock(&b->lock);
	b->refs++;
	pthread_mutex_unlock(&b->lock);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&thread, NULL, run, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc == 0) {
		pthread_detach(thread);
		return true;
	}
	pthread_mutex_lock(&b->lock);
	board_leave(b);
	return false;
}

/* ---- the loop ---- */

/* The loop lives on for those that are waited for, and for no others. */
static void
count_wanted(struct lookups *all, bool more)
{
	all->wanted = more ? all->wanted + 1 : all->wanted - 1;
	if (all->wanted > 0)
		uv_ref((uv_handle_t *)&all->wake);
	else
		uv_unref((uv_handle_t *)&all->wake);
}

static void
tell(struct lookups *all, struct lookup *l)
{
	lookup_done *cb = l->cb;
	struct addrinfo *addrs = l->addrs;

	l->addrs = cb != NULL ? NULL : addrs;
	if (cb != NULL) {
		count_wanted(all, false);
		cb(l->ctx, l->status, addrs);
	}
	lookup_free(l);
}

static void
start_waiting(struct lookups *all)
{
	while (all->waiting != NULL && all->running < THREADS_MAX) {
		struct lookup *l = all->waiting;

		all->waiting = l->next;
		if (all->waiting == NULL)
			all->waiting_end = &all->waiting;
		if (start_thread(l)) {
			all->running++;
		} else {
			l->status = UV_EAGAIN;
			tell(all, l);
		}
	}
}

static void
woken(uv_async_t *wake)
{
	struct lookups *all = wake->data;
	struct lookup *done, *next;

	pthread_mutex_lock(&all->board->lock);
	done = all->board->done;
	all->board->done = NULL;
	pthread_mutex_unlock(&all->board->lock);
	for (; done != NULL; done = next) {
		next = done->next;
		all->running--;
		tell(all, done);
	}
	start_waiting(all);
}

static struct lookups *
lookups_of(struct net *n)
{
	struct lookups *all = n->lookups != NULL ? n->lookups : mem_zero(1, sizeof(*all));

	if (all == NULL || n->lookups != NULL)
		return all;
	all->board = mem_zero(1, sizeof(*all->board));
	if (all->board == NULL || uv_async_init(&n->loop, &all->wake, woken) != 0) {
		mem_free(all->board);
		mem_free(all);
		return NULL;
	}
	all->wake.data = all;
	all->waiting_end = &all->waiting;
	uv_unref((uv_handle_t *)&all->wake);
	pthread_mutex_init(&all->board->lock, NULL);
	all->board->refs = 1;
	all->board->wake = &all->wake;
	n->lookups = all;
	return all;
}

struct lookup *
lookup_start(struct net *n, const char *host, const char *port, lookup_done *cb, void *ctx)
{
	struct lookups *all = lookups_of(n);
	struct lookup *l = all != NULL ? mem_zero(1, sizeof(*l)) : NULL;

	if (l == NULL)
		return NULL;
	l->board = all->board;
	l->cb = cb;
	l->ctx = ctx;
	(void)snprintf(l->host, sizeof(l->host), "%s", host);
	(void)snprintf(l->port, sizeof(l->port), "%s", port);
	if (all->running < THREADS_MAX) {
		if (!start_thread(l)) {
			mem_free(l);
			return NULL;
		}
		all->running++;
	} else {
		*all->waiting_end = l;
		all->waiting_end = &l->next;
	}
	count_wanted(all, true);
	return l;
}

void
lookup_abandon(struct net *n, struct lookup *l)
{
	struct lookups *all = n->lookups;
	struct lookup **at = &all->waiting;

	l->cb = NULL;
	count_wanted(all, false);
	while (*at != NULL && *at != l)
		at = &(*at)->next;
	if (*at == NULL)
		return; /* its thread will bring it back */
	*at = l->next;
	if (l->next == NULL)
		all->waiting_end = at;
	lookup_free(l);
}

static void
wake_closed(uv_handle_t *h)
{
	mem_free(h->data);
}

void
lookup_close(struct net *n)
{
	struct lookups *all = n->lookups;
	struct lookup *left, *next;

	if (all == NULL)
		return;
	n->lookups = NULL;
	pthread_mutex_lock(&all->board->lock);
	all->board->wake = NULL;
	left = all->board->done;
	all->board->done = NULL;
	board_leave(all->board);
	*all->waiting_end = left;
	for (left = all->waiting; left != NULL; left = next) {
		next = left->next;
		lookup_free(left);
	}
	uv_close((uv_handle_t *)&all->wake, wake_closed);
}
