#include "sandbox/shown_push.h"

static struct span text_in(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return span_of(json_string_value(value), json_string_length(value));
}

/* The first of the named texts that is there. */
static struct span first_text(const json_t *object, const char *name, const char *otherwise)
{
    struct span found = text_in(object, name);
    return found.len > 0 ? found : text_in(object, otherwise);
}

void shown_push_release(struct shown_push *push)
{
    json_decref(push->json_);
    push->json_ = NULL;
}

void shown_push_read_apns(struct shown_push *push, const json_t *payload)
{
    const json_t *alert = json_object_get(json_object_get(payload, "aps"), "alert");
    if (json_is_string(alert))
        push->body = span_of(json_string_value(alert), json_string_length(alert));
    else {
        push->title = first_text(alert, "title", "title-loc-key");
        push->body = first_text(alert, "body", "loc-key");
    }
    push->link = text_in(payload, "link");
    push->push = text_in(payload, "push");
}

void shown_push_read_fcm(struct shown_push *push, const json_t *message)
{
    const json_t *general = json_object_get(message, "notification");
    const json_t *android = json_object_get(json_object_get(message, "android"), "notification");
    const json_t *data = json_object_get(message, "data");
    push->title = first_text(android, "title", "title_loc_key");
    push->body = first_text(android, "body", "body_loc_key");
    if (push->title.len == 0)
        push->title = text_in(general, "title");
    if (push->body.len == 0)
        push->body = text_in(general, "body");
    push->collapse = text_in(android, "tag");
    push->link = text_in(data, "link");
    push->push = text_in(data, "push");
}
