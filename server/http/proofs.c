#include "http/proofs.h"

#include "base/metrics.h"
#include "domain/multipart.h"
#include "domain/upload_ticket.h"
#include "flow/proof_take.h"
#include "http/listener.h"
#include "http/pages.h"
#include "http/reply.h"

#include <assert.h>
#include <stdlib.h>

/* Each is held in memory while it comes and until it is kept. */
enum { FILES_AT_ONCE = 4 };

enum proof_verdict {
    PROOF_ELSEWHERE = 1, /* no address of a form: the routes say what to answer */
    PROOF_NOWHERE,       /* forged link, or no such debt */
    PROOF_OLD,           /* the ticket is forged, of another link, or too old */
    PROOF_USED,
    PROOF_FULL,
    PROOF_CLOSED, /* the dispute is not open */
    PROOF_DOWN,
};

/* Who sends, from the head to the end of the connection. */
struct proof_sender {
    struct door *door;
    struct paylink_id link;
    struct upload_ticket ticket;
    struct pg_query query;
};

static void count(struct world *world, enum metric_id id)
{
    if (world->metrics != NULL)
        metrics_add(world->metrics, id, 1);
}

/* ---- the door ---- */

/* "/{code}/proof/{ticket}" */
static bool read_path(struct span path, struct span *code, struct span *ticket)
{
    const struct span middle = SPAN_LIT("/proof/");
    struct span rest = span_from(path, 1);
    const char *slash = path.len < 2 ? NULL : memchr(rest.base, '/', rest.len);
    if (slash == NULL)
        return false;
    *code = span_of(rest.base, (size_t)(slash - rest.base));
    rest = span_from(rest, code->len);
    *ticket = span_from(rest, middle.len);
    return span_starts(rest, middle) && memchr(ticket->base, '/', ticket->len) == NULL;
}

static struct proof_dispute dispute_of(const struct proof_sender *sender)
{
    return (struct proof_dispute){.customer_id = sender->link.customer_id,
                                  .invoice_id = sender->ticket.invoice_id,
                                  .dispute_no = sender->ticket.dispute_no};
}

static int verdict_of(const struct proof_room *room)
{
    if (room->is_used)
        return PROOF_USED;
    if (!room->is_open)
        return PROOF_CLOSED;
    return room->proof_count >= PROOFS_MAX ? PROOF_FULL : DOOR_OPEN;
}

static void on_room_known(void *owner, const PGresult *result, const struct err *err)
{
    struct proof_sender *sender = owner;
    struct proof_room room;
    int verdict = PROOF_DOWN;
    if (err->code == 0) {
        proof_read_room(result, &room);
        verdict = verdict_of(&room);
    }
    door_decide(sender->door, verdict, (uint64_t)sender->link.customer_id);
}

/* A forged link or ticket costs no query. */
static void judge(struct door *door, const struct door_head *head)
{
    struct world *world = door_world(door);
    struct span code, ticket;
    if (!span_is_str(head->method, "POST") || !read_path(head->path, &code, &ticket)) {
        door_decide(door, PROOF_ELSEWHERE, 0);
        return;
    }
    struct proof_sender *sender = calloc(1, sizeof(*sender));
    if (sender == NULL)
        abort();
    sender->door = door;
    door_set_job(door, sender);
    struct err err;
    if (!paylink_check_code(world->keys, code, &sender->link)) {
        count(world, METRIC_codes_forged);
        door_decide(door, PROOF_NOWHERE, 0);
        return;
    }
    if (upload_ticket_check(world->keys, sender->link, ticket, clock_wall(), UPLOAD_TICKET_SECONDS,
                            &sender->ticket) != UPLOAD_TICKET_GOOD) {
        door_decide(door, PROOF_OLD, 0);
        return;
    }
    const struct proof_dispute dispute = dispute_of(sender);
    if (proof_admit(world->store, &sender->query, &dispute, sender->ticket.nonce, on_room_known,
                    sender, &err) != 0)
        door_decide(door, PROOF_DOWN, 0);
}

static void release(void *job)
{
    struct proof_sender *sender = job;
    pg_query_cancel(&sender->query);
    free(sender);
}

const struct door_rules proofs_door = {
    .judge = judge, .release = release, .bodies_max = FILES_AT_ONCE};

/* ---- the answer ---- */

