#include "flow/evidence_export.h"

#include <jansson.h>
#include <stdlib.h>

static json_t *text(struct span value)
{
    return value.len == 0 ? json_null() : json_stringn(value.base, value.len);
}

static void write_creditor(const struct creditor *creditor, struct buf *out)
{
    json_t *json = json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", text(creditor->name), "nip",
                             text(creditor->nip), "phone", text(creditor->phone), "email",
                             text(creditor->email), "website", text(creditor->website));
    char *written = json_dumps(json, 0);
    if (written == NULL)
        abort();
    buf_add_str(out, written);
    free(written);
    json_decref(json);
}

void evidence_export_write(const struct creditor *creditor, const PGresult *row, struct buf *out)
{
    buf_add_str(out, "{\"format\": \"" EVIDENCE_FORMAT "\",\n\"creditor\": ");
    write_creditor(creditor, out);
    for (int i = 0; i < PQnfields(row); ++i) {
        buf_add_str(out, ",\n\"");
        buf_add_str(out, PQfname(row, i));
        buf_add_str(out, "\": ");
        buf_add(out, span_of(PQgetvalue(row, 0, i), (size_t)PQgetlength(row, 0, i)));
    }
    buf_add_str(out, "}\n");
}
