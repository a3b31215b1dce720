/* APNs: what a push must look like, its headers, and what each answer asks for. Tables and text; no
 * I/O, no clock. */
#ifndef DUNLIN_PUSH_APNS_H
#define DUNLIN_PUSH_APNS_H

#include "push/verdict.h"

#include <nghttp2/nghttp2.h>

extern const char apns_host[], apns_sandbox_host[];

/* ERR_INPUT with a sentence: target, id, payload, collapse id, priority, topic. */
MUST_CHECK int apns_check(const struct push_message *, bool needs_topic, struct err *);

/* What a push's request is made of: spans into the push's own memory. */
struct apns_request {
    struct span path, id, expiration, topic, push_type, collapse_id; /* empty: not sent */
    int priority;
};

enum { APNS_FIELDS_MAX = 12 };

/* Fills `fields` (names are static, values borrowed) and returns their count. `token` is the value
 * of authorization, empty with a certificate. Apple's advice for HPACK: path and token are never
 * indexed; id, expiration and collapse id only the first time on a connection. */
size_t apns_fields(const struct apns_request *, struct span host, struct span token,
                   bool is_first_on_connection, nghttp2_nv fields[APNS_FIELDS_MAX]);

/* Of a status and a body, which is JSON with a reason, or is not. */
void apns_judge(int status, struct span body, struct verdict *);
/* Of the debug data of a GOAWAY: true when it names a reason that the table knows. */
bool apns_judge_goaway(struct span debug, struct verdict *);

/* The table itself, ended by status 0: for tests. */
extern const struct verdict_row apns_rows[];

#endif
