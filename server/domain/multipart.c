#include "domain/multipart.h"

#include <strings.h>

static bool starts_any_case(struct span s, struct span prefix)
{
    return s.len >= prefix.len && strncasecmp(s.base, prefix.base, prefix.len) == 0;
}

static struct span skip_blanks(struct span s)
{
    while (s.len != 0 && (s.base[0] == ' ' || s.base[0] == '\t'))
        s = span_from(s, 1);
    return s;
}

static bool is_boundary_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("'()+_,-./:=?", c) != NULL);
}

/* The one parameter of the type: bare, or in quotes. */
static bool read_boundary(struct span type, struct span *boundary)
{
    if (!starts_any_case(type, SPAN_LIT("multipart/form-data")))
        return false;
    type = skip_blanks(span_from(type, sizeof("multipart/form-data") - 1));
    if (type.len == 0 || type.base[0] != ';')
        return false;
    type = skip_blanks(span_from(type, 1));
    if (!starts_any_case(type, SPAN_LIT("boundary=")))
        return false;
    type = span_from(type, sizeof("boundary=") - 1);
    if (type.len >= 2 && type.base[0] == '"' && type.base[type.len - 1] == '"')
        type = span_of(type.base + 1, type.len - 2);
    for (size_t i = 0; i != type.len; ++i)
        if (!is_boundary_char(type.base[i]))
            return false;
    *boundary = type;
    return type.len != 0 && type.len <= MULTIPART_BOUNDARY_MAX;
}

static bool take(struct span *rest, struct span wanted)
{
    if (!span_starts(*rest, wanted))
        return false;
    *rest = span_from(*rest, wanted.len);
    return true;
}

/* A value in quotes, in which browsers write a quote as %22. */
static bool take_quoted(struct span *rest, struct span *value)
{
    if (!take(rest, SPAN_LIT("\"")))
        return false;
    const char *end = memchr(rest->base, '"', rest->len);
    if (end == NULL)
        return false;
    *value = span_of(rest->base, (size_t)(end - rest->base));
    *rest = span_from(*rest, value->len + 1);
    return memchr(value->base, '\0', value->len) == NULL;
}

/* form-data; name="…"; filename="…". What the file is called is passed over. */
static bool read_disposition(struct span value, struct multipart_part *part)
{
    value = skip_blanks(value);
    if (!take(&value, SPAN_LIT("form-data; name=")) || !take_quoted(&value, &part->name))
        return false;
    struct span file_name;
    part->is_file = take(&value, SPAN_LIT("; filename="));
    if (part->is_file && !take_quoted(&value, &file_name))
        return false;
    return value.len == 0 && part->name.len != 0;
}

/* The lines up to the empty one. A type may stand there and says nothing; all else is refused. */
static bool read_head(struct span *rest, struct multipart_part *part)
{
    bool has_disposition = false, has_type = false;
    size_t left = MULTIPART_HEAD_MAX;
    while (!take(rest, SPAN_LIT("\r\n"))) {
        size_t room = rest->len < left ? rest->len : left;
        const char *end = room == 0 ? NULL : memmem(rest->base, room, "\r\n", 2);
        if (end == NULL)
            return false;
        struct span line = span_of(rest->base, (size_t)(end - rest->base));
        if (starts_any_case(line, SPAN_LIT("content-disposition:")) && !has_disposition)
            has_disposition =
                read_disposition(span_from(line, sizeof("content-disposition:") - 1), part);
        else if (starts_any_case(line, SPAN_LIT("content-type:")) && !has_type)
            has_type = true;
        else
            return false;
        *rest = span_from(*rest, line.len + 2);
        left -= line.len + 2;
    }
    return has_disposition;
}

/* Up to the next delimiter, which is taken, too. `delimiter` is CR LF -- boundary. */
static bool take_content(struct span *rest, struct span delimiter, struct span *content)
{
    const char *end =
        rest->len == 0 ? NULL : memmem(rest->base, rest->len, delimiter.base, delimiter.len);
    if (end == NULL)
        return false;
    *content = span_of(rest->base, (size_t)(end - rest->base));
    *rest = span_from(*rest, content->len + delimiter.len);
    return true;
}

bool multipart_parse(struct span content_type, struct span body, struct multipart *m)
{
    char text[4 + MULTIPART_BOUNDARY_MAX] = "\r\n--";
    struct span boundary;
    *m = (struct multipart){0};
    if (!read_boundary(content_type, &boundary))
        return false;
    memcpy(text + 4, boundary.base, boundary.len);
    struct span delimiter = span_of(text, 4 + boundary.len);
    if (!take(&body, span_from(delimiter, 2))) /* the first has no line before it */
        return false;
    while (take(&body, SPAN_LIT("\r\n"))) {
        if (m->part_count == MULTIPART_PARTS_MAX)
            return false;
        struct multipart_part *part = &m->parts[m->part_count];
        if (!read_head(&body, part) || !take_content(&body, delimiter, &part->content))
            return false;
        ++m->part_count;
    }
    return m->part_count != 0 &&
           (span_is(body, SPAN_LIT("--")) || span_is(body, SPAN_LIT("--\r\n")));
}

const struct multipart_part *multipart_find(const struct multipart *m, const char *name)
{
    const struct multipart_part *found = NULL;
    for (int i = 0; i != m->part_count; ++i) {
        if (!span_is_str(m->parts[i].name, name))
            continue;
        if (found != NULL)
            return NULL;
        found = &m->parts[i];
    }
    return found;
}
