/* A form with a file: parts lie inside the body and are found again, and whatever the file is, its
 * frame is read within its bounds. The first line of the input is the content type. */
#include "domain/file_kind.h"
#include "domain/multipart.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void look_at(struct span body, const struct multipart_part *part)
{
    assert(part->content.base >= body.base &&
           part->content.base + part->content.len <= body.base + body.len);
    assert(part->name.len != 0 && part->name.len < MULTIPART_HEAD_MAX);
    (void)file_kind_of(part->content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct multipart m;
    struct span all = span_of((const char *)data, len);
    (void)file_kind_of(all);
    const char *end = len == 0 ? NULL : memchr(all.base, '\n', len);
    if (end == NULL)
        return 0;
    struct span type = span_of(all.base, (size_t)(end - all.base));
    struct span body = span_from(all, type.len + 1);
    if (!multipart_parse(type, body, &m))
        return 0;
    assert(m.part_count > 0 && m.part_count <= MULTIPART_PARTS_MAX);
    for (int i = 0; i != m.part_count; ++i)
        look_at(body, &m.parts[i]);
    return 0;
}
