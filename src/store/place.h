/*
 * Is this the store it was, where it was?
 *
 *    keystore: place          log.db: last token, token before       HOME/place: token
 *    machine, inode, birth    \____________ written first ______/ -> written second
 *
 * A copied home, a moved disk or a restored backup must not go on writing the
 * logs it wrote before: somewhere the original goes on too. Such a store
 * takes a new incarnation, and this says when. Spec: proto/store.md, 6 "Place".
 */
#ifndef FALTBOK_STORE_PLACE_H
#define FALTBOK_STORE_PLACE_H

#include "store/replica.h"

enum { PLACE_TOKEN_BYTES = 16, PLACE_BYTES_MAX = 64 };

/*
 * To be called once per open, before anything is appended, and again for as long as it fails. `kept` is what the
 * owner has sealed away as this store's place; empty when it never did. *now
 * is set to what it must keep from here on. *same is false when
 *   - the place differs, or none is kept while the store has been opened before
 *   - the tokens differ otherwise than "the database is one ahead", which is
 *     what a crash between the two writes leaves
 * Commits a fresh token, then writes it into HOME/place. When that fails the
 * next open still finds the database one ahead.
 *   ERR_READ_ONLY, ERR_NO_SPACE, ERR_IO   nothing was decided; write nothing
 */
enum err_code place_check(struct replica *r, struct env *env, const char *home, struct bytes kept,
                          struct buf *now, bool *same, struct err *err) MUST_CHECK;

#endif
