/* The words of messages, for the creditor's people: what there is, saving and withdrawing, and what
 * a text looks like before it is sent. A text is called by name, tone and language. */
#ifndef DUNLIN_HTTP_TEMPLATES_H
#define DUNLIN_HTTP_TEMPLATES_H

struct request;

/* GET /api/v1/templates: in force, shipped and saved. */
void templates_list(struct request *);
/* GET /api/v1/templates/{name}/{tone}/{language}: what is shipped, and every version. */
void templates_show(struct request *);
/* POST the same, {"text", "is_plain": true, "channels": ["sms"], "check_only": false}: 201 with the
 * version and the warnings, or 422 with every mistake and its line. */
void templates_save(struct request *);
/* DELETE the same: the version before it is in force again, or what is shipped. */
void templates_withdraw(struct request *);
/* POST /api/v1/templates/preview, {"template", "tone", "language", "channel", "text", "is_plain",
 * "invoice" or "sample"}: the words, and of an SMS its alphabet and parts. Without "text" what is
 * in force. */
void templates_preview(struct request *);

#endif
