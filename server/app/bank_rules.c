#include "app/bank_rules.h"

enum { CONFIRM_MS = 1500, REFUSE_MS = 1500, WAIT_MS = 10000 };

static const struct {
    const char *code;
    struct bank_blik verdict;
} blik_codes[] = {
    {"200201", {.is_code = true, .is_paid = true, .reason = "", .delay_ms = CONFIRM_MS}},
    {"500500", {.is_code = true, .reason = "refused_by_bank", .delay_ms = REFUSE_MS}},
    {"700701", {.is_code = true, .reason = "blik_code_expired", .delay_ms = REFUSE_MS}},
    {"700702", {.is_code = true, .reason = "refused_by_customer", .delay_ms = REFUSE_MS}},
    {"700703", {.is_code = true, .reason = "blik_code_used", .delay_ms = REFUSE_MS}},
    {"700704",
     {.is_code = true, .reason = "blik_not_confirmed", .delay_ms = WAIT_MS, .may_come_late = true}},
};

static bool is_six_digits(struct span code)
{
    if (code.len != 6)
        return false;
    for (size_t i = 0; i < code.len; ++i)
        if (code.base[i] < '0' || code.base[i] > '9')
            return false;
    return true;
}

struct bank_blik bank_blik_judge(struct span code)
{
    if (is_six_digits(code) && span_starts(code, SPAN_LIT("777")))
        return (struct bank_blik){
            .is_code = true, .is_paid = true, .reason = "", .delay_ms = CONFIRM_MS};
    for (size_t i = 0; i < sizeof(blik_codes) / sizeof(blik_codes[0]); ++i)
        if (span_is_str(code, blik_codes[i].code))
            return blik_codes[i].verdict;
    return (struct bank_blik){.reason = "blik_code_wrong"};
}

enum bank_action bank_action_read(struct span word)
{
    static const struct {
        const char *word;
        enum bank_action action;
    } words[] = {
        {"pay", BANK_PAY},       {"refuse", BANK_REFUSE},           {"close", BANK_CLOSE},
        {"refund", BANK_REFUND}, {"charge_back", BANK_CHARGE_BACK}, {"reverse", BANK_REVERSE},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); ++i)
        if (span_is_str(word, words[i].word))
            return words[i].action;
    return BANK_NOTHING;
}

static bool is_waiting(const struct bank_books *books)
{
    return span_is_str(books->state, "open") || span_is_str(books->state, "pending");
}

static struct bank_move pay(const struct bank_books *books, int64_t amount_minor)
{
    int64_t moved = amount_minor == 0 ? books->amount_minor : amount_minor;
    if (moved < 1 || moved > books->amount_minor)
        return (struct bank_move){.state = NULL};
    return (struct bank_move){.state = "paid",
                              .callback = "payment.paid",
                              .reason = "",
                              .moved_minor = moved,
                              .paid_minor = moved};
}

static struct bank_move fail(const char *reason)
{
    return (struct bank_move){.state = "failed", .callback = "payment.failed", .reason = reason};
}

static struct bank_move give_back(const struct bank_books *books, int64_t amount_minor,
                                  const char *state, const char *callback)
{
    int64_t left = books->paid_minor - books->returned_minor;
    int64_t moved = amount_minor == 0 ? left : amount_minor;
    if (moved < 1 || moved > left)
        return (struct bank_move){.state = NULL};
    return (struct bank_move){.state = moved == left ? state : "paid",
                              .callback = callback,
                              .reason = "",
                              .moved_minor = moved,
                              .paid_minor = books->paid_minor,
                              .returned_minor = books->returned_minor + moved};
}

static struct bank_move reverse(const struct bank_books *books)
{
    if (!span_is_str(books->state, "charged_back"))
        return (struct bank_move){.state = NULL};
    return (struct bank_move){.state = "paid",
                              .callback = "payment.chargeback_reversed",
                              .reason = "",
                              .moved_minor = books->returned_minor,
                              .paid_minor = books->paid_minor};
}

struct bank_move bank_move_decide(const struct bank_books *books, enum bank_action action,
                                  int64_t amount_minor)
{
    const struct bank_move nothing = {.state = NULL};
    switch (action) {
    case BANK_PAY:
        return is_waiting(books) ? pay(books, amount_minor) : nothing;
    case BANK_PAY_LATE:
        return is_waiting(books) || span_is_str(books->state, "failed") ? pay(books, amount_minor)
                                                                        : nothing;
    case BANK_REFUSE:
        return is_waiting(books) ? fail("refused_by_customer") : nothing;
    case BANK_CLOSE:
        return is_waiting(books) ? fail("closed") : nothing;
    case BANK_REFUND:
        return give_back(books, amount_minor, "refunded", "payment.refunded");
    case BANK_CHARGE_BACK:
        /* All or nothing, so that a reversal knows what to take back. */
        return books->returned_minor == 0
                   ? give_back(books, 0, "charged_back", "payment.charged_back")
                   : nothing;
    case BANK_REVERSE:
        return reverse(books);
    case BANK_NOTHING:
        break;
    }
    return nothing;
}

int bank_retry_gap_ms(int tries)
{
    static const int gaps_s[] = {1, 3, 5, 10, 20, 45, 90, 180, 300, 600, 900, 1800, 3600};
    int count = (int)(sizeof(gaps_s) / sizeof(gaps_s[0]));
    if (tries > 40)
        return 0;
    int at = tries < 1 ? 0 : tries > count ? count - 1 : tries - 1;
    return gaps_s[at] * 1000;
}
