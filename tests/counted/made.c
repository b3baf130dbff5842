/* How the room came to be: an organisation is founded, a colleague joins, and a day is lived. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/posix.h"
#include "crypto/guard.h"
#include "crypto/keystore.h"
#include "node/kit.h"
#include "op/op.h"
#include "room_internal.h"
#include "store/home.h"

enum { LUND, DALBY };

static void
must(enum err_code rc, const struct err *err, const char *what)
{
	if (rc == ERR_OK)
		return;
	fprintf(stderr, "counted: %s: %s\n", what, err->text);
	abort();
}

/* ---- the day ---- */

/* What is asked before the disk is kept; the text at `path` of the answer is given a name. */
static const struct { int at; const char *op, *params, *name, *path; } day[] = {
	{ LUND, "team add", "{\"name\":\"Linero\"}", NULL, NULL },
	{ LUND, "put", "{\"type\":\"site\",\"set\":{\"name\":\"Linero bibliotek\",\"kind\":\"regular\"}, \"team\":\"Lund\"}", "site", "id" },
	{ LUND, "put", "{\"type\":\"opening\",\"set\":{\"site\":\"$site\",\"rrule\":\"FREQ=WEEKLY;BYDAY=MO\",\"opens\":\"13:00\",\"closes\":\"16:00\",\"mode\":\"booked\",\"valid_from\":\"2026-01-01\"}, \"team\":\"Lund\"}", "opening", "id" },
	{ LUND, "booking keep", "{\"site\":\"$site\"}", NULL, NULL },
	{ LUND, "put", "{\"type\":\"volunteer\",\"set\":{\"code\":\"RÅD1\"}, \"team\":\"Lund\"}", "volunteer", "id" },
	{ LUND, "session open", "{\"site\":\"Genarp\",\"channel\":[\"physical\"], \"adviser\":[\"RÅD1\"], \"team\":\"Lund\"}", "closed", "session" },
	{ LUND, "visit save", "{\"set\":{\"gender\":\"woman\"}}", "early", "visit" },
	{ LUND, "session close", "{\"session\":\"$closed\"}", NULL, NULL },
	{ LUND, "hours derive", "{}", NULL, NULL },
	{ LUND, "session open", "{\"site\":\"Dalby bibliotek\",\"channel\":[\"physical\"], \"adviser\":[\"RÅD1\"], \"team\":\"Lund\"}", "session", "session" },
	{ LUND, "queue add", "{\"language\":\"ar\",\"topic\":\"housing\",\"minutes\":10}", "ticket", "place.ticket" },
	{ LUND, "queue add", "{}", "second", "place.ticket" },
	{ LUND, "queue call", "{\"ticket\":\"$second\"}", NULL, NULL },
	{ LUND, "draft put", "{\"key\":\"visit\",\"text\":\"half a visit\"}", NULL, NULL },
	{ LUND, "visit save", "{\"set\":{\"gender\":\"woman\",\"language\":\"ar\",\"case.topic\":\"housing\",\"case.next_step\":\"Ring kommunen\",\"case.deadline\":\"2026-05-05\"}, \"add\":{\"topic\":\"housing\"}, \"note\":\"Ett brev om bostad\"}", "case", "case" },
	{ LUND, "visit save", "{\"set\":{\"gender\":\"man\",\"case.topic\":\"housing\"}, \"note\":\"Samma brev igen\"}", "other", "case" },
	{ LUND, "visit save", "{\"set\":{\"gender\":\"man\",\"case.topic\":\"housing\"}, \"note\":\"Och en gång till\"}", "third", "case" },
	{ LUND, "visit save", "{\"set\":{\"gender\":\"missing\"}}", "visit", "visit" },
	{ LUND, "card new", "{\"case\":\"$case\"}", "card", "code" },
	{ LUND, "card new", "{\"team\":\"Lund\"}", "visitor", "visitor" },
	{ LUND, "referral send", "{\"case\":\"$case\",\"to\":\"Kommunen\",\"reason\":\"time\",\"mode\":\"slip\"}", "referral", "referral" },
	{ LUND, "booking take", "{\"site\":\"$site\",\"date\":\"2026-03-09\",\"time\":\"13:00\"}", "booking", "booking" },
	{ LUND, "put", "{\"type\":\"incident\",\"set\":{\"date\":\"2026-03-02\",\"kind\":\"privacy\",\"text\":\"En dator saknas\"}, \"team\":\"Lund\"}", "incident", "id" },
	{ LUND, "put", "{\"type\":\"case\",\"set\":{\"topic\":\"housing\",\"protected\":true}, \"team\":\"Lund\"}", "hidden", "id" },
	{ LUND, "merge", "{\"keep\":\"$case\",\"other\":\"$other\"}", NULL, NULL },
	{ LUND, "erase", "{\"id\":\"$visit\",\"reason\":\"den enskilde bad om det\"}", NULL, NULL },
	{ LUND, "retention order", "{\"until\":\"2027-01-01\",\"reason\":\"beslut\",\"team\":\"Lund\"}", "order", "id" },
	{ LUND, "export", "{\"output\":\"/home/lund/records.jsonl\"}", NULL, NULL },
	{ LUND, "put", "{\"type\":\"organisation\",\"set\":{\"name\":\"Skuldhjälpen\",\"assured\":\"2025-01-01\"}, \"team\":\"Lund\"}", "organisation", "id" },
	{ LUND, "put", "{\"type\":\"service\",\"set\":{\"name\":\"Råd om skulder\",\"organisation\":\"$organisation\"}, \"team\":\"Lund\"}", "service", "id" },
	{ LUND, "directory export", "{\"output\":\"/home/lund/hsds.json\"}", NULL, NULL },
	{ LUND, "profile export-xlsform", "{\"output\":\"/home/lund/form.xlsx\",\"type\":\"volunteer\"}", NULL, NULL },
	{ LUND, "export", "{\"all\":true, \"output\":\"/home/lund/archive.zip\"}", NULL, NULL },
	{ LUND, "report", "{\"name\":\"iop\",\"from\":\"2026-03-01\",\"to\":\"2026-03-02\",\"publish\":true, \"team\":\"Lund\"}", NULL, NULL },
	{ LUND, "team add", "{\"name\":\"Veberöd\"}", NULL, NULL },
	{ LUND, "grant", "{\"device\":\"self\",\"team\":\"Veberöd\"}", NULL, NULL },
	{ LUND, "put", "{\"type\":\"case\",\"set\":{\"topic\":\"housing\"}, \"team\":\"Veberöd\"}", NULL, NULL },
	{ LUND, "team set", "{\"team\":\"Veberöd\",\"approval\":\"hand\"}", NULL, NULL },
	{ LUND, "bundle write", "{\"file\":\"/home/lund/all.bundle\"}", NULL, NULL },
	{ DALBY, "bundle read", "{\"file\":\"/home/lund/all.bundle\"}", NULL, NULL },
	{ DALBY, "put", "{\"type\":\"case\",\"id\":\"$case\",\"set\":{\"next_step\":\"Skriv till kommunen\"}}", NULL, NULL },
	{ DALBY, "erase", "{\"id\":\"$third\",\"reason\":\"den enskilde bad om det\"}", "request", "request" },
	{ DALBY, "grant", "{\"device\":\"self\",\"team\":\"Veberöd\"}", NULL, NULL }, /* whose key Lund then gives, or does not */
	{ DALBY, "team add", "{\"name\":\"Björnstorp\"}", NULL, NULL },               /* and one that Lund reads by the escrow key, or not */
	{ DALBY, "grant", "{\"device\":\"self\",\"team\":\"Björnstorp\"}", NULL, NULL },
	{ DALBY, "put", "{\"type\":\"case\",\"set\":{\"topic\":\"housing\"}, \"note\":\"Bara i Björnstorp\",\"team\":\"Björnstorp\"}", NULL, NULL },
	{ DALBY, "retention order", "{\"until\":\"2027-06-01\",\"reason\":\"beslut\",\"team\":\"Lund\"}", "theirs", "id" },
	{ LUND, "put", "{\"type\":\"case\",\"id\":\"$case\",\"set\":{\"next_step\":\"Gå till kommunen\"}}", NULL, NULL },
	{ DALBY, "bundle write", "{\"file\":\"/home/lund/dalby.bundle\"}", NULL, NULL },
	{ LUND, "bundle read", "{\"file\":\"/home/lund/dalby.bundle\"}", NULL, NULL },
	{ LUND, "keys list", "{}", "key", "waiting.0.id" },
	{ LUND, "grant", "{\"device\":\"self\",\"team\":\"Björnstorp\"}", NULL, NULL },
	{ DALBY, "visit save", "{\"set\":{\"gender\":\"woman\",\"case.topic\":\"work_establishment\"}, \"note\":\"Ett nytt brev\",\"team\":\"Lund\"}", NULL, NULL },
	{ DALBY, "bundle write", "{\"file\":\"/home/lund/news.bundle\"}", NULL, NULL },
};

