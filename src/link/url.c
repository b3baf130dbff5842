#include "link/url.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char host_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";
static const char v6_chars[] = "ABCDEFabcdef0123456789:.";
static const char path_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_/";

bool
url_is(const char *addr)
{
	return strncasecmp(addr, "ws://", 5) == 0 || strncasecmp(addr, "wss://", 6) == 0;
}

static bool
take_host(struct url *out, const char **at)
{
	bool v6 = **at == '[';
	const char *from = *at + v6;
	size_t len = strspn(from, v6 ? v6_chars : host_chars);

	if (len == 0 || len > URL_HOST_CHARS || (v6 && (from[len] != ']' || memchr(from, ':', len) == NULL)))
		return false;
	memcpy(out->host, from, len);
	out->host[len] = '\0';
	*at = from + len + v6;
	return true;
}

/* Nothing, or ":443". */
static bool
take_port(struct url *out, const char **at, bool any_port)
{
	unsigned long port = 0;
	const char *p = *at;
	size_t digits;

	out->port = out->tls ? 443 : 80;
	if (*p != ':')
		return true;
	digits = strspn(++p, "0123456789");
	if (digits == 0 || digits > 5 || (*p == '0' && (digits > 1 || !any_port)))
		return false;
	for (size_t i = 0; i < digits; i++)
		port = port * 10 + (unsigned long)(p[i] - '0');
	if (port > 65535)
		return false;
	out->port = (uint16_t)port;
	out->port_named = true;
	*at = p + digits;
	return true;
}

enum err_code
url_parse(struct url *out, const char *addr, bool any_port, struct err *err)
{
	const char *at = addr;
	size_t len;

	memset(out, 0, sizeof(*out));
	if (!url_is(addr))
		return err_set(err, ERR_NETWORK, "%.120s is not wss://HOST/PATH", addr);
	if (strlen(addr) > URL_CHARS)
		return err_set(err, ERR_NETWORK, "%.40s… is longer than %d characters", addr, URL_CHARS);
	out->tls = at[2] != ':';
	at += out->tls ? 6 : 5;
	if (out->tls && *at == '[')
		return err_set(err, ERR_NETWORK, "%s: a certificate names a host, not an IPv6 address; give the name", addr);
	if (!take_host(out, &at))
		return err_set(err, ERR_NETWORK, "%s: what stands after the scheme is not the name of a host", addr);
	if (!take_port(out, &at, any_port))
		return err_set(err, ERR_NETWORK, "%s: what stands after the colon is not a port", addr);
	len = strspn(at, path_chars);
	if ((*at != '\0' && *at != '/') || at[len] != '\0')
		return err_set(err, ERR_NETWORK, "%s: the path may hold letters, digits and . - _ / alone", addr);
	(void)snprintf(out->path, sizeof(out->path), "%s", len > 0 ? at : "/");
	return ERR_OK;
}

char *
url_authority(char out[URL_CHARS + 1], const struct url *url)
{
	bool v6 = strchr(url->host, ':') != NULL;

	if (url->port == (url->tls ? 443 : 80))
		(void)snprintf(out, URL_CHARS + 1, "%s%s%s", v6 ? "[" : "", url->host, v6 ? "]" : "");
	else
		(void)snprintf(out, URL_CHARS + 1, "%s%s%s:%u", v6 ? "[" : "", url->host, v6 ? "]" : "", (unsigned)url->port);
	return out;
}

bool
url_host_listed(const struct url *url, const char *list)
{
	size_t host = strlen(url->host);

	while (*list != '\0') {
		size_t len, skip = strspn(list, ", \t");

		list += skip;
		len = strcspn(list, ", \t");
		if (len == 1 && *list == '*')
			return true;
		if (*list == '.' && len > 1) { /* ".lund.se" and "lund.se" mean the same */
			list++;
			len--;
		}
		if (len > 0 && len <= host && strncasecmp(url->host + host - len, list, len) == 0 &&
		    (len == host || url->host[host - len - 1] == '.'))
			return true;
		list += len;
	}
	return false;
}

bool
url_is_loopback(const struct url *url)
{
	return strcasecmp(url->host, "localhost") == 0 || strncmp(url->host, "127.", 4) == 0 || strcmp(url->host, "::1") == 0;
}
