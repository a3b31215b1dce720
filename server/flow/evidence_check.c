/* Each part is checked on its own and says what it found, so one bad byte does not hide another.
 * All values are borrowed from the document. What is missing or of another type reads as empty, and
 * an empty text has another hash. */
#include "flow/evidence_check.h"

#include "base/crypto.h"
#include "base/json.h"
#include "domain/event.h"
#include "domain/text_version.h"
#include "flow/evidence_export.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_MAX = 8, ANCHOR_TAIL_MAX = 80 };

struct check {
    const json_t *document;
    struct buf *lines;
    bool holds;
};

static void say(struct check *check, const char *verdict, const char *what)
{
    buf_printf(check->lines, "%-4s %s\n", verdict, what);
}

static void bad(struct check *check, const char *what)
{
    check->holds = false;
    say(check, "BAD", what);
}

static void judge(struct check *check, bool is_good, const char *good, const char *otherwise)
{
    if (is_good)
        say(check, "ok", good);
    else
        bad(check, otherwise);
}

static struct span text(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? span_of(json_string_value(value), json_string_length(value))
                                 : span_of("", 0);
}

static int64_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* False when it is not exactly one hash. */
static bool read_hash(struct span hex, uint8_t out[SHA256_LEN])
{
    return hex_parse(hex, out, SHA256_LEN);
}

static bool is_hash(struct span hex, const uint8_t hash[SHA256_LEN])
{
    uint8_t said[SHA256_LEN];
    return read_hash(hex, said) && bytes_equal(said, hash, SHA256_LEN);
}

static struct span hash_span(const uint8_t hash[SHA256_LEN])
{
    return span_of((const char *)hash, SHA256_LEN);
}

/* ---- the chain ---- */

struct chain {
    uint8_t head[SHA256_LEN];
    struct span head_span; /* of it; empty before the first event */
    int64_t count, with_personal, erased;
    int64_t first_bad; /* 0: none */
    const char *why;
};

static bool personal_holds(const json_t *event, struct chain *chain, uint8_t hash[SHA256_LEN],
                           struct span *hash_out)
{
    struct span said = text(event, "personal_hash"), salt = text(event, "salt");
    uint8_t salt_bytes[EVENT_SALT_LEN], made[SHA256_LEN];
    bool is_there = json_is_string(json_object_get(event, "personal"));
    *hash_out = span_of("", 0);
    if (said.len == 0)
        return !is_there;
    if (!read_hash(said, hash))
        return false;
    *hash_out = hash_span(hash);
    ++chain->with_personal;
    if (!is_there) {
        ++chain->erased;
        return true;
    }
    if (!hex_parse(salt, salt_bytes, sizeof(salt_bytes)))
        return false;
    event_personal_hash(span_of((const char *)salt_bytes, sizeof(salt_bytes)),
                        text(event, "personal"), made);
    return bytes_equal(made, hash, SHA256_LEN);
}

/* Null when all is well, else what is not. */
static const char *event_fault(const json_t *debt, const json_t *item, struct chain *chain)
{
    uint8_t personal[SHA256_LEN], made[SHA256_LEN];
    struct event event = {.customer_id = number(debt, "customer_id"),
                          .invoice_id = number(debt, "invoice_id"),
                          .event_no = number(item, "no"),
                          .at = {number(item, "at_us")},
                          .kind = text(item, "kind"),
                          .facts = text(item, "facts")};
    bool is_good = personal_holds(item, chain, personal, &event.personal_hash);
    struct span prev = text(item, "prev_hash");
    bool follows = chain->head_span.len == 0 ? prev.len == 0 : is_hash(prev, chain->head);
    event_hash(chain->head_span, &event, made);
    memcpy(chain->head, made, SHA256_LEN);
    chain->head_span = hash_span(chain->head);
    char at[21] = "";
    if (event.at.us >= 0 && event.at.us < INT64_C(253402300800) * 1000000) /* the year 10000 */
        instant_print(event.at, at);
    if (event.event_no != chain->count)
        return "its number is out of order, or one before it is missing";
    if (!is_good)
        return "its personal part is not what was hashed";
    if (!follows)
        return "it does not follow the one before it";
    if (!span_is_str(text(item, "at"), at))
        return "its time in words is another than the one that was hashed";
    return is_hash(text(item, "hash"), made) ? NULL : "it is not what was hashed";
}

