/*
 * What a stranger on the network sees, and what it can make of it.
 *
 *   wire capture INTERFACE FILE   every frame, as a pcap file, until SIGTERM; prints "ready" first
 *   wire flows FILE DIR           what was said: DIR/udp-N, a datagram each; DIR/tcp-N-PORT, one direction of one connection each and
 *                                 the port that it went to, in order and once however often it was sent. Prints {"datagrams":…,"streams":…,"bytes":…}
 *   wire repeats DIR              eight bytes that stand in two of these files, or twice in one: a mark by which somebody
 *                                 could be known again. Exit 3 and says where.
 *   wire ask HOST:PORT [FILE]     connects, sends FILE, and prints how many bytes come back in two seconds
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum { FRAME_MAX = 65536 + 64, FLOWS_MAX = 16384, STREAM_MAX = 256 << 20, MARK = 8 };

static volatile sig_atomic_t stop;

static void
stopped(int sig)
{
	(void)sig;
	stop = 1;
}

static int
fail(const char *what)
{
	fprintf(stderr, "wire: %s: %s\n", what, strerror(errno));
	return 5;
}

/* ---- capture ---- */

static int
listen_on(const char *interface)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	struct packet_mreq all = { .mr_type = PACKET_MR_PROMISC };
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), room = 32 << 20;

	if (fd < 0)
		return -1;
	at.sll_ifindex = all.mr_ifindex = (int)if_nametoindex(interface);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (at.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int
capture(const char *interface, const char *path)
{
	static unsigned char frame[FRAME_MAX];
	const uint32_t head[6] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, FRAME_MAX, 1 };
	struct sigaction end = { .sa_handler = stopped };
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);
	FILE *out = fopen(path, "wb");
	int fd = listen_on(interface);

	if (fd < 0 || out == NULL || fwrite(head, sizeof(head), 1, out) != 1)
		return fail(interface);
	sigaction(SIGTERM, &end, NULL);
	puts("ready");
	fflush(stdout);
	while (!stop) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		struct timeval now;
		ssize_t n = poll(&p, 1, 100) > 0 ? recv(fd, frame, sizeof(frame), 0) : 0;

		if (n <= 0)
			continue;
		gettimeofday(&now, NULL);
		const uint32_t h[4] = { (uint32_t)now.tv_sec, (uint32_t)now.tv_usec, (uint32_t)n, (uint32_t)n };

		if (fwrite(h, sizeof(h), 1, out) != 1 || fwrite(frame, (size_t)n, 1, out) != 1)
			return fail(path);
	}
	(void)getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len);
	fprintf(stderr, "wire: %u frames, %u missed\n", stats.tp_packets, stats.tp_drops);
	return fclose(out) == 0 ? 0 : fail(path);
}

/* ---- flows ---- */

struct flow { unsigned char key[36]; size_t key_len; uint32_t start; unsigned char *p; size_t len, cap; } *flows;
static size_t flow_count, datagrams, bytes_seen;
static struct seen { unsigned char *p; size_t len; } *grams;

static void *
grown(void *p, size_t n)
{
	p = realloc(p, n);
	if (p == NULL) {
		fprintf(stderr, "wire: out of memory\n");
		exit(5);
	}
	return p;
}

static struct flow *
flow_of(const unsigned char *key, size_t key_len, uint32_t seq, bool syn)
{
	/* A later connection between the same ports is another flow: found from the newest back. */
	for (size_t i = flow_count; i-- > 0 && !syn;)
		if (flows[i].key_len == key_len && memcmp(flows[i].key, key, key_len) == 0)
			return &flows[i];
	for (size_t i = flow_count; i-- > 0 && syn;)
		if (flows[i].key_len == key_len && memcmp(flows[i].key, key, key_len) == 0 && flows[i].start == seq + 1)
			return &flows[i]; /* the SYN once more */
	if (flow_count == FLOWS_MAX)
		return NULL;
	struct flow *f = &flows[flow_count++];

	memset(f, 0, sizeof(*f));
	memcpy(f->key, key, key_len);
	f->key_len = key_len;
	f->start = seq + syn;
	return f;
}

