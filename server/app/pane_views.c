#include "app/pane_views.h"

#include "app/pane_files.h"
#include "app/pane_http.h"
#include "app/pane_switches.h"
#include "app/panes.h"
#include "domain/calendar.h"
#include "domain/paylink.h"
#include "flow/world.h"
#include "store/debtor_store.h"

#include <stdio.h>
#include <stdlib.h>

enum { MESSAGES_MAX = 2000, DEBTORS_MAX = 500, LINK_MAX = 512 };

/* One question to the database and its answer as JSON. */
struct view {
    struct pane_request *request; /* null when gone */
    struct panes *panes;
    struct pg_query query;
    json_t *(*show)(struct view *, const PGresult *);
};

static void on_rows(void *owner, const PGresult *result, const struct err *err)
{
    struct view *view = owner;
    if (view->request != NULL && err->code != 0)
        pane_reply_problem(view->request, 503, "database");
    else if (view->request != NULL)
        pane_reply_json(view->request, 200, view->show(view, result));
    free(view);
}

static struct view *view_new(struct pane_request *request,
                             json_t *(*show)(struct view *, const PGresult *))
{
    struct view *view = h2o_mem_alloc(sizeof(*view));
    *view = (struct view){.panes = request->owner, .show = show};
    pane_hold(request, &view->request);
    return view;
}

static void view_check(struct view *view, int rc)
{
    if (rc == 0)
        return;
    pane_reply_problem(view->request, 503, "busy");
    free(view);
}

static json_t *text_of(struct span s)
{
    return s.base == NULL ? json_null() : json_stringn(s.base, s.len);
}

static json_t *time_of(struct instant t)
{
    char text[21];
    instant_print(t, text);
    return json_string(text);
}

/* Null when there is none. */
static json_t *json_in(struct span text)
{
    json_t *json = text.base == NULL ? NULL : json_loadb(text.base, text.len, 0, NULL);
    return json == NULL ? json_null() : json;
}

static json_t *link_of(const struct panes *panes, int64_t customer_id, int32_t link_no)
{
    if (link_no == 0)
        return json_null();
    char code[PAYLINK_CODE_LEN + 1], link[LINK_MAX];
    paylink_print_code(panes->world->keys, (struct paylink_id){customer_id, link_no}, code);
    snprintf(link, sizeof(link), "%.*s/%s", SPAN_ARG(panes->world->public_url), code);
    return json_string(link);
}

/* The link stands in the text; it is found by the gateway's own address. */
static json_t *link_in(const struct panes *panes, struct span body)
{
    struct span url = panes->world->public_url;
    const char *at = body.len == 0 ? NULL : memmem(body.base, body.len, url.base, url.len);
    if (at == NULL)
        return json_null();
    size_t left = body.len - (size_t)(at - body.base);
    size_t len = url.len + 1 + PAYLINK_CODE_LEN;
    return json_stringn(at, left < len ? left : len);
}

/* What only a push service's message has. */
static void add_push(json_t *json, const struct sandbox_message *message)
{
    if (message->service.base == NULL)
        return;
    json_object_set_new(json, "service", text_of(message->service));
    json_object_set_new(json, "collapse", text_of(message->collapse));
    json_object_set_new(json, "replaced_at",
                        message->is_replaced ? time_of(message->replaced_at) : json_null());
    json_object_set_new(json, "opened_at",
                        message->is_opened ? time_of(message->opened_at) : json_null());
}

static json_t *message_json(const struct panes *panes, const struct sandbox_message *message,
                            json_t *push_link)
{
    json_t *link = message->link.len > 0 ? text_of(message->link) : link_in(panes, message->body);
    if (json_is_null(link)) {
        json_decref(link);
        link = json_incref(push_link);
    }
    json_t *json = json_pack(
        "{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o}", "id",
        (json_int_t)message->message_id, "to", text_of(message->address), "channel",
        text_of(message->channel), "title", text_of(message->title), "body", text_of(message->body),
        "link", link, "at", time_of(message->at), "customer", (json_int_t)message->customer_id,
        "invoice", (json_int_t)message->invoice_id, "number", text_of(message->number), "name",
        text_of(message->name), "step", text_of(message->step));
    add_push(json, message);
    return json;
}