static void check_chain(struct check *check, struct chain *chain)
{
    const json_t *debt = json_object_get(check->document, "debt"), *item;
    char words[200];
    size_t i;
    json_array_foreach((json_t *)json_object_get(check->document, "events"), i, item)
    {
        ++chain->count;
        const char *fault = event_fault(debt, item, chain);
        if (fault == NULL || chain->first_bad != 0)
            continue;
        chain->first_bad = chain->count;
        chain->why = fault;
    }
    snprintf(words, sizeof(words), "the chain of %lld events holds", (long long)chain->count);
    char broken[200];
    snprintf(broken, sizeof(broken), "event %lld: %s", (long long)chain->first_bad,
             chain->why == NULL ? "" : chain->why);
    judge(check, chain->first_bad == 0, words, broken);
    bool is_whole = number(debt, "event_count") == chain->count &&
                    (chain->count == 0 ? text(debt, "chain_head").len == 0
                                       : is_hash(text(debt, "chain_head"), chain->head));
    judge(check, is_whole, "the chain ends where the debt says",
          "the chain does not end where the debt says: events at its end are missing");
    snprintf(words, sizeof(words), "%lld events have a personal part, %lld of these are erased",
             (long long)chain->with_personal, (long long)chain->erased);
    say(check, "note", words);
}

/* ---- texts ---- */

static const json_t *find_version(const json_t *list, const char *version)
{
    const json_t *item;
    size_t i;
    json_array_foreach((json_t *)list, i,
                       item) if (span_is_str(text(item, "version"), version)) return item;
    return NULL;
}

static bool texts_are_named_right(const json_t *list)
{
    const json_t *item;
    size_t i;
    json_array_foreach((json_t *)list, i, item)
    {
        char made[TEXT_VERSION_LEN + 1];
        text_version_print(text(item, "language"), text(item, "text"), made);
        if (!span_is_str(text(item, "version"), made))
            return false;
    }
    return true;
}

static json_t *facts_of(const json_t *event)
{
    const struct json_limits limits = {.bytes_max = EVIDENCE_MAX, .depth_max = DEPTH_MAX};
    return json_load(text(event, "facts"), limits, NULL);
}

/* `list` is a part of the export, `fact` is what events name its texts by. */
static void check_texts(struct check *check, const char *list_name, const char *fact)
{
    const json_t *list = json_object_get(check->document, list_name), *event;
    char good[120], words[120];
    size_t i;
    snprintf(good, sizeof(good), "%zu %s are what their events name", json_array_size(list),
             list_name);
    snprintf(words, sizeof(words), "%s: a text is not the one that was hashed", list_name);
    bool is_good = texts_are_named_right(list);
    json_array_foreach((json_t *)json_object_get(check->document, "events"), i, event)
    {
        json_t *facts = facts_of(event);
        const char *version = json_string_value(json_object_get(facts, fact));
        if (is_good && version != NULL && find_version(list, version) == NULL) {
            is_good = false;
            snprintf(words, sizeof(words), "%s: the text that event %zu names is missing",
                     list_name, i + 1);
        }
        json_decref(facts);
    }
    judge(check, is_good, good, words);
}

/* ---- the ledger ---- */

/* Of a movement that an event names, the amount that it says; 0: none names it. */
static int64_t amount_in_events(const json_t *events, struct span movement)
{
    const json_t *event;
    int64_t amount = 0;
    size_t i;
    json_array_foreach((json_t *)events, i, event)
    {
        json_t *facts = facts_of(event);
        if (amount == 0 && movement.len > 0 && span_is(text(facts, "movement"), movement))
            amount = number(facts, "amount_minor");
        json_decref(facts);
    }
    return amount;
}

static void check_ledger(struct check *check)
{
    const json_t *entry, *events = json_object_get(check->document, "events");
    int64_t sum = 0, named_count = 0;
    bool is_good = true;
    size_t i;
    json_array_foreach((json_t *)json_object_get(check->document, "ledger"), i, entry)
    {
        int64_t amount = number(entry, "amount_minor");
        if (amount == INT64_MIN)
            amount = 0; /* nobody owes that; it has no opposite */
        int64_t named = amount_in_events(events, text(entry, "reference"));
        is_good = is_good && !__builtin_add_overflow(sum, amount, &sum) &&
                  number(entry, "balance_minor") == sum &&
                  (named == 0 || named == amount || named == -amount);
        named_count += named != 0;
    }
    char words[160];
    snprintf(words, sizeof(words),
             "the ledger adds up to what is due; %lld of its %zu entries are named by events",
             (long long)named_count, i);
    is_good = is_good && sum == number(json_object_get(check->document, "debt"), "due_minor");
    judge(check, is_good, words, "the ledger does not add up to what is due, or to its events");
}

/* ---- the anchor ---- */

