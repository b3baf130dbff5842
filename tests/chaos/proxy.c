/*
 * A wire that misbehaves, for real programs: listens, passes on to one
 * address, and does to each connection what it was told, at places that a
 * seed decides.
 *
 *   proxy --to HOST:PORT [--listen HOST:PORT] [--seed N] [--first N] FAULT…
 *
 *   --cut N          after N bytes of one direction both ends are closed, by FIN or by reset
 *   --half-open N    after N bytes the far end is closed; the near one is never told and never read again
 *   --blackhole N    after N bytes nothing passes either way, and nobody is told
 *   --flip N         one bit of byte N is turned
 *   --swap N         the first two neighbours from byte N on that differ change places
 *   --delay MS       everything arrives so much later
 *   --throttle B     B bytes a second in each direction
 *   --duplicate      what the near end sends goes to a second connection too; what comes back there is counted and dropped
 *   --replay         when a connection has ended, what the near end sent is played to the far end again
 *   --first N        only the first N connections are treated so, later ones pass untouched
 *
 * N is a number, or ~M: drawn below M for each connection, as its direction is.
 * Prints {"port":P} when it listens. SIGTERM: prints one line of figures and
 * ends. "echoed" counts bytes that duplicates and replays were answered with.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { CHUNK = 16 << 10, QUEUE_MAX = 1 << 20, TICK_MS = 10, LINGER_MS = 1500 };
enum fault { CUT, HALF_OPEN, BLACKHOLE, FLIP, SWAP, FAULTS };
static const char *const fault_names[FAULTS] = { "--cut", "--half-open", "--blackhole", "--flip", "--swap" };

struct place { bool on, drawn; uint64_t n; };
static struct {
	struct sockaddr_in listen, to;
	uint64_t seed, first, throttle, delay_ms;
	struct place fault[FAULTS];
	bool duplicate, replay;
} told = { .first = UINT64_MAX };
static struct { uint64_t connections, passed, done[FAULTS], duplicates, replays, echoed; } count;
static uv_loop_t *loop;

struct end;
struct way { /* one direction */
	struct end *from, *to;
	struct piece { struct piece *next; uint64_t due; size_t len, at; char bytes[]; } *head, **tail;
	size_t queued;
	uint64_t taken;          /* bytes read so far */
	bool ended;              /* the sender has closed */
	uint64_t budget;         /* what the throttle lets pass now */
};
struct end { uv_tcp_t tcp; struct pair *pair; bool open; };
struct pair {
	struct end near, far, twin;
	struct way there, back;
	uv_connect_t connect[2];
	uv_timer_t tick;
	uint64_t number, at[FAULTS];
	bool toward[FAULTS];     /* in which direction: true is there */
	bool reset, silent, over, treated;
	char *said;              /* what the near end sent, for a replay */
	size_t said_len;
	unsigned handles;
};

