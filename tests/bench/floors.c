/*
 * Floors: the least that the same result can cost with the same libraries on
 * the same machine in the same minute, so that a slow machine does not hide a
 * slow program.
 */
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

static sqlite3 *
bare_db(struct bench *b)
{
	sqlite3 *db;
	char path[600];

	snprintf(path, sizeof(path), "%s/floor.db", b->dir);
	run_or_die("rm -f %s %s-wal", path, path);
	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=EXTRA; PRAGMA temp_store=MEMORY;"
	                     "PRAGMA secure_delete=ON; CREATE TABLE t(id INTEGER PRIMARY KEY, payload BLOB)", NULL, NULL, NULL) != SQLITE_OK)
		exit(1);
	return db;
}

static void
insert_one(sqlite3_stmt *insert, sqlite3_int64 id, const uint8_t *payload, size_t len)
{
	sqlite3_bind_int64(insert, 1, id);
	sqlite3_bind_blob(insert, 2, payload, (int)len, SQLITE_STATIC);
	if (sqlite3_step(insert) != SQLITE_DONE)
		exit(1);
	sqlite3_reset(insert);
}

static double
timed_inserts(struct bench *b, size_t count, size_t payload, size_t batch)
{
	sqlite3 *db = bare_db(b);
	sqlite3_stmt *insert;
	uint8_t *bytes = malloc(payload);
	double began;

	randombytes_buf(bytes, payload);
	if (sqlite3_prepare_v2(db, "INSERT INTO t VALUES(?, ?)", -1, &insert, NULL) != SQLITE_OK)
		exit(1);
	began = now_s();
	for (size_t i = 0; i < count; i++) {
		if (batch > 1 && i % batch == 0)
			sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
		insert_one(insert, (sqlite3_int64)i, bytes, payload);
		if (batch > 1 && (i % batch == batch - 1 || i == count - 1))
			sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	}
	began = now_s() - began;
	sqlite3_finalize(insert);
	sqlite3_close(db);
	free(bytes);
	return began;
}

/* Open for as long as single appends are measured, so that the two can take turns on the same disk. */
static sqlite3 *turns_db;
static sqlite3_stmt *turns_insert;
static sqlite3_int64 turns_at;

void
floor_turns_open(struct bench *b)
{
	turns_db = bare_db(b);
	turns_at = 0;
	if (sqlite3_prepare_v2(turns_db, "INSERT INTO t VALUES(?, ?)", -1, &turns_insert, NULL) != SQLITE_OK)
		exit(1);
}

double
floor_turn(size_t commits, size_t payload)
{
	uint8_t bytes[4096];
	double began;

	randombytes_buf(bytes, payload);
	began = now_s();
	for (size_t i = 0; i < commits; i++)
		insert_one(turns_insert, turns_at++, bytes, payload);
	return now_s() - began;
}

void
floor_turns_close(void)
{
	sqlite3_finalize(turns_insert);
	sqlite3_close(turns_db);
}

double
floor_inserts(struct bench *b, size_t count, size_t payload)
{
	return timed_inserts(b, count, payload, 500);
}

double
floor_verify(void)
{
	uint8_t pk[32], sk[64], sig[64], m[48] = { 0 };
	double began;

	crypto_sign_keypair(pk, sk);
	crypto_sign_detached(sig, NULL, m, sizeof(m), sk);
	began = now_s();
	for (int i = 0; i < 2000; i++)
		if (crypto_sign_verify_detached(sig, m, sizeof(m), pk) != 0)
			exit(1);
	return (now_s() - began) / 2000;
}

double
floor_decrypt(size_t bytes)
{
	enum { ONE = 512 };
	uint8_t key[32] = { 1 }, nonce[24] = { 2 }, box[ONE + 16], plain[ONE] = { 3 };
	unsigned long long len;
	double began;

	crypto_aead_xchacha20poly1305_ietf_encrypt(box, &len, plain, ONE, NULL, 0, NULL, nonce, key);
	began = now_s();
	for (size_t done = 0; done < bytes; done += ONE)
		if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, box, len, NULL, 0, nonce, key) != 0)
			exit(1);
	return now_s() - began;
}
