/* A text as it will be seen, before it is saved or sent: written for a debt on one channel, with
 * what an SMS of it is and costs. */
#ifndef DUNLIN_FLOW_TEMPLATE_PREVIEW_H
#define DUNLIN_FLOW_TEMPLATE_PREVIEW_H

#include "domain/sms_text.h"
#include "flow/message_text.h"

struct template_preview {
    struct err err; /* why it would not be sent; code 0: it would */
    struct buf title, body, html;
    struct sms_measure sms; /* of an SMS */
};

/* Compiles and writes. Release it in any case. */
void template_preview_write(struct template_preview *, struct span text,
                            const struct message_facts *, const struct message_way *);
void template_preview_release(struct template_preview *);

#endif
