/*
 * cmocka with rows that have names: a failing row of a table says which it is.
 */
#ifndef FALTBOK_TESTS_CHECK_H
#define FALTBOK_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define CHECK_CASE(name, got, want)                                                               \
	do {                                                                                      \
		long long got_ = (long long)(got), want_ = (long long)(want);                     \
		if (got_ != want_)                                                                \
			fail_msg("%s: got %lld, want %lld", (name), got_, want_);                 \
	} while (0)

#define CHECK_TRUE(name, claim)                                                                   \
	do {                                                                                      \
		if (!(claim))                                                                     \
			fail_msg("%s: not so: %s", (name), #claim);                               \
	} while (0)

#endif
