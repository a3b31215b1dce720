#include "app/settings_database.h"

#include "app/setting_row.h"
#include "app/setting_value.h"

#include <arpa/inet.h>
#include <libpq-fe.h>

static const char *option(const PQconninfoOption *options, const char *keyword)
{
    for (const PQconninfoOption *o = options; o->keyword != NULL; ++o)
        if (strcmp(o->keyword, keyword) == 0 && o->val != NULL)
            return o->val;
    return "";
}

bool setting_conninfo_has_password(const char *conninfo)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    bool has = options != NULL && option(options, "password")[0] != '\0';
    PQconninfoFree(options);
    return has;
}

/* Each host of a multi-host string, which may be a socket's folder or an address. */
static bool is_host_without_lookup(const char *hosts)
{
    unsigned char address[16];
    char host[128];
    for (const char *p = hosts;; ++p) {
        size_t len = strcspn(p, ",");
        snprintf(host, sizeof(host), "%.*s", (int)len, p);
        if (host[0] != '\0' && host[0] != '/' && host[0] != '@' &&
            inet_pton(AF_INET, host, address) != 1 && inet_pton(AF_INET6, host, address) != 1)
            return false;
        p += len;
        if (*p == '\0')
            return true;
    }
}

static const char *check_conninfo(const char *value, char room[160])
{
    char *error = NULL;
    PQconninfoOption *options = PQconninfoParse(value, &error);
    const char *wrong = NULL;
    if (options == NULL) {
        snprintf(room, 160, "is no libpq connection string");
        PQfreemem(error); /* Its text may quote a password. */
        return room;
    }
    if (option(options, "hostaddr")[0] == '\0' && !is_host_without_lookup(option(options, "host")))
        wrong = "names a host: add hostaddr=ADDRESS beside it, because a name look-up inside libpq "
                "would stop the whole process";
    PQconninfoFree(options);
    return wrong;
}

const struct setting settings_database[] = {
    SECTION(
        "database",
        "PostgreSQL 15 or newer. With neither url nor url_file Dunlin makes and runs a private\n"
        "database under data_dir: nothing to set up for a trial."),
    TEXT("database.url", database.url, NULL,
         "As the application's role dunlin_app, without a password in it; several hosts and\n"
         "target_session_attrs are libpq's own. Give hostaddr= beside a host name.",
         .example = "postgresql:///dunlin?host=/var/run/postgresql&user=dunlin_app",
         .check = check_conninfo, .is_secret = true),
    {.name = "database.url_file",
     .type = SETTING_SECRET_FILE,
     .offset = AT(database.url),
     .example = "database.url",
     .check = check_conninfo,
     .help = "The same with a password: a file that holds it (or DUNLIN_DATABASE_URL)."},
    TEXT("database.owner_url", database.owner_url, NULL,
         "As the owner of the tables, who migrates; nothing means the same as url.",
         .example = "postgresql:///dunlin?host=/var/run/postgresql&user=dunlin_owner",
         .check = check_conninfo, .is_secret = true),
    {.name = "database.owner_url_file",
     .type = SETTING_SECRET_FILE,
     .offset = AT(database.owner_url),
     .example = "database-owner.url",
     .check = check_conninfo,
     .help = "The same with a password (or DUNLIN_DATABASE_OWNER_URL)."},
    {.name = NULL},
};

void settings_finish_database(struct settings_reading *r)
{
    struct settings *s = r->settings;
    if (s->database.owner_url[0] == '\0')
        s->database.owner_url = s->database.url;
    else if (s->database.url[0] == '\0')
        setting_add_mistake(r->mistakes, 0, "database.owner_url", "stands without database.url");
}