static void
put_file(struct room *r, const char *path, struct bytes data)
{
	struct err err = ERR_INIT;

	must(room_env(r)->files->create(room_env(r), path, data, &err), &err, path);
}

/* The trustees' sheets, as `init` writes them. */
static void
write_kit(struct room *r, const struct node_seeds *seeds)
{
	struct kit kit = { .recovery_code = "" };
	struct err err = ERR_INIT;

	must(kit_split(room_env(r), kit.root, seeds->root, &err), &err, "shares");
	must(kit_split(room_env(r), kit.rotation, seeds->rotation, &err), &err, "shares");
	must(kit_split(room_env(r), kit.escrow, seeds->escrow, &err), &err, "shares");
	must(room_env(r)->files->make_dir(room_env(r), "/home/lund/kit", &err), &err, "a directory");
	must(kit_write(room_env(r), "/home/lund/kit", "Lunds rådgivning", &kit, &err), &err, "sheets");
}

/* Three lines of another place's trace. */
static void
write_trace(struct room *r)
{
	static const char lines[] =
		"{\"t\":\"2026-01-12T08:00:04+01:00\",\"by\":\"lund\",\"type\":\"site\",\"id\":\"7314c7b68fa328ebf769611775ca9799\",\"set\":{\"name\":\"Veberöd\",\"kind\":\"popup\"}}\n"
		"{\"t\":\"2026-01-12T08:10:00+01:00\",\"by\":\"lund\",\"type\":\"visit\",\"id\":\"7314c7b68fa328ebf769611775ca9700\",\"set\":{\"gender\":\"woman\"}}\n"
		"{\"t\":\"2026-01-12T08:20:00+01:00\",\"by\":\"lund\",\"type\":\"case\",\"id\":\"7314c7b68fa328ebf769611775ca9701\",\"set\":{\"topic\":\"housing\"},\"note\":{\"id\":\"7314c7b68fa328ebf769611775ca9702\",\"text\":\"Ett brev\"}}\n";

	put_file(r, "/home/lund/trace.jsonl", BYTES_STR(lines));
}

