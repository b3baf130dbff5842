/*
 * Each side is a small row of states, and every message has exactly one
 * state in which it may come. NO is the exception: it may come whenever the
 * link is open, and nothing comes after it.
 */
#include "link/join.h"

#include <assert.h>

#include "base/mem.h"
#include "codec/strict.h"
#include "crypto/guard.h"
#include "crypto/hc.h"
#include "link/frame.h"

static const char prologue[] = "fb1/join/1";

enum { REQUEST = 1, NONCE = 2, REVEAL = 3, WELCOME = 4, PART = 5, TAKEN = 6, NO = 7 };

enum state {
	HANDSHAKE,
	WAIT_REQUEST, WAIT_REVEAL, WAIT_PERSON, SENDING,  /* inviter */
	WAIT_NONCE, WAIT_WELCOME, WAIT_PART, HAVE_ALL,    /* newcomer */
	OVER,
};

struct join {
	bool newcomer, broken;
	enum state state;
	struct link *link;
	struct join_code code;              /* newcomer's */
	uint8_t nonce[16], other[16], commit[32];
	struct buf request;
	bool has_org;
	uint8_t org[32];
	char sas[7];
	struct buf welcome;
	size_t total, sent;
	enum join_no reason;
};

static struct join *
join_new(bool newcomer, const uint8_t secret[JOIN_SECRET_BYTES], const uint8_t noise_sk[32], const uint8_t e_sk[32],
         const uint8_t nonce[16])
{
	struct join *j = mem_zero(1, sizeof(*j));
	uint8_t psk[1][32];

	if (j == NULL)
		return NULL;
	join_psk(psk[0], secret);
	j->newcomer = newcomer;
	memcpy(j->nonce, nonce, sizeof(j->nonce));
	j->link = link_new_for(prologue, newcomer, noise_sk, e_sk, (const uint8_t (*)[32])psk, 1);
	wipe(psk, sizeof(psk));
	if (j->link != NULL)
		return j;
	join_free(j);
	return NULL;
}

struct join *
join_new_inviter(const uint8_t secret[JOIN_SECRET_BYTES], const uint8_t noise_sk[32], const uint8_t e_sk[32],
                 const uint8_t nonce[16])
{
	return join_new(false, secret, noise_sk, e_sk, nonce);
}

void
join_answer_once(struct join *j, struct once *once)
{
	link_answer_once(j->link, once);
}

struct join *
join_new_newcomer(const struct join_code *code, const uint8_t noise_sk[32], const uint8_t e_sk[32], const uint8_t nonce[16],
                  struct bytes request, const uint8_t *org)
{
	struct join *j = join_new(true, code->secret, noise_sk, e_sk, nonce);

	assert(request.len <= JOIN_REQUEST_MAX);
	if (j == NULL)
		return NULL;
	j->code = *code;
	j->has_org = org != NULL;
	if (org != NULL)
		memcpy(j->org, org, sizeof(j->org));
	buf_put_bytes(&j->request, request);
	if (buf_ok(&j->request))
		return j;
	join_free(j);
	return NULL;
}

void
join_free(struct join *j)
{
	if (j == NULL)
		return;
	link_free(j->link);
	buf_wipe(&j->request);
	buf_wipe(&j->welcome);
	wipe(j, sizeof(*j));
	mem_free(j);
}

enum err_code
join_start(struct join *j, struct buf *out, struct err *err)
{
	return link_start(j->link, out, err);
}

/* ---- sending ---- */

static enum err_code
send_message(struct join *j, struct buf *message, struct buf *out, struct err *err)
{
	enum err_code rc = buf_ok(message) ? link_send(j->link, buf_bytes(message), out, err) : err_plain(err, ERR_NO_MEMORY);

	buf_wipe(message);
	return rc;
}

static enum err_code
send_bytes(struct join *j, uint64_t number, const void *p, size_t len, struct buf *out, struct err *err)
{
	struct buf m = BUF_INIT;

	wr_array(&m, 2);
	wr_uint(&m, number);
	wr_bin(&m, p, len);
	return send_message(j, &m, out, err);
}

static enum err_code
send_number(struct join *j, uint64_t number, uint64_t value, struct buf *out, struct err *err)
{
	struct buf m = BUF_INIT;

	wr_array(&m, 2);
	wr_uint(&m, number);
	wr_uint(&m, value);
	return send_message(j, &m, out, err);
}

static void
commit_to(uint8_t out[32], const uint8_t nonce[16], const uint8_t h[32])
{
	HC(out, 32, BYTES(nonce, 16), "fb1/join/commit", BYTES(h, 32));
}

