/* Scenarios as people write them: any bytes are read to an end, mistakes lie within the text and
 * are printable, and what is good has days that lead both ways. */
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct scenario *s = scenario_yaml_read(span_of((const char *)data, len), NULL, &mistakes);
    assert((s == NULL) == (mistakes.count != 0));
    check_mistakes();
    if (s != NULL)
        scenario_hits(s, (struct date){2028, 2, 29}, on_hit, s);
    free(s);
    return 0;
}