/*
 * Labels in one language, which are the objects in which Swedish stands. To read the profile is most of what a start, a
 * change of the organisation or an installation asks memory for: with all seven it is twice that, and nothing else.
 */
static void
cut_labels(json_t *v)
{
	json_t *swedish = json_object_get(v, "sv"), *at;
	const char *key;
	size_t i;

	if (json_is_string(swedish)) {
		(void)json_incref(swedish);
		json_object_clear(v);
		json_object_set_new(v, "sv", swedish);
		return;
	}
	json_array_foreach(v, i, at)
		cut_labels(at);
	json_object_foreach(v, key, at)
		cut_labels(at);
}

/* The shipped one, shorter. */
static void
read_profile(struct buf *out)
{
	struct buf shipped = BUF_INIT;
	struct err err = ERR_INIT;
	json_t *profile;
	char *text;

	must(posix_files.read(NULL, "packaging/profiles/radrum.json", 1 << 20, &shipped, &err), &err, "the profile");
	profile = json_loadb((const char *)shipped.p, shipped.len, 0, NULL);
	cut_labels(profile);
	json_object_set_new(profile, "languages", json_pack("[s]", "sv"));
	text = json_dumps(profile, JSON_COMPACT);
	buf_put(out, text, strlen(text));
	free(text);
	json_decref(profile);
	buf_free(&shipped);
}

