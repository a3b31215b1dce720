#include "channel/email_verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

struct row {
    int stage;        /* enum fetch_stage */
    const char *line; /* its first three digits are the status */
    int outcome;
    int address;
    const char *reason;
    int seconds; /* until the next try */
    bool is_alarm, stops, is_no_fault;
};

enum {
    AT_LOGIN = FETCH_STAGE_LOGIN,
    AT_SENDER = FETCH_STAGE_SENDER,
    AT_RCPT = FETCH_STAGE_RECIPIENT,
    AT_DATA = FETCH_STAGE_DATA,
    AT_END = FETCH_STAGE_END,
    AT_CONNECT = FETCH_STAGE_CONNECT
};
enum { KEPT = CHANNEL_ADDRESS_KEPT, DEAD = CHANNEL_ADDRESS_DEAD };
enum { SENT = CHANNEL_SENT, REFUSED = CHANNEL_REFUSED, RETRY = CHANNEL_RETRY };

/* The table of docs/mail.md. */
static const struct row rows[] = {
    {AT_END, "250 2.0.0 queued as 7", SENT, KEPT, "250 2.0.0 taken", 0, false, false, false},
    {AT_END, "250 ok", SENT, KEPT, "250 taken", 0, false, false, false},
    {AT_RCPT, "451 4.7.1 greylisted, try later", RETRY, KEPT, "451 4.7.1 try later", 300, false,
     false, true},
    {AT_RCPT, "450 4.2.0 Greylisted for 60 seconds", RETRY, KEPT, "450 4.2.0 try later", 60, false,
     false, true},
    {AT_RCPT, "451 come back in 5 minutes", RETRY, KEPT, "451 try later", 300, false, false, true},
    {AT_RCPT, "451 wait 10 minutes", RETRY, KEPT, "451 try later", 600, false, false, true},
    {AT_RCPT, "451 in 1 sec", RETRY, KEPT, "451 try later", 30, false, false, true},
    {AT_RCPT, "451 in 9999 min", RETRY, KEPT, "451 try later", 3600, false, false, true},
    {AT_RCPT, "452 4.2.2 full", RETRY, KEPT, "452 4.2.2 try later", 300, false, false, true},
    {AT_END, "421 4.3.2 closing", RETRY, KEPT, "421 4.3.2 try later", 300, false, false, false},
    {AT_SENDER, "451 4.3.0 no", RETRY, KEPT, "451 4.3.0 try later", 300, false, false, false},
    {AT_LOGIN, "454 4.7.0 later", RETRY, KEPT, "454 4.7.0 try later", 300, false, false, false},
    {AT_LOGIN, "535 5.7.8 bad", RETRY, KEPT, "535 5.7.8 mail login refused", 3600, true, true,
     false},
    {AT_CONNECT, "554 5.7.1 go away", RETRY, KEPT, "554 5.7.1 mail server refuses us", 3600, true,
     false, false},
    {AT_SENDER, "553 5.1.8 bad sender", RETRY, KEPT, "553 5.1.8 mail server refuses us", 3600, true,
     false, false},
    {AT_RCPT, "550 5.1.1 no such user", REFUSED, DEAD, "550 5.1.1 no such address", 0, false, false,
     false},
    {AT_RCPT, "550 5.1.2 no such host", REFUSED, DEAD, "550 5.1.2 no such address", 0, false, false,
     false},
    {AT_RCPT, "556 5.1.10 null MX", REFUSED, DEAD, "556 5.1.10 no such address", 0, false, false,
     false},
    {AT_RCPT, "550 5.1.8 bad sender", RETRY, KEPT, "550 5.1.8 refused by policy", 3600, true, false,
     false},
    {AT_RCPT, "550 no such user here", REFUSED, KEPT, "550 refused", 0, false, false, false},
    {AT_RCPT, "552 5.2.2 full", REFUSED, KEPT, "552 5.2.2 refused", 0, false, false, false},
    {AT_RCPT, "554 5.7.1 relay denied", RETRY, KEPT, "554 5.7.1 refused by policy", 3600, true,
     false, false},
    {AT_END, "550 5.7.26 no SPF", RETRY, KEPT, "550 5.7.26 refused by policy", 3600, true, false,
     false},
    {AT_END, "550 5.1.1 too late to say so", REFUSED, KEPT, "550 5.1.1 refused", 0, false, false,
     false},
    {AT_DATA, "552 5.3.4 too large", REFUSED, KEPT, "552 5.3.4 refused", 0, false, false, false},
};

static void answers_are_judged_by_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        const struct row *row = &rows[i];
        int status = (row->line[0] - '0') * 100 + (row->line[1] - '0') * 10 + row->line[2] - '0';
        const struct fetch_answer answer = {.fate = FETCH_ANSWERED,
                                            .status = status,
                                            .stage = (enum fetch_stage)row->stage,
                                            .last_line = span_str(row->line)};
        struct email_verdict verdict;
        email_verdict_of(&answer, &(struct err){0}, &verdict);
        if ((int)verdict.result.outcome != row->outcome ||
            (int)verdict.result.address != row->address)
            fail_msg("%s: outcome %d, address %d", row->line, verdict.result.outcome,
                     verdict.result.address);
        if (!span_is_str(verdict.result.reason, row->reason))
            fail_msg("%s: %s", row->line, verdict.reason);
        if (verdict.result.retry_after_ms != (uint32_t)row->seconds * 1000)
            fail_msg("%s: after %u ms", row->line, verdict.result.retry_after_ms);
        if (verdict.is_alarm != row->is_alarm || verdict.result.stops_channel != row->stops ||
            verdict.result.is_no_fault != row->is_no_fault)
            fail_msg("%s: alarm %d, stops %d, no fault %d", row->line, verdict.is_alarm,
                     verdict.result.stops_channel, verdict.result.is_no_fault);
    }
}

static void silence_is_uncertain_only_after_the_whole_mail(void **state)
{
    static const struct {
        enum fetch_fate fate;
        bool is_late;
        int outcome;
        bool is_no_fault;
    } all[] = {
        {FETCH_UNKNOWN, false, CHANNEL_UNCERTAIN, false},
        {FETCH_NEVER_SENT, false, CHANNEL_RETRY, false},
        {FETCH_NEVER_SENT, true, CHANNEL_RETRY, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); ++i) {
        const struct fetch_answer answer = {.fate = all[i].fate, .is_late = all[i].is_late};
        struct email_verdict verdict;
        struct err err;
        err_set(&err, ERR_PROVIDER, "Timeout was reached");
        email_verdict_of(&answer, &err, &verdict);
        assert_int_equal(verdict.result.outcome, all[i].outcome);
        assert_int_equal(verdict.result.is_no_fault, all[i].is_no_fault);
        assert_false(verdict.is_alarm);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_judged_by_the_table),
        cmocka_unit_test(silence_is_uncertain_only_after_the_whole_mail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
