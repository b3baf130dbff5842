/*
 * Options are few and the same everywhere, and operations bring their own
 * from the table, so the words of a command line are taken apart here rather
 * than by a parser that must know them all beforehand.
 */
#include "app/common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/nfc.h"
#include "crypto/guard.h"
#include "net/net.h"

enum { PASSPHRASE_BYTES_MAX = 4096, PASSPHRASE_BYTES_MIN = 8 };

/* No core file, no reading of our memory by others of the same user, files for us alone. */
static void
protect_process(void)
{
	struct rlimit none = { 0, 0 };

	umask(077);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
}

static void
print_help(const char *program, const struct command *commands)
{
	printf("Usage: %s [--home DIR] [--passphrase-file FILE] [--json] [--quiet] COMMAND …\n\n", program);
	for (; commands->name != NULL; commands++)
		printf("  %s%s%s\n      %s\n", commands->name, commands->usage[0] != '\0' ? " " : "", commands->usage, commands->help);
	printf("\nEverywhere: --home DIR (else $FALTBOK_HOME, else $XDG_DATA_HOME/faltbok), --passphrase-file FILE\n"
	       "(\"-\": standard input), --json, --quiet, --help, --version, --kdf interactive|moderate|sensitive.\n");
}

static void
usage_exit(const char *program, const char *what, const char *which)
{
	fprintf(stderr, "%s: %s: %s; `%s --help` shows the commands\n", program, which, what, program);
	exit(1);
}

static void
default_home(struct app *app)
{
	const char *dir = getenv("FALTBOK_HOME");

	if (dir != NULL && dir[0] != '\0') {
		snprintf(app->home, sizeof(app->home), "%s", dir);
		return;
	}
	dir = getenv("XDG_DATA_HOME");
	if (dir != NULL && dir[0] != '\0') {
		snprintf(app->home, sizeof(app->home), "%s/faltbok", dir);
		return;
	}
	dir = getenv("HOME");
	snprintf(app->home, sizeof(app->home), "%s/.local/share/faltbok", dir != NULL ? dir : "");
}

static enum kdf_strength
kdf_named(const char *program, const char *name)
{
	if (strcmp(name, "interactive") == 0)
		return KDF_INTERACTIVE;
	if (strcmp(name, "moderate") == 0)
		return KDF_MODERATE;
	if (strcmp(name, "sensitive") == 0)
		return KDF_SENSITIVE;
	usage_exit(program, "is not interactive, moderate or sensitive", name);
	return KDF_MODERATE;
}

/* One help page for one command, when its words come before --help. */
static void
help_exit(const struct app *app, const struct command *commands)
{
	char words[256] = "";

	for (int i = 0; i < app->argc && app->argv[i][0] != '-'; i++) {
		size_t at = strlen(words);

		snprintf(words + at, sizeof(words) - at, "%s%s", at > 0 ? " " : "", app->argv[i]);
	}
	for (const struct command *c = commands; words[0] != '\0' && c->name != NULL; c++)
		if (strncmp(words, c->name, strlen(c->name)) == 0) {
			printf("Usage: %s %s %s\n\n%s\n", app->program, c->name, c->usage, c->help);
			exit(0);
		}
	print_help(app->program, commands);
	exit(0);
}

void
app_start(struct app *app, const char *program, int argc, char **argv, const struct command *commands)
{
	struct err err = ERR_INIT;

	*app = (struct app){ .program = program, .kdf = KDF_MODERATE, .argv = argv, .passphrase = BUF_INIT };
	protect_process();
	default_home(app);
	for (int i = 1; i < argc; i++) {
		char *value = i + 1 < argc ? argv[i + 1] : NULL;
		bool takes = strcmp(argv[i], "--home") == 0 || strcmp(argv[i], "--passphrase-file") == 0 || strcmp(argv[i], "--kdf") == 0;

		if (takes && value == NULL)
			usage_exit(program, "needs a value", argv[i]);
		if (strcmp(argv[i], "--home") == 0)
			snprintf(app->home, sizeof(app->home), "%s", argv[++i]);
		else if (strcmp(argv[i], "--passphrase-file") == 0)
			app->passphrase_file = argv[++i];
		else if (strcmp(argv[i], "--kdf") == 0)
			app->kdf = kdf_named(program, argv[++i]);
		else if (strcmp(argv[i], "--json") == 0)
			app->json = true;
		else if (strcmp(argv[i], "--quiet") == 0)
			app->quiet = true;
		else if (strcmp(argv[i], "--help") == 0)
			help_exit(app, commands);
		else if (strcmp(argv[i], "--version") == 0) {
			printf("%s %s\n", program, FALTBOK_VERSION);
			exit(0);
		} else
			app->argv[app->argc++] = argv[i];
	}
	app->argv[app->argc] = NULL;
	if (app->argc == 0)
		usage_exit(program, "no command given", "what to do");
	app->env = crypto_start() ? net_env_new(&err) : NULL;
	if (app->env == NULL)
		exit(app_fail(app, &err));
}

