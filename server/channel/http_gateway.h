/* One gateway that takes messages over HTTP (SMS, voice), as its adapter describes it: makes the
 * request, judges the answer, and says when to come again.
 *
 * A message is one request. Its id lets the gateway refuse a second copy, where the adapter says so
 * (refuses_repeats): then what nobody knows may be asked again under the same id, for an hour, as
 * nobody knows either how long ids are remembered; only then is the second address used, too. How
 * often an id was tried is remembered by this process alone. A connection is kept warm, because a
 * message may not wait for one (fetch.h, wire_by). */
#ifndef DUNLIN_CHANNEL_HTTP_GATEWAY_H
#define DUNLIN_CHANNEL_HTTP_GATEWAY_H

#include "channel/channel.h"
#include "channel/http_adapter.h"
#include "domain/voice_hours.h"

#include <h2o.h>

struct fetch;
struct http_gateway;

/* All texts are borrowed and outlive the gateway. */
struct http_gateway_settings {
    const char *channel; /* "sms", "voice": for the log */
    struct http_adapter adapter;
    struct span url, url_again; /* the second one may be empty */
    struct http_words headers;  /* "Name: value with {placeholders}" */
    struct span check_url;      /* a GET that costs nothing and proves the credentials; or empty */
    struct span ca_file;
    struct span user, token, sender, notify_url;
    struct span notify_secret; /* the part of notify_url that nobody is to see */
    struct span parts_max, tries, interval;
    bool is_test;
    struct voice_hours hours;  /* of voice messages */
    int64_t part_price_micro;  /* where an answer names no price */
    int64_t point_price_micro; /* of one unit of the gateway's prices; 0: they are not used */
    int timeout_ms;
    /* One line of an exchange, without secrets; may be null. */
    void (*on_trace)(void *owner, const char *line);
    void *trace_owner;
};

struct http_gateway *http_gateway_new(h2o_loop_t *, struct fetch *,
                                      const struct http_gateway_settings *);
/* Ends what is under way as uncertain, in this call. Before its fetch. */
void http_gateway_free(struct http_gateway *);
bool http_gateway_refuses_repeats(const struct http_gateway *);
const struct voice_hours *http_gateway_hours(const struct http_gateway *);
/* Opens a connection. */
void http_gateway_warm(struct http_gateway *);

struct http_gateway_message {
    struct span to; /* E.164 */
    struct span text;
    struct span id; /* at most 36 letters and digits */
    int32_t parts;  /* as counted here, for its price */
    struct mono wire_by;
};

/* As channel.send. Copies. */
MUST_CHECK int http_gateway_send(struct http_gateway *, const struct http_gateway_message *,
                                 channel_cb on_sent, void *owner, struct err *);
/* Answers later, from the loop, without asking the gateway. `reason` is kept by pointer. */
void http_gateway_answer(struct http_gateway *, const struct channel_result *, channel_cb on_sent,
                         void *owner);

enum http_check {
    HTTP_CHECK_GOOD = 1,
    HTTP_CHECK_REFUSED, /* the credentials, or the account: `words` says */
    HTTP_CHECK_UNKNOWN, /* not answered, or not as expected */
    HTTP_CHECK_NO_CREDIT,

};

/* `words` is plain and borrowed. */
typedef void (*http_check_cb)(void *owner, enum http_check, const char *words);

/* Asks check_url. Returns an error and never calls back, or calls back once, later. */
MUST_CHECK int http_gateway_check(struct http_gateway *, http_check_cb on_checked, void *owner,
                                  struct err *);

#endif
