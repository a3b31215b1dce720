#include "app/settings_mail.h"

#include "app/setting_value.h"
#include "channel/email.h"
#include "channel/email_message.h"
#include "jobs/bounces.h"

#include <ctype.h>

static const char *check_url(const char *value, const char *secure, const char *plain,
                             const char *words)
{
    size_t len = strncmp(value, secure, strlen(secure)) == 0 ? strlen(secure)
                 : strncmp(value, plain, strlen(plain)) == 0 ? strlen(plain)
                                                             : 0;
    const char *rest = value + len;
    if (len == 0)
        return words;
    if (*rest == '\0' || strpbrk(rest, "/?#@ \t\"'<>;,\\%") != NULL)
        return "must be a scheme, a host and perhaps a port alone: the user has a setting of its "
               "own";
    for (; *rest != '\0'; ++rest)
        if (!isprint((unsigned char)*rest))
            return "holds a character that no address has";
    return NULL;
}

const char *setting_check_smtp_url(const char *value, char room[160])
{
    (void)room;
    return check_url(value, "smtps://", "smtp://", "must begin with smtps:// or smtp://");
}

const char *setting_check_imap_url(const char *value, char room[160])
{
    (void)room;
    return check_url(value, "imaps://", "imap://", "must begin with imaps:// or imap://");
}

const char *setting_check_mail_address(const char *value, char room[160])
{
    (void)room;
    return value[0] == '\0' || email_address_is_good(span_str(value))
               ? NULL
               : "must be one mail address, for instance office@example.com";
}

const char *setting_check_mail_domain(const char *value, char room[160])
{
    (void)room;
    size_t len = strlen(value);
    bool is_good = len > 0 && len <= 253 && value[0] != '.' && value[len - 1] != '.' &&
                   strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len;
    return is_good ? NULL
                   : "must be a domain in lower-case ASCII, for instance bounces.example.com";
}

/* It becomes a part of an IMAP address, and of a command between quotes. */
const char *setting_check_mail_folder(const char *value, char room[160])
{
    (void)room;
    for (const char *c = value; *c != '\0'; ++c)
        if (!isprint((unsigned char)*c) || strchr("\"\\;?#%*", *c) != NULL)
            return "must be a folder in plain ASCII, without quotes and wildcards";
    return strlen(value) <= 200 ? NULL : "is too long";
}

static void need(struct settings_reading *r, const char *name, const char *value, const char *with)
{
    if (value[0] == '\0')
        setting_add_mistake(r->mistakes, settings_line_of(r->settings, with), name,
                            "is needed with %s", with);
}

void settings_finish_mail(struct settings_reading *r)
{
    const struct settings *s = r->settings;
    if (s->mail.url[0] != '\0') {
        need(r, "mail.from", s->mail.from, "mail.url");
        need(r, "mail.bounce_domain", s->mail.bounce_domain, "mail.url");
    }
    if (s->mail.imap.url[0] != '\0') {
        need(r, "mail.bounce_domain", s->mail.bounce_domain, "mail.imap.url");
        need(r, "mail.imap.user", s->mail.imap.user, "mail.imap.url");
    }
}

struct email_settings settings_email(const struct settings *s)
{
    const char *name = s->mail.from_name[0] != '\0' ? s->mail.from_name : s->creditor.name;
    return (struct email_settings){
        .url = span_str(s->mail.url),
        .user = span_str(s->mail.user),
        .password = span_str(s->mail.password),
        .ca_file = span_str(s->mail.ca_file),
        .from = span_str(s->mail.from),
        .from_name = span_str(name),
        .reply_to = span_str(s->mail.reply_to),
        .bounce_domain = span_str(s->mail.bounce_domain),
        .in_flight_max = (int)s->mail.in_flight,
        .timeout_ms = (int)s->mail.timeout_s * 1000,
    };
}

struct bounces_settings settings_bounces(const struct settings *s)
{
    return (struct bounces_settings){
        .url = span_str(s->mail.imap.url),
        .user = span_str(s->mail.imap.user),
        .password = span_str(s->mail.imap.password),
        .ca_file = span_str(s->mail.ca_file),
        .folder = span_str(s->mail.imap.folder),
        .done_folder = span_str(s->mail.imap.done_folder),
        .domain = span_str(s->mail.bounce_domain),
        .every_ms = (uint32_t)s->mail.imap.every_seconds * 1000,
        .timeout_ms = (int)s->mail.timeout_s * 1000,
    };
}