int
app_finish(struct app *app, int status)
{
	buf_wipe(&app->passphrase);
	net_env_free(app->env);
	return status;
}

static void
take_out(struct app *app, int at, int count)
{
	memmove(&app->argv[at], &app->argv[at + count], (size_t)(app->argc - at - count + 1) * sizeof(app->argv[0]));
	app->argc -= count;
}

const char *
app_option(struct app *app, const char *name)
{
	for (int i = 0; i < app->argc; i++) {
		const char *value;

		if (strcmp(app->argv[i], name) != 0)
			continue;
		value = app->argv[i + 1];
		if (value == NULL)
			usage_exit(app->program, "needs a value", name);
		take_out(app, i, 2);
		return value;
	}
	return NULL;
}

bool
app_flag(struct app *app, const char *name)
{
	for (int i = 0; i < app->argc; i++)
		if (strcmp(app->argv[i], name) == 0) {
			take_out(app, i, 1);
			return true;
		}
	return false;
}

enum err_code
app_no_more(const struct app *app, struct err *err)
{
	if (app->argc > 1)
		return err_set(err, ERR_USAGE, "%s: \"%s\" is not understood here; see `%s %s --help`", app->argv[0], app->argv[1], app->program,
		               app->argv[0]);
	return ERR_OK;
}

/* ---- passphrase ---- */

static enum err_code
read_secret_line(int fd, struct buf *out, struct err *err)
{
	char c;
	ssize_t n;

	buf_wipe(out);
	while ((n = read(fd, &c, 1)) == 1 && c != '\n') {
		if (out->len == PASSPHRASE_BYTES_MAX)
			return err_set(err, ERR_INVALID, "the passphrase is longer than %d bytes", PASSPHRASE_BYTES_MAX);
		buf_put_u8(out, (uint8_t)c);
	}
	if (n < 0)
		return err_set(err, ERR_IO, "reading the passphrase: %s", strerror(errno));
	if (out->len > 0 && out->p[out->len - 1] == '\r')
		out->len--;
	return ERR_OK;
}

static enum err_code
ask_terminal(const char *question, struct buf *out, struct err *err)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	struct termios before, silent;
	enum err_code rc;

	if (tty < 0)
		return err_set(err, ERR_USAGE, "no terminal to ask for the passphrase; give --passphrase-file FILE");
	(void)!write(tty, question, strlen(question));
	tcgetattr(tty, &before);
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(tty, TCSAFLUSH, &silent);
	rc = read_secret_line(tty, out, err);
	tcsetattr(tty, TCSAFLUSH, &before);
	(void)!write(tty, "\n", 1);
	close(tty);
	return rc;
}

static enum err_code
ask_twice(struct app *app, struct err *err)
{
	struct buf again = BUF_INIT;
	enum err_code rc = ask_terminal("New passphrase (five words or more are good): ", &app->passphrase, err);

	if (rc == ERR_OK)
		rc = ask_terminal("The same once more: ", &again, err);
	if (rc == ERR_OK && !bytes_equal(buf_bytes(&app->passphrase), buf_bytes(&again)))
		rc = err_set(err, ERR_INVALID, "the two passphrases differ; nothing was changed");
	buf_wipe(&again);
	return rc;
}

