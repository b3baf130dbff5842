#include "node/address.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "link/url.h"

#define META_ADDRESSES "node.addresses"
enum { PEERS_MAX = 256 };

/* The form only: whether somebody answers there is seen when it is dialled. */
static bool
has_form(const char *addr)
{
	const char *port = strrchr(addr, ':');
	struct url url;
	long number;
	char *end;

	for (const char *p = addr; *p != '\0'; p++)
		if (!isgraph((unsigned char)*p))
			return false;
	if (strlen(addr) >= ADDRESS_BYTES)
		return false;
	if (url_is(addr))
		return url_parse(&url, addr, false, NULL) == ERR_OK;
	if (port == NULL || port == addr || !isdigit((unsigned char)port[1]))
		return false;
	number = strtol(port + 1, &end, 10);
	return *end == '\0' && number > 0 && number <= 65535;
}

bool
addresses_have(const struct addresses *a, const char *addr)
{
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->at[i], addr) == 0)
			return true;
	return false;
}

enum err_code
node_addresses(struct node *n, struct addresses *out, struct err *err)
{
	struct buf all = BUF_INIT;
	struct err none = ERR_INIT;
	enum err_code rc = replica_meta_get(node_replica(n), META_ADDRESSES, &all, &none);
	const char *line, *end;

	memset(out, 0, sizeof(*out));
	if (rc != ERR_OK && rc != ERR_UNKNOWN) {
		buf_free(&all);
		*err = none;
		return rc;
	}
	line = rc == ERR_OK ? buf_str(&all) : NULL;
	if (rc == ERR_OK && line == NULL) {
		buf_free(&all);
		return err_plain(err, ERR_NO_MEMORY);
	}
	for (; line != NULL && out->count < ADDRESSES_MAX && (end = strchr(line, '\n')) != NULL; line = end + 1)
		if ((size_t)(end - line) < ADDRESS_BYTES)
			memcpy(out->at[out->count++], line, (size_t)(end - line));
	buf_free(&all);
	return ERR_OK;
}

static enum err_code
keep(struct node *n, const struct addresses *a, struct err *err)
{
	struct buf all = BUF_INIT;
	enum err_code rc;

	for (size_t i = 0; i < a->count; i++)
		buf_printf(&all, "%s\n", a->at[i]);
	rc = buf_ok(&all) ? replica_meta_put(node_replica(n), META_ADDRESSES, buf_bytes(&all), err) : err_plain(err, ERR_NO_MEMORY);
	buf_free(&all);
	return rc;
}

enum err_code
node_address_add(struct node *n, const char *addr, struct err *err)
{
	struct addresses a;

	if (!has_form(addr))
		return err_set(err, ERR_INVALID, "\"%.100s\" is not an address: HOST:PORT, such as hub.example.org:4433, or wss://HOST/PATH", addr);
	if (node_addresses(n, &a, err) != ERR_OK || addresses_have(&a, addr))
		return err->code;
	if (a.count == ADDRESSES_MAX)
		return err_set(err, ERR_REFUSED, "there are %d addresses already; forget one first", ADDRESSES_MAX);
	(void)snprintf(a.at[a.count++], ADDRESS_BYTES, "%s", addr);
	return keep(n, &a, err);
}

/* Everybody who was met there is looked for there no more. */
static enum err_code
forget_met(struct node *n, const char *addr, bool *found, struct err *err)
{
	struct replica_peer *known = mem_zero(PEERS_MAX, sizeof(*known));
	size_t count = known == NULL ? 0 : replica_peers(node_replica(n), known, PEERS_MAX);
	enum err_code rc = known == NULL ? err_plain(err, ERR_NO_MEMORY) : ERR_OK;

	for (size_t i = 0; i < count && rc == ERR_OK; i++) {
		bool tcp = strcmp(known[i].addr, addr) == 0, web = strcmp(known[i].web, addr) == 0;

		if (!tcp && !web)
			continue;
		*found = true;
		rc = replica_saw_peer(node_replica(n), &known[i].author, tcp ? "" : NULL, web ? "" : NULL, known[i].last_seen_ms, err);
	}
	mem_free(known);
	return rc;
}

enum err_code
node_address_forget(struct node *n, const char *addr, struct err *err)
{
	struct addresses a;
	bool found = false;

	if (node_addresses(n, &a, err) != ERR_OK)
		return err->code;
	for (size_t i = a.count; i-- > 0;) {
		if (strcmp(a.at[i], addr) != 0)
			continue;
		memmove(a.at[i], a.at[i + 1], (--a.count - i) * sizeof(a.at[0]));
		found = true;
	}
	if ((found && keep(n, &a, err) != ERR_OK) || forget_met(n, addr, &found, err) != ERR_OK)
		return err->code;
	return found ? ERR_OK : err_set(err, ERR_UNKNOWN, "no such address is kept: %.100s", addr);
}
