/* Enhanced status codes of mail (RFC 3463: "5.1.1"), as SMTP servers and bounces give them, and
 * what each says of the address it was for. */
#ifndef DUNLIN_DOMAIN_MAIL_STATUS_H
#define DUNLIN_DOMAIN_MAIL_STATUS_H

#include "base/span.h"

struct mail_status {
    int class_, subject, detail; /* 5, 1, 1 */
};

enum mail_verdict {
    MAIL_VERDICT_GOOD = 1, /* 2.x.x */
    MAIL_VERDICT_SOFT,     /* full, away, try later: counted */
    MAIL_VERDICT_DEAD,     /* there is no such address */
    MAIL_VERDICT_POLICY,   /* somebody's rules, or nobody says what: no fault of the address */
    MAIL_VERDICT_FAILED,   /* will not work, for another reason */
};

/* Reads the code at the beginning of `text`; false when there is none, or it has no class of
 * RFC 3463 or numbers above 999. What stands behind it is not looked at, but no digit or dot. */
bool mail_status_read(struct span text, struct mail_status *);
/* The same after a reply code: "550 5.1.1 …", "550-5.1.1 …". */
bool mail_status_read_reply(struct span line, struct mail_status *);
enum mail_verdict mail_status_judge(struct mail_status);

#endif