static enum err_code
send_request(struct join *j, struct buf *out, struct err *err)
{
	struct buf m = BUF_INIT;
	uint8_t commit[32];

	commit_to(commit, j->nonce, link_hash(j->link));
	wr_array(&m, 4);
	wr_uint(&m, REQUEST);
	wr_bin(&m, j->request.p, j->request.len);
	if (j->has_org)
		wr_bin(&m, j->org, sizeof(j->org));
	else
		wr_nil(&m);
	wr_bin(&m, commit, sizeof(commit));
	return send_message(j, &m, out, err);
}

/* The link has opened. */
static enum err_code
begin(struct join *j, struct buf *out, struct err *err)
{
	uint8_t key[16];

	j->state = j->newcomer ? WAIT_NONCE : WAIT_REQUEST;
	if (!j->newcomer)
		return ERR_OK;
	join_key_hash(key, link_remote(j->link));
	if (j->code.has_key && memcmp(key, j->code.key, sizeof(key)) != 0)
		return err_set(err, ERR_KEY, "the device that answers is not the one that shows the code");
	return send_request(j, out, err);
}

/* ---- what comes ---- */

static void
read_request(struct join *j, struct rd *r)
{
	struct bytes request = rd_bin_any(r, 1, JOIN_REQUEST_MAX);

	j->has_org = !rd_nil(r);
	if (j->has_org)
		rd_bin(r, j->org, sizeof(j->org));
	rd_bin(r, j->commit, sizeof(j->commit));
	buf_put_bytes(&j->request, request);
}

static void
read_part(struct join *j, struct rd *r)
{
	size_t room = j->total - j->welcome.len;

	buf_put_bytes(&j->welcome, rd_bin_any(r, 1, room < JOIN_PART_BYTES ? room : JOIN_PART_BYTES));
}

static void
read_reason(struct join *j, struct rd *r)
{
	uint64_t reason = rd_uint(r, 255);

	if (reason == 0)
		r->bad = true;
	j->reason = reason > JOIN_NO_CANNOT ? JOIN_NO_CANNOT : (enum join_no)reason;
}

/* The fields after the number. False when this message may not come now. */
static bool
read_fields(struct join *j, uint64_t number, struct rd *r)
{
	switch (j->state) {
	case WAIT_REQUEST:
		read_request(j, r);
		return number == REQUEST;
	case WAIT_REVEAL:
		rd_bin(r, j->other, sizeof(j->other));
		return number == REVEAL;
	case WAIT_NONCE:
		rd_bin(r, j->other, sizeof(j->other));
		return number == NONCE;
	case WAIT_WELCOME:
		j->total = rd_uint(r, JOIN_WELCOME_MAX);
		return number == WELCOME && j->total > 0;
	case WAIT_PART:
		read_part(j, r);
		return number == PART;
	case SENDING:
		return number == TAKEN && j->sent == j->welcome.len;
	case HANDSHAKE:
	case WAIT_PERSON:
	case HAVE_ALL:
	case OVER:
		break;
	}
	return false;
}

static enum err_code
newcomer_reveals(struct join *j, struct buf *out, enum join_event *event, struct err *err)
{
	join_digits(j->sas, link_hash(j->link), j->nonce, j->other);
	j->state = WAIT_WELCOME;
	*event = JOIN_DIGITS;
	return send_bytes(j, REVEAL, j->nonce, sizeof(j->nonce), out, err);
}

static enum err_code
inviter_learns(struct join *j, enum join_event *event, struct err *err)
{
	uint8_t commit[32];

	commit_to(commit, j->other, link_hash(j->link));
	if (memcmp(commit, j->commit, sizeof(commit)) != 0)
		return err_set(err, ERR_MALFORMED, "the newcomer has changed its mind about its nonce");
	join_digits(j->sas, link_hash(j->link), j->other, j->nonce);
	j->state = WAIT_PERSON;
	*event = JOIN_DIGITS;
	return ERR_OK;
}

/* What has been read and is in order changes the state. */
static enum err_code
act(struct join *j, struct buf *out, enum join_event *event, struct err *err)
{
	switch (j->state) {
	case WAIT_REQUEST:
		j->state = WAIT_REVEAL;
		return send_bytes(j, NONCE, j->nonce, sizeof(j->nonce), out, err);
	case WAIT_REVEAL:
		return inviter_learns(j, event, err);
	case WAIT_NONCE:
		return newcomer_reveals(j, out, event, err);
	case WAIT_WELCOME:
		j->state = WAIT_PART;
		*event = JOIN_PROGRESS;
		return ERR_OK;
	case WAIT_PART:
		*event = j->welcome.len == j->total ? JOIN_WELCOME : JOIN_PROGRESS;
		if (*event == JOIN_WELCOME)
			j->state = HAVE_ALL;
		return ERR_OK;
	case SENDING:
		j->state = OVER;
		*event = JOIN_DONE;
		return ERR_OK;
	case HANDSHAKE:
	case WAIT_PERSON:
	case HAVE_ALL:
	case OVER:
		break;
	}
	assert(false); /* read_fields() has refused these */
	return ERR_OK;
}

