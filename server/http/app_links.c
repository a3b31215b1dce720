#include "http/app_links.h"

#include "http/reply.h"

static void show(struct request *r, struct span file)
{
    if (file.len == 0)
        reply_refusal(r, 404, "not-found", "There is nothing at this address.");
    else
        reply_json_kept(r, file);
}

void app_links_show_ios(struct request *r)
{
    show(r, r->world->app_links.ios);
}

void app_links_show_android(struct request *r)
{
    show(r, r->world->app_links.android);
}
