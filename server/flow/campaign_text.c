#include "flow/campaign_text.h"

#include "domain/mustache.h"
#include "domain/text_format.h"
#include "flow/world.h"

#include <jansson.h>
#include <stdlib.h>

enum { TEXT_BYTES_MAX = 8192, FIELDS_MAX = 16 };

struct campaign_text {
    struct mustache *template;
};

static const char *const known[] = {"name",    "number",   "product", "amount", "date",
                                    "account", "creditor", "website", "phone",  "link"};
enum { KNOWN_COUNT = sizeof known / sizeof *known };

/* ---- the template by itself ---- */

struct visit {
    struct err *err;
    bool has_link;
};

static bool is_known(struct span name)
{
    for (int i = 0; i < KNOWN_COUNT; ++i)
        if (span_is_str(name, known[i]))
            return true;
    return span_starts(name, SPAN_LIT("row.")) && name.len > 4 &&
           memchr(name.base + 4, '.', name.len - 4) == NULL;
}

static void on_name(void *owner, const struct mustache_name *n)
{
    struct visit *v = owner;
    bool is_printed = n->use == MUSTACHE_PRINTED || n->use == MUSTACHE_PRINTED_AS_IS;
    if (v->err->code != 0)
        return;
    if (!is_known(n->name))
        err_set(
            v->err, ERR_INPUT,
            "line %d: there is no field {{%.*s}}: name, number, product, amount, date, account, "
            "creditor, website, phone, link, and row.… for the file's own columns",
            n->line, (int)(n->name.len < 40 ? n->name.len : 40), n->name.base);
    v->has_link =
        v->has_link || (span_is_str(n->name, "link") && is_printed && n->section_count == 0);
}

static struct span trim(struct span s)
{
    while (s.len > 0 && strchr(" \t\r\n", s.base[0]) != NULL)
        s = span_from(s, 1);
    while (s.len > 0 && strchr(" \t\r\n", s.base[s.len - 1]) != NULL)
        --s.len;
    return s;
}

static bool is_blank_or_end(struct span behind)
{
    return behind.len == 0 || strchr(" \t\r\n", behind.base[0]) != NULL;
}

/* Whether each {{link}} is followed by a blank, or a tag, which is judged when it is filled. */
static bool has_room_behind_links(struct span rest)
{
    const char *open;
    while (rest.len > 3 && (open = memmem(rest.base, rest.len, "{{", 2)) != NULL) {
        rest = span_from(rest, (size_t)(open - rest.base) + 2);
        const char *close = memmem(rest.base, rest.len, "}}", 2);
        if (close == NULL)
            return true;
        struct span inside = trim(span_of(rest.base, (size_t)(close - rest.base)));
        rest = span_from(rest, (size_t)(close - rest.base) + 2);
        if (span_is_str(inside, "link") && !is_blank_or_end(rest) && rest.base[0] != '{')
            return false;
    }
    return true;
}

static int judge(const struct campaign_text *t, struct span template, struct err *err)
{
    struct visit visit = {.err = err};
    *err = (struct err){0};
    mustache_visit(t->template, on_name, &visit);
    if (err->code != 0)
        return err->code;
    if (!visit.has_link)
        return err_set(err, ERR_INPUT,
                       "the text has no {{link}}, outside of any section, to pay by");
    if (!has_room_behind_links(template))
        return err_set(err, ERR_INPUT,
                       "a blank must follow {{link}}: telephones take what stands right behind it "
                       "for a part of the link");
    return 0;
}

struct campaign_text *campaign_text_new(struct span template, struct err *err)
{
    if (template.len == 0 || template.len > CAMPAIGN_TEMPLATE_MAX) {
        err_set(err, ERR_INPUT, "the text must have 1 to %d bytes", CAMPAIGN_TEMPLATE_MAX);
        return NULL;
    }
    for (size_t i = 0; i < template.len; ++i)
        if ((unsigned char)template.base[i] < 0x20 && strchr("\n\r\t", template.base[i]) == NULL) {
            err_set(err, ERR_INPUT, "the text holds control characters");
            return NULL;
        }
    struct campaign_text *t = calloc(1, sizeof *t);
    if (t == NULL)
        abort();
    t->template = mustache_new(template, err);
    if (t->template == NULL || judge(t, template, err) != 0) {
        campaign_text_free(t);
        return NULL;
    }
    return t;
}

