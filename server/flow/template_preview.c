#include "flow/template_preview.h"

#include "domain/mail_html.h"
#include "domain/mustache.h"
#include "flow/world.h"

static void write_html(struct template_preview *preview, const struct message_facts *facts,
                       enum language language)
{
    const struct span others[] = {facts->creditor->website, facts->unsubscribe};
    mail_html_write(&preview->html, &(struct mail_letter){.language = language,
                                                          .subject = buf_span(&preview->title),
                                                          .body = buf_span(&preview->body),
                                                          .creditor = facts->creditor->name,
                                                          .link = message_first_debt(facts)->link,
                                                          .others = others,
                                                          .other_count = 2});
}

void template_preview_write(struct template_preview *preview, struct span text,
                            const struct message_facts *facts, const struct message_way *way)
{
    *preview = (struct template_preview){.err = {.code = 0}};
    buf_init(&preview->title, MESSAGE_TITLE_MAX);
    buf_init(&preview->body, MESSAGE_BODY_MAX);
    buf_init(&preview->html, MAIL_HTML_MAX);
    struct mustache *template = mustache_new(text, &preview->err);
    if (template == NULL)
        return;
    int rc =
        message_text_write(template, facts, way, &preview->title, &preview->body, &preview->err);
    if (rc == 0 && way->channel == MESSAGE_SMS)
        preview->sms = sms_text_measure(buf_span(&preview->body));
    if (rc == 0 && way->channel == MESSAGE_EMAIL)
        write_html(preview, facts, way->language);
    mustache_free(template);
}

void template_preview_release(struct template_preview *preview)
{
    buf_release(&preview->title);
    buf_release(&preview->body);
    buf_release(&preview->html);
}
