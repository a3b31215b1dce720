#include "app/pane_files.h"

#include "app/pane_http.h"
#include "demo_assets.h"

#include <string.h>

static const char *type_of(const char *name)
{
    static const struct {
        const char *end, *type;
    } types[] = {{".html", "text/html; charset=utf-8"},
                 {".css", "text/css; charset=utf-8"},
                 {".js", "text/javascript; charset=utf-8"},
                 {".svg", "image/svg+xml"}};
    size_t len = strlen(name);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); ++i) {
        size_t end = strlen(types[i].end);
        if (len > end && strcmp(name + len - end, types[i].end) == 0)
            return types[i].type;
    }
    return NULL;
}

static bool send_file(struct pane_request *request, struct span name)
{
    for (size_t i = 0; i < demo_assets_count; ++i) {
        const struct embedded_file *file = &demo_assets_files[i];
        const char *type = type_of(file->name);
        if (type == NULL || !span_is_str(name, file->name))
            continue;
        pane_reply(request, 200, type, span_of(file->bytes, file->len));
        return true;
    }
    return false;
}

void pane_send_asset(struct pane_request *request)
{
    if (!send_file(request, request->param))
        pane_reply_problem(request, 404, "not_found");
}

void pane_send_page(struct pane_request *request, const char *name)
{
    if (!send_file(request, span_str(name)))
        pane_reply_problem(request, 404, "not_found");
}

void pane_show_overview(struct pane_request *request)
{
    pane_send_page(request, "overview.html");
}

void pane_show_bank(struct pane_request *request)
{
    pane_send_page(request, "bank.html");
}
