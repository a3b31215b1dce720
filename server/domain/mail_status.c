#include "domain/mail_status.h"

/* A number of one to three digits; -1 for anything else. */
static int take_number(struct span *text)
{
    int number = 0;
    size_t len = 0;
    while (len < text->len && text->base[len] >= '0' && text->base[len] <= '9' && len < 4)
        number = number * 10 + (text->base[len++] - '0');
    *text = span_from(*text, len);
    return len == 0 || len > 3 ? -1 : number;
}

static bool take_dot(struct span *text)
{
    bool is_there = text->len > 0 && text->base[0] == '.';
    *text = span_from(*text, is_there);
    return is_there;
}

bool mail_status_read(struct span text, struct mail_status *status)
{
    status->class_ = take_number(&text);
    bool has_dots = take_dot(&text);
    status->subject = take_number(&text);
    has_dots = take_dot(&text) && has_dots;
    status->detail = take_number(&text);
    bool is_class = status->class_ == 2 || status->class_ == 4 || status->class_ == 5;
    bool is_longer = text.len > 0 && text.base[0] == '.';
    return has_dots && is_class && status->subject >= 0 && status->detail >= 0 && !is_longer;
}

bool mail_status_read_reply(struct span line, struct mail_status *status)
{
    bool has_code = line.len > 4 && (line.base[3] == ' ' || line.base[3] == '-');
    return has_code && mail_status_read(span_from(line, 4), status);
}

/* Those of 5.1 that speak of the recipient. 5.1.7 and 5.1.8 speak of the sender, 5.1.0 of neither;
 * mailboxes that have moved away (5.1.6) are dead as well, and a "null MX" (5.1.10, RFC 7505). */
static bool is_of_address(int detail)
{
    return detail == 1 || detail == 2 || detail == 3 || detail == 6 || detail == 10;
}

enum mail_verdict mail_status_judge(struct mail_status status)
{
    if (status.class_ == 2)
        return MAIL_VERDICT_GOOD;
    if (status.class_ == 4)
        return MAIL_VERDICT_SOFT;
    if (status.subject == 1 && is_of_address(status.detail))
        return MAIL_VERDICT_DEAD;
    if (status.subject == 2) /* mailbox: full, disabled, too large for it */
        return MAIL_VERDICT_SOFT;
    bool says_nothing = status.subject == 0;
    bool is_sender = status.subject == 1 && (status.detail == 7 || status.detail == 8);
    if (status.subject == 7 || says_nothing || is_sender)
        return MAIL_VERDICT_POLICY;
    return MAIL_VERDICT_FAILED;
}
