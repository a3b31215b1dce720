/* A message as it went out, kept as evidence: the personal part of the event that says so, which
 * can be erased while the event stays provable.
 *
 *     {"messages": [{"to": "+48…", "title": "…", "text": "…", "sha256": "…"}]}
 *
 * The code of a link opens its page and is the customer's alone: in what is kept a "…" stands for
 * it. "sha256" is that of the words as they were sent, code included (title, line feed, text; the
 * text alone where there is no title), for whoever holds the message itself. "to" is missing for a
 * push, of which devices with different words have one message each. */
#ifndef DUNLIN_FLOW_MESSAGE_KEPT_H
#define DUNLIN_FLOW_MESSAGE_KEPT_H

#include "base/buf.h"

#include <stddef.h>

enum { MESSAGE_KEPT_MAX = 64 * 1024 };

struct message_kept {
    struct span to, title, body; /* `to` empty: a push */
};

/* Appends one message to `list`, unless the same is in it. `codes` are of the links in it. */
void message_kept_add(struct buf *list, const struct message_kept *, const struct span *codes,
                      size_t code_count);
/* The personal part made of the list; malloc'ed. Null when the list is empty. */
char *message_kept_take(const struct buf *list);

#endif
