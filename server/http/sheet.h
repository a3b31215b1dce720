/* A sheet: a page of a link beside the main one, where a customer asks for something else than to
 * pay: parts, another date, help. It works without JavaScript, and in two moves as the main page
 * does: GET shows, and changes nothing; POST does one thing, and leads on with 303 or shows a page
 * with plain words.
 *
 * A sheet's values are one JSON object, as it is shown seldom; under it lie the values that stand
 * on every page (creditor, code, kind, product, number, name, languages). Its templates are files
 * of web/pages, listed in page_view.h. Their style is style.css with sheet.css behind it. */
#ifndef DUNLIN_HTTP_SHEET_H
#define DUNLIN_HTTP_SHEET_H

#include "flow/debt_look.h"
#include "http/page_view.h"
#include "http/request.h"

#include <jansson.h>

/* ---- showing ---- */

/* For GET: checks the code in memory, looks at the debt and calls `show`, unless the visitor has
 * gone, or the link leads nowhere or is revoked, or the database is silent: each of these is
 * answered here. `more` may be null. */
typedef void (*sheet_show_fn)(struct request *, const struct debt *, const PGresult *more);
void sheet_open(struct request *, debt_more_fn more, sheet_show_fn show);

/* The same without asking for the customer's identity where the settings want it (identity.h): for
 * pages that show nothing of the debt then. */
void sheet_open_unconfirmed(struct request *, debt_more_fn more, sheet_show_fn show);

struct sheet {
    struct request *request;
    struct span code; /* of the link */
    struct paylink_id link;
    enum language language;
    bool is_language_chosen;
    json_t *values; /* filled by the handler */
    struct page_about about;
};

/* A sheet about a debt, in the visitor's language. `path` is where it stands behind the code
 * ("plan"; "": the main page): links to other languages lead there. sheet_reply gives it back. */
struct sheet sheet_new(struct request *, const struct debt *, const char *path);
void sheet_set(struct sheet *, const char *name, struct span text);
void sheet_set_true(struct sheet *, const char *name);
/* Leaves who writes and the match code. */
void sheet_hide_debt(struct sheet *);
/* As people read them: "1 234,56 zł"; "12 maja 2026". */
void sheet_set_amount(struct sheet *, const char *name, int64_t minor, struct span currency);
void sheet_set_date(struct sheet *, const char *name, struct date);
/* The same as JSON strings, for lists. */
json_t *sheet_amount(const struct sheet *, int64_t minor, struct span currency);
json_t *sheet_date(const struct sheet *, struct date);
/* The word before + name of the sheet's language, or empty: "plan_refused_" and "paid". */
void sheet_set_word(struct sheet *, const char *name, const char *before, const char *word);
/* A fresh token as {{token}}, or under another name where a sheet has several forms. */
void sheet_set_token(struct sheet *, const char *name, enum form_kind);
/* What makes a form older than the debt's last change worth nothing: the hidden field {{version}},
 * compared by sheet_is_current. */
void sheet_set_version(struct sheet *, const struct debt *);
bool sheet_is_current(struct span version, const struct debt *);
/* Ends the request, and gives the sheet's values back. */
void sheet_reply(struct sheet *, int status, enum sheet_id);
/* Ends it with plain words and a way on: the words answer_<name>_title and answer_<name>_text, in
 * a tone of the style sheet ("good", "info", "warn", "bad"). `next` is where the way on leads
 * behind the code, with the word answer_<name>_next; null: back to the main page. */
void sheet_reply_answer(struct sheet *, int status, const char *name, const char *tone,
                        const char *next);

/* ---- what follows a form (page_form.h takes it) ---- */

/* Answers what every change of a debt can end with: the database is silent, no such link, revoked.
 * False when there is something else to say. */
bool sheet_reply_failed(struct request *, const struct err *, bool is_nowhere, bool is_revoked);
/* 303 to the sheet `path` of this link ("" for the main page) with `query` ("" or "done=1"), in the
 * language that was chosen. */
void sheet_lead_to(struct request *, const char *path, const char *query);

#endif
