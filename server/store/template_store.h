/* The texts that admins have saved. A text is called by name, tone and language; what they may be
 * is flow/template_check.h's affair. */
#ifndef DUNLIN_STORE_TEMPLATE_STORE_H
#define DUNLIN_STORE_TEMPLATE_STORE_H

#include "store/store.h"

/* NOTIFY at the commit of whatever changes what is in force. */
#define TEMPLATE_CHANNEL "dunlin_template"

struct template_key {
    struct span name, tone, language;
};

/* What is in force: template_read_row for each row. Spans live as long as the result. */
MUST_CHECK int template_load(struct store *, struct pg_query *, pg_result_cb on_loaded, void *owner,
                             struct err *);
struct template_row {
    struct template_key key;
    int32_t version;
    struct span text;
    bool is_plain;
    struct instant created_at;
    struct span created_by;
};
void template_read_row(const PGresult *, int row, struct template_row *);

/* All versions of one, the newest first, at most a hundred: template_read_version. */
MUST_CHECK int template_versions(struct store *, struct pg_query *, const struct template_key *,
                                 pg_result_cb on_listed, void *owner, struct err *);
struct template_version {
    int32_t version;
    struct span text;
    bool is_plain, is_withdrawn;
    struct instant created_at, withdrawn_at;
    struct span created_by;
};
void template_read_version(const PGresult *, int row, struct template_version *);

struct template_new {
    struct template_key key;
    struct span text;
    bool is_plain;
    struct instant now;
    struct span created_by;
};
/* `on_saved` gets the row for template_read_saved. */
MUST_CHECK int template_save(struct store *, struct pg_tx *, const struct template_new *,
                             pg_result_cb on_saved, pg_done_cb on_done, void *owner, struct err *);
int32_t template_read_saved(const PGresult *);

/* Takes the version in force back. `on_withdrawn` gets the row for template_read_withdrawn. */
MUST_CHECK int template_withdraw(struct store *, struct pg_tx *, const struct template_key *,
                                 struct instant now, pg_result_cb on_withdrawn, pg_done_cb on_done,
                                 void *owner, struct err *);
/* False when there was none. `*now_version` is 0 when what is shipped is in force again. */
bool template_read_withdrawn(const PGresult *, int32_t *version, int32_t *now_version);

#endif
