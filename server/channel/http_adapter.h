/* How one gateway wants to be asked over HTTP, and what its answers mean: a description that is
 * either a constant or comes from settings, and the two functions that follow it. No I/O.
 *
 * A field is "name={placeholder}" or "name=fixed". Placeholders: {to} {text} {sender} {id} {notify}
 * {parts_max} {test} {tries} {interval} {user} {token}; headers know {user} {token} {basic} too. A
 * field with an empty placeholder is left out. In JSON a fixed value that is true, false or a whole
 * number stands bare. A path leads through an answer: "list[0].id", "error.code". */
#ifndef DUNLIN_CHANNEL_HTTP_ADAPTER_H
#define DUNLIN_CHANNEL_HTTP_ADAPTER_H

#include "base/buf.h"
#include "base/err.h"

/* What an error code of the gateway means for the message. */
enum http_meaning {
    HTTP_FAIL = 0,    /* ours is wrong; whatever is in no list */
    HTTP_RETRY,       /* its trouble: the same again later */
    HTTP_MINUTE,      /* the same again, in a minute at the earliest */
    HTTP_ONCE,        /* the same again once; then as HTTP_STOP */
    HTTP_STOP,        /* nothing will work before somebody acts */
    HTTP_BAD_NUMBER,  /* not to this number */
    HTTP_DEAD_NUMBER, /* … and never */
    HTTP_DUPLICATE,   /* it has this id already: an earlier try went */
    HTTP_MEANING_COUNT,
};

struct http_words {
    const char *const *items;
    int count;
};

struct http_adapter {
    const char *name;   /* for people */
    const char *method; /* "POST"; with "GET" the fields stand in the query */
    bool is_json;       /* the body; else a form */
    bool has_plus;      /* numbers as +48…, not as 48… */
    /* A repeated id is refused or ignored: the same message again cannot hurt. */
    bool refuses_repeats;
    struct http_words fields;
    const char *id_path, *error_path, *parts_path, *price_path; /* "": there is none */
    struct http_words codes[HTTP_MEANING_COUNT];
    struct http_words statuses_retry; /* HTTP's, of what was certainly not taken: "429" */
    struct http_words words;          /* "103=no credit" */
};

/* POST https://api.smsapi.pl/sms.do and vms.do, as SMSAPI's documentation asks. */
extern const struct http_adapter http_adapter_smsapi, http_adapter_smsapi_voice;

struct http_values {
    struct span to; /* E.164 */
    struct span text, sender, id, notify, parts_max, test, tries, interval, user, token;
};

/* Appends the body, or the query of a GET. ERR_INPUT where a text cannot be written (no UTF-8). */
MUST_CHECK int http_adapter_write(const struct http_adapter *, const struct http_values *,
                                  struct buf *body, struct err *);
/* Appends one header line with its newline. */
void http_adapter_write_header(const char *header, const struct http_values *, struct buf *out);
/* What is wrong with "name={placeholder}", or null. */
const char *http_adapter_wrong_field(const char *field);
/* The same of a path. */
const char *http_adapter_wrong_path(const char *path);

enum http_verdict {
    HTTP_TAKEN = 1,
    HTTP_REFUSED, /* `meaning` says how */
    HTTP_UNCLEAR, /* perhaps taken */
};

enum { HTTP_ID_MAX = 64, HTTP_CODE_MAX = 32 };

struct http_answer {
    enum http_verdict verdict;
    enum http_meaning meaning;
    char id[HTTP_ID_MAX + 1];     /* the gateway's own; "" */
    char code[HTTP_CODE_MAX + 1]; /* "103", or "status 500"; printable ASCII */
    const char *words;            /* of the code, or "" */
    int32_t parts;                /* 0: not said */
    int64_t price_micro;          /* in millionths of the gateway's unit; 0: not said */
};

void http_adapter_read(const struct http_adapter *, int status, struct span body,
                       struct http_answer *);

/* "0.165" in millionths, what is smaller rounded up; a minus sign is dropped, as some gateways show
 * prices so. False for anything else, and above a million. */
bool http_adapter_micro(struct span text, int64_t *micro);

#endif