static json_t *show_messages(struct view *view, const PGresult *result)
{
    json_t *list = json_array();
    for (int row = 0; row < PQntuples(result); ++row) {
        struct sandbox_message message;
        sandbox_message_read(result, row, &message);
        json_t *link = link_of(view->panes, message.customer_id, message.link_no);
        json_array_append_new(list, message_json(view->panes, &message, link));
        json_decref(link);
    }
    return list;
}

static int64_t number_query(struct pane_request *request, const char *name, int64_t missing,
                            int64_t most)
{
    struct span text = pane_query(request, name);
    int64_t value = 0;
    if (text.len == 0 || text.len > 12)
        return missing;
    for (size_t i = 0; i < text.len; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return missing;
        value = value * 10 + (text.base[i] - '0');
    }
    return value > most ? most : value;
}

static void list_messages(struct pane_request *request, const struct span *channels, size_t count)
{
    const struct sandbox_message_search search = {
        .customer_id = number_query(request, "customer", 0, INT64_MAX),
        .channels = channels,
        .channel_count = count,
        .at_most = number_query(request, "limit", MESSAGES_MAX, MESSAGES_MAX),
        .before_id = number_query(request, "before", 0, INT64_MAX)};
    struct view *view = view_new(request, show_messages);
    struct err err;
    view_check(view, sandbox_message_newest(view->panes->world->store, &view->query, &search,
                                            on_rows, view, &err));
}

void pane_list_messages(struct pane_request *request)
{
    struct span channel = pane_query(request, "channel");
    const struct span all[] = {SPAN_LIT("push"), SPAN_LIT("sms"), SPAN_LIT("voice"),
                               SPAN_LIT("email")};
    if (span_is_str(channel, "phone"))
        list_messages(request, all, 3);
    else if (channel.len > 0)
        list_messages(request, &channel, 1);
    else
        list_messages(request, all, 4);
}

void pane_list_mails(struct pane_request *request)
{
    const struct span email = SPAN_LIT("email");
    list_messages(request, &email, 1);
}

void pane_show_phone(struct pane_request *request)
{
    if (pane_wants_html(request))
        pane_send_page(request, "phone.html");
    else
        pane_list_messages(request);
}

void pane_show_inbox(struct pane_request *request)
{
    if (pane_wants_html(request))
        pane_send_page(request, "inbox.html");
    else
        pane_list_mails(request);
}

static json_t *show_debtors(struct view *view, const PGresult *result)
{
    json_t *list = json_array();
    for (int row = 0; row < PQntuples(result); ++row) {
        struct debtor debtor;
        char due[11];
        debtor_read(result, row, &debtor);
        date_print(date_from_days(debtor.due_date), due);
        json_t *item = json_pack(
            "{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:s, s:o, s:o, s:o, s:o, s:o}",
            "customer", (json_int_t)debtor.customer_id, "invoice", (json_int_t)debtor.invoice_id,
            "name", text_of(debtor.name), "reference", text_of(debtor.reference), "number",
            text_of(debtor.number), "product", text_of(debtor.product), "currency",
            text_of(debtor.currency), "amount_minor", (json_int_t)debtor.amount_minor, "due_minor",
            (json_int_t)debtor.due_minor, "due_date", due, "language", text_of(debtor.language),
            "link", link_of(view->panes, debtor.customer_id, debtor.link_no), "state",
            text_of(debtor.state), "last_step", text_of(debtor.last_step), "next_step",
            text_of(debtor.next_step));
        if (debtor.next_step.base != NULL)
            json_object_set_new(item, "next_at", time_of(debtor.next_at));
        json_object_set_new(item, "segment", text_of(debtor.segment));
        json_object_set_new(item, "segment_facts", json_in(debtor.segment_facts));
        json_array_append_new(list, item);
    }
    return list;
}

void pane_list_debtors(struct pane_request *request)
{
    const struct panes *panes = request->owner;
    struct span words = pane_query(request, "q"), state = pane_query(request, "state");
    struct instant now = panes->world->now();
    const struct debtor_search search = {
        .words = words.base == NULL ? SPAN_LIT("") : words,
        .state = state.base == NULL ? SPAN_LIT("") : state,
        .now = now,
        .hold_since = instant_plus_seconds(now, -(int64_t)panes->world->payment_in_flight_seconds),
        .at_most = number_query(request, "limit", 60, DEBTORS_MAX)};
    struct view *view = view_new(request, show_debtors);
    struct err err;
    view_check(view, debtor_list(panes->world->store, &view->query, &search, on_rows, view, &err));
}

