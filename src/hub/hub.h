/*
 * A hub: an always-on replica that relays ciphertext.
 *
 *   devices ── peers ── replica (log.db)      no vault, no view: it cannot read
 *
 * It stores what members sign, gives each what it may have, and proves with
 * its ACKs what it holds. Spec: proto/sync.md, "Who gets what".
 */
#ifndef FALTBOK_HUB_HUB_H
#define FALTBOK_HUB_HUB_H

#include "peer/meet.h"
#include "store/home.h"

struct hub;

/* Takes over the open home, and closes it in hub_free(). ERR_REFUSED when the home has not joined. */
enum err_code hub_new(struct hub **out, struct home *home, struct err *err) MUST_CHECK;
void hub_free(struct hub *h);
/* At several addresses, of TCP and of WebSockets (ws://127.0.0.1:PORT/PATH, behind a proxy with TLS). */
enum err_code hub_listen(struct hub *h, const char *addr, struct err *err) MUST_CHECK;
/* Also dials another replica and stays with it: two hubs, or a hub behind a guest network. */
enum err_code hub_dial(struct hub *h, const char *addr, struct err *err) MUST_CHECK;
/* Is found, and finds, by beacon on the local networks. ERR_NETWORK when it cannot be. */
enum err_code hub_seek(struct hub *h, struct err *err) MUST_CHECK;
int hub_port(const struct hub *h);     /* of TCP; 0: none */
int hub_web_port(const struct hub *h); /* of the WebSocket; 0: none */

struct hub_status {
	uint64_t entries, logs, file_bytes, links;
	uint64_t exchanges, failed;  /* since it was started */
	uint8_t frontier[32];
};
void hub_status(struct hub *h, struct hub_status *out);

#endif