static void
tcp_segment(const unsigned char *addrs, size_t addrs_len, const unsigned char *p, size_t n)
{
	struct tcphdr h;
	unsigned char key[36];
	struct flow *f;
	size_t head, at;

	if (n < sizeof(h))
		return;
	memcpy(&h, p, sizeof(h));
	head = (size_t)h.doff * 4;
	if (head < sizeof(h) || head > n)
		return;
	memcpy(key, addrs, addrs_len);
	memcpy(key + addrs_len, p, 4); /* both ports */
	f = flow_of(key, addrs_len + 4, ntohl(h.seq), h.syn);
	if (f == NULL || head == n)
		return;
	at = (size_t)(ntohl(h.seq) - f->start);
	if (at > STREAM_MAX || at + (n - head) > STREAM_MAX)
		return;
	if (at + n - head > f->cap) {
		size_t cap = (at + n - head) * 2;

		f->p = grown(f->p, cap);
		memset(f->p + f->cap, 0, cap - f->cap);
		f->cap = cap;
	}
	memcpy(f->p + at, p + head, n - head);
	if (at + n - head > f->len)
		f->len = at + n - head;
}

static void
udp_datagram(const unsigned char *p, size_t n)
{
	if (n <= sizeof(struct udphdr))
		return;
	p += sizeof(struct udphdr);
	n -= sizeof(struct udphdr);
	/* A bridge shows one datagram on several ports; the very same bytes in sequence are one. Its sender cannot repeat them unseen: see below. */
	for (size_t i = datagrams; i-- > 0 && datagrams - i < 64;)
		if (grams[i].len == n && memcmp(grams[i].p, p, n) == 0)
			return;
	if (datagrams % 256 == 0)
		grams = grown(grams, (datagrams + 256) * sizeof(*grams));
	grams[datagrams].p = grown(NULL, n);
	memcpy(grams[datagrams].p, p, n);
	grams[datagrams++].len = n;
}

static void
frame_seen(const unsigned char *p, size_t n)
{
	size_t type, head, total;

	if (n < 14)
		return;
	type = (size_t)p[12] << 8 | p[13];
	p += 14;
	n -= 14;
	if (type == ETHERTYPE_IP && n >= 20) {
		head = (size_t)(p[0] & 15) * 4;
		total = (size_t)p[2] << 8 | p[3];
		if (head < 20 || total < head || total > n)
			return;
		if (p[9] == IPPROTO_TCP)
			tcp_segment(p + 12, 8, p + head, total - head);
		else if (p[9] == IPPROTO_UDP)
			udp_datagram(p + head, total - head);
	} else if (type == ETHERTYPE_IPV6 && n >= 40) {
		total = (size_t)p[4] << 8 | p[5];
		if (total > n - 40)
			return;
		if (p[6] == IPPROTO_TCP)
			tcp_segment(p + 8, 32, p + 40, total);
		else if (p[6] == IPPROTO_UDP)
			udp_datagram(p + 40, total);
	}
}

static int
put_file(const char *dir, const char *kind, size_t number, unsigned port, const unsigned char *p, size_t n)
{
	char path[4096];
	FILE *out;

	snprintf(path, sizeof(path), port == 0 ? "%s/%s-%zu" : "%s/%s-%zu-%u", dir, kind, number, port);
	out = fopen(path, "wb");
	if (out == NULL || (n > 0 && fwrite(p, n, 1, out) != 1) || fclose(out) != 0)
		return fail(path);
	bytes_seen += n;
	return 0;
}

static int
flows_of(const char *path, const char *dir)
{
	static unsigned char frame[FRAME_MAX];
	uint32_t head[6], h[4];
	size_t streams = 0;
	FILE *in = fopen(path, "rb");

	flows = grown(NULL, FLOWS_MAX * sizeof(*flows));
	if (in == NULL || fread(head, sizeof(head), 1, in) != 1)
		return fail(path);
	while (fread(h, sizeof(h), 1, in) == 1 && h[2] <= sizeof(frame) && fread(frame, h[2], 1, in) == 1)
		frame_seen(frame, h[2]);
	fclose(in);
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return fail(dir);
	for (size_t i = 0; i < datagrams; i++)
		if (put_file(dir, "udp", i, 0, grams[i].p, grams[i].len) != 0)
			return 5;
	for (size_t i = 0; i < flow_count; i++)
		if (flows[i].len > 0 && put_file(dir, "tcp", streams++, (unsigned)flows[i].key[flows[i].key_len - 2] << 8 | flows[i].key[flows[i].key_len - 1], flows[i].p, flows[i].len) != 0)
			return 5;
	printf("{\"datagrams\":%zu,\"streams\":%zu,\"bytes\":%zu}\n", datagrams, streams, bytes_seen);
	return 0;
}

