/* Where the keys come from that the bank signs its customers' tokens with: files, the address of a
 * JWK set, or both. The set is fetched at start, then again and again in the background, and once
 * more when a token that would be good names a key we do not have; while the bank's server is away,
 * or says nothing of use, the last keys go on, but not for ever: a key that the bank takes back in
 * that time must end, too. One of them a process, on its loop. */
#ifndef DUNLIN_HTTP_BANK_KEYS_H
#define DUNLIN_HTTP_BANK_KEYS_H

#include "base/err.h"
#include "http/bank_token.h"

#include <h2o.h>

struct fetch;
struct metrics;

struct bank_keys_options {
    struct bank_token_rules rules; /* its spans are kept by pointer, as all here */
    const char *const *files;      /* PEM or JWK sets */
    int file_count;
    struct span url;         /* https; empty: files alone */
    struct span ca_file;     /* empty: the system's store */
    int refresh_ms;          /* from one good fetch to the next, give or take a tenth */
    int64_t keep_ms;         /* the set of the last good fetch goes on so long; files stay */
    struct metrics *metrics; /* may be null */
};

/* Unknown keys bring us to the bank's server at most so often, whoever names them. */
enum { BANK_KEYS_ASK_MS = 60 * 1000, BANK_KEYS_FETCH_MS = 5000, BANK_KEYS_WAITING_MAX = 1000 };

struct bank_keys;

/* Null with ERR_SETTINGS when a file cannot be read or holds no key that fits; the words name it.
 * The address is fetched later: until then there may be no key at all. */
struct bank_keys *bank_keys_new(h2o_loop_t *, struct fetch *, const struct bank_keys_options *,
                                struct err *);
/* Nobody waits any more. */
void bank_keys_free(struct bank_keys *);
/* Reads the files again; on failure the old keys stay. */
MUST_CHECK int bank_keys_reload(struct bank_keys *, struct err *);
/* For `dunlin check`: whether a file holds what bank_keys_new wants. */
MUST_CHECK int bank_keys_check_file(const char *file, enum signature_algorithm, struct err *);

/* By the wall clock. */
enum bank_token_verdict bank_keys_judge(const struct bank_keys *, struct span token,
                                        struct bank_customer *);
bool bank_keys_has_any(const struct bank_keys *);

/* Embedded in the operation that waits. Starts as zeroes. */
struct bank_keys_wait {
    h2o_linklist_t link_;
    void (*on_asked_)(void *owner);
    void *owner_;
};

/* Waits for a fetch under way, or begins one when it is time: true, and on_asked runs once, later,
 * when it has ended, well or not. False: the keys are as new as they can be, or too many wait. */
bool bank_keys_ask(struct bank_keys *, struct bank_keys_wait *, void (*on_asked)(void *owner),
                   void *owner);
/* on_asked will not run. Harmless when nobody waits. */
void bank_keys_wait_cancel(struct bank_keys *, struct bank_keys_wait *);

#endif