static size_t
fields_of(uint64_t number)
{
	return number == REQUEST ? 4 : number == TAKEN ? 1 : 2;
}

static enum err_code
take_message(struct join *j, struct bytes message, struct buf *out, enum join_event *event, struct err *err)
{
	struct rd r = rd_init(message);
	size_t fields = rd_array_any(&r, 4);
	uint64_t number = rd_uint(&r, 255);
	bool fits;

	if (fields != fields_of(number) || j->state == OVER)
		return err_set(err, ERR_MALFORMED, "a message that is not one of joining");
	if (number == NO) {
		read_reason(j, &r);
		fits = true;
	} else {
		fits = read_fields(j, number, &r);
	}
	if (!fits || !rd_end(&r))
		return err_set(err, ERR_MALFORMED, "message %llu of joining is out of turn or malformed", (unsigned long long)number);
	if (!buf_ok(&j->request) || !buf_ok(&j->welcome))
		return err_plain(err, ERR_NO_MEMORY);
	if (number != NO)
		return act(j, out, event, err);
	j->state = OVER;
	*event = JOIN_REFUSED;
	return ERR_OK;
}

enum err_code
join_receive(struct join *j, struct bytes *in, struct buf *out, enum join_event *event, struct err *err)
{
	enum link_event what = LINK_MORE;
	struct bytes message;
	enum err_code rc = ERR_OK;

	*event = JOIN_MORE;
	if (j->broken)
		return err_set(err, ERR_KEY, "this link has failed before");
	while (rc == ERR_OK && *event == JOIN_MORE) {
		rc = link_receive(j->link, in, out, &what, &message, err);
		if (rc != ERR_OK || what == LINK_MORE)
			break;
		rc = what == LINK_OPEN ? begin(j, out, err) : take_message(j, message, out, event, err);
	}
	j->broken = rc != ERR_OK;
	return rc;
}

/* ---- what the caller asks and says ---- */

bool
join_is_open(const struct join *j)
{
	return link_is_open(j->link);
}

const char *
join_sas(const struct join *j)
{
	return j->sas;
}

const uint8_t *
join_remote(const struct join *j)
{
	return link_remote(j->link);
}

struct bytes
join_request(const struct join *j)
{
	return buf_bytes(&j->request);
}

const uint8_t *
join_org(const struct join *j)
{
	return j->has_org ? j->org : NULL;
}

struct bytes
join_welcome(const struct join *j)
{
	return buf_bytes(&j->welcome);
}

enum join_no
join_reason(const struct join *j)
{
	return j->reason;
}

enum err_code
join_offer(struct join *j, struct buf *welcome, struct buf *out, struct err *err)
{
	assert(j->state == WAIT_PERSON);
	if (welcome->len == 0 || welcome->len > JOIN_WELCOME_MAX)
		return err_set(err, ERR_TOO_BIG, "a welcome of %zu bytes", welcome->len);
	j->welcome = *welcome;
	*welcome = (struct buf)BUF_INIT;
	j->state = SENDING;
	return send_number(j, WELCOME, j->welcome.len, out, err);
}

enum err_code
join_more(struct join *j, size_t max, struct buf *out, bool *left, struct err *err)
{
	enum err_code rc = ERR_OK;
	size_t until = j->welcome.len - j->sent > max ? j->sent + max : j->welcome.len;

	assert(j->state == SENDING);
	while (rc == ERR_OK && j->sent < until) {
		size_t n = until - j->sent < JOIN_PART_BYTES ? until - j->sent : JOIN_PART_BYTES;

		rc = send_bytes(j, PART, j->welcome.p + j->sent, n, out, err);
		j->sent += n;
	}
	*left = j->sent < j->welcome.len;
	return rc;
}

enum err_code
join_taken(struct join *j, struct buf *out, struct err *err)
{
	struct buf m = BUF_INIT;

	assert(j->state == HAVE_ALL);
	j->state = OVER;
	wr_array(&m, 1);
	wr_uint(&m, TAKEN);
	return send_message(j, &m, out, err);
}

enum err_code
join_refuse(struct join *j, enum join_no reason, struct buf *out, struct err *err)
{
	assert(reason != JOIN_YES && join_is_open(j));
	j->state = OVER;
	return send_number(j, NO, reason, out, err);
}
