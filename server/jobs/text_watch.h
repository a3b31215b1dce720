/* Keeps the texts of reminders as admins have saved them: read at start, when somebody saves or
 * withdraws one, and every half minute in case that was not heard. Until they are known for the
 * first time the dispatcher waits: an admin's words must not be passed over because a process is
 * young. */
#ifndef DUNLIN_JOBS_TEXT_WATCH_H
#define DUNLIN_JOBS_TEXT_WATCH_H

#include <stdbool.h>

struct reminder_texts;
struct text_watch;
struct world;

/* `on_known` once, when they are known for the first time. */
struct text_watch *text_watch_new(struct world *, struct reminder_texts *,
                                  void (*on_known)(void *owner), void *owner);
/* On NOTIFY of TEMPLATE_CHANNEL (store/template_store.h). */
void text_watch_wake(struct text_watch *);
void text_watch_stop(struct text_watch *);
bool text_watch_is_idle(const struct text_watch *);
/* Idle, or after its store is gone. */
void text_watch_free(struct text_watch *);

#endif
