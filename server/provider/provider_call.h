/* Carries out one task at a provider: fetches a token where there is none, sends the request of
 * each round, reads the answers. Knows no provider and no table.
 *
 * A request is sent once (where the provider documents that a repetition is harmless, libcurl may
 * send it again over a new connection when a kept one turns out dead). Only a token that the
 * provider refuses is replaced, once, and then the same round is sent again: a provider that
 * refuses the token has done nothing. What is unclear stays unclear here; whoever called decides
 * when to ask again. How it went is noted in the account's session.
 *
 * All accounts share what a process may have in flight, so each has a bound of its own: one that
 * does not answer cannot use up the calls of the others. Beyond it a task is turned away: UNCLEAR,
 * never sent, told from the loop, and a failure of the account's. A task that goes on (round > 0)
 * counts and is not turned away: the provider holds half a payment. */
#ifndef DUNLIN_PROVIDER_PROVIDER_CALL_H
#define DUNLIN_PROVIDER_PROVIDER_CALL_H

#include "provider/provider.h"

#include <h2o.h>

struct fetch;
struct provider_call;

/* `result` is borrowed. With PROVIDER_UNCLEAR its note says what happened. */
typedef void (*provider_call_cb)(void *owner, const struct provider_result *result);

enum {
    PROVIDER_CALL_TIMEOUT_MS = 8000,
    PROVIDER_ANSWER_MAX = 64 * 1024,
    /* Tasks of one account under way at once in a process. A quarter of the 256 requests that a
     * process may have in flight (app/world_build.c): with three accounts standing still a fourth
     * starts payments still. 64 are enough for 30 payments a second at two seconds each. */
    PROVIDER_STARTS_MAX = 64,
    /* All other kinds, counted apart: neither those who pay nor those who ask use up the room of
     * the others. Twice what jobs/asking.c has under way. */
    PROVIDER_ASKS_MAX = 16,
};

/* Copies what the task points to. `round` is 0, or next_round of a result that was HALFWAY, which
 * is then given as `before` (else null). Calls back exactly once, later, from the loop. The account
 * must know the task and outlive the call. */
void provider_call_begin(h2o_loop_t *, struct fetch *, const struct provider_account *,
                         const struct provider_task *, int round,
                         const struct provider_result *before, provider_call_cb on_done,
                         void *owner, struct provider_call **call);
/* The callback will not run. Not after it has. */
void provider_call_cancel(struct provider_call *);

#endif
