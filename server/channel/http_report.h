/* Delivery reports of a gateway that calls us over HTTP: which fields it sends, in lists or singly,
 * and what its statuses mean. A constant for SMSAPI.pl, settings for others. No I/O. */
#ifndef DUNLIN_CHANNEL_HTTP_REPORT_H
#define DUNLIN_CHANNEL_HTTP_REPORT_H

#include "channel/http_adapter.h"

struct http_report {
    struct span secret; /* of its address; empty: no reports are taken */
    /* Names of fields; "": it sends none. One of the first two must stand in a report. */
    const char *id_field, *code_field, *status_field;
    const char *time_field;     /* UNIX seconds */
    const char *separator;      /* of bundled reports, one character; "": never bundled */
    struct http_words statuses; /* "404=delivered"; see http_report_wrong_status */
    const char *reply;          /* what it wants to hear */
};

/* SMSAPI.pl, without a secret. */
extern const struct http_report http_report_smsapi;

enum http_report_kind {
    HTTP_REPORT_WAITING = 1, /* nothing new: queued, on its way to the operator */
    HTTP_REPORT_SENT_ON,
    HTTP_REPORT_UNKNOWN, /* no more will be heard */
    HTTP_REPORT_UNDELIVERED,
    HTTP_REPORT_DEAD, /* undelivered, and there is no such number */
    HTTP_REPORT_DELIVERED,
};

/* What is wrong with "STATUS=word", or null. The words: waiting, sent, unknown, undelivered, dead,
 * delivered. */
const char *http_report_wrong_status(const char *row);

enum { HTTP_REPORT_ITEMS_MAX = 500 };

struct http_report_item {
    struct span id, code, status; /* as they came; the first two may be empty */
    enum http_report_kind kind;   /* a status that nobody knows is HTTP_REPORT_WAITING */
    bool is_known;                /* the status is */
    int64_t at_s;                 /* 0: not said */
};

/* A field's value; null base when it is absent. */
typedef struct span (*http_report_get)(void *owner, const char *name);

/* At most HTTP_REPORT_ITEMS_MAX items. Returns how many, or -1: this is no report (no status,
 * nobody named, or more than that), or its lists are not of one length, so that nobody can tell
 * what is said of whom. A single status, or time, is said of all; times that are fewer are left
 * out. */
int http_report_read(const struct http_report *, http_report_get get, void *owner,
                     struct http_report_item items[HTTP_REPORT_ITEMS_MAX]);

/* Takes the same time wherever the difference lies. */
bool http_report_is_secret(const struct http_report *, struct span text);

#endif