static enum err_code
from_file(struct app *app, struct err *err)
{
	bool standard = strcmp(app->passphrase_file, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(app->passphrase_file, O_RDONLY | O_CLOEXEC);
	enum err_code rc;

	if (fd < 0)
		return err_set(err, ERR_IO, "passphrase file %s: %s", app->passphrase_file, strerror(errno));
	rc = read_secret_line(fd, &app->passphrase, err);
	if (!standard)
		close(fd);
	return rc;
}

/* NFC: the same passphrase, whichever keyboard composed its letters. */
static enum err_code
one_way_of_writing(struct app *app, struct err *err)
{
	struct buf same = BUF_INIT;

	if (!nfc(&same, buf_bytes(&app->passphrase)))
		return err_set(err, ERR_INVALID, "the passphrase is not UTF-8 text");
	buf_wipe(&app->passphrase);
	app->passphrase = same;
	return ERR_OK;
}

enum err_code
app_passphrase(struct app *app, bool fresh, struct err *err)
{
	enum err_code rc;

	if (app->passphrase_file != NULL)
		rc = from_file(app, err);
	else if (fresh)
		rc = ask_twice(app, err);
	else
		rc = ask_terminal("Passphrase: ", &app->passphrase, err);
	if (rc == ERR_OK)
		rc = one_way_of_writing(app, err);
	if (rc == ERR_OK && app->passphrase.len == 0)
		rc = err_set(err, ERR_PASSPHRASE, "the passphrase is empty");
	if (rc == ERR_OK && fresh && app->passphrase.len < PASSPHRASE_BYTES_MIN)
		rc = err_set(err, ERR_INVALID, "the passphrase has fewer than %d characters; five words are easy to remember and hard to guess",
		             PASSPHRASE_BYTES_MIN);
	return rc;
}

enum err_code
app_open_home(struct app *app, struct home *home, struct err *err)
{
	char path[sizeof(app->home) + 16];

	snprintf(path, sizeof(path), "%s/keystore", app->home);
	if (!app->env->files->exists(app->env, path))
		return err_set(err, ERR_REFUSED, "%s: no home is here yet; `%s join --request FILE` begins one", app->home, app->program);
	if (app_passphrase(app, false, err) != ERR_OK)
		return err->code;
	return home_open(home, app->env, app->home, 1, buf_bytes(&app->passphrase), err);
}

/* ---- answers ---- */

static void
print_json(json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(15));

	if (text != NULL)
		puts(text);
	free(text);
}

int
app_answer(struct app *app, json_t *result, const char *text)
{
	if (app->json)
		print_json(result);
	else if (!app->quiet && text != NULL)
		fputs(text, stdout);
	json_decref(result);
	return fflush(stdout) == 0 ? 0 : err_exit_status(ERR_IO);
}

int
app_fail(struct app *app, const struct err *err)
{
	fprintf(stderr, "%s: %s\n", app->program, err->text);
	if (app->json) {
		json_t *o = json_pack("{s:{s:s,s:s}}", "error", "code", err_word(err->code), "text", err->text);

		print_json(o);
		json_decref(o);
	}
	return err_exit_status(err->code);
}

void
app_say(const struct app *app, const char *fmt, ...)
{
	FILE *to = app->json || app->quiet ? stderr : stdout;
	va_list args;

	va_start(args, fmt);
	vfprintf(to, fmt, args);
	va_end(args);
	fflush(to);
}

bool
app_has_terminal(void)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);

	if (tty < 0)
		return false;
	close(tty);
	return true;
}

bool
app_ask_yes(const char *question)
{
	FILE *tty = fopen("/dev/tty", "r+");
	char line[16] = "";
	bool yes;

	if (tty == NULL)
		return false;
	fprintf(tty, "%s [yes/no] ", question);
	fflush(tty);
	yes = fgets(line, sizeof(line), tty) != NULL && (strcmp(line, "yes\n") == 0 || strcmp(line, "ja\n") == 0);
	fclose(tty);
	return yes;
}

char *
app_absolute(const char *path, char out[4096])
{
	char here[2048];

	if (path[0] == '/' || getcwd(here, sizeof(here)) == NULL)
		snprintf(out, 4096, "%s", path);
	else
		snprintf(out, 4096, "%s/%s", here, path);
	return out;
}
