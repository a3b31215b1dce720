/* Imports in the database: their state, the parts of an upload, what is known about the rows of a
 * part, and the one transaction in which a part goes in. */
#ifndef DUNLIN_STORE_IMPORT_STORE_H
#define DUNLIN_STORE_IMPORT_STORE_H

#include "base/crypto.h"
#include "domain/contact_terms.h"
#include "store/store.h"

enum { IMPORT_ID_LEN = 36, IMPORT_PART_BYTES_MAX = 1024 * 1024 };

/* NOTIFY: an upload is complete. */
#define IMPORT_CHANNEL "dunlin_import"

struct import_state {
    char id[IMPORT_ID_LEN + 1];
    struct span source, name, state, problem, problem_detail, survey; /* into the result */
    int64_t size_bytes, received_bytes, committed_bytes, committed_line;
    int64_t created_count, changed_count, same_count, bad_count;
    bool has_sha256;
    uint8_t sha256[SHA256_LEN];
    bool has_started, has_finished;
    struct instant created_at, started_at, finished_at;
};

/* A random id; out holds IMPORT_ID_LEN + 1. */
void import_id_make(char out[IMPORT_ID_LEN + 1]);
/* 8-4-4-4-12 hex digits in lower case. */
bool import_id_is_valid(struct span id);

/* ---- statements of one read or one write; the callbacks read the result with the readers ---- */

struct import_new {
    const char *id, *source; /* "upload", "file" */
    struct span name;
    int64_t size_bytes;
    const char *state; /* "receiving", "waiting", "running" */
    struct instant now;
};
void import_add_create(struct pg_tx *, const struct import_new *, pg_result_cb);
MUST_CHECK int import_get(struct pg *, struct pg_query *, const char *id, pg_result_cb, void *owner,
                          struct err *);
/* Newest first, behind (created, id). */
MUST_CHECK int import_list(struct pg *, struct pg_query *, struct instant before,
                           const char *before_id, int64_t at_most, pg_result_cb, void *owner,
                           struct err *);
struct import_state import_state_read(const PGresult *, int row);

/* The result has a row when the bytes were at the right offset: import_received_bytes. */
void import_add_receive(struct pg_tx *, const char *id, int64_t at_byte, struct span bytes,
                        pg_result_cb);
/* A row: it is gone. */
void import_add_terminate(struct pg_tx *, const char *id, pg_result_cb);
void import_add_abandoned(struct pg_tx *, struct instant created_before);
/* (at_byte, bytes) of the part that holds the byte; no row when it is not there. */
MUST_CHECK int import_read(struct pg *, struct pg_query *, const char *id, int64_t byte,
                           pg_result_cb, void *owner, struct err *);
/* (id, size, campaign's id or null, name, template, is_plain) of uploads that wait to be imported
 * or whose process died. */
MUST_CHECK int import_open(struct pg *, struct pg_query *, int64_t at_most, pg_result_cb,
                           void *owner, struct err *);
/* (line, column, value, reason, raw) behind a line. */
MUST_CHECK int import_bad_rows(struct pg *, struct pg_query *, const char *id, int64_t behind_line,
                               int64_t at_most, pg_result_cb, void *owner, struct err *);

/* Makes this connection plan each part anew. */
void import_add_session(struct pg_tx *);
/* (true) when this session holds the only lock on that file. */
void import_add_lock(struct pg_tx *, int64_t file_key, pg_result_cb);
void import_add_unlock(struct pg_tx *, int64_t file_key);
/* (id, committed_bytes, committed_line) of an import from disk whose process died, of this campaign
 * or of none (0). */
void import_add_unfinished(struct pg_tx *, const uint8_t sha256[SHA256_LEN], int64_t size_bytes,
                           int64_t campaign_id, pg_result_cb);
/* (committed_bytes, committed_line); no row when it is not to be imported (any more). */
void import_add_start(struct pg_tx *, const char *id, const uint8_t sha256[SHA256_LEN],
                      struct span survey, struct instant now, pg_result_cb);
void import_add_refuse(struct pg_tx *, const char *id, const char *problem, struct span detail,
                       struct instant now);
void import_add_finish(struct pg_tx *, const char *id, struct instant now);
void import_add_forget_parts(struct pg_tx *, const char *id);

/* ---- one part ---- */

/* What is known about the rows of a part: one row each, in no order. */
MUST_CHECK int import_load(struct pg *, struct pg_query *, const struct span *references,
                           const struct span *numbers, const int64_t *amounts, size_t count,
                           struct instant now, pg_result_cb, void *owner, struct err *);

/* The same for a campaign's rows. A row that does not say whose it is is its invoice's owner's. */
struct import_campaign_rows_asked {
    const struct span *references, *numbers, *phones;
    const bool *has_own_reference;
    size_t count;
    struct instant now;
};
MUST_CHECK int import_load_campaign(struct pg *, struct pg_query *,
                                    const struct import_campaign_rows_asked *, pg_result_cb,
                                    void *owner, struct err *);