/* splitmix64 over seed, connection and purpose: adding one purpose moves no other. */
static uint64_t
draw(uint64_t connection, uint64_t purpose)
{
	uint64_t z = told.seed * 0x9e3779b97f4a7c15ull + connection * 0xbf58476d1ce4e5b9ull + (purpose + 1) * 0x94d049bb133111ebull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static void *
room(size_t n)
{
	void *p = calloc(1, n);

	if (p == NULL)
		abort();
	return p;
}

/* ---- replays and twins: whatever they are answered with is counted ---- */

static void
give(uv_handle_t *h, size_t suggested, uv_buf_t *out)
{
	static char bytes[CHUNK];

	(void)h;
	(void)suggested;
	*out = uv_buf_init(bytes, sizeof(bytes));
}

struct replay { uv_tcp_t tcp; uv_connect_t connect; uv_write_t write; uv_timer_t end; char *said; size_t len; unsigned handles; };

static void
replay_gone(uv_handle_t *h)
{
	struct replay *r = h->data;

	if (--r->handles > 0)
		return;
	free(r->said);
	free(r);
}

static void
replay_over(uv_timer_t *t)
{
	struct replay *r = t->data;

	if (!uv_is_closing((uv_handle_t *)&r->tcp))
		uv_close((uv_handle_t *)&r->tcp, replay_gone);
	uv_close((uv_handle_t *)&r->end, replay_gone);
}

static void
replay_heard(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	(void)buf;
	if (n > 0)
		count.echoed += (uint64_t)n;
	else if (n < 0)
		uv_read_stop(s);
}

static void
replay_connected(uv_connect_t *c, int status)
{
	struct replay *r = c->data;
	uv_buf_t out = uv_buf_init(r->said, (unsigned)r->len);

	if (status != 0)
		return;
	uv_read_start((uv_stream_t *)&r->tcp, give, replay_heard);
	(void)uv_write(&r->write, (uv_stream_t *)&r->tcp, &out, 1, NULL);
}

static void
replay(char *said, size_t len)
{
	struct replay *r = room(sizeof(*r));

	count.replays++;
	r->said = said;
	r->len = len;
	r->handles = 2;
	r->tcp.data = r->connect.data = r->end.data = r;
	uv_tcp_init(loop, &r->tcp);
	uv_timer_init(loop, &r->end);
	uv_timer_start(&r->end, replay_over, LINGER_MS, 0);
	(void)uv_tcp_connect(&r->connect, &r->tcp, (const struct sockaddr *)&told.to, replay_connected);
}

/* ---- the end of a pair ---- */

static void
handle_gone(uv_handle_t *h)
{
	struct pair *p = h->data;

	if (--p->handles > 0)
		return;
	for (struct way *w = &p->there; w != NULL; w = w == &p->there ? &p->back : NULL)
		while (w->head != NULL) {
			struct piece *next = w->head->next;

			free(w->head);
			w->head = next;
		}
	if (told.replay && p->treated && p->said_len > 0)
		replay(p->said, p->said_len);
	else
		free(p->said);
	free(p);
}

static void
end_close(struct end *e, bool reset)
{
	if (!e->open)
		return;
	e->open = false;
	if (!reset || uv_tcp_close_reset(&e->tcp, handle_gone) != 0)
		uv_close((uv_handle_t *)&e->tcp, handle_gone);
}

static void
pair_over(struct pair *p, bool reset)
{
	if (p->over)
		return;
	p->over = true;
	end_close(&p->near, reset);
	end_close(&p->far, reset);
	end_close(&p->twin, false);
	uv_close((uv_handle_t *)&p->tick, handle_gone);
}

/* ---- bytes ---- */

struct sent { uv_write_t write; struct pair *pair; char bytes[]; };

static void
sent(uv_write_t *w, int status)
{
	struct sent *s = w->data;
	struct pair *p = s->pair;

	free(s);
	if (status != 0 && status != UV_ECANCELED)
		pair_over(p, false);
}

static void
send_to(struct end *e, const char *p, size_t len)
{
	struct sent *s;
	uv_buf_t out;

	if (!e->open || len == 0)
		return;
	s = room(sizeof(*s) + len);
	memcpy(s->bytes, p, len);
	s->pair = e->pair;
	s->write.data = s;
	out = uv_buf_init(s->bytes, (unsigned)len);
	if (uv_write(&s->write, (uv_stream_t *)&e->tcp, &out, 1, sent) != 0)
		free(s);
}

static void got(uv_stream_t *s, ssize_t n, const uv_buf_t *buf);

/* What is due and within the throttle goes on. */
static void
pump(struct way *w)
{
	uint64_t now = uv_now(loop);

	while (w->head != NULL && w->head->due <= now && w->to->open) {
		struct piece *e = w->head;
		size_t n = e->len - e->at;

		if (told.throttle > 0 && w->from->pair->treated) {
			if (n > w->budget)
				n = w->budget;
			w->budget -= n;
		}
		send_to(w->to, e->bytes + e->at, n);
		e->at += n;
		w->queued -= n;
		if (e->at < e->len)
			return;
		w->head = e->next;
		if (w->head == NULL)
			w->tail = &w->head;
		free(e);
	}
	if (w->ended && w->head == NULL)
		pair_over(w->from->pair, false);
	else if (w->queued < QUEUE_MAX && w->from->open && !w->from->pair->silent)
		uv_read_start((uv_stream_t *)&w->from->tcp, give, got);
}

static void
tick(uv_timer_t *t)
{
	struct pair *p = t->data;
	uint64_t more = told.throttle * TICK_MS / 1000;

	p->there.budget = p->back.budget = more > 0 ? more : 1;
	pump(&p->there);
	if (!p->over)
		pump(&p->back);
}

/* Turns or swaps what lies in this chunk, and says how many of its bytes may pass before a cut. */
static size_t
treat(struct pair *p, bool there, uint64_t from, char *bytes, size_t n, enum fault *cut)
{
	size_t pass = n;

	*cut = FAULTS;
	if (!p->treated)
		return n;
	for (enum fault f = 0; f < FAULTS; f++) {
		size_t at;

		if (!told.fault[f].on || p->toward[f] != there || p->at[f] < from || p->at[f] >= from + n)
			continue;
		at = (size_t)(p->at[f] - from);
		if (f == FLIP) {
			bytes[at] = (char)(bytes[at] ^ (1 << (draw(p->number, 50) & 7)));
			count.done[f]++;
		} else if (f == SWAP) {
			for (; at + 1 < n && bytes[at] == bytes[at + 1]; at++)
				;
			if (at + 1 >= n) { /* nothing here that a swap would change: in the next chunk */
				p->at[f] = from + n;
				continue;
			}
			char c = bytes[at];

			bytes[at] = bytes[at + 1];
			bytes[at + 1] = c;
			count.done[f]++;
		} else if (at < pass) {
			pass = at;
			*cut = f;
		}
	}
	return pass;
}

static void
keep(struct pair *p, const char *bytes, size_t n)
{
	p->said = realloc(p->said, p->said_len + n);
	if (p->said == NULL)
		abort();
	memcpy(p->said + p->said_len, bytes, n);
	p->said_len += n;
}

static void
struck(struct pair *p, enum fault f)
{
	count.done[f]++;
	if (f == CUT) {
		/* what came before the cut is to arrive: that is what a cut at a byte means */
		p->there.ended = p->back.ended = true;
		if (p->reset)
			pair_over(p, true);
		return;
	}
	p->silent = true;
	uv_read_stop((uv_stream_t *)&p->near.tcp);
	uv_read_stop((uv_stream_t *)&p->far.tcp);
	if (f == HALF_OPEN)
		end_close(&p->far, false);
}

static void
got(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct end *e = (struct end *)s;
	struct pair *p = e->pair;
	bool there = e == &p->near;
	struct way *w = there ? &p->there : &p->back;
	struct piece *piece;
	enum fault f;
	size_t pass;

	if (n < 0) {
		uv_read_stop(s);
		w->ended = true;
		pump(w);
		return;
	}
	if (n == 0 || p->silent || w->ended)
		return;
	if (there && told.replay && p->treated)
		keep(p, buf->base, (size_t)n);
	pass = treat(p, there, w->taken, buf->base, (size_t)n, &f);
	w->taken += (uint64_t)n;
	count.passed += pass;
	piece = room(sizeof(*piece) + pass);
	piece->len = pass;
	piece->due = uv_now(loop) + (p->treated ? told.delay_ms : 0);
	memcpy(piece->bytes, buf->base, pass);
	*w->tail = piece;
	w->tail = &piece->next;
	w->queued += pass;
	if (there && p->twin.open)
		send_to(&p->twin, buf->base, pass);
	if (w->queued >= QUEUE_MAX)
		uv_read_stop(s);
	pump(w);
	if (f != FAULTS && !p->over)
		struck(p, f);
}

/* ---- connections ---- */

static void
connected(uv_connect_t *c, int status)
{
	struct pair *p = c->data;

	if (p->over)
		return;
	if (status != 0) {
		pair_over(p, true);
		return;
	}
	uv_read_start((uv_stream_t *)&p->near.tcp, give, got);
	uv_read_start((uv_stream_t *)&p->far.tcp, give, got);
}

static void
twin_connected(uv_connect_t *c, int status)
{
	struct pair *p = c->data;

	if (status == 0 && p->twin.open)
		uv_read_start((uv_stream_t *)&p->twin.tcp, give, replay_heard);
}

static void
end_init(struct pair *p, struct end *e)
{
	uv_tcp_init(loop, &e->tcp);
	e->tcp.data = p;
	e->pair = p;
	e->open = true;
	p->handles++;
	uv_tcp_nodelay(&e->tcp, 1);
}

static void
came(uv_stream_t *server, int status)
{
	struct pair *p;

	if (status != 0)
		return;
	p = room(sizeof(*p));
	p->number = count.connections++;
	p->treated = p->number < told.first;
	for (enum fault f = 0; f < FAULTS; f++) {
		p->at[f] = told.fault[f].drawn ? draw(p->number, f) % told.fault[f].n : told.fault[f].n;
		p->toward[f] = (draw(p->number, 20 + f) & 1) != 0;
	}
	p->reset = (draw(p->number, 40) & 1) != 0;
	end_init(p, &p->near);
	end_init(p, &p->far);
	p->there = (struct way){ .from = &p->near, .to = &p->far, .tail = &p->there.head };
	p->back = (struct way){ .from = &p->far, .to = &p->near, .tail = &p->back.head };
	p->connect[0].data = p->connect[1].data = p;
	uv_timer_init(loop, &p->tick);
	p->tick.data = p;
	p->handles++;
	uv_timer_start(&p->tick, tick, TICK_MS, TICK_MS);
	if (uv_accept(server, (uv_stream_t *)&p->near.tcp) != 0 ||
	    uv_tcp_connect(&p->connect[0], &p->far.tcp, (const struct sockaddr *)&told.to, connected) != 0) {
		pair_over(p, true);
		return;
	}
	if (told.duplicate && p->treated) {
		count.duplicates++;
		end_init(p, &p->twin);
		(void)uv_tcp_connect(&p->connect[1], &p->twin.tcp, (const struct sockaddr *)&told.to, twin_connected);
	}
}

static void
asked_to_end(uv_signal_t *s, int sig)
{
	(void)sig;
	printf("{\"connections\":%llu,\"bytes\":%llu", (unsigned long long)count.connections, (unsigned long long)count.passed);
	for (enum fault f = 0; f < FAULTS; f++)
		printf(",\"%s\":%llu", fault_names[f] + 2, (unsigned long long)count.done[f]);
	printf(",\"duplicates\":%llu,\"replays\":%llu,\"echoed\":%llu}\n", (unsigned long long)count.duplicates,
	       (unsigned long long)count.replays, (unsigned long long)count.echoed);
	fflush(stdout);
	uv_stop(s->loop);
}

/* ---- what it was told ---- */

static void
usage(const char *what)
{
	fprintf(stderr, "proxy: %s\nusage: proxy --to HOST:PORT [--listen HOST:PORT] [--seed N] [--first N] FAULT…\n", what);
	exit(1);
}

static struct sockaddr_in
address(const char *text)
{
	struct sockaddr_in sa;
	char host[64];
	const char *colon = strrchr(text, ':');

	if (colon == NULL || (size_t)(colon - text) >= sizeof(host))
		usage(text);
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	if (uv_ip4_addr(host, atoi(colon + 1), &sa) != 0)
		usage(text);
	return sa;
}

static uint64_t
number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 10);

	if (end == text || *end != '\0')
		usage(text);
	return n;
}

