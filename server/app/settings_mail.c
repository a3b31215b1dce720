#include "app/settings_mail.h"

#include "app/setting_row.h"
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

static const char *check_smtp_url(const char *value, char room[160])
{
    (void)room;
    return check_url(value, "smtps://", "smtp://", "must begin with smtps:// or smtp://");
}

static const char *check_imap_url(const char *value, char room[160])
{
    (void)room;
    return check_url(value, "imaps://", "imap://", "must begin with imaps:// or imap://");
}

static const char *check_address(const char *value, char room[160])
{
    (void)room;
    return value[0] == '\0' || email_address_is_good(span_str(value))
               ? NULL
               : "must be one mail address, for instance office@example.com";
}

static const char *check_domain(const char *value, char room[160])
{
    (void)room;
    size_t len = strlen(value);
    bool is_good = len > 0 && len <= 253 && value[0] != '.' && value[len - 1] != '.' &&
                   strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len;
    return is_good ? NULL
                   : "must be a domain in lower-case ASCII, for instance bounces.example.com";
}

/* It becomes a part of an IMAP address, and of a command between quotes. */
static const char *check_folder(const char *value, char room[160])
{
    (void)room;
    for (const char *c = value; *c != '\0'; ++c)
        if (!isprint((unsigned char)*c) || strchr("\"\\;?#%*", *c) != NULL)
            return "must be a folder in plain ASCII, without quotes and wildcards";
    return strlen(value) <= 200 ? NULL : "is too long";
}

const struct setting settings_mail[] = {
    SECTION("mail",
            "Reminders as mail, through the creditor's own mail server or a submission service."),
    TEXT("mail.url", mail.url, NULL,
         "Where mail is handed in: smtps://HOST, or smtp://HOST:587 with STARTTLS, which it must\n"
         "offer; plain only on loopback. Nothing here: no mail is sent.",
         .example = "smtps://mail.example.com", .check = check_smtp_url),
    TEXT("mail.user", mail.user, NULL, "Whom to log in as; nothing: nobody.", .example = "dunlin"),
    {.name = "mail.password_file",
     .type = SETTING_SECRET_FILE,
     .offset = AT(mail.password),
     .example = "/etc/dunlin/mail.password",
     .help = "File with the password (or DUNLIN_MAIL_PASSWORD)."},
    PATH("mail.ca_file", mail.ca_file, NULL,
         "Certificates to trust for the mail servers instead of the system's.",
         .example = "/etc/dunlin/mail-ca.pem"),
    TEXT("mail.from", mail.from, NULL, "The address that mails come from.",
         .example = "office@example.com", .check = check_address),
    TEXT("mail.from_name", mail.from_name, NULL, "The name beside it; nothing: the creditor's.",
         .example = "Bank Przykładowy"),
    TEXT("mail.reply_to", mail.reply_to, NULL, "Where answers go, if not to that address.",
         .example = "help@example.com", .check = check_address),
    TEXT("mail.bounce_domain", mail.bounce_domain, NULL,
         "Of the addresses that bounces come back to, bounce+CODE@DOMAIN, all of which are to be\n"
         "delivered into one folder; see docs/mail.md.",
         .example = "bounces.example.com", .check = check_domain),
    INT("mail.per_second", mail.per_second, "0", 0, 10000,
        "Mails a second at most; 0: as many as are answered."),
    INT("mail.in_flight", mail.in_flight, "4", 1, 100, "Mails under way at once, and connections."),
    INT("mail.timeout_s", mail.timeout_s, "60", 5, 600,
        "Seconds for a mail; one that the server has not confirmed by then counts as perhaps "
        "sent."),
    SECTION("mail.imap", "Where the bounces are read."),
    TEXT("mail.imap.url", mail.imap.url, NULL,
         "imaps://HOST, or imap://HOST with STARTTLS; plain only on loopback. Nothing here: "
         "bounces\n"
         "are not read.",
         .example = "imaps://mail.example.com", .check = check_imap_url),
    TEXT("mail.imap.user", mail.imap.user, NULL, "Whom to log in as.", .example = "bounces"),
    {.name = "mail.imap.password_file",
     .type = SETTING_SECRET_FILE,
     .offset = AT(mail.imap.password),
     .example = "/etc/dunlin/bounces.password",
     .help = "File with the password (or DUNLIN_MAIL_IMAP_PASSWORD)."},
    TEXT("mail.imap.folder", mail.imap.folder, "INBOX", "The folder they are in.",
         .check = check_folder),
    TEXT("mail.imap.done_folder", mail.imap.done_folder, NULL,
         "Where to move what was read, a folder that is there; nothing: it stays, marked as seen.",
         .example = "Done", .check = check_folder),
    INT("mail.imap.every_seconds", mail.imap.every_seconds, "60", 1, 86400, "How often to look."),
    {.name = NULL},
};

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