static json_t *step_json(const struct debtor_step *step)
{
    json_t *json = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I}", "step",
                             text_of(step->step), "due_at", time_of(step->due_at), "state",
                             text_of(step->state), "reason", text_of(step->reason), "channel",
                             text_of(step->channel), "delivery", text_of(step->delivery), "tone",
                             text_of(step->tone), "cascade", json_in(step->cascade), "place",
                             (json_int_t)step->place_no, "others", (json_int_t)step->other_count);
    if (step->is_finished)
        json_object_set_new(json, "finished_at", time_of(step->finished_at));
    if (step->is_to_be_tried)
        json_object_set_new(json, "try_at", time_of(step->try_at));
    if (step->is_opened)
        json_object_set_new(json, "opened_at", time_of(step->opened_at));
    return json;
}

static json_t *show_ladder(struct view *view, const PGresult *result)
{
    (void)view;
    json_t *list = json_array();
    for (int row = 0; row < PQntuples(result); ++row) {
        struct debtor_step step;
        debtor_read_step(result, row, &step);
        json_array_append_new(list, step_json(&step));
    }
    return list;
}

void pane_list_ladder(struct pane_request *request)
{
    int64_t customer_id = number_query(request, "customer", 0, INT64_MAX);
    int64_t invoice_id = number_query(request, "invoice", 0, INT64_MAX);
    struct view *view = view_new(request, show_ladder);
    struct err err;
    view_check(view, debtor_ladder(view->panes->world->store, &view->query, customer_id, invoice_id,
                                   on_rows, view, &err));
}

static json_t *show_agreements(struct view *view, const PGresult *result)
{
    (void)view;
    json_t *lists = json_object();
    for (int column = 0; column < PQnfields(result); ++column) {
        struct span text = pg_get_text(result, 0, column);
        json_object_set_new(lists, PQfname(result, column),
                            text.base == NULL ? json_array() : json_in(text));
    }
    return lists;
}

void pane_list_agreements(struct pane_request *request)
{
    int64_t customer_id = number_query(request, "customer", 0, INT64_MAX);
    int64_t invoice_id = number_query(request, "invoice", 0, INT64_MAX);
    struct view *view = view_new(request, show_agreements);
    struct err err;
    view_check(view, debtor_agreements(view->panes->world->store, &view->query, customer_id,
                                       invoice_id, on_rows, view, &err));
}

static json_t *figures_json(const struct debtor_summary *summary)
{
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {
        {"customers", summary->customer_count}, {"invoices", summary->invoice_count},
        {"paid", summary->paid_count},          {"due_minor", summary->due_minor},
        {"messages", summary->message_count},   {"calls", summary->call_count},
        {"handovers", summary->handover_count}, {"put_off", summary->put_off_count},
        {"waiting", summary->waiting_count},
    };
    json_t *figures = json_object();
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); ++i)
        json_object_set_new(figures, numbers[i].name, json_integer((json_int_t)numbers[i].value));
    json_object_set_new(figures, "segments",
                        json_pack("{s:I, s:I, s:I}", "on_time", (json_int_t)summary->on_time_count,
                                  "sometimes_late", (json_int_t)summary->sometimes_count,
                                  "chronically_late", (json_int_t)summary->chronically_count));
    if (summary->has_next)
        json_object_set_new(figures, "next_at", time_of(summary->next_at));
    return figures;
}

static json_t *sending_json(const struct debtor_summary *summary)
{
    json_t *sending = json_pack("{s:b}", "stopped", summary->is_stopped);
    if (!summary->is_stopped)
        return sending;
    json_object_set_new(sending, "at", time_of(summary->stopped_at));
    json_object_set_new(sending, "by", text_of(summary->stopped_by));
    return sending;
}

static json_t *show_state(struct view *view, const PGresult *result)
{
    const struct world *world = view->panes->world;
    struct debtor_summary summary;
    debtor_read_summary(result, &summary);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "clock", pane_clock_json(view->panes),
                     "trouble", pane_trouble_json(view->panes), "figures", figures_json(&summary),
                     "sending", sending_json(&summary), "creditor", text_of(world->creditor.name),
                     "url", text_of(world->public_url), "api",
                     text_of(view->panes->options.private_url));
}

void pane_show_state(struct pane_request *request)
{
    struct view *view = view_new(request, show_state);
    struct err err;
    view_check(view, debtor_summary(view->panes->world->store, &view->query,
                                    view->panes->world->now(), on_rows, view, &err));
}