/* The profile, one version on, and as it stands. */
static void
write_profiles(struct room *r, struct bytes profile)
{
	json_t *next = json_loadb((const char *)profile.p, profile.len, 0, NULL);
	char *text;

	json_object_set_new(next, "version", json_integer(json_integer_value(json_object_get(next, "version")) + 1));
	text = json_dumps(next, JSON_COMPACT);
	put_file(r, "/home/lund/next.json", BYTES_STR(text));
	put_file(r, "/home/lund/form.json", profile);
	free(text);
	json_decref(next);
}

/* What has been read and nobody asks for again: every trial restores all that lies there. */
static void
throw_away(struct room *r, const char *path)
{
	struct err err = ERR_INIT;

	must(room_env(r)->files->remove(room_env(r), path, &err), &err, path);
}

static void
found(struct room *r)
{
	struct buf profile = BUF_INIT;
	struct err err = ERR_INIT;
	struct node_seeds seeds;
	struct stream_id team;
	struct device_id self;
	struct home h;

	read_profile(&profile);
	must(home_create(&h, room_env(r), room_home, "Samordnaren", "lund", BYTES_STR(ROOM_PASSPHRASE), KDF_INTERACTIVE, NULL, &err), &err, "a home");
	home_close(&h);
	must(room_open(r, false, &err), &err, "opening");
	must(node_found(r->node, "Lunds rådgivning", "Samordnaren", "lund", buf_bytes(&profile), true, &seeds, &err), &err, "founding");
	must(node_team_add(r->node, "Lund", false, &team, &err), &err, "a team");
	self = node_self(r->node)->id;
	must(node_grant(r->node, &self, &team, &err), &err, "a grant");
	must(node_commit(r->node, &err), &err, "commit");
	write_kit(r, &seeds);
	write_profiles(r, buf_bytes(&profile));
	write_trace(r);
	buf_free(&profile);
}

static void
request_of(struct room *r, const char *home, const char *name, struct buf *out)
{
	struct err err = ERR_INIT;
	struct home h;

	must(home_create(&h, host_env(r->other_host), home, name, name, BYTES_STR(ROOM_PASSPHRASE), KDF_INTERACTIVE, NULL, &err), &err, "a home");
	must(home_request(&h, out, &err), &err, "a request");
	home_close(&h);
}

/* A second coordinator, in the team; and a request of somebody whom nobody has admitted yet. */
static struct node *
join(struct room *r)
{
	struct node_secret secret = { .slot = 1, .secret = BYTES_STR(ROOM_PASSPHRASE) };
	struct buf request = BUF_INIT, sealed = BUF_INIT;
	struct err err = ERR_INIT;
	struct join_request req;
	struct node *dalby;
	struct device_id dev;
	struct stream_id team;
	struct welcome w;
	struct home h;

	request_of(r, ROOM_OTHER_HOME, "dalby", &request);
	must(join_request_decode(&req, buf_bytes(&request), &err), &err, "a request");
	if (!node_team_named(r->node, "Lund", &team))
		abort();
	must(node_admit(r->node, &req, ROLE_COORDINATOR, &team, 1, &dev, &err), &err, "admit");
	must(node_commit(r->node, &err), &err, "commit");
	must(node_welcome(r->node, &dev, &sealed, &err), &err, "welcome");
	must(home_open(&h, host_env(r->other_host), ROOM_OTHER_HOME, 1, BYTES_STR(ROOM_PASSPHRASE), &err), &err, "opening");
	must(welcome_open(&w, &h, buf_bytes(&sealed), &err), &err, "welcome");
	must(welcome_accept(&h, &w, &err), &err, "welcome");
	welcome_free(&w);
	home_close(&h);
	must(node_open(&dalby, host_env(r->other_host), ROOM_OTHER_HOME, &secret, &err), &err, "opening");
	buf_clear(&request);
	request_of(r, "/home/genarp/faltbok", "genarp", &request);
	put_file(r, "/home/lund/newcomer.request", buf_bytes(&request));
	buf_free(&request);
	buf_free(&sealed);
	return dalby;
}

