/*
 * What an adviser waits for: a visit put by the command line into a node that
 * already serves, from the start of the process to its end. The floor is the
 * same program started for nothing.
 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { ROUNDS = 60 };
extern char **environ;

static pid_t
start(char *const argv[], const char *out)
{
	posix_spawn_file_actions_t files;
	pid_t pid;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (posix_spawn(&pid, argv[0], &files, NULL, argv, environ) != 0) {
		perror(argv[0]);
		exit(1);
	}
	posix_spawn_file_actions_destroy(&files);
	return pid;
}

/* Seconds until it has ended well. */
static double
timed(char *const argv[])
{
	double from = now_s();
	int status;

	if (waitpid(start(argv, "/dev/null"), &status, 0) < 0 || status != 0) {
		fprintf(stderr, "%s %s failed\n", argv[0], argv[1]);
		exit(1);
	}
	return now_s() - from;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median_of(char *const argv[])
{
	double all[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		all[i] = timed(argv);
	qsort(all, ROUNDS, sizeof(all[0]), by_value);
	return all[ROUNDS / 2];
}

static void
wait_for(const char *socket)
{
	for (int i = 0; i < 1000 && access(socket, F_OK) != 0; i++)
		usleep(10000);
}

void
bench_serving(struct bench *b)
{
	char program[] = "build/faltbok", home[600], pass[600], out[600], socket[700];
	char *common[] = { program, "--home", home, "--passphrase-file", pass, "--kdf", "interactive" };
	char *serve[] = { common[0], common[1], common[2], common[3], common[4], common[5], common[6], "--json", "serve", "--listen", "127.0.0.1:0", "--no-discovery", NULL };
	char *put[] = { common[0], common[1], common[2], "--quiet", "put", "visit", "channel=physical", "gender=woman", "language=ar", "+topic=housing", NULL };
	char *nothing[] = { common[0], "--version", NULL };
	double value, floor_s;
	pid_t pid;

	snprintf(home, sizeof(home), "%s/serving", b->dir);
	snprintf(pass, sizeof(pass), "%s/serving.pass", b->dir);
	snprintf(out, sizeof(out), "%s/serving.out", b->dir);
	snprintf(socket, sizeof(socket), "%s/control.sock", home);
	run_or_die("rm -rf %s && echo 'fem ord om natten' >%s", home, pass);
	run_or_die("%s --home %s --passphrase-file %s --kdf interactive --quiet init --org B --member B --device b >/dev/null", program, home, pass);
	run_or_die("%s --home %s --passphrase-file %s --quiet team add lund", program, home, pass);
	run_or_die("%s --home %s --passphrase-file %s --quiet grant self lund >/dev/null", program, home, pass);
	pid = start(serve, out);
	wait_for(socket);
	(void)timed(put); /* the first makes the epoch */
	value = median_of(put);
	floor_s = median_of(nothing);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	figure("put_to_serving_ms", value * 1e3, "ms", floor_s * 1e3, "ms, the program started for nothing", value / floor_s);
}
