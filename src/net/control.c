/*
 * The socket's mode and its directory's keep other users out; the kernel's
 * word on who connected is asked as well, since a mode can be changed later.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/net_internal.h"

enum { LINE_BYTES_MAX = 16 << 20, CALLERS_WAITING = 16 };

struct net_control {
	struct port *port;
	struct net *net;
	struct net_control *next, **at;
	struct caller *callers;
	void (*asked)(void *ctx, struct net_control_call *call, struct bytes request);
	void *ctx;
	char *path;
};

struct net_control_call { struct caller *caller; /* NULL once it has hung up */ };

struct caller {
	uv_pipe_t pipe;
	struct net_control *control; /* NULL once that has stopped */
	struct caller *next, **at;
	struct buf line, reply;
	uv_write_t write;
	struct net_control_call *call; /* asked and not yet answered */
	bool busy, closing;            /* busy: until the reply is written */
};

/*
 * A socket's name has 108 bytes of room, a home may lie deeper: then it is
 * reached through its directory. *dir is to be closed afterwards, or -1.
 */
static bool
short_name(const char *path, char out[sizeof(((struct sockaddr_un *)0)->sun_path)], int *dir)
{
	const size_t room = sizeof(((struct sockaddr_un *)0)->sun_path);
	const char *slash = strrchr(path, '/');
	char *parent;

	*dir = -1;
	if (strlen(path) < room) {
		memcpy(out, path, strlen(path) + 1);
		return true;
	}
	parent = slash == NULL ? NULL : mem_dup(path, (size_t)(slash - path) + 1);
	if (parent == NULL)
		return false;
	parent[slash - path] = '\0';
	*dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	mem_free(parent);
	return *dir >= 0 && (size_t)snprintf(out, room, "/proc/self/fd/%d/%s", *dir, slash + 1) < room;
}

/* At either end: what is typed into a case goes to no process of somebody else that sits on the name. */
static bool
is_same_user(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 && who.uid == geteuid();
}

/* ---- one caller ---- */

static void
caller_freed(uv_handle_t *h)
{
	struct caller *c = (struct caller *)h;

	buf_wipe(&c->line);
	buf_wipe(&c->reply);
	mem_free(c);
}

static void
caller_end(struct caller *c)
{
	if (c->closing)
		return;
	c->closing = true;
	if (c->call != NULL)
		c->call->caller = NULL;
	if (c->control != NULL) {
		*c->at = c->next;
		if (c->next != NULL)
			c->next->at = c->at;
	}
	uv_close((uv_handle_t *)&c->pipe, caller_freed);
}

/* A line may hold what was typed into a case. */
static void
wipe_line(uint8_t *line, size_t len)
{
	explicit_bzero(line, len);
	mem_free(line);
}

static void answer_line(struct caller *c);

static void
replied(uv_write_t *r, int status)
{
	struct caller *c = r->data;

	if (c->closing)
		return;
	buf_wipe(&c->reply);
	c->busy = false;
	if (status != 0)
		caller_end(c);
	else
		answer_line(c);
}

/* The first whole line, if there is one and no reply is under way. */
static void
answer_line(struct caller *c)
{
	uint8_t *end = c->line.len > 0 ? memchr(c->line.p, '\n', c->line.len) : NULL;
	struct net_control_call *call;
	uint8_t *line;
	size_t len;

	if (end == NULL || c->busy || c->control == NULL)
		return;
	len = (size_t)(end - c->line.p);
	call = mem_alloc(sizeof(*call));
	line = mem_dup(c->line.p, len);
	if (call == NULL || line == NULL) {
		mem_free(call);
		mem_free(line);
		caller_end(c);
		return;
	}
	memmove(c->line.p, end + 1, c->line.len - len - 1);
	c->line.len -= len + 1;
	c->busy = true;
	c->call = call;
	call->caller = c;
	c->control->asked(c->control->ctx, call, BYTES(line, len)); /* the caller may be gone after this */
	wipe_line(line, len);
}

void
net_control_reply(struct net_control_call *call, struct bytes reply)
{
	struct caller *c = call->caller;
	uv_buf_t out;

	mem_free(call);
	if (c == NULL)
		return;
	c->call = NULL;
	buf_put_bytes(&c->reply, reply);
	buf_put_u8(&c->reply, '\n');
	c->write.data = c;
	out = uv_buf_init((char *)c->reply.p, (unsigned)c->reply.len);
	if (!buf_ok(&c->reply) || uv_write(&c->write, (uv_stream_t *)&c->pipe, &out, 1, replied) != 0)
		caller_end(c);
}

static void
give_buffer(uv_handle_t *h, size_t suggested, uv_buf_t *out)
{
	(void)suggested;
	*out = uv_buf_init(((struct caller *)h)->control->net->read_buffer, READ_BYTES);
}

static void
got_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct caller *c = (struct caller *)stream;

	if (n < 0) {
		caller_end(c);
		return;
	}
	buf_put(&c->line, buf->base, (size_t)n);
	if (!buf_ok(&c->line) || c->line.len > LINE_BYTES_MAX)
		caller_end(c);
	else
		answer_line(c);
}