/* It stands for that from here on, whatever it stood for before. */
static void
room_name(struct room *r, const char *name, const char *value)
{
	size_t k = 0;

	while (k < r->name_count && strcmp(r->names[k].name, name) != 0)
		k++;
	snprintf(r->names[k].name, sizeof(r->names[0].name), "%s", name);
	snprintf(r->names[k].value, sizeof(r->names[0].value), "%s", value);
	r->name_count += k == r->name_count;
}

static void
name_answer(struct room *r, const char *name, const char *path)
{
	const json_t *at = r->result;
	char part[32];

	for (const char *p = path; at != NULL && *p != '\0';) {
		size_t n = strcspn(p, ".");

		snprintf(part, sizeof(part), "%.*s", (int)n, p);
		at = json_is_array(at) ? json_array_get(at, strtoul(part, NULL, 10)) : json_object_get(at, part);
		p += n + (p[n] == '.');
	}
	if (!json_is_string(at) || r->name_count == ROOM_NAMES) {
		fprintf(stderr, "counted: no text at %s for $%s in ", path, name);
		json_dumpf(r->result, stderr, 0);
		abort();
	}
	room_name(r, name, json_string_value(at));
}

void
room_note_code(struct room *r)
{
	const char *code = json_string_value(json_object_get(r->result, "code"));

	if (code != NULL)
		room_name(r, "code", code);
}

/* A bundle goes to the other machine as on a stick. */
static void
carry(struct room *r, bool from_lund, const json_t *params)
{
	struct env *from = host_env(from_lund ? r->host : r->other_host), *to = host_env(from_lund ? r->other_host : r->host);
	const char *path = json_string_value(json_object_get(params, "file"));
	struct buf data = BUF_INIT;
	struct err err = ERR_INIT;

	must(from->files->read(from, path, 16 << 20, &data, &err), &err, path);
	must(to->files->create(to, path, buf_bytes(&data), &err), &err, path);
	must(from->files->remove(from, path, &err), &err, path);
	buf_free(&data);
}

static void
live_a_day(struct room *r, struct node *dalby)
{
	struct node *lund = r->node;

	for (size_t i = 0; i < COUNT_OF(day); i++) {
		json_t *params = room_params(r, day[i].params);

		r->node = day[i].at == DALBY ? dalby : lund;
		if (!room_ask(r, day[i].op, params)) {
			fprintf(stderr, "counted: %s: %s\n", day[i].op, r->err.text);
			abort();
		}
		if (getenv("COUNTED_SHOW") != NULL) {
			fprintf(stderr, "%s: ", day[i].op);
			json_dumpf(r->result, stderr, 0);
			fprintf(stderr, "\n");
		}
		if (strcmp(day[i].op, "bundle write") == 0)
			carry(r, day[i].at == LUND, params);
		if (day[i].name != NULL)
			name_answer(r, day[i].name, day[i].path);
		json_decref(params);
	}
	r->node = lund;
}

void
room_new(struct room *r, uint64_t seed)
{
	struct node *dalby;

	*r = (struct room){ .err = ERR_INIT };
	if (!crypto_start())
		abort();
	keystore_cheap_for_tests = true;
	r->world = world_new(seed, 2, false);
	r->host = world_host(r->world, 0);
	r->other_host = world_host(r->world, 1);
	r->disk = host_disk(r->host);
	r->other_disk = host_disk(r->other_host);
	found(r);
	dalby = join(r);
	live_a_day(r, dalby);
	throw_away(r, "/home/lund/dalby.bundle");
	r->other = dalby;
	room_stop_other(r);
	room_stop(r);
	r->kept = disk_image_take(r->disk);
	r->other_kept = disk_image_take(r->other_disk);
}