static void refuse(struct request *r, enum page_notice notice)
{
    struct paylink_id link;
    bool is_ours = paylink_check_code(r->world->keys, r->params[0], &link);
    count(r->world, METRIC_proofs_refused);
    if (notice == PAGE_NOTICE_PROOF_BUSY)
        reply_header(r, "retry-after", SPAN_LIT("30"));
    page_reply_notice(r, is_ours ? notice : PAGE_NOTICE_NOWHERE,
                      is_ours ? r->params[0] : span_of(NULL, 0));
}

static enum page_notice notice_of(int verdict)
{
    switch (verdict) {
    case DOOR_BUSY:
        return PAGE_NOTICE_PROOF_BUSY;
    case DOOR_LARGE:
        return PAGE_NOTICE_PROOF_LARGE;
    case PROOF_OLD:
        return PAGE_NOTICE_PROOF_OLD;
    case PROOF_USED:
        return PAGE_NOTICE_PROOF_USED;
    case PROOF_FULL:
        return PAGE_NOTICE_PROOF_FULL;
    case PROOF_CLOSED:
        return PAGE_NOTICE_PROOF_CLOSED;
    case PROOF_DOWN:
        return PAGE_NOTICE_PROOF_DOWN;
    case PROOF_NOWHERE:
        return PAGE_NOTICE_NOWHERE;
    default:
        return PAGE_NOTICE_PROOF_BROKEN;
    }
}

/* A file being kept. The flow never sees the request; whichever goes first cuts the other off. */
struct take_job {
    struct request *request;
    struct proof_take *flow;
};

static void on_taken(void *owner, enum proof_take_result result, const struct err *err)
{
    struct take_job *job = owner;
    if (err->code != 0)
        refuse(job->request, PAGE_NOTICE_PROOF_DOWN);
    else if (result == PROOF_TAKE_KEPT)
        page_reply_to_proof(job->request, job->request->params[0]);
    else
        refuse(job->request, result == PROOF_TAKE_USED   ? PAGE_NOTICE_PROOF_USED
                             : result == PROOF_TAKE_FULL ? PAGE_NOTICE_PROOF_FULL
                                                         : PAGE_NOTICE_PROOF_CLOSED);
}

static void on_gone(void *owner)
{
    struct take_job *job = owner;
    proof_take_forget(job->flow);
}

static void keep(struct request *r, const struct proof_sender *sender, enum file_kind kind,
                 struct span content, struct span page)
{
    const struct proof_take_options options = {.dispute = dispute_of(sender),
                                               .nonce = sender->ticket.nonce,
                                               .kind = kind,
                                               .page = page,
                                               .content = content};
    struct take_job *job = request_alloc(r, sizeof(*job));
    struct err err;
    job->request = r;
    if (proof_take_begin(r->world, &options, on_taken, job, &job->flow, &err) != 0)
        refuse(r, PAGE_NOTICE_PROOF_DOWN);
    else
        request_on_gone(r, on_gone, job);
}

void proofs_take(struct request *r)
{
    const struct door *door = http_listener_door(r);
    struct multipart form;
    if (door_verdict_of(door) != DOOR_OPEN) {
        refuse(r, notice_of(door_verdict_of(door)));
        return;
    }
    if (request_header_count(r, "content-type") != 1 ||
        !multipart_parse(request_header(r, "content-type"), request_body(r), &form)) {
        refuse(r, PAGE_NOTICE_PROOF_BROKEN);
        return;
    }
    const struct multipart_part *file = multipart_find(&form, "file");
    const struct multipart_part *page = multipart_find(&form, "page");
    enum file_kind kind = file == NULL ? FILE_KIND_OTHER : file_kind_of(file->content);
    if (file == NULL || !file->is_file)
        refuse(r, PAGE_NOTICE_PROOF_BROKEN);
    else if (file->content.len == 0)
        refuse(r, PAGE_NOTICE_PROOF_EMPTY);
    else if (file->content.len > PROOF_BYTES_MAX)
        refuse(r, PAGE_NOTICE_PROOF_LARGE);
    else if (kind == FILE_KIND_OTHER)
        refuse(r, PAGE_NOTICE_PROOF_KIND);
    else
        keep(r, door_job(door), kind, file->content, page == NULL ? SPAN_LIT("") : page->content);
}