/* ---- repeats ---- */

struct mark { unsigned char bytes[MARK]; uint32_t file, at; };

static int
by_bytes(const void *a, const void *b)
{
	return memcmp(((const struct mark *)a)->bytes, ((const struct mark *)b)->bytes, MARK);
}

static int
repeats(const char *dir)
{
	struct mark *marks = NULL;
	char (*names)[64] = NULL;
	size_t n = 0, cap = 0;
	uint32_t files = 0;
	DIR *d = opendir(dir);
	struct dirent *e;

	if (d == NULL)
		return fail(dir);
	while ((e = readdir(d)) != NULL) {
		unsigned char window[MARK] = { 0 };
		char path[4096];
		FILE *in;
		int c;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		in = fopen(path, "rb");
		if (in == NULL)
			return fail(path);
		names = grown(names, (files + 1) * sizeof(*names));
		snprintf(names[files], sizeof(names[files]), "%.60s", e->d_name);
		for (uint32_t at = 0; (c = getc(in)) != EOF; at++) {
			memmove(window, window + 1, MARK - 1);
			window[MARK - 1] = (unsigned char)c;
			if (at + 1 < MARK)
				continue;
			if (n == cap)
				marks = grown(marks, (cap = cap * 2 + 65536) * sizeof(*marks));
			memcpy(marks[n].bytes, window, MARK);
			marks[n].file = files;
			marks[n++].at = at + 1 - MARK;
		}
		fclose(in);
		files++;
	}
	closedir(d);
	if (n > 0)
		qsort(marks, n, sizeof(*marks), by_bytes);
	for (size_t i = 1; i < n; i++)
		if (memcmp(marks[i - 1].bytes, marks[i].bytes, MARK) == 0) {
			printf("the same eight bytes in %s at %u and in %s at %u\n", names[marks[i - 1].file], marks[i - 1].at,
			       names[marks[i].file], marks[i].at);
			return 3;
		}
	printf("%zu places in %u files, no eight bytes twice\n", n, files);
	return 0;
}

/* ---- ask ---- */

static int
dial(const char *to)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	struct timeval second = { .tv_sec = 1 };
	char host[64];
	const char *colon = strrchr(to, ':');
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (colon == NULL || fd < 0)
		return -1;
	snprintf(host, sizeof(host), "%.*s", (int)(colon - to), to);
	sa.sin_port = htons((uint16_t)atoi(colon + 1));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
	if (inet_pton(AF_INET, host, &sa.sin_addr) == 1 && connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
ask(const char *to, const char *path)
{
	unsigned char bytes[65536];
	size_t back = 0;
	FILE *in = path == NULL ? NULL : fopen(path, "rb");
	struct pollfd p = { .events = POLLIN };
	ssize_t n;

	signal(SIGPIPE, SIG_IGN);
	p.fd = dial(to);
	if (p.fd < 0 || (path != NULL && in == NULL))
		return fail(p.fd < 0 ? to : path);
	for (size_t k; in != NULL && (k = fread(bytes, 1, sizeof(bytes), in)) > 0;)
		if (send(p.fd, bytes, k, 0) != (ssize_t)k)
			break;
	for (int waited = 0; waited < 20;)
		if (poll(&p, 1, 100) <= 0)
			waited++;
		else if ((n = recv(p.fd, bytes, sizeof(bytes), 0)) <= 0)
			break;
		else
			back += (size_t)n;
	printf("%zu\n", back);
	return 0;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "capture") == 0 && argc == 4)
		return capture(argv[2], argv[3]);
	if (strcmp(what, "flows") == 0 && argc == 4)
		return flows_of(argv[2], argv[3]);
	if (strcmp(what, "repeats") == 0 && argc == 3)
		return repeats(argv[2]);
	if (strcmp(what, "ask") == 0 && (argc == 3 || argc == 4))
		return ask(argv[2], argv[3]);
	fprintf(stderr, "usage: wire capture INTERFACE FILE | flows FILE DIR | repeats DIR | ask HOST:PORT [FILE]\n");
	return 1;
}
