/* A world with a real database for tests of flows that move money: one cluster for the test
 * program, customers with an invoice, a link and a payment each, and the loop turned until a
 * condition holds. */
#ifndef DUNLIN_TESTS_MONEY_FIXTURE_H
#define DUNLIN_TESTS_MONEY_FIXTURE_H

#include "base/metrics.h"
#include "domain/payment_reference.h"
#include "flow/world.h"
#include "io/timer.h"
#include "migrations.h"
#include "provider/sandbox.h"
#include "store/migrate.h"
#include "store/store.h"
#include "support/pg_cluster.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct money_fixture {
    struct pg_cluster cluster;
    struct keyring *keys;
    struct metrics *metrics;
    struct provider_account accounts[3]; /* one, unless a test adds another */
    struct world world;
};

/* 2026-11-22T12:00:00Z, a Sunday. Moved by the tests that need it. */
static struct instant fixture_time = {INT64_C(1795348800) * 1000000};

static inline struct instant fixture_now(void)
{
    return fixture_time;
}

static inline void fixture_new(struct money_fixture *f)
{
    *f = (struct money_fixture){0};
    pg_cluster_new(&f->cluster);
    struct err err = {0};
    int applied;
    struct migrate_plan plan = {
        .conninfo = f->cluster.conninfo, .files = migrations_files, .count = migrations_count};
    int code = migrate_run(&plan, &applied, &err);
    if (code != 0)
        fprintf(stderr, "%s\n", err.text);
    assert(code == 0);
    f->keys = keyring_new(
        SPAN_LIT("1 1111111111111111111111111111111111111111111111111111111111111111 active\n"),
        NULL);
    f->metrics = metrics_shared_new();
    f->accounts[0] = (struct provider_account){
        .provider = &sandbox_provider,
        .account = SPAN_LIT("default"),
        .api_url = SPAN_LIT("http://127.0.0.1:1/bank/api"),
        .start_origin = SPAN_LIT("http://127.0.0.1:1"),
        .api_key = SPAN_LIT("key"),
    };
    f->world = (struct world){
        .loop = h2o_evloop_create(),
        .keys = f->keys,
        .public_url = SPAN_LIT("https://p.example"),
        .callback_url = SPAN_LIT("https://p.example/callbacks"),
        .providers = f->accounts,
        .metrics = f->metrics,
        .now = fixture_now,
        .payment_starts_max = 5,
        .blik_codes_max = 5,
    };
    struct store_options options = {.conninfo = f->cluster.app_conninfo};
    f->world.store = store_new(f->world.loop, &options);
}

static inline void fixture_free(struct money_fixture *f)
{
    store_free(f->world.store);
    timer_loop_release(f->world.loop);
    keyring_free(f->keys);
    pg_cluster_free(&f->cluster);
}

/* Turns the loop until *count reaches `wanted`; false when that takes longer than `seconds`. */
static inline bool fixture_run(struct money_fixture *f, const int *count, int wanted, int seconds)
{
    struct mono start = clock_mono();
    while (*count < wanted) {
        if (mono_us_since(start, clock_mono()) > seconds * INT64_C(1000000))
            return false;
        h2o_evloop_run(f->world.loop, 50);
    }
    return true;
}

static inline void fixture_sql(struct money_fixture *f, const char *sql)
{
    pg_cluster_sql(&f->cluster, sql);
}

/* The first column of the first row as text; a static buffer. */
static inline const char *fixture_value(struct money_fixture *f, const char *sql)
{
    static char text[4096];
    char *value = pg_cluster_value(&f->cluster, sql);
    snprintf(text, sizeof(text), "%s", value == NULL ? "" : value);
    free(value);
    return text;
}

/* Empties all tables and makes `count` customers 1…n, each with an invoice of 100.00 PLN due in
 * five days, link 1, five reminders of which the first was sent, and payment 1, started, for all of
 * it. */
static inline void fixture_seed(struct money_fixture *f, int count)
{
    char sql[4096];
    snprintf(
        sql, sizeof(sql),
        "truncate customer, customer_registry, invoice, invoice_registry, ledger_entry, hold,"
        " event, event_personal, paylink, payment, payment_allocation, provider_reference,"
        " callback, callback_outcome, reminder, sandbox_message restart identity cascade;"
        "insert into customer (reference, name, phone, link_count, payment_count, created_at,"
        " changed_at) select 'K' || n, 'Jan ' || n, '+4850000' || n, 1, 1, t, t"
        " from generate_series(1, %d) n, to_timestamp(1795348800) t;"
        "insert into invoice (customer_id, number, kind, currency, amount_minor, due_minor,"
        " issue_date, due_date, entry_count, link_no, created_at, changed_at) select n, 'FV' || n,"
        " 'invoice', 'PLN', 10000, 10000, '2026-11-17', '2026-11-27', 1, 1, t, t"
        " from generate_series(1, %d) n, to_timestamp(1795348800) t;"
        "insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor,"
        " currency, at) select customer_id, invoice_id, 1, 'charge', 10000, 'PLN', created_at"
        " from invoice;"
        "insert into paylink select customer_id, 1, invoice_id, 'active', created_at from"
        " invoice;"
        "insert into payment (customer_id, payment_no, link_no, provider, account, method,"
        " amount_minor, currency, state, form_nonce, created_at, changed_at) select"
        " customer_id, 1, 1, 'sandbox', 'default', 'redirect', 10000, 'PLN', 'started', 'n1',"
        " created_at, created_at from invoice;"
        "insert into payment_allocation select customer_id, 1, invoice_id, 10000 from invoice;"
        "insert into reminder (customer_id, invoice_id, step, due_at, state, reason) select"
        " customer_id, invoice_id, s.step, to_timestamp(1795348800) + s.days * interval '1 day',"
        " s.state, 'planned' from invoice, (values ('issue', -5, 'sent'),"
        " ('before_2', 3, 'scheduled'), ('due', 5, 'scheduled'), ('after_2', 7, 'scheduled'),"
        " ('after_9', 14, 'scheduled')) s (step, days, state);",
        count, count);
    fixture_sql(f, sql);
}

/* What must hold after anything: sums, counters and chains agree with what they count. */
static inline int fixture_broken_invoices(struct money_fixture *f)
{
    return atoi(fixture_value(
        f,
        "select count(*) from invoice i where due_minor <> (select coalesce(sum(amount_minor), 0)"
        " from ledger_entry e where e.customer_id = i.customer_id and e.invoice_id = i.invoice_id)"
        " or entry_count <> (select count(*) from ledger_entry e where e.customer_id ="
        " i.customer_id and e.invoice_id = i.invoice_id) or event_count <> (select count(*) from"
        " event e where e.customer_id = i.customer_id and e.invoice_id = i.invoice_id) or"
        " (paid_at is not null) <> (due_minor <= 0) or chain_head <> coalesce((select hash from"
        " event e where e.customer_id = i.customer_id and e.invoice_id = i.invoice_id order by"
        " event_no desc limit 1), '\\x') or exists (select from event e left join event p on"
        " p.customer_id = e.customer_id and p.invoice_id = e.invoice_id and p.event_no = e.event_no"
        " - 1 where e.customer_id = i.customer_id and e.invoice_id = i.invoice_id and (e.prev_hash"
        " <> coalesce(p.hash, '\\x') or e.hash <> event_hash(e.prev_hash, e.customer_id,"
        " e.invoice_id, e.event_no, e.at, e.kind, e.facts, e.personal_hash) or e.facts::json is"
        " null))"));
}

#endif
