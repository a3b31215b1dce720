#include "channel/email_verdict.h"

#include "domain/mail_status.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    SOON_MS = 2000,          /* too late for this claim: a connection is open by then */
    LATER_MS = 300 * 1000,   /* greylisting commonly asks for less */
    POLICY_MS = 3600 * 1000, /* somebody has to look first */
    HINT_MIN_S = 30,
    HINT_MAX_S = 3600,
};

/* ---- "come back in 5 minutes" ---- */

static bool is_word(struct span text, const char *word)
{
    size_t len = strlen(word);
    return text.len >= len && strncasecmp(text.base, word, len) == 0;
}

/* Seconds that the line asks to wait; 0 when it names none. */
static int64_t hint_seconds(struct span line)
{
    for (size_t i = 4; i < line.len; ++i) {
        int64_t number = 0;
        size_t digits = 0;
        while (i < line.len && line.base[i] >= '0' && line.base[i] <= '9' && digits < 6) {
            number = number * 10 + (line.base[i++] - '0');
            ++digits;
        }
        struct span rest = span_from(line, i);
        if (rest.len > 0 && rest.base[0] == ' ')
            rest = span_from(rest, 1);
        if (digits > 0 && is_word(rest, "sec"))
            return number;
        if (digits > 0 && is_word(rest, "min"))
            return number * 60;
    }
    return 0;
}

static uint32_t wait_ms(struct span line)
{
    int64_t seconds = hint_seconds(line);
    if (seconds == 0)
        return LATER_MS;
    if (seconds < HINT_MIN_S)
        seconds = HINT_MIN_S;
    if (seconds > HINT_MAX_S)
        seconds = HINT_MAX_S;
    return (uint32_t)seconds * 1000;
}

/* ---- the parts of the table ---- */

static void say(struct email_verdict *verdict, const struct fetch_answer *answer, const char *words)
{
    struct mail_status status;
    int len = answer->status == 0
                  ? 0
                  : snprintf(verdict->reason, sizeof(verdict->reason), "%d ", answer->status);
    if (answer->status != 0 && mail_status_read_reply(answer->last_line, &status))
        len += snprintf(verdict->reason + len, sizeof(verdict->reason) - (size_t)len, "%d.%d.%d ",
                        status.class_, status.subject, status.detail);
    snprintf(verdict->reason + len, sizeof(verdict->reason) - (size_t)len, "%s", words);
    verdict->result.reason = span_str(verdict->reason);
}

static void try_again(struct email_verdict *verdict, uint32_t after_ms)
{
    verdict->result.outcome = CHANNEL_RETRY;
    verdict->result.retry_after_ms = after_ms;
}

static void judge_silence(const struct fetch_answer *answer, struct email_verdict *verdict)
{
    if (answer->fate == FETCH_UNKNOWN) {
        verdict->result.outcome = CHANNEL_UNCERTAIN;
        say(verdict, answer, "connection lost after the mail");
    } else if (answer->is_late) {
        try_again(verdict, SOON_MS);
        verdict->result.is_no_fault = true;
        say(verdict, answer, "mail server too slow");
    } else {
        try_again(verdict, LATER_MS);
        say(verdict, answer, "mail server not reached");
    }
}

static bool is_about_the_mail(const struct fetch_answer *answer)
{
    return answer->stage >= FETCH_STAGE_RECIPIENT;
}

/* 421 ends the connection, and what is said before the recipient is said to all mails. */
static void judge_later(const struct fetch_answer *answer, struct email_verdict *verdict)
{
    try_again(verdict, wait_ms(answer->last_line));
    verdict->result.is_asked_for = true;
    verdict->result.is_no_fault = is_about_the_mail(answer) && answer->status != 421;
    say(verdict, answer, "try later");
}

static void alarm_about(const struct fetch_answer *answer, const char *words,
                        struct email_verdict *verdict)
{
    try_again(verdict, POLICY_MS);
    verdict->is_alarm = true;
    say(verdict, answer, words);
}

/* A code is believed where it speaks of what was asked: an address is dead when the recipient was
 * refused, and without a code nobody knows why it was. */
static void judge_never(const struct fetch_answer *answer, struct email_verdict *verdict)
{
    struct mail_status status;
    bool has_code = mail_status_read_reply(answer->last_line, &status);
    enum mail_verdict of_code = has_code ? mail_status_judge(status) : MAIL_VERDICT_FAILED;
    if (answer->stage == FETCH_STAGE_LOGIN) {
        alarm_about(answer, "mail login refused", verdict);
        verdict->result.stops_channel = true;
        return;
    }
    if (!is_about_the_mail(answer)) {
        alarm_about(answer, "mail server refuses us", verdict);
        return;
    }
    if (of_code == MAIL_VERDICT_POLICY) {
        alarm_about(answer, "refused by policy", verdict);
        return;
    }
    bool is_dead = of_code == MAIL_VERDICT_DEAD && answer->stage == FETCH_STAGE_RECIPIENT;
    verdict->result.outcome = CHANNEL_REFUSED;
    verdict->result.address = is_dead ? CHANNEL_ADDRESS_DEAD : CHANNEL_ADDRESS_KEPT;
    say(verdict, answer, is_dead ? "no such address" : "refused");
}

void email_verdict_of(const struct fetch_answer *answer, const struct err *err,
                      struct email_verdict *verdict)
{
    *verdict = (struct email_verdict){.is_alarm = false};
    if (err->code != 0 || answer->status == 0) {
        judge_silence(answer, verdict);
    } else if (answer->status < 400) {
        verdict->result.outcome = CHANNEL_SENT;
        say(verdict, answer, "taken");
    } else if (answer->status < 500) {
        judge_later(answer, verdict);
    } else {
        judge_never(answer, verdict);
    }
}
