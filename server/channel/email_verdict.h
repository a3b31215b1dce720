/* What the answer of a mail server means for the mail: docs/mail.md has the table. Pure. */
#ifndef DUNLIN_CHANNEL_EMAIL_VERDICT_H
#define DUNLIN_CHANNEL_EMAIL_VERDICT_H

#include "channel/channel.h"
#include "io/fetch.h"

struct email_verdict {
    struct channel_result result; /* its reason points into `reason` */
    char reason[64];              /* our words and the server's codes; never the server's words,
                                   * which may name the recipient */
    bool is_alarm;                /* somebody must act: no address is at fault */
};

void email_verdict_of(const struct fetch_answer *, const struct err *, struct email_verdict *);

#endif