struct import_known_customer {
    int64_t customer_id; /* 0: there is none with that reference */
    int64_t money_version, link_count, contact_source;
    struct span name, phone, email, language, time_zone;
    struct contact_terms terms;
    bool language_is_own;      /* the customer chose it: a file does not change it */
    struct span identity_fact; /* domain/identity.h; null: none is known */
    int64_t local_now_s;       /* seconds of the customer's own clock since 1970-01-01T00:00 */
    /* Of a campaign's row: whose it is, and whether its telephone can be written to. */
    struct span reference;
    bool is_opted_out, is_dead;
};

struct import_known_invoice {
    int64_t owner_id, invoice_id; /* 0: there is none with that number */
    struct span kind, product, currency, account, chain_head;
    int64_t amount_minor, due_minor, entry_count, event_count;
    int64_t link_no; /* of a new one */
    int32_t issue_date, due_date;
    bool is_old_amount; /* paid, and the row asks for what it once was */
};

/* The position of the row this result row is about, from 0. */
size_t import_known_read(const PGresult *, int row, struct import_known_customer *,
                         struct import_known_invoice *);

/* (customer id, invoice id, local_now_s), one of them in each row. */
MUST_CHECK int import_ids(struct pg *, struct pg_query *, int64_t customers, int64_t invoices,
                          struct instant now, struct span time_zone, pg_result_cb, void *owner,
                          struct err *);

/* What a part changes, as the arrays its statements take. Capacities are fixed when it is made; the
 * spans must live until the save was begun. */
struct import_customers {
    size_t count;
    int64_t *customer_id, *link_count;
    struct span *reference, *name, *phone, *email, *language;
    struct span *preferred, *opted_out, *consented, *by_file; /* the terms: null, or words */
    struct span *identity_fact;                               /* null base: as it was */
    bool *has_contact; /* contact data from this file: changed customers only */
    bool *has_terms;   /* terms as well */
};

struct import_invoices {
    size_t count;
    int64_t *customer_id, *invoice_id, *amount_minor, *due_minor, *entry_count, *event_count;
    int64_t *link_no; /* of new ones */
    bool *needs_plan; /* of changed ones; new ones do */
    int32_t *issue_date, *due_date;
    struct span *number, *kind, *product, *currency, *account, *chain_head;
};

struct import_entries {
    size_t count;
    int64_t *customer_id, *invoice_id, *entry_no, *amount_minor;
    struct span *kind, *currency;
};

struct import_events {
    size_t count;
    int64_t *customer_id, *invoice_id, *event_no;
    struct span *kind, *facts, *personal_hash, *prev_hash, *hash;
};

struct import_personals {
    size_t count;
    int64_t *customer_id, *invoice_id, *event_no;
    struct span *salt, *data;
};

struct import_paylinks {
    size_t count;
    int64_t *customer_id, *link_no, *invoice_id;
};

struct import_cancels {
    size_t count;
    int64_t *customer_id, *invoice_id;
    struct span *reason;
};

/* What a campaign writes to whom. */
struct import_messages {
    size_t count;
    int64_t *customer_id, *invoice_id, *line, *due_minor, *parts;
    struct span *fields, *text;
    bool *is_own;
};

struct import_bad_rows {
    size_t count;
    int64_t *line;
    struct span *column, *value, *reason, *raw;
};

struct import_part {
    const char *id;
    int64_t from_byte, to_byte, to_line;
    int64_t created_count, changed_count, same_count; /* bad: bad_rows.count */
    int64_t file_key;
    struct span time_zone; /* of new customers */
    struct instant now;

    struct {
        size_t count;
        int64_t *customer_id, *money_version;
    } guards;
    struct import_customers new_customers, changed_customers;
    struct import_invoices new_invoices, changed_invoices;
    struct import_entries entries;
    struct import_events events;
    struct import_personals personals;
    struct import_paylinks paylinks;
    struct import_cancels cancels;
    struct import_bad_rows bad_rows;
    int64_t campaign_id; /* 0: none */
    struct import_messages messages;
    void *memory_;
};

/* Room for the changes of `rows` rows. */
void import_part_init(struct import_part *, size_t rows);
void import_part_release(struct import_part *);
/* Forgets the changes and counts, keeps the rest. */
void import_part_reset(struct import_part *);

/* Saves the part in one transaction. ERR_CONFLICT (or SQLSTATE 23505): somebody moved first, load
 * again. SQLSTATE DL002: another process has taken this import over. */
MUST_CHECK int import_save(struct pg *, struct pg_tx *, const struct import_part *, pg_done_cb,
                           void *owner, struct err *);

#endif
