/* FCM HTTP v1: the message, its headers, and what each answer asks for. Text and tables; no I/O, no
 * clock. */
#ifndef DUNLIN_PUSH_FCM_H
#define DUNLIN_PUSH_FCM_H

#include "push/verdict.h"

#include <nghttp2/nghttp2.h>

extern const char fcm_host[];

enum { FCM_FIELDS_MAX = 6 };

/* A request's body: `text` (malloc'ed), and where in it the digits of the ttl go; `head_len` octets
 * in front of them, the rest behind. Without expires_at_s there are none: head_len is the whole. */
struct fcm_body {
    char *text;
    size_t len, head_len;
    bool has_ttl;
};
/* ERR_INPUT with a sentence: payload no object, over its limit, with a target or a reserved key of
 * its own; target empty. */
MUST_CHECK int fcm_body_make(const struct push_message *, struct fcm_body *, struct err *);

size_t fcm_fields(struct span path, struct span host, struct span token,
                  nghttp2_nv fields[FCM_FIELDS_MAX]);

/* Decides by the FcmError's errorCode, then by status, then by HTTP (reference 2.4). */
void fcm_judge(int status, struct span body, struct verdict *);

/* The table, ended by status 0: for tests. `reason` is an errorCode, or a google.rpc status where
 * there was no FcmError. */
struct fcm_row {
    struct verdict_row row;
    bool has_fcm_error;
};
extern const struct fcm_row fcm_rows[];

#endif
