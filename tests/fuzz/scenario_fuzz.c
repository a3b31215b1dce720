/* Scenarios as people write them: any bytes are read to an end, mistakes lie within the text and
 * are printable, and what is good reads back as the same and has days that lead both ways. */
#include "flow/scenario_yaml.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct scenario_mistakes mistakes;

static void check_mistakes(void)
{
    assert(mistakes.count <= SCENARIO_MISTAKES_MAX);
    for (size_t i = 0; i < mistakes.count; ++i) {
        assert(mistakes.items[i].line >= 1 && mistakes.items[i].column >= 1);
        assert(mistakes.items[i].text[0] != '\0');
        for (const char *c = mistakes.items[i].path; *c != '\0'; ++c)
            assert(*c >= ' ' && *c < 0x7f);
    }
}

static void on_hit(void *owner, const struct scenario_hit *hit)
{
    const struct scenario *s = owner;
    struct date day = scenario_step_date(&s->steps[hit->step_no], hit->anchor, hit->occurrence);
    assert(date_compare(day, hit->day) == 0);
}

static void check_good(const struct scenario *s)
{
    struct buf once, twice;
    buf_init(&once, 1 << 20);
    buf_init(&twice, 1 << 20);
    scenario_yaml_write(s, &once);
    if (buf_span(&once).len <= SCENARIO_YAML_BYTES_MAX) {
        struct scenario *again = scenario_yaml_read(buf_span(&once), NULL, &mistakes);
        assert(again != NULL);
        scenario_yaml_write(again, &twice);
        assert(span_is(buf_span(&once), buf_span(&twice)));
        free(again);
    }
    scenario_hits(s, (struct date){2028, 2, 29}, on_hit, (void *)(uintptr_t)s);
    buf_release(&once);
    buf_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct scenario *s = scenario_yaml_read(span_of((const char *)data, len), NULL, &mistakes);
    assert((s == NULL) == (mistakes.count != 0));
    check_mistakes();
    if (s != NULL)
        check_good(s);
    free(s);
    return 0;
}
