#include "input.h"

#include "base/buf.h"
#include "base/json.h"
#include "driver.h"
#include "item.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 1 << 20, INPUT_MAX = 256 << 20 };

struct waiting {
    json_t *line;
    struct waiting *next;
};

static struct {
    struct buf bytes;
    struct waiting *head, **tail;
    json_t *items; /* id -> address of the item */
    bool is_over;
} input;

void input_init(void)
{
    buf_init(&input.bytes, INPUT_MAX);
    input.tail = &input.head;
    input.items = json_object();
}

bool input_is_over(void)
{
    return input.is_over;
}

bool input_has_more(void)
{
    return input.head != NULL;
}

/* ---- reading ---- */

static struct item *item_of(const json_t *line, const char *name)
{
    const char *id = json_string_value(json_object_get(line, name));
    const json_t *address = id == NULL ? NULL : json_object_get(input.items, id);
    return (struct item *)(intptr_t)json_integer_value(address);
}

static void take_line(struct span text)
{
    struct err err;
    struct item *item;
    if (text.len == 0)
        return;
    json_t *line = json_load(text, (struct json_limits){LINE_MAX_LEN, 64}, &err);
    if (line == NULL) {
        fprintf(stderr, "push_driver: a line of input: %s\n", err.text);
        exit(2);
    }
    if ((item = item_of(line, "paid")) != NULL) {
        item->is_paid = true;
    } else if ((item = item_of(line, "withdraw")) != NULL) {
        if (item->push != NULL)
            push_withdraw(item->push);
    } else if (json_object_get(line, "target") != NULL) {
        struct waiting *waiting = malloc(sizeof(*waiting));
        *waiting = (struct waiting){.line = json_incref(line)};
        *input.tail = waiting;
        input.tail = &waiting->next;
    }
    json_decref(line);
}

static void take_lines(void)
{
    struct span text = buf_span(&input.bytes);
    size_t taken = 0;
    for (const char *end; (end = memchr(text.base + taken, '\n', text.len - taken)) != NULL;) {
        take_line(span_of(text.base + taken, (size_t)(end - text.base) - taken));
        taken = (size_t)(end - text.base) + 1;
    }
    buf_drop(&input.bytes, taken);
}

bool input_read(void)
{
    bool is_new = false;
    struct pollfd fd = {.fd = 0, .events = POLLIN};
    while (!input.is_over && poll(&fd, 1, 0) > 0) {
        char bytes[65536];
        ssize_t got = read(0, bytes, sizeof(bytes));
        if (got <= 0) {
            input.is_over = true;
            break;
        }
        is_new = true;
        buf_add(&input.bytes, span_of(bytes, (size_t)got));
        take_lines();
    }
    return is_new;
}

/* ---- sending ---- */

static struct span text_of(const json_t *line, const char *name, const char *otherwise)
{
    const json_t *value = json_object_get(line, name);
    if (!json_is_string(value))
        return span_str(otherwise);
    return span_of(json_string_value(value), json_string_length(value));
}

static int64_t number_of(const json_t *line, const char *name, int64_t otherwise)
{
    const json_t *value = json_object_get(line, name);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

static enum push_target kind_of(const json_t *line)
{
    static const char *const names[] = {"token", "fid", "topic", "condition"};
    struct span name = text_of(line, "target_kind", "token");
    for (int i = 0; i < 4; ++i)
        if (span_is_str(name, names[i]))
            return (enum push_target)i;
    return PUSH_TOKEN;
}

static struct span id_of(const json_t *line, struct item *item)
{
    struct span given = text_of(line, "id", NULL);
    if (given.base == NULL && driver.settings.kind == PUSH_APNS)
        item_make_id(item);
    else
        snprintf(item->id, sizeof(item->id), "%.*s", SPAN_ARG(given));
    json_object_set_new(input.items, item->id, json_integer((json_int_t)(intptr_t)item));
    return given.base == NULL ? span_str(item->id) : given;
}

static void send_line(const json_t *line)
{
    struct item *item = item_new(true);
    const json_t *payload = json_object_get(line, "payload");
    char *dumped = payload == NULL || json_is_string(payload) ? NULL : json_dumps(payload, 0);
    bool is_apns = driver.settings.kind == PUSH_APNS;
    const struct push_message message = {
        .target_kind = kind_of(line),
        .target = text_of(line, "target", ""),
        .payload = dumped != NULL
                       ? span_str(dumped)
                       : text_of(line, "payload", is_apns ? "{\"aps\":{\"alert\":\"x\"}}" : "{}"),
        .id = id_of(line, item),
        .topic = text_of(line, "topic", driver.topic),
        .push_type = text_of(line, "push_type", driver.push_type),
        .collapse_id = text_of(line, "collapse_id", ""),
        .priority = (int)number_of(line, "priority", 0),
        .expires_at_s = number_of(line, "expires_at", 0),
        .is_expiration_now = json_is_true(json_object_get(line, "expiration_now")),
        .is_dry_run = json_is_true(json_object_get(line, "dry_run")),
        .deadline_ms = (uint32_t)number_of(line, "deadline", driver.deadline_ms),
        .start_within_ms = (uint32_t)number_of(line, "start_within", driver.start_within_ms),
        .attempts_max = (uint32_t)number_of(line, "attempts", driver.attempts_max)};
    item_send(item, &message);
    free(dumped);
}

void input_send_next(void)
{
    struct waiting *waiting = input.head;
    input.head = waiting->next;
    if (input.head == NULL)
        input.tail = &input.head;
    send_line(waiting->line);
    json_decref(waiting->line);
    free(waiting);
}
