/* A push: taken by a sandbox -> written to the database -> answered. It is answered when it is on
 * disk: a service that has said 200 has it.
 *
 * The app again: list the phones without it -> the app on the first registers itself with the
 * gateway -> on the next -> …
 *
 * A tap: look up whose push it was -> the app tells the gateway -> noted on the phone. */
#include "app/demo_phones.h"

#include "app/demo_app.h"
#include "app/demo_push.h"
#include "base/crypto.h"
#include "base/log.h"
#include "flow/world.h"
#include "io/timer.h"
#include "store/sandbox_push_store.h"

#include <stdio.h>
#include <stdlib.h>

enum { LOOKS = 5, LOOK_AFTER_MS = 1000, PHONES_MAX = 500, TEXT_MAX = 80, TOKEN_MAX = 160 };

struct phone_without_app {
    char customer[TEXT_MAX], installation[TEXT_MAX], app[TEXT_MAX];
    bool is_iphone;
};

struct demo_phones {
    struct world *world;
    struct demo_app app;
    struct push_sandbox *apns, *fcm;
    struct pg_query query; /* of those without the app */
    struct phone_without_app *without;
    size_t without_count, without_done, installed_count;
    struct timer look; /* what a service said may still be on its way into the database */
    unsigned looks_left, look_after_ms;
    bool is_installing, had_unregistered;
};

struct arrival {
    struct pg_tx tx;
    struct push_receipt *receipt;
    enum push_taken taken;
};

struct tap {
    struct demo_phones *phones;
    int64_t message_id;
    struct pg_query query;
    struct pg_tx tx;
    demo_tap_cb on_done;
    void *owner;
};

/* ---- a push ---- */

static void on_shown(void *owner, const PGresult *result, const struct err *err)
{
    struct arrival *arrival = owner;
    bool is_known, is_of_app;
    if (err->code != 0)
        return;
    sandbox_push_read_shown(result, &is_known, &is_of_app);
    arrival->taken = !is_known    ? PUSH_TAKEN_UNKNOWN
                     : !is_of_app ? PUSH_TAKEN_OTHER_APP
                                  : PUSH_TAKEN;
}

static void on_arrival_saved(void *owner, const struct err *err)
{
    struct arrival *arrival = owner;
    if (err->code != 0)
        log_line(LOG_WARN, "push not shown", "error=%s", err->text);
    push_receipt_answer(arrival->receipt, err->code == 0 ? arrival->taken : PUSH_TAKEN_BROKEN);
    free(arrival);
}

static void on_push(void *owner, const struct shown_push *push, struct push_receipt *receipt)
{
    struct demo_phones *phones = owner;
    struct err err;
    struct arrival *arrival = h2o_mem_alloc(sizeof(*arrival));
    *arrival = (struct arrival){.receipt = receipt, .taken = PUSH_TAKEN_BROKEN};
    const struct sandbox_push shown = {.service = push->service,
                                       .token = push->token,
                                       .app = push->app,
                                       .push = push->push,
                                       .collapse = push->collapse,
                                       .title = push->title,
                                       .body = push->body,
                                       .link = push->link,
                                       .at = phones->world->now()};
    if (sandbox_push_show(phones->world->store, &arrival->tx, &shown, on_shown, on_arrival_saved,
                          arrival, &err) != 0)
        on_arrival_saved(arrival, &err);
}

/* ---- the app again ---- */

static void install_next(struct demo_phones *phones);

static void on_installed(void *owner, bool is_done)
{
    struct demo_phones *phones = owner;
    phones->installed_count += is_done;
    install_next(phones);
}

/* As the services make them: hex of 32 octets, or an opaque text. */
static void make_token(bool is_iphone, char out[TOKEN_MAX])
{
    uint8_t bytes[32];
    char hex[2 * sizeof(bytes) + 1];
    random_bytes(bytes, sizeof(bytes));
    hex_print(bytes, sizeof(bytes), hex);
    snprintf(out, TOKEN_MAX, "%s%s", is_iphone ? "" : "demo:APA91b", hex);
}

static void install(struct demo_phones *phones, const struct phone_without_app *phone)
{
    char token[TOKEN_MAX];
    make_token(phone->is_iphone, token);
    const struct demo_app_device device = {.customer = span_str(phone->customer),
                                           .installation = span_str(phone->installation),
                                           .app = span_str(phone->app),
                                           .service = span_str(phone->is_iphone ? "apns" : "fcm"),
                                           .token = span_str(token)};
    demo_app_register(&phones->app, &device, on_installed, phones);
}

static void install_next(struct demo_phones *phones)
{
    if (phones->without_done < phones->without_count) {
        install(phones, &phones->without[phones->without_done++]);
        return;
    }
    if (phones->without_count > 0)
        log_line(LOG_INFO, "app installed again", "phones=%zu of=%zu", phones->installed_count,
                 phones->without_count);
    free(phones->without);
    phones->without = NULL;
    phones->is_installing = false;
}

static void copy(char out[TEXT_MAX], struct span text)
{
    snprintf(out, TEXT_MAX, "%.*s", SPAN_ARG(text));
}