/* Hashes of hashes: of a list of hex texts, joined. False when one is no hash. */
static bool digest_of(const json_t *list, uint8_t out[SHA256_LEN])
{
    size_t count = json_array_size(list), i;
    uint8_t(*hashes)[SHA256_LEN] = calloc(count + 1, SHA256_LEN);
    const json_t *item;
    bool is_good = count > 0;
    if (hashes == NULL)
        abort();
    json_array_foreach((json_t *)list, i, item)
    {
        struct span hex = span_of(json_string_value(item), json_string_length(item));
        is_good = is_good && read_hash(hex, hashes[i]);
    }
    sha256(span_of((const char *)hashes, count * SHA256_LEN), out);
    free(hashes);
    return is_good;
}

static bool list_has(const json_t *list, struct span hex)
{
    const json_t *item;
    size_t i;
    json_array_foreach((json_t *)list, i,
                       item) if (span_is(hex, span_of(json_string_value(item),
                                                      json_string_length(item)))) return true;
    return false;
}

/* The digest of all the anchor's events, from the event's block and the digests of all blocks. */
static bool covered_digest(const json_t *anchor, uint8_t out[SHA256_LEN])
{
    const json_t *blocks = json_object_get(anchor, "blocks");
    if (!digest_of(json_object_get(anchor, "block"), out))
        return false;
    if (number(anchor, "block_events") == 0)
        return true;
    const json_t *said = json_array_get(blocks, (size_t)number(anchor, "block_no"));
    return is_hash(span_of(json_string_value(said), json_string_length(said)), out) &&
           digest_of(blocks, out);
}

static bool anchor_holds(const json_t *anchor)
{
    uint8_t covered[SHA256_LEN], prev[SHA256_LEN], made[SHA256_LEN];
    char tail[ANCHOR_TAIL_MAX];
    struct span prev_hex = text(anchor, "prev_hash");
    if (!covered_digest(anchor, covered) || (prev_hex.len != 0 && !read_hash(prev_hex, prev)))
        return false;
    int len = snprintf(tail, sizeof(tail), "%lld|%lld|%lld", (long long)number(anchor, "anchor_no"),
                       (long long)number(anchor, "last_position"),
                       (long long)number(anchor, "event_count"));
    const struct span parts[] = {prev_hex.len == 0 ? span_of("", 0) : hash_span(prev),
                                 hash_span(covered), span_of(tail, (size_t)len)};
    sha256_spans(parts, 3, made);
    return is_hash(text(anchor, "hash"), made);
}

static void check_anchor(struct check *check, const struct chain *chain, struct span published)
{
    const json_t *anchor = json_object_get(check->document, "anchor");
    char words[200];
    if (!json_is_object(anchor)) {
        say(check, "note", "no anchor covers the chain yet: a cut end would not be seen");
        if (published.len != 0)
            bad(check, "the anchor that was published is not in the export");
        return;
    }
    int64_t event_no = number(anchor, "event_no");
    const json_t *event = event_no < 1 ? NULL
                                       : json_array_get(json_object_get(check->document, "events"),
                                                        (size_t)event_no - 1);
    judge(check, anchor_holds(anchor), "the anchor is made of the hashes under it",
          "the anchor is not made of the hashes under it");
    snprintf(words, sizeof(words), "event %lld of %lld is under anchor %lld of %.*s",
             (long long)event_no, (long long)chain->count, (long long)number(anchor, "anchor_no"),
             SPAN_ARG(text(anchor, "at")));
    judge(check, event != NULL && list_has(json_object_get(anchor, "block"), text(event, "hash")),
          words, "the event that the anchor covers is missing, or is another one");
    if (published.len != 0)
        judge(check, span_is(text(anchor, "hash"), published),
              "the anchor is the one that was published",
              "the anchor is not the one that was published");
    if (event_no < chain->count) {
        snprintf(words, sizeof(words), "events after %lld are not under an anchor yet",
                 (long long)event_no);
        say(check, "note", words);
    }
}

int evidence_check(struct span document, struct span anchor, struct buf *lines, bool *holds,
                   struct err *err)
{
    const struct json_limits limits = {.bytes_max = EVIDENCE_MAX, .depth_max = DEPTH_MAX};
    *err = (struct err){0};
    json_t *json = json_load(document, limits, err);
    if (json == NULL)
        return err->code;
    struct check check = {.document = json, .lines = lines, .holds = true};
    struct chain chain = {.head_span = {"", 0}};
    if (span_is_str(text(json, "format"), EVIDENCE_FORMAT)) {
        check_chain(&check, &chain);
        check_texts(&check, "terms", "terms");
        check_texts(&check, "pages", "page");
        check_ledger(&check);
        check_anchor(&check, &chain, anchor);
        *holds = check.holds;
    } else {
        err_set(err, ERR_INPUT, "it is no \"%s\"", EVIDENCE_FORMAT);
    }
    json_decref(json);
    return err->code;
}
