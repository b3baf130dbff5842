/* The inside of a profile, for profile.c (questions) and profile_parse.c (reading it). */
#ifndef FALTBOK_CASEWORK_PROFILE_INTERNAL_H
#define FALTBOK_CASEWORK_PROFILE_INTERNAL_H

#include "casework/profile.h"

/* proto/profile.md, 2 "Limits" */
enum {
	PROFILE_BYTES_MAX = 1 << 20,
	PROFILE_NAME_MAX = 40,
	PROFILE_CODE_MAX = 64,
	PROFILE_TYPE_FIRST = 2, /* 1 is the profile's own record */
	PROFILE_NUMBER_MAX = 65535,
};

/* One allocation of a profile; they live and die together. */
struct block {
	struct block *next;
	_Alignas(8) unsigned char bytes[];
};

struct profile {
	const char *id;
	uint32_t version;
	struct choice_list *lists;
	size_t list_count;
	struct profile_type *types;
	size_t type_count;
	struct block *blocks;
};

#endif