void campaign_text_free(struct campaign_text *t)
{
    if (t == NULL)
        return;
    if (t->template != NULL)
        mustache_free(t->template);
    free(t);
}

/* ---- the file's columns ---- */

struct fitting {
    const struct campaign_columns *columns;
    struct buf *why;
    bool is_bad;
};

static void list_columns(const struct fitting *f)
{
    int shown = 0;
    for (size_t i = 0; i < f->columns->count; ++i)
        if (f->columns->fields[i][0] != '\0')
            buf_printf(f->why, "%s row.%s", shown++ == 0 ? "" : ",", f->columns->fields[i]);
    if (shown == 0)
        buf_add_str(f->why, " none of its own");
}

static void on_column(void *owner, const struct mustache_name *n)
{
    struct fitting *f = owner;
    if (f->is_bad || !span_starts(n->name, SPAN_LIT("row.")))
        return;
    for (size_t i = 0; i < f->columns->count; ++i)
        if (span_is_str(span_from(n->name, 4), f->columns->fields[i]))
            return;
    f->is_bad = true;
    buf_printf(f->why, "the text uses {{%.*s}}, and the file has no such column; it has",
               SPAN_ARG(n->name));
    list_columns(f);
}

int campaign_text_fits(const struct campaign_text *t, const struct campaign_columns *columns,
                       struct buf *why)
{
    struct fitting fitting = {.columns = columns, .why = why};
    mustache_visit(t->template, on_column, &fitting);
    return fitting.is_bad ? ERR_INPUT : 0;
}

/* ---- one message ---- */

static struct span text_or_empty(struct span s)
{
    return s.base == NULL ? SPAN_LIT("") : s;
}

struct values {
    struct mustache_member members[FIELDS_MAX], cells[CAMPAIGN_COLUMNS_MAX];
    size_t member_count, cell_count;
    struct mustache_object row;
};

static void put(struct values *v, const char *name, struct span value)
{
    v->members[v->member_count++] =
        (struct mustache_member){span_str(name), mustache_text(text_or_empty(value))};
}

static void put_all(struct values *v, const struct campaign_facts *f, struct span amount,
                    struct span date)
{
    static const char link[] = {CAMPAIGN_LINK};
    put(v, "name", f->name);
    put(v, "number", f->number);
    put(v, "product", f->product);
    put(v, "amount", amount);
    put(v, "date", date);
    put(v, "account", f->account.base != NULL ? f->account : f->creditor->account);
    put(v, "creditor", f->creditor->name);
    put(v, "website", f->creditor->website);
    put(v, "phone", f->creditor->phone);
    put(v, "link", span_of(link, 1));
    for (size_t i = 0; i < f->count && v->cell_count < CAMPAIGN_COLUMNS_MAX; ++i)
        if (f->fields[i][0] != '\0')
            v->cells[v->cell_count++] = (struct mustache_member){
                span_str(f->fields[i]), mustache_text(text_or_empty(f->cells[i]))};
    v->row = (struct mustache_object){.members = v->cells, .count = v->cell_count};
    v->members[v->member_count++] =
        (struct mustache_member){SPAN_LIT("row"), mustache_object(&v->row)};
}

void campaign_text_link(struct buf *out, struct span text, struct span link)
{
    const char *mark;
    while (text.len > 0 && (mark = memchr(text.base, CAMPAIGN_LINK, text.len)) != NULL) {
        size_t before = (size_t)(mark - text.base);
        buf_add(out, span_of(text.base, before));
        buf_add(out, link);
        text = span_from(text, before + 1);
    }
    buf_add(out, text);
}

static struct sms_measure measure(struct span text, size_t link_len)
{
    struct buf whole, link;
    buf_init(&whole, 2 * TEXT_BYTES_MAX);
    buf_init(&link, TEXT_BYTES_MAX);
    for (size_t i = 0; i < link_len; ++i)
        buf_add_char(&link, 'x');
    campaign_text_link(&whole, text, buf_span(&link));
    struct sms_measure m = sms_text_measure(buf_span(&whole));
    buf_release(&whole);
    buf_release(&link);
    return m;
}

