/* A circuit breaker: when the service fails often enough, all of its pushes wait; then one is
 * tried, and its fate decides. Pure: the time (milliseconds of a steady clock) is handed in. */
#ifndef DUNLIN_PUSH_BREAKER_H
#define DUNLIN_PUSH_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum { BREAKER_SECONDS = 10 };

enum breaker_state {
    BREAKER_CLOSED = 0, /* all may go */
    BREAKER_OPEN,       /* none may go */
    BREAKER_TRYING,     /* one at a time */
};

struct breaker {
    uint32_t failures_min; /* of the last ten seconds, and at least half of all answers */
    enum breaker_state state_;
    int64_t open_until_ms_;
    uint32_t opened_; /* times in a row */
    int64_t second_[BREAKER_SECONDS];
    uint32_t good_[BREAKER_SECONDS], bad_[BREAKER_SECONDS];
};

void breaker_init(struct breaker *, uint32_t failures_min);
/* An answer came, or none did. True: that was one too many; the caller says with breaker_rest for
 * how long, by its back-off and breaker_times(). */
bool breaker_note(struct breaker *, bool is_good, int64_t now_ms);
/* Opens it until then. */
void breaker_rest(struct breaker *, int64_t until_ms);
enum breaker_state breaker_state(struct breaker *, int64_t now_ms);
/* Until when it was opened last. */
int64_t breaker_open_until_ms(const struct breaker *);
/* How often in a row it has opened: for the back-off. */
uint32_t breaker_times(const struct breaker *);

#endif
