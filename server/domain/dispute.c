#include "domain/dispute.h"

#include "domain/working_calendar.h"

#include <assert.h>

/* ---- reasons ---- */

static const char *const reasons[] = {[DISPUTE_ALREADY_PAID] = "already_paid",
                                      [DISPUTE_NOT_MINE] = "not_mine",
                                      [DISPUTE_WRONG_AMOUNT] = "wrong_amount",
                                      [DISPUTE_CANNOT_PAY] = "cannot_pay",
                                      [DISPUTE_OTHER] = "other"};

const char *dispute_reason_name(enum dispute_reason reason)
{
    assert(reason >= DISPUTE_ALREADY_PAID && reason <= DISPUTE_OTHER);
    return reasons[reason];
}

bool dispute_reason_find(struct span name, enum dispute_reason *reason)
{
    for (int r = DISPUTE_ALREADY_PAID; r <= DISPUTE_OTHER; ++r)
        if (span_is_str(name, reasons[r])) {
            *reason = (enum dispute_reason)r;
            return true;
        }
    return false;
}

/* ---- rules ---- */

struct date dispute_answer_by(const struct dispute_policy *policy, struct date today)
{
    return policy->counts_working_days ? working_days_add(today, policy->answer_days)
                                       : date_add_days(today, policy->answer_days);
}

const char *dispute_verdict_name(enum dispute_verdict verdict)
{
    static const char *const names[] = {
        [DISPUTE_GOOD] = "good",         [DISPUTE_OFF] = "off",
        [DISPUTE_SETTLED] = "settled",   [DISPUTE_GIVEN] = "given",
        [DISPUTE_TOO_MANY] = "too_many", [DISPUTE_NO_REASON] = "no_reason",
        [DISPUTE_NO_TEXT] = "no_text",   [DISPUTE_LONG_TEXT] = "long_text",
    };
    assert((size_t)verdict < sizeof(names) / sizeof(names[0]));
    return names[verdict];
}

enum dispute_verdict dispute_judge(const struct dispute_policy *policy,
                                   const struct dispute_case *c)
{
    if (!policy->is_on)
        return DISPUTE_OFF;
    if (c->due_minor <= 0)
        return DISPUTE_SETTLED;
    if (c->is_given)
        return DISPUTE_GIVEN;
    return c->given_for_debt >= policy->per_debt_max ? DISPUTE_TOO_MANY : DISPUTE_GOOD;
}

/* Of UTF-8. */
static size_t letter_count(struct span text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; ++i)
        count += ((unsigned char)text.base[i] & 0xc0) != 0x80;
    return count;
}

enum dispute_verdict dispute_judge_words(enum dispute_reason reason, struct span text)
{
    if (reason == 0)
        return DISPUTE_NO_REASON;
    if (reason == DISPUTE_OTHER && text.len == 0)
        return DISPUTE_NO_TEXT;
    return letter_count(text) > DISPUTE_TEXT_MAX ? DISPUTE_LONG_TEXT : DISPUTE_GOOD;
}

/* ---- cleaning ---- */

/* How many bytes here are a letter that is not seen; 0: none. */
static size_t unseen_len(struct span text)
{
    const unsigned char *at = (const unsigned char *)text.base;
    if ((at[0] < 0x20 && at[0] != '\n' && at[0] != '\t') || at[0] == 0x7f)
        return 1;
    if (text.len >= 2 && at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f)
        return 2; /* U+0080 to U+009F */
    if (text.len >= 2 && at[0] == 0xd8 && at[1] == 0x9c)
        return 2; /* U+061C */
    if (text.len < 3)
        return 0;
    bool turns = (at[0] == 0xe2 && at[1] == 0x80 &&
                  ((at[2] >= 0x8b && at[2] <= 0x8f) ||   /* U+200B to U+200F */
                   (at[2] >= 0xa8 && at[2] <= 0xae))) || /* U+2028 to U+202E */
                 (at[0] == 0xe2 && at[1] == 0x81 && at[2] >= 0xa0 && at[2] <= 0xaf) ||
                 (at[0] == 0xef && at[1] == 0xbb && at[2] == 0xbf); /* U+2060 to U+206F; U+FEFF */
    return turns ? 3 : 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t';
}

void dispute_clean(struct span text, struct buf *out)
{
    struct buf clean;
    buf_init(&clean, text.len + 1);
    for (size_t i = 0; i < text.len;) {
        bool is_return = text.base[i] == '\r';
        size_t unseen = unseen_len(span_from(text, i));
        if (is_return && (i + 1 == text.len || text.base[i + 1] != '\n'))
            buf_add_char(&clean, '\n');
        if (unseen == 0)
            buf_add_char(&clean, text.base[i]);
        i += unseen == 0 ? 1 : unseen;
    }
    struct span seen = buf_span(&clean);
    size_t from = 0, to = seen.len;
    while (from < to && is_blank(seen.base[from]))
        ++from;
    while (to > from && is_blank(seen.base[to - 1]))
        --to;
    buf_add(out, span_of(seen.base + from, to - from));
    buf_release(&clean);
}

/* ---- its life ---- */

const char *dispute_state_name(enum dispute_state state)
{
    static const char *const names[] = {[DISPUTE_STATE_OPEN] = "open",
                                        [DISPUTE_STATE_ACCEPTED] = "accepted",
                                        [DISPUTE_STATE_REJECTED] = "rejected",
                                        [DISPUTE_STATE_WITHDRAWN] = "withdrawn",
                                        [DISPUTE_STATE_ENDED] = "ended"};
    assert(state >= DISPUTE_STATE_OPEN && state < DISPUTE_STATE_COUNT);
    return names[state];
}

enum dispute_state dispute_next(enum dispute_state state, enum dispute_event event)
{
    static const enum dispute_state table[DISPUTE_STATE_COUNT][DISPUTE_EVENT_COUNT] = {
        [DISPUTE_STATE_OPEN] = {[DISPUTE_WAS_ACCEPTED] = DISPUTE_STATE_ACCEPTED,
                                [DISPUTE_WAS_REJECTED] = DISPUTE_STATE_REJECTED,
                                [DISPUTE_WAS_WITHDRAWN] = DISPUTE_STATE_WITHDRAWN},
        [DISPUTE_STATE_ACCEPTED] = {[DISPUTE_DEBT_CHANGED] = DISPUTE_STATE_ENDED},
    };
    assert(state >= DISPUTE_STATE_OPEN && state < DISPUTE_STATE_COUNT);
    assert(event >= DISPUTE_WAS_ACCEPTED && event < DISPUTE_EVENT_COUNT);
    enum dispute_state next = table[state][event];
    return next == 0 ? state : next;
}

bool dispute_holds(enum dispute_state state)
{
    return state == DISPUTE_STATE_OPEN || state == DISPUTE_STATE_ACCEPTED;
}