/* Null, or why the filled text cannot go. */
static const char *fill(const struct campaign_text *t, const struct values *v, struct buf *whole,
                        struct span *hole)
{
    const struct mustache_object data = {.members = v->members, .count = v->member_count};
    int rc =
        mustache_render_whole(t->template, mustache_object(&data), MUSTACHE_PLAIN, whole, hole);
    if (rc == ERR_INPUT)
        return "the text needs this value, and the row has none";
    if (rc != 0)
        return "the text is too long";
    struct span text = trim(buf_span(whole));
    const char *mark = memchr(text.base, CAMPAIGN_LINK, text.len);
    for (; mark != NULL;) {
        struct span behind = span_from(text, (size_t)(mark - text.base) + 1);
        if (!is_blank_or_end(behind))
            return "something stands right behind the link";
        mark = memchr(behind.base, CAMPAIGN_LINK, behind.len);
    }
    return NULL;
}

static const char *write_whole(const struct campaign_text *t, const struct campaign_facts *f,
                               const struct values *v, struct buf *out, struct span *hole)
{
    struct buf whole;
    buf_init(&whole, TEXT_BYTES_MAX);
    const char *reason = fill(t, v, &whole, hole);
    struct span text = trim(buf_span(&whole));
    if (reason == NULL && f->is_plain)
        sms_text_plain(out, text);
    else if (reason == NULL)
        buf_add(out, text);
    buf_release(&whole);
    return reason;
}

bool campaign_text_write(const struct campaign_text *t, const struct campaign_facts *f,
                         struct buf *out, struct sms_measure *m, struct campaign_fault *fault)
{
    char currency[4] = "";
    struct buf amount, date;
    struct values v = {.member_count = 0};
    struct text_style style = {.language = LANGUAGE_POLISH, .place = TEXT_SMS};
    *fault = (struct campaign_fault){0};
    (void)language_find(f->language, &style.language);
    memcpy(currency, f->currency.base, f->currency.len < 3 ? f->currency.len : 3);
    buf_init(&amount, 64);
    buf_init(&date, 64);
    text_format_amount(&amount, money_of(f->due_minor, currency), style);
    text_format_date(&date, date_from_days(f->due_date), style);
    put_all(&v, f, buf_span(&amount), buf_span(&date));
    fault->reason = write_whole(t, f, &v, out, &fault->field);
    buf_release(&amount);
    buf_release(&date);
    if (fault->reason != NULL)
        return false;
    *m = measure(buf_span(out), f->link_len);
    if (m->parts > CAMPAIGN_PARTS_MAX)
        fault->reason = "the text takes more than 6 messages";
    return fault->reason == NULL;
}

void campaign_cells_print(struct buf *out, char (*fields)[CSV_FIELD_MAX + 1],
                          const struct span *cells, size_t count)
{
    json_t *json = json_object();
    for (size_t i = 0; i < count; ++i)
        if (fields[i][0] != '\0' && cells[i].base != NULL)
            json_object_set_new(json, fields[i], json_stringn(cells[i].base, cells[i].len));
    char *text = json_dumps(json, JSON_COMPACT);
    if (text == NULL)
        abort();
    buf_add_str(out, text);
    free(text);
    json_decref(json);
}

bool campaign_text_again(struct span template, struct span kept, const struct campaign_facts *facts,
                         struct buf *out)
{
    struct err err;
    struct sms_measure m;
    struct campaign_fault fault;
    char fields[CAMPAIGN_COLUMNS_MAX][CSV_FIELD_MAX + 1];
    struct span cells[CAMPAIGN_COLUMNS_MAX];
    struct campaign_facts f = *facts;
    struct campaign_text *text = campaign_text_new(template, &err);
    json_t *json = json_loadb(kept.base, kept.len, 0, NULL);
    const char *name;
    json_t *value;
    f.fields = fields;
    f.cells = cells;
    f.count = 0;
    json_object_foreach(json, name, value)
    {
        if (f.count == CAMPAIGN_COLUMNS_MAX || !json_is_string(value))
            continue;
        snprintf(fields[f.count], sizeof fields[0], "%s", name);
        cells[f.count++] = span_of(json_string_value(value), json_string_length(value));
    }
    bool is_good = text != NULL && campaign_text_write(text, &f, out, &m, &fault);
    campaign_text_free(text);
    json_decref(json);
    return is_good;
}
