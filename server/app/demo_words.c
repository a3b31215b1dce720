#include "app/demo_words.h"

#include "app/demo_place.h"
#include "app/installation_visit.h"

#include <jansson.h>
#include <stdlib.h>

void demo_words_json(const struct demo_place *place, const struct demo_links *links, FILE *out)
{
    const struct settings *s = &place->settings;
    char text[256];
    json_t *addresses = json_array();
    for (int i = 0; i < links->count; ++i) {
        snprintf(text, sizeof(text), "%s/%s", s->public_.url, links->codes[i]);
        json_array_append_new(addresses, json_string(text));
    }
    json_t *all = json_object();
    json_object_set_new(all, "url", json_string(s->public_.url));
    json_object_set_new(all, "api", json_string(s->private_.url));
    snprintf(text, sizeof(text), "%s/", s->private_.url);
    json_object_set_new(all, "console", json_string(text));
    json_object_set_new(all, "ca", json_string(place->certs.ca));
    json_object_set_new(all, "api_key", json_string(place->api_key));
    snprintf(text, sizeof(text), "%s/phone", place->panes_url);
    json_object_set_new(all, "phone", json_string(text));
    snprintf(text, sizeof(text), "%s/clock", place->panes_url);
    json_object_set_new(all, "clock", json_string(text));
    snprintf(text, sizeof(text), "%s/callbacks/sandbox", s->public_.url);
    json_object_set_new(
        all, "sandbox",
        json_pack("{s:s, s:s}", "callback", text, "secret", place->callback_secret));
    json_object_set_new(all, "links", addresses);
    char *line = json_dumps(all, JSON_COMPACT | JSON_PRESERVE_ORDER);
    fprintf(out, "%s\n", line);
    free(line);
    json_decref(all);
}

/* certs/trust lies beside the build folder this program runs from; an installed one has none. */
static bool find_trust(char out[PATH_MAX])
{
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (len <= 0)
        return false;
    self[len] = 0;
    for (int i = 0; i < 2; ++i) {
        char *slash = strrchr(self, '/');
        if (slash == NULL)
            return false;
        *slash = 0;
    }
    snprintf(out, PATH_MAX, "%.*s/certs", 3000, self);
    char trust[PATH_MAX];
    snprintf(trust, sizeof(trust), "%.*s/trust", 3500, out);
    return access(trust, X_OK) == 0;
}

void demo_words_people(const struct demo_place *place, const struct demo_links *links, FILE *out)
{
    char certs[PATH_MAX];
    fprintf(out,
            "\nDunlin's demo is ready. Everything in it is fictional.\n\n"
            "  Start here       %s/\n"
            "  Phone            %s/phone\n"
            "  Mail inbox       %s/inbox\n"
            "  Bank             %s/bank\n"
            "  API              %s/\n",
            place->panes_url, place->panes_url, place->panes_url, place->panes_url,
            place->settings.private_.url);
    if (links->count > 0)
        fprintf(out, "  A payment page   %s/%s\n", place->settings.public_.url, links->codes[0]);
    fprintf(out, "  API key          %s\n", place->api_key);
    if (find_trust(certs))
        fprintf(out,
                "\nThe pages are on HTTPS with a certificate of this demo's own. So that your "
                "browser does not warn:\n"
                "  %s/trust %s\n"
                "and to take that back:\n"
                "  %s/untrust %s\n",
                certs, place->certs.ca, certs, place->certs.ca);
    fprintf(out,
            "\nPay an invoice: open the first address, tap a link on the phone, press pay.\n"
            "Everything is kept under %s%s.\n"
            "Ctrl-C ends it; the same command goes on where it stopped.\n\n",
            place->dir, place->has_log_file ? ", the log too: dunlin.log" : "");
}
