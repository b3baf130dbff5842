/* Between room.c, where things are asked, and made.c, where the room is made. */
#ifndef FALTBOK_TESTS_COUNTED_ROOM_INTERNAL_H
#define FALTBOK_TESTS_COUNTED_ROOM_INTERNAL_H

#include "room.h"

#define ROOM_PASSPHRASE "fem ord om natten"
#define ROOM_OTHER_HOME "/home/dalby/faltbok"

#endif
