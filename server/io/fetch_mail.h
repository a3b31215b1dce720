/* What libcurl is told and asked for requests of fetch.h that speak SMTP or IMAP. Part of fetch.c:
 * belongs to the call, and to the thread while the call is under way. */
#ifndef DUNLIN_IO_FETCH_MAIL_H
#define DUNLIN_IO_FETCH_MAIL_H

#include "io/fetch.h"

#include <curl/curl.h>
#include <stdatomic.h>

struct fetch_mail {
    enum fetch_stage stage;
    bool has_logged_in, has_said_goodbye;
    char last_line[FETCH_LINE_MAX]; /* of the answer that the status is of */
    char *bytes;                    /* the message */
    size_t len, sent;
    struct mono data_by;
    const atomic_bool *is_held; /* of the fetch */
    struct curl_slist *recipients;
};

/* Refuses what could end a line of the protocol early. */
MUST_CHECK int fetch_mail_check(const struct fetch_request *, const char *protocol, struct err *);
void fetch_mail_set(struct fetch_mail *, CURL *, const struct fetch_request *, const char *protocol,
                    bool is_loopback);
void fetch_mail_release(struct fetch_mail *);

/* What became of an SMTP request whose libcurl result is `code`. */
void fetch_mail_read(struct fetch_mail *, CURL *, CURLcode code, int *status, struct err *);
enum fetch_fate fetch_mail_fate(const struct fetch_mail *, int status);

#endif
