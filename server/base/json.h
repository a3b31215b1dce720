/* Reading JSON from outside: strict, bounded, and naming the path at fault ("data.amount_minor").
 * Getters never touch reference counts: what they hand out is borrowed from the document.
 *
 * Several values are read with one reader and checked once at the end: the first mistake sticks and
 * every getter after it returns an empty value. */
#ifndef DUNLIN_BASE_JSON_H
#define DUNLIN_BASE_JSON_H

#include "base/err.h"
#include "base/span.h"

#include <jansson.h>

struct json_limits {
    size_t bytes_max; /* of the whole document */
    int depth_max;    /* arrays and objects in each other */
};

/* Parses one document: UTF-8, no duplicate keys, no NUL in strings, numbers within 64 bits, nothing
 * behind it, any value at the top. Null and ERR_INPUT otherwise; the text says where, never what.
 * The caller gives it back with json_decref. */
json_t *json_load(struct span text, struct json_limits limits, struct err *err);

struct json_reader {
    const json_t *object;
    const char *path; /* of the object, in front of the names: "" or "data" */
    struct err *err;  /* code 0 as long as all is well */
};

/* The object itself must be one; `err` is set to "no mistake yet" only when it is clean. */
struct json_reader json_read(const json_t *object, const char *path, struct err *err);

/* Required. A span is UTF-8 text in the document, at most `len_max` bytes and not empty. */
struct span json_get_text(struct json_reader *, const char *name, size_t len_max);
int64_t json_get_int(struct json_reader *, const char *name, int64_t min, int64_t max);
bool json_get_bool(struct json_reader *, const char *name);
/* A reader of the object below; its path goes into `room`, which must outlive it. */
struct json_reader json_get_object(struct json_reader *, const char *name, char *room,
                                   size_t room_len);
const json_t *json_get_array(struct json_reader *, const char *name, size_t count_max);
/* The index of the word in the null-terminated list. */
int json_get_word(struct json_reader *, const char *name, const char *const *words);

/* Absent or null is fine: then it is an empty span with a null base. */
struct span json_find_text(struct json_reader *, const char *name, size_t len_max);
/* Absent or null gives `otherwise`. */
int64_t json_find_int(struct json_reader *, const char *name, int64_t min, int64_t max,
                      int64_t otherwise);

#endif