static void on_without_app(void *owner, const PGresult *result, const struct err *err)
{
    struct demo_phones *phones = owner;
    phones->without_done = phones->installed_count = 0;
    phones->without_count = err->code == 0 ? (size_t)PQntuples(result) : 0;
    phones->without = calloc(phones->without_count + 1, sizeof(*phones->without));
    if (phones->without == NULL)
        abort();
    for (size_t i = 0; i < phones->without_count; ++i) {
        struct sandbox_device device;
        sandbox_push_read_without_app(result, (int)i, &device);
        copy(phones->without[i].customer, device.customer);
        copy(phones->without[i].installation, device.installation);
        copy(phones->without[i].app, device.app);
        phones->without[i].is_iphone = span_is_str(device.service, "apns");
    }
    install_next(phones);
}

static void on_look(void *owner)
{
    struct demo_phones *phones = owner;
    struct err err;
    if (phones->looks_left == 0)
        return;
    --phones->looks_left;
    phones->look_after_ms *= 2;
    timer_start(&phones->look, phones->look_after_ms);
    if (!phones->is_installing &&
        sandbox_push_without_app(phones->world->store, &phones->query, PHONES_MAX, on_without_app,
                                 phones, &err) == 0)
        phones->is_installing = true;
}

/* ---- a tap ---- */

static void tap_end(struct tap *tap, bool is_done)
{
    demo_tap_cb on_done = tap->on_done;
    void *owner = tap->owner;
    free(tap);
    on_done(owner, is_done);
}

static void on_tap_noted(void *owner, const struct err *err)
{
    tap_end(owner, err->code == 0);
}

static void on_told(void *owner, bool is_done)
{
    struct tap *tap = owner;
    const struct world *world = tap->phones->world;
    struct err err;
    if (!is_done || sandbox_push_open(world->store, &tap->tx, tap->message_id, world->now(),
                                      on_tap_noted, tap, &err) != 0)
        tap_end(tap, false);
}

static void on_tapped_found(void *owner, const PGresult *result, const struct err *err)
{
    struct tap *tap = owner;
    if (err->code != 0 || PQntuples(result) == 0) {
        tap_end(tap, false);
        return;
    }
    struct sandbox_device device;
    sandbox_push_read_one(result, &device);
    demo_app_open(&tap->phones->app, device.customer, device.push_id, on_told, tap);
}

void demo_phones_tap(struct demo_phones *phones, int64_t message_id, demo_tap_cb on_done,
                     void *owner)
{
    struct err err;
    struct tap *tap = h2o_mem_alloc(sizeof(*tap));
    *tap = (struct tap){
        .phones = phones, .message_id = message_id, .on_done = on_done, .owner = owner};
    if (sandbox_push_one(phones->world->store, &tap->query, message_id, on_tapped_found, tap,
                         &err) != 0)
        tap_end(tap, false);
}

/* ---- the services ---- */

static struct push_sandbox *start(struct demo_phones *phones,
                                  const struct demo_phones_options *options,
                                  enum push_sandbox_kind kind, struct err *err)
{
    bool is_apns = kind == PUSH_SANDBOX_APNS;
    const struct demo_push *push = options->push;
    const struct push_sandbox_settings settings = {
        .kind = kind,
        .loop = options->world->loop,
        .listen_fd = is_apns ? options->apns_fd : options->fcm_fd,
        .certificate = push->certs.certificate,
        .key = push->certs.key,
        .public_key = span_str(is_apns ? push->apns_public : push->fcm_public),
        .key_id = span_str(is_apns ? DEMO_PUSH_KEY_ID : DEMO_PUSH_ACCOUNT_KEY_ID),
        .team_id = SPAN_LIT(DEMO_PUSH_TEAM),
        .topic = SPAN_LIT(DEMO_PUSH_APP),
        .email = SPAN_LIT(DEMO_PUSH_ACCOUNT),
        .project = SPAN_LIT(DEMO_PUSH_PROJECT),
        .token_uri = span_str(push->token_uri),
        .now = options->world->now,
        .owner = phones,
        .on_push = on_push};
    return push_sandbox_new(&settings, err);
}

struct demo_phones *demo_phones_new(const struct demo_phones_options *options, struct err *err)
{
    struct demo_phones *phones = h2o_mem_alloc(sizeof(*phones));
    *phones = (struct demo_phones){.world = options->world,
                                   .app = {.world = options->world,
                                           .key_pem = span_str(options->push->app_private),
                                           .ca_file = options->ca_file}};
    timer_init(&phones->look, options->world->loop, "demo phones", on_look, phones);
    phones->apns = start(phones, options, PUSH_SANDBOX_APNS, err);
    if (phones->apns != NULL)
        phones->fcm = start(phones, options, PUSH_SANDBOX_FCM, err);
    return phones->fcm != NULL ? phones : NULL; /* without them the process ends */
}

void demo_phones_stop(struct demo_phones *phones)
{
    timer_stop(&phones->look);
    push_sandbox_stop(phones->apns);
    push_sandbox_stop(phones->fcm);
}

struct push_trouble *demo_phones_trouble(struct demo_phones *phones, enum push_sandbox_kind kind)
{
    return push_sandbox_trouble(kind == PUSH_SANDBOX_APNS ? phones->apns : phones->fcm);
}

void demo_phones_changed(struct demo_phones *phones)
{
    bool has_unregistered = push_sandbox_trouble(phones->apns)->is_unregistered ||
                            push_sandbox_trouble(phones->fcm)->is_unregistered;
    push_sandbox_changed(phones->apns);
    push_sandbox_changed(phones->fcm);
    if (phones->had_unregistered && !has_unregistered) {
        phones->looks_left = LOOKS;
        phones->look_after_ms = LOOK_AFTER_MS / 2;
        timer_start(&phones->look, 0);
    }
    phones->had_unregistered = has_unregistered;
}
