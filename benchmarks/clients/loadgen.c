/* The load: sends ready-made frames over many connections, as fast as they are answered, and times the answers.
 *
 *     loadgen SOCKET SECONDS < SCRIPT
 *
 * It knows of the protocol only a frame's length word and where its type, serial and status stand, so that it is never
 * the bottleneck: one thread, epoll, no allocation while it runs.
 *
 * SCRIPT, all numbers 32 bits big-endian: how many connections; then for each of them: how many frames to play once,
 * how many to repeat, and the frames. Frames are calls; a connection sends the next when the last one was answered.
 * Frames that come and answer nothing (events, keepalive) are skipped.
 *
 * Prints one line of JSON: calls, seconds, errors, and the latencies p50, p99 and max in microseconds. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { TYPE = 16, SERIAL = 20, STATUS = 24, HEAD = 28, REPLY = 1, BATCH = 256, SAMPLES = 1 << 23 };

struct connection {
    int fd;
    uint32_t serial, setup, count, next;
    uint8_t **frames; /* those to play once, then those to repeat */
    uint8_t head[HEAD];
    size_t have, skip; /* of the answer that is coming: bytes of its head, bytes still to pass over */
    double sent;
};

static float *samples;
static size_t answered, failed;
static uint8_t chunk[1 << 18];

static void die(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static uint32_t word(const uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, 4);
    return ntohl(value);
}

static uint32_t next_word(void) {
    uint8_t data[4];
    if (fread(data, 4, 1, stdin) != 1) die("the script ends early");
    return word(data);
}

static uint8_t *next_frame(void) {
    uint32_t length = next_word(), big = htonl(length);
    uint8_t *frame = malloc(length);
    if (frame == NULL || length < HEAD) die("a frame of the script");
    memcpy(frame, &big, 4);
    if (fread(frame + 4, length - 4, 1, stdin) != 1) die("the script ends early");
    return frame;
}

static void send_next(struct connection *c) {
    uint8_t *frame = c->frames[c->next];
    uint32_t serial = htonl(++c->serial), length = word(frame);
    memcpy(frame + SERIAL, &serial, 4);
    c->next = c->next + 1 == c->setup + c->count ? c->setup : c->next + 1;
    c->sent = now();
    for (uint32_t done = 0; done < length;) {
        ssize_t n = send(c->fd, frame + done, length - done, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) die("send");
        if (n > 0) done += n;
    }
}

/* Pass over what has come; whether the answer is now complete. */
static int take(struct connection *c) {
    ssize_t n = recv(c->fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (n <= 0) die("the daemon closed a connection");
    int complete = 0;
    for (size_t at = 0, part; at < (size_t)n; at += part) {
        size_t rest = n - at;
        if (c->have < HEAD) {
            part = rest < HEAD - c->have ? rest : HEAD - c->have;
            memcpy(c->head + c->have, chunk + at, part);
            if ((c->have += part) < HEAD) break;
            c->skip = word(c->head) - HEAD;
        } else {
            part = rest < c->skip ? rest : c->skip;
            c->skip -= part;
        }
        if (c->skip > 0) continue;
        c->have = 0;
        if (word(c->head + TYPE) != REPLY || word(c->head + SERIAL) != c->serial) continue;
        failed += word(c->head + STATUS) != 0;
        complete = 1;
    }
    return complete;
}

static struct connection *make(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct connection *c = calloc(1, sizeof *c);
    c->setup = next_word();
    c->count = next_word();
    c->frames = calloc(c->setup + c->count, sizeof *c->frames);
    for (uint32_t i = 0; i < c->setup + c->count; i++) c->frames[i] = next_frame();
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address)) die("connect");
    return c;
}

static void play_setup(struct connection *c, int ep) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c}, got;
    epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &event);
    for (uint32_t i = 0; i < c->setup; i++) {
        send_next(c);
        do epoll_wait(ep, &got, 1, 1000);
        while (take(c) == 0);
        if (failed) fprintf(stderr, "setup frame %u failed\n", i), exit(1);
    }
}

static int ascending(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

static float quantile(float share) {
    return answered == 0 ? 0 : samples[(size_t)(share * (answered - 1))];
}

int main(int argc, char **argv) {
    if (argc != 3) return fprintf(stderr, "usage: loadgen SOCKET SECONDS < SCRIPT\n"), 2;
    uint32_t connections = next_word();
    int ep = epoll_create1(0);
    struct connection **all = calloc(connections, sizeof *all);
    struct epoll_event events[BATCH];
    samples = malloc(SAMPLES * sizeof *samples);
    for (uint32_t i = 0; i < connections; i++) play_setup(all[i] = make(argv[1]), ep);
    double start = now(), end = start + atof(argv[2]), t = start;
    for (uint32_t i = 0; i < connections; i++) send_next(all[i]);
    while (t < end) {
        int ready = epoll_wait(ep, events, BATCH, 100);
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if (take(c) == 0) continue;
            if (answered < SAMPLES) samples[answered++] = (now() - c->sent) * 1e6;
            send_next(c);
        }
        t = now();
    }
    qsort(samples, answered, sizeof *samples, ascending);
    printf("{\"calls\": %zu, \"seconds\": %.4f, \"errors\": %zu, \"p50\": %.1f, \"p99\": %.1f, \"max\": %.1f}\n", answered,
           t - start, failed, quantile(0.5), quantile(0.99), quantile(1));
    return 0;
}
