/* The text of a campaign: one Mustache template, filled for each row of its file with what the row
 * and its debt say. Checked in two steps, as the columns are known later than the text: at once
 * whether it is a template of known fields with room for the link, and against the file's columns.
 *
 * Fields: name, number, product, amount, date, account, creditor, website, phone, link, and row.x
 * for a column x of the file's own. What a text prints outside of a section of the same name must
 * be there in every row: a row without it is a bad one and not sent with a hole.
 *
 * A written text has CAMPAIGN_LINK where its link will stand: what was approved is what goes, and
 * the link stands in the message alone. */
#ifndef DUNLIN_FLOW_CAMPAIGN_TEXT_H
#define DUNLIN_FLOW_CAMPAIGN_TEXT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "domain/sms_text.h"
#include "flow/csv_columns.h"

/* No cell of a file holds this character: control characters are refused there. */
#define CAMPAIGN_LINK '\x01'

enum {
    CAMPAIGN_TEMPLATE_MAX = 2000, /* bytes */
    CAMPAIGN_PARTS_MAX = 6,       /* of one message */
    CAMPAIGN_COLUMNS_MAX = 128,
};

struct creditor;
struct campaign_text;

/* Null with ERR_INPUT, in words for who wrote it: no template, a field that there is not, no link,
 * or something right behind the link, which telephones would take for a part of it. */
struct campaign_text *campaign_text_new(struct span template, struct err *);
void campaign_text_free(struct campaign_text *);

/* The columns of a file: `fields` of the survey's shape, "" for known ones. */
struct campaign_columns {
    char (*fields)[CSV_FIELD_MAX + 1];
    size_t count;
};

/* ERR_INPUT naming a column that the text uses and the file does not have, and those it has. */
MUST_CHECK int campaign_text_fits(const struct campaign_text *, const struct campaign_columns *,
                                  struct buf *why);

/* What one message is made of. Spans with a null base are not known. */
struct campaign_facts {
    const struct creditor *creditor;
    struct span name, number, product, currency, account;
    int64_t due_minor;
    int32_t due_date;
    struct span language;
    char (*fields)[CSV_FIELD_MAX + 1]; /* the names of the row's cells; "" ones are passed over */
    const struct span *cells;
    size_t count;
    bool is_plain;
    size_t link_len; /* bytes of the links of this installation, all ASCII */
};

/* Why a row cannot be written to. `field` has a null base when it is no single one's fault. */
struct campaign_fault {
    struct span field; /* lives as long as the text */
    const char *reason;
};

/* Appends the text and measures it with a link of that length in it. False: `fault` says why not,
 * and `out` is of no use. */
bool campaign_text_write(const struct campaign_text *, const struct campaign_facts *,
                         struct buf *out, struct sms_measure *, struct campaign_fault *);

/* The same from what was kept of the row (campaign_cells_print), for an amount that has changed
 * since; `fields`, `cells` and `count` are not looked at. False also when the template is none any
 * more. */
bool campaign_text_again(struct span template, struct span kept, const struct campaign_facts *,
                         struct buf *out);

/* Appends a written text with its link in place. */
void campaign_text_link(struct buf *out, struct span text, struct span link);

/* The row's cells as JSON, {"nr_umowy":"17/2026"}: as they are kept, and read again. */
void campaign_cells_print(struct buf *out, char (*fields)[CSV_FIELD_MAX + 1],
                          const struct span *cells, size_t count);

#endif
