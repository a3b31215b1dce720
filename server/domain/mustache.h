/* Mustache templates: interpolation, sections, inverted sections and comments, as the public
 * specification has them (mustache/spec). No partials, lambdas or changed delimiters: a template
 * that uses one is refused when it is compiled.
 *
 * A template is compiled once and rendered many times; rendering allocates nothing but what `out`
 * grows by. The data is a tree of plain structs that the caller keeps alive while rendering. */
#ifndef DUNLIN_DOMAIN_MUSTACHE_H
#define DUNLIN_DOMAIN_MUSTACHE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

enum {
    MUSTACHE_TEMPLATE_MAX = 256 * 1024, /* bytes */
    MUSTACHE_DEPTH_MAX = 16,            /* sections inside each other */
    MUSTACHE_PARTS_MAX = 8,             /* a.b.c has three */
    MUSTACHE_STEPS_MAX = 200000,        /* tags and texts passed in one rendering */
};

enum mustache_kind {
    MUSTACHE_NONE = 0, /* prints nothing, is false */
    MUSTACHE_TEXT,     /* false when empty */
    MUSTACHE_BOOL,     /* prints nothing */
    MUSTACHE_LIST,     /* false when empty; a section repeats for each item */
    MUSTACHE_OBJECT,   /* true */
};

struct mustache_value {
    enum mustache_kind kind;
    union {
        struct span text;
        bool is_true;
        struct {
            const struct mustache_value *items;
            size_t count;
        } list;
        const struct mustache_object *object;
    };
};

struct mustache_member {
    struct span name;
    struct mustache_value value;
};

/* Names are unique. A name that is not here is looked for in `fallback` (may be null). */
struct mustache_object {
    const struct mustache_member *members;
    size_t count;
    bool is_sorted; /* by mustache_sort: worth it from about ten members on */
    const struct mustache_object *fallback;
    /* Not null: a promise that every object with this pointer has the same names at the same places
     * as long as the template lives. A template then searches them once. */
    const void *shape;
};

static inline struct mustache_value mustache_text(struct span text)
{
    return (struct mustache_value){.kind = MUSTACHE_TEXT, .text = text};
}

static inline struct mustache_value mustache_str(const char *text)
{
    return mustache_text(span_str(text));
}

static inline struct mustache_value mustache_bool(bool is_true)
{
    return (struct mustache_value){.kind = MUSTACHE_BOOL, .is_true = is_true};
}

static inline struct mustache_value mustache_list(const struct mustache_value *items, size_t count)
{
    return (struct mustache_value){.kind = MUSTACHE_LIST, .list = {items, count}};
}

static inline struct mustache_value mustache_object(const struct mustache_object *object)
{
    return (struct mustache_value){.kind = MUSTACHE_OBJECT, .object = object};
}

/* Sorts members for quick look-ups; set is_sorted in their object. For words loaded at start. */
void mustache_sort(struct mustache_member *members, size_t count);

enum mustache_mode {
    MUSTACHE_HTML = 1, /* {{x}} escapes & < > " ' */
    MUSTACHE_PLAIN,    /* {{x}} prints as it stands: SMS, push, mail text */
};

struct mustache;

/* Compiles; `text` is copied. Null with ERR_INPUT and "line N: …" when it is no template. */
struct mustache *mustache_new(struct span text, struct err *e);
void mustache_free(struct mustache *m);
/* The text it was made of; lives as long as the template. */
struct span mustache_source(const struct mustache *m);
/* Appends to `out`. ERR_BUSY when the ceiling of `out` or MUSTACHE_STEPS_MAX was reached: what is
 * in `out` then is of no use. */
MUST_CHECK int mustache_render(const struct mustache *m, struct mustache_value data,
                               enum mustache_mode mode, struct buf *out);

/* As mustache_render, but what would print nothing, because it is empty or unknown, is a mistake:
 * ERR_INPUT, and *hole is its name as the template has it (lives as long as the template). For
 * messages, which must not go out with a hole in them. */
MUST_CHECK int mustache_render_whole(const struct mustache *m, struct mustache_value data,
                                     enum mustache_mode mode, struct buf *out, struct span *hole);

enum mustache_use {
    MUSTACHE_PRINTED = 1, /* {{x}} */
    MUSTACHE_PRINTED_AS_IS,
    MUSTACHE_ASKED,     /* {{#x}} */
    MUSTACHE_ASKED_NOT, /* {{^x}} */
};

/* A name where a template uses it. Lives as long as the callback. */
struct mustache_name {
    struct span name; /* as written: "a.b", or "." */
    int line;         /* from 1 on */
    enum mustache_use use;
    bool is_guarded;             /* stands in a {{#section}} of the same name */
    const struct span *sections; /* the {{#…}} around it, the outermost first */
    size_t section_count;
};
typedef void (*mustache_name_cb)(void *owner, const struct mustache_name *);
/* Every use of a name, in the order of the text. */
void mustache_visit(const struct mustache *m, mustache_name_cb on_name, void *owner);

#endif
