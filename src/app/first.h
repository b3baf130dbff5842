/*
 * What is done about a home at the page's word, from the wish to the answer.
 *
 *   node_first.c     takes the wish and settles what came of it, on the loop
 *   node_deeds.c     does it, off the loop
 *   node_opening.c   reads into the view what it lacks, in slices on the loop
 */
#ifndef FALTBOK_APP_FIRST_H
#define FALTBOK_APP_FIRST_H

#include "app/serve.h"

struct serve_job {
	struct serve *s;
	struct web_call *call;
	const struct deed *deed;
	json_t *wish;
	struct buf passphrase, old;
	struct buf file;             /* the welcome */
	enum serve_state was;        /* when it was asked for */
	struct err err;
	/* made by the work */
	struct node *node;
	struct home home;
	bool has_home;
	bool enter;                  /* it is to become the node */
	struct kit kit;
	struct keystore *keys;       /* of a node that was locked */
	struct node_image *image;    /* of its view, or of the new node's */
	struct env_timer *slice;     /* when the next slice is due */
	uint64_t entries, left;      /* in a slice; still to be read */
	json_t *more;                /* what the answer says beside the session */
};

struct deed {
	const char *word;
	bool none, locked, joining, open; /* states in which it can be asked for */
	bool fresh;                  /* its passphrase is a new one */
	bool founds, joins;          /* an organisation */
	bool by_code, welcome;       /* how it joins */
	bool paper;                  /* a new one */
	const char *needs[4];        /* texts that must be there */
	void (*work)(struct serve_job *j);
};

/* The deed of that name, or NULL. */
const struct deed *deed_named(const char *word);

/* A text of the wish, or NULL when it is missing or empty. */
const char *job_text(const struct serve_job *j, const char *name);
/* Something that the answer says beside the session; `value` is the answer's from now on. */
void job_more(struct serve_job *j, const char *name, json_t *value);
void job_free(struct serve_job *j);

/* Settles what the work has made, answers, and frees the job. On the loop. */
void job_finish(struct serve_job *j);

/* Reads what the job's node lacks, and finishes the job when that is done. On the loop. */
void job_open_in_slices(struct serve_job *j);
/* The loop has ended in the middle of it. What was read is not kept; the next start reads it again. */
void serve_leave_opening(struct serve *s);

#endif