static bool
is_fault(const char *name, const char *value)
{
	for (enum fault f = 0; f < FAULTS; f++)
		if (strcmp(name, fault_names[f]) == 0) {
			told.fault[f].on = true;
			told.fault[f].drawn = value[0] == '~';
			told.fault[f].n = number(value + (value[0] == '~'));
			if (told.fault[f].drawn && told.fault[f].n == 0)
				usage(value);
			return true;
		}
	return false;
}

static void
read_arguments(int argc, char **argv)
{
	told.listen = address("127.0.0.1:0");
	for (int i = 1; i < argc; i++) {
		const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(name, "--duplicate") == 0 || strcmp(name, "--replay") == 0) {
			*(name[2] == 'd' ? &told.duplicate : &told.replay) = true;
			continue;
		}
		i++;
		if (strcmp(name, "--to") == 0)
			told.to = address(value);
		else if (strcmp(name, "--listen") == 0)
			told.listen = address(value);
		else if (strcmp(name, "--seed") == 0)
			told.seed = number(value);
		else if (strcmp(name, "--first") == 0)
			told.first = number(value);
		else if (strcmp(name, "--delay") == 0)
			told.delay_ms = number(value);
		else if (strcmp(name, "--throttle") == 0)
			told.throttle = number(value);
		else if (!is_fault(name, value))
			usage(name);
	}
	if (told.to.sin_port == 0)
		usage("--to is missing");
}

int
main(int argc, char **argv)
{
	struct sockaddr_in bound;
	int len = sizeof(bound);
	uv_signal_t stop;
	uv_tcp_t server;

	read_arguments(argc, argv);
	loop = uv_default_loop();
	uv_tcp_init(loop, &server);
	uv_signal_init(loop, &stop);
	uv_signal_start(&stop, asked_to_end, SIGTERM);
	if (uv_tcp_bind(&server, (const struct sockaddr *)&told.listen, 0) != 0 || uv_listen((uv_stream_t *)&server, 128, came) != 0 ||
	    uv_tcp_getsockname(&server, (struct sockaddr *)&bound, &len) != 0) {
		fprintf(stderr, "proxy: cannot listen\n");
		return 5;
	}
	printf("{\"port\":%d}\n", ntohs(bound.sin_port));
	fflush(stdout);
	uv_run(loop, UV_RUN_DEFAULT);
	return 0;
}
