/* A bounce, read: the delivery status notification (RFC 3464) in a mail, as servers write them, and
 * the codes of our messages that it may be of (VERP, docs/mail.md). Pure: bytes in, facts out;
 * whatever the bytes are, nothing but facts comes out. Attachments are not opened. */
#ifndef DUNLIN_FLOW_DSN_H
#define DUNLIN_FLOW_DSN_H

#include "domain/mail_status.h"
#include "domain/message_code.h"
#include "flow/message_news.h"

enum {
    DSN_SIZE_MAX = 256 * 1024, /* what is longer is cut before it gets here */
    DSN_CODES_MAX = 8,
};

enum dsn_action {
    DSN_NONE = 0, /* no notification at all: somebody wrote, or a machine says that they are away */
    DSN_FAILED,
    DSN_DELAYED,
    DSN_DELIVERED,
    DSN_RELAYED, /* or expanded: no more will be heard */
};

struct dsn {
    /* Found in the addresses that the mail came to; signed by whom is for the reader to check. */
    char codes[DSN_CODES_MAX][MESSAGE_CODE_LEN + 1];
    int code_count;
    enum dsn_action action;
    bool has_status;
    struct mail_status status;
};

/* `domain` is the bounce domain of the settings. */
void dsn_read(struct span mail, struct span domain, struct dsn *);

/* What it means for its message. False when it means nothing (DSN_NONE). `*is_alarm`: nobody's
 * address is at fault, and somebody should act. The reason is in `reason`. */
bool dsn_judge(const struct dsn *, struct message_news *, bool *is_alarm, char reason[64]);

#endif
