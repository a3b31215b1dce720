#include "channel/http_report.h"

#include "base/crypto.h"

enum { VALUE_MAX = 64 };

/* Names are seen cut, so the numbers stand first; 401 and 412 say that nothing more will come. */
static const char *const smsapi_statuses[] = {"404=delivered",       "403=sent",
                                              "402=undelivered",     "405=undelivered",
                                              "406=undelivered",     "407=undelivered",
                                              "408=unknown",         "401=unknown",
                                              "412=undelivered",     "409=waiting",
                                              "410=waiting",         "411=waiting",
                                              "DELIVERED=delivered", "UNDELIVERED=undelivered",
                                              "EXPIRED=undelivered", "SENT=sent"};

const struct http_report http_report_smsapi = {
    .id_field = "MsgId",
    .code_field = "idx",
    .status_field = "status",
    .time_field = "donedate",
    .separator = ",",
    .statuses = {smsapi_statuses, sizeof(smsapi_statuses) / sizeof(smsapi_statuses[0])},
    .reply = "OK"};

static const struct {
    const char *word;
    enum http_report_kind kind;
} kinds[] = {{"waiting", HTTP_REPORT_WAITING}, {"sent", HTTP_REPORT_SENT_ON},
             {"unknown", HTTP_REPORT_UNKNOWN}, {"undelivered", HTTP_REPORT_UNDELIVERED},
             {"dead", HTTP_REPORT_DEAD},       {"delivered", HTTP_REPORT_DELIVERED}};

/* 0: no such word. */
static enum http_report_kind kind_of(const char *word)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); ++i)
        if (strcmp(kinds[i].word, word) == 0)
            return kinds[i].kind;
    return 0;
}

const char *http_report_wrong_status(const char *row)
{
    const char *equals = strrchr(row, '=');
    if (equals == NULL || equals == row || kind_of(equals + 1) == 0)
        return "must be STATUS=word, the word one of waiting, sent, unknown, undelivered, dead, "
               "delivered";
    return NULL;
}

static void find_kind(const struct http_report *report, struct http_report_item *item)
{
    item->kind = HTTP_REPORT_WAITING;
    for (int i = 0; i < report->statuses.count; ++i) {
        const char *row = report->statuses.items[i], *equals = strrchr(row, '=');
        if (!span_is(item->status, span_of(row, (size_t)(equals - row))))
            continue;
        item->kind = kind_of(equals + 1);
        item->is_known = true;
        return;
    }
}

/* ---- lists ---- */

struct list {
    struct span text;
    char separator; /* 0: one value */
};

static int count_of(struct list list)
{
    int count = list.text.len > 0;
    for (size_t i = 0; i < list.text.len && list.separator != 0; ++i)
        count += list.text.base[i] == list.separator;
    return count;
}

/* Empty behind the end of the list. */
static struct span item_of(struct list list, int index)
{
    struct span rest = list.text;
    for (int i = 0; rest.len > 0; ++i) {
        const char *end = list.separator == 0 ? NULL : memchr(rest.base, list.separator, rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.base);
        if (i == index)
            return span_of(rest.base, len);
        rest = span_from(rest, end == NULL ? len : len + 1);
    }
    return (struct span){"", 0};
}

/* A single value is said of all. */
static struct span shared_item_of(struct list list, int index)
{
    return item_of(list, count_of(list) == 1 ? 0 : index);
}

static struct list list_of(const struct http_report *report, const char *field, http_report_get get,
                           void *owner)
{
    struct list list = {.separator = report->separator[0]};
    if (field[0] != '\0')
        list.text = get(owner, field);
    return list;
}

static int64_t seconds_of(struct span text)
{
    int64_t seconds = 0;
    if (text.len == 0 || text.len > 11)
        return 0;
    for (size_t i = 0; i < text.len; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return 0;
        seconds = seconds * 10 + (text.base[i] - '0');
    }
    return seconds;
}

/* What is longer than any id of ours or theirs names nobody. */
static struct span short_of(struct span text)
{
    return text.len <= VALUE_MAX ? text : (struct span){"", 0};
}

int http_report_read(const struct http_report *report, http_report_get get, void *owner,
                     struct http_report_item items[HTTP_REPORT_ITEMS_MAX])
{
    struct list ids = list_of(report, report->id_field, get, owner);
    struct list codes = list_of(report, report->code_field, get, owner);
    struct list statuses = list_of(report, report->status_field, get, owner);
    struct list times = list_of(report, report->time_field, get, owner);
    int id_count = count_of(ids), code_count = count_of(codes), status_count = count_of(statuses);
    int count = id_count > 0 ? id_count : code_count;
    bool is_one_each =
        (code_count == 0 || code_count == count) && (status_count == 1 || status_count == count);
    if (!is_one_each || count == 0 || count > HTTP_REPORT_ITEMS_MAX)
        return -1;
    if (count_of(times) != count && count_of(times) != 1)
        times.text = (struct span){"", 0};
    for (int i = 0; i < count; ++i) {
        items[i] = (struct http_report_item){.id = short_of(item_of(ids, i)),
                                             .code = short_of(item_of(codes, i)),
                                             .status = shared_item_of(statuses, i),
                                             .at_s = seconds_of(shared_item_of(times, i))};
        find_kind(report, &items[i]);
    }
    return count;
}

bool http_report_is_secret(const struct http_report *report, struct span text)
{
    uint8_t one[SHA256_LEN], other[SHA256_LEN];
    sha256(report->secret, one);
    sha256(text, other); /* so that lengths take the same time, too */
    return report->secret.len > 0 && bytes_equal(one, other, sizeof(one));
}
