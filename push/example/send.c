/* Sends one alert to one device and says what became of it:
 *     push_example KEY.p8 KEY-ID TEAM-ID TOPIC DEVICE-TOKEN TEXT
 * Exit status 0: accepted. */
#include "push/push.h"

#include "base/crypto.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static int status = -1; /* until the push has its outcome */

static void on_done(void *owner, struct push *push, const struct push_result *result)
{
    (void)owner, (void)push;
    printf("%s %d %.*s, asked of us: %s\n", push_outcome_name(result->outcome), result->status,
           SPAN_ARG(result->reason), push_advice_name(result->advice));
    status = result->outcome == PUSH_ACCEPTED ? 0 : 1;
}

static void on_alarm(void *owner, enum push_alarm alarm, const char *text)
{
    (void)owner;
    fprintf(stderr, "%s: %s\n", push_alarm_name(alarm), text);
}

static struct span read_key(const char *path, char *room, size_t len)
{
    FILE *file = fopen(path, "r");
    size_t got = file == NULL ? 0 : fread(room, 1, len, file);
    if (file != NULL)
        fclose(file);
    return span_of(room, got);
}

/* A version 4 UUID: the push's identity, at every attempt the same. */
static void make_id(char out[37])
{
    uint8_t b[16];
    char hex[33];
    random_bytes(b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    hex_print(b, sizeof(b), hex);
    snprintf(out, 37, "%.8s-%.4s-%.4s-%.4s-%s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

int main(int argc, char **argv)
{
    char key[4096], id[37];
    struct err err;
    if (argc != 7) {
        fprintf(stderr, "usage: push_example KEY.p8 KEY-ID TEAM-ID TOPIC DEVICE-TOKEN TEXT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);

    struct push_settings settings = {.kind = PUSH_APNS,
                                     .loop = h2o_evloop_create(),
                                     .apns = {.is_sandbox = true,
                                              .key_pem = read_key(argv[1], key, sizeof(key)),
                                              .key_id = span_str(argv[2]),
                                              .team_id = span_str(argv[3])},
                                     .on_alarm = on_alarm};
    push_tuning_default(&settings.tuning, settings.kind);
    struct push_service *apns = push_service_new(&settings, &err);
    if (apns == NULL) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }

    make_id(id);
    json_t *json = json_pack("{s:{s:s}}", "aps", "alert", argv[6]);
    char *payload = json == NULL ? strdup("") : json_dumps(json, JSON_COMPACT);
    json_decref(json);
    const struct push_message message = {.target = span_str(argv[5]),
                                         .payload = span_str(payload),
                                         .id = span_str(id),
                                         .topic = span_str(argv[4]),
                                         .push_type = SPAN_LIT("alert"),
                                         .priority = 10,
                                         .deadline_ms = 10000};
    static const struct push_handler handler = {.on_done = on_done};
    if (push_send(apns, &message, &handler, NULL, NULL, &err) != 0) {
        fprintf(stderr, "%s\n", err.text);
        status = 1;
    }
    while (status < 0)
        h2o_evloop_run(settings.loop, 1000);
    push_service_free(apns);
    free(payload);
    return status;
}
