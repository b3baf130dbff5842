#include "sim/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/disk.h"

static const char FIRST_LINE[] = "faltbok-sim 1";

static void
script_event_wipe(struct script_event *e)
{
	for (size_t i = 0; i < e->count; i++)
		mem_free(e->decisions[i].values);
	mem_free(e->decisions);
	*e = (struct script_event){ .at = 0 };
}

void
script_free(struct script *s)
{
	for (size_t i = 0; i < s->count; i++)
		script_event_wipe(&s->events[i]);
	mem_free(s->events);
	*s = (struct script){ .events = NULL };
}

struct script_event *
script_add(struct script *s, uint64_t at, const char *kind, size_t who)
{
	struct script_event *e;

	s->events = sim_must(mem_room(s->events, s->count, &s->cap, sizeof(*s->events)));
	e = &s->events[s->count++];
	*e = (struct script_event){ .at = at, .who = who };
	snprintf(e->kind, sizeof(e->kind), "%s", kind);
	return e;
}

struct decision *
script_decision(const struct script_event *e, const char *name)
{
	for (size_t i = 0; i < e->count; i++)
		if (strcmp(e->decisions[i].name, name) == 0)
			return &e->decisions[i];
	return NULL;
}

void
script_note(struct script_event *e, const char *name, uint64_t value)
{
	struct decision *d = script_decision(e, name);

	if (d == NULL) {
		e->decisions = sim_must(mem_room(e->decisions, e->count, &e->cap, sizeof(*e->decisions)));
		d = &e->decisions[e->count++];
		*d = (struct decision){ .values = NULL };
		snprintf(d->name, sizeof(d->name), "%s", name);
	}
	d->values = sim_must(mem_room(d->values, d->count, &d->cap, sizeof(*d->values)));
	d->values[d->count++] = value;
}

uint64_t
script_value(const struct script_event *e, const char *name)
{
	const struct decision *d = script_decision(e, name);

	return d != NULL && d->count > 0 ? d->values[0] : 0;
}

void
script_copy_event(struct script *to, const struct script_event *e)
{
	struct script_event *copy = script_add(to, e->at, e->kind, e->who);

	for (size_t i = 0; i < e->count; i++)
		for (size_t k = 0; k < e->decisions[i].count; k++)
			script_note(copy, e->decisions[i].name, e->decisions[i].values[k]);
}

void
script_copy(struct script *to, const struct script *from)
{
	for (size_t i = 0; i < from->count; i++)
		script_copy_event(to, &from->events[i]);
}

/* ---- as text ---- */

/* Trailing zeroes say nothing. */
static size_t
said(const struct decision *d)
{
	size_t n = d->count;

	while (n > 0 && d->values[n - 1] == 0)
		n--;
	return n;
}

enum err_code
script_save(const struct script *s, const char *path, const char *comment, struct err *err)
{
	FILE *f = fopen(path, "w");
	bool bad;

	if (f == NULL)
		return err_set(err, ERR_IO, "%s cannot be written", path);
	fprintf(f, "%s\n", FIRST_LINE);
	if (comment != NULL)
		fprintf(f, "# %s\n", comment);
	for (size_t i = 0; i < s->count; i++) {
		const struct script_event *e = &s->events[i];

		fprintf(f, "@%llu %s %zu", (unsigned long long)e->at, e->kind, e->who);
		for (size_t k = 0; k < e->count; k++)
			for (size_t v = 0; v < said(&e->decisions[k]); v++) {
				if (v == 0)
					fprintf(f, " %s", e->decisions[k].name);
				fprintf(f, "%c%llu", v == 0 ? '=' : ',', (unsigned long long)e->decisions[k].values[v]);
			}
		fprintf(f, "\n");
	}
	bad = ferror(f) != 0;
	bad = fclose(f) != 0 || bad;
	return bad ? err_set(err, ERR_IO, "%s cannot be written", path) : ERR_OK;
}

static bool
take_number(const char **at, uint64_t *out)
{
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	*out = strtoull(*at, &end, 10);
	*at = end;
	return true;
}

static bool
take_name(const char **at, char out[SCRIPT_NAME_MAX])
{
	size_t n = strspn(*at, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (n == 0 || n >= SCRIPT_NAME_MAX)
		return false;
	memcpy(out, *at, n);
	out[n] = '\0';
	*at += n;
	return true;
}

static bool
take_decision(const char **at, struct script_event *e)
{
	char name[SCRIPT_NAME_MAX];
	uint64_t value;

	if (!take_name(at, name) || **at != '=')
		return false;
	do {
		(*at)++;
		if (!take_number(at, &value))
			return false;
		script_note(e, name, value);
	} while (**at == ',');
	return true;
}

static bool
take_line(struct script *s, const char *at)
{
	char kind[SCRIPT_NAME_MAX];
	struct script_event *e;
	uint64_t when, who;

	if (*at++ != '@' || !take_number(&at, &when) || *at++ != ' ' || !take_name(&at, kind) || *at++ != ' ' || !take_number(&at, &who))
		return false;
	e = script_add(s, when, kind, (size_t)who);
	while (*at == ' ') {
		at++;
		if (!take_decision(&at, e))
			return false;
	}
	return *at == '\0';
}

enum err_code
script_load(struct script *s, const char *path, struct err *err)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t room = 0, number = 0;
	enum err_code rc = ERR_OK;

	if (f == NULL)
		return err_set(err, ERR_IO, "%s cannot be read", path);
	while (rc == ERR_OK && getline(&line, &room, f) > 0) {
		line[strcspn(line, "\r\n")] = '\0';
		number++;
		if (number == 1 ? strcmp(line, FIRST_LINE) != 0 : line[0] != '\0' && line[0] != '#' && !take_line(s, line))
			rc = err_set(err, ERR_MALFORMED, "%s: line %zu is none of a script", path, number);
	}
	if (rc == ERR_OK && number == 0)
		rc = err_set(err, ERR_MALFORMED, "%s is empty", path);
	free(line);
	fclose(f);
	return rc;
}