static void
came(void *ctx, int fd)
{
	struct net_control *control = ctx;
	struct caller *c = mem_zero(1, sizeof(*c));

	if (c == NULL) {
		close(fd);
		return;
	}
	uv_pipe_init(&control->net->loop, &c->pipe, 0);
	c->control = control;
	c->next = control->callers;
	c->at = &control->callers;
	if (c->next != NULL)
		c->next->at = &c->next;
	control->callers = c;
	if (!is_same_user(fd) || uv_pipe_open(&c->pipe, fd) != 0) {
		close(fd);
		caller_end(c);
	} else if (uv_read_start((uv_stream_t *)&c->pipe, give_buffer, got_bytes) != 0) {
		caller_end(c);
	}
}

/* ---- the socket ---- */

static int
bind_private(struct net_control *c, const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	mode_t before;
	int rc, dir;

	if (!short_name(path, sa.sun_path, &dir))
		return UV_ENAMETOOLONG;
	unlink(sa.sun_path); /* of a process that died: the home's lock says that no other one lives */
	before = umask(0177);
	rc = port_open(c->net, (const struct sockaddr *)&sa, sizeof(sa), CALLERS_WAITING, came, c, &c->port);
	umask(before);
	if (dir >= 0)
		close(dir);
	return rc;
}

enum err_code
net_control_listen(struct env *env, const char *path,
                   void (*asked)(void *ctx, struct net_control_call *call, struct bytes request), void *ctx,
                   struct net_control **out, struct err *err)
{
	struct net *n = net_of(env);
	struct net_control *c = mem_zero(1, sizeof(*c));
	int rc;

	if (c == NULL || (c->path = mem_strdup(path)) == NULL) {
		mem_free(c);
		return err_plain(err, ERR_NO_MEMORY);
	}
	c->net = n;
	c->asked = asked;
	c->ctx = ctx;
	c->next = n->controls;
	c->at = &n->controls;
	if (c->next != NULL)
		c->next->at = &c->next;
	n->controls = c;
	rc = bind_private(c, path);
	if (rc != 0) {
		net_control_stop(c);
		return err_set(err, ERR_IO, "control socket %s: %s", path, uv_strerror(rc));
	}
	*out = c;
	return ERR_OK;
}

void
net_control_stop(struct net_control *c)
{
	if (c == NULL)
		return;
	*c->at = c->next;
	if (c->next != NULL)
		c->next->at = c->at;
	while (c->callers != NULL) {
		struct caller *caller = c->callers;

		caller_end(caller); /* takes itself off the list */
		caller->control = NULL;
	}
	unlink(c->path);
	port_close(c->port);
	mem_free(c->path);
	mem_free(c);
}

/* ---- the other end ---- */

static enum err_code
send_line(int fd, struct bytes request, struct err *err)
{
	const struct bytes parts[] = { request, BYTES("\n", 1) };

	for (size_t i = 0; i < COUNT_OF(parts); i++)
		for (size_t at = 0; at < parts[i].len;) {
			ssize_t n = send(fd, parts[i].p + at, parts[i].len - at, MSG_NOSIGNAL);

			if (n < 0 && errno == EINTR)
				continue;
			if (n <= 0)
				return err_set(err, ERR_IO, "the running process does not listen");
			at += (size_t)n;
		}
	return ERR_OK;
}

static enum err_code
receive_line(int fd, struct buf *reply, struct err *err)
{
	size_t start = reply->len;

	for (;;) {
		uint8_t *to = buf_add(reply, 65536);
		ssize_t n = to == NULL ? 0 : recv(fd, to, 65536, 0);

		if (to == NULL)
			return err_plain(err, ERR_NO_MEMORY);
		reply->len -= 65536 - (n > 0 ? (size_t)n : 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(err, ERR_IO, "the running process went away before it answered");
		if (reply->len - start > LINE_BYTES_MAX)
			return err_set(err, ERR_TOO_BIG, "an answer over 16 MiB");
		if (reply->p[reply->len - 1] == '\n') {
			reply->len--;
			return ERR_OK;
		}
	}
}

enum err_code
net_control_call(const char *path, struct bytes request, struct buf *reply, struct err *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	enum err_code rc;
	int fd, dir;

	if (!short_name(path, sa.sun_path, &dir))
		return err_set(err, ERR_NOT_FOUND, "no process serves %s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		rc = err_set(err, ERR_IO, "no socket can be made");
	else if (connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) != 0)
		rc = errno == EACCES || errno == EPERM ? err_set(err, ERR_REFUSED, "%s belongs to another user", path) :
		                                         err_set(err, ERR_NOT_FOUND, "no process serves %s", path);
	else if (!is_same_user(fd))
		rc = err_set(err, ERR_REFUSED, "%s is answered by another user's process", path);
	else
		rc = send_line(fd, request, err);
	if (rc == ERR_OK)
		rc = receive_line(fd, reply, err);
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	return rc;
}
