#include "flow/scenario_templates.h"

#include "domain/text_format.h"
#include "messages.h"
#include "store/scenario_store.h"

#include <stdio.h>
#include <stdlib.h>

struct template_set {
    PGresult *kept; /* a copy: one row a template */
};

static bool is_file(const char *name)
{
    for (size_t i = 0; i < messages_count; ++i)
        if (strcmp(messages_files[i].name, name) == 0)
            return true;
    return false;
}

/* One language is enough: who writes the others is told of them where they are written. */
bool scenario_template_is_shipped(struct span name, struct span tone)
{
    for (int language = 0; language < LANGUAGE_COUNT; ++language) {
        char with_tone[128], plain[128];
        const char *code = language_code((enum language)language);
        snprintf(with_tone, sizeof(with_tone), "%s/%.*s.%.*s.mustache", code, SPAN_ARG(name),
                 SPAN_ARG(tone));
        snprintf(plain, sizeof(plain), "%s/%.*s.mustache", code, SPAN_ARG(name));
        if (is_file(with_tone) || is_file(plain))
            return true;
    }
    return false;
}

struct template_set *template_set_new(const PGresult *result)
{
    struct template_set *set = calloc(1, sizeof(*set));
    if (set == NULL)
        abort();
    set->kept = PQcopyResult(result, PG_COPYRES_TUPLES);
    if (set->kept == NULL)
        abort();
    return set;
}

void template_set_free(struct template_set *set)
{
    PQclear(set->kept);
    free(set);
}

static bool has_template(void *owner, struct span name, struct span tone)
{
    const struct template_set *set = owner;
    for (int row = 0; row < PQntuples(set->kept); ++row) {
        struct span kept_name, kept_tone;
        scenario_read_template(set->kept, row, &kept_name, &kept_tone);
        if (span_is(kept_name, name) && span_is(kept_tone, tone))
            return true;
    }
    return scenario_template_is_shipped(name, tone);
}

struct scenario_templates template_set_of(struct template_set *set)
{
    return (struct scenario_templates){.has = has_template, .owner = set};
}
