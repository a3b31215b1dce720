/* A template becomes a flat array of ops with jumps, so rendering is one loop without recursion:
 * the only stack is the array of open sections, whose size the compiler has checked. */
#include "domain/mustache.h"

#include <assert.h>
#include <stdlib.h>

enum op_kind {
    OP_TEXT = 1,
    OP_PRINT,       /* {{x}} */
    OP_PRINT_AS_IS, /* {{{x}}} and {{&x}} */
    OP_SECTION,     /* {{#x}}: when false, go to `jump`, which is its OP_END */
    OP_INVERTED,    /* {{^x}}: the same when true */
    OP_END,         /* of a section: back to `jump` + 1 while there are items */
    OP_END_INVERTED,
};

struct op {
    enum op_kind kind;
    struct span text;             /* of OP_TEXT; of the others the name as written */
    uint32_t part_at, part_count; /* none: the implicit iterator */
    uint32_t jump;
    uint32_t seen_at;       /* where the first part stands in objects */
    const void *seen_shape; /* of this shape */
};

struct mustache {
    char *text;
    size_t text_len;
    struct op *ops;
    size_t op_count, op_room;
    struct span *parts;
    size_t part_count, part_room;
};

/* ---- compiling ---- */

struct compiler {
    struct mustache *m;
    struct span text;
    size_t at; /* everything before is compiled */
    uint32_t open[MUSTACHE_DEPTH_MAX];
    int depth;
    struct err *err;
};

struct tag {
    size_t start, end; /* of the whole tag with its braces */
    char sigil;        /* 0 { & # ^ / ! */
    struct span name;
};

static int refuse_tag(struct compiler *c, size_t at, const char *why)
{
    int line = 1;
    for (size_t i = 0; i < at; ++i)
        line += c->text.base[i] == '\n';
    return err_set(c->err, ERR_INPUT, "line %d: %s", line, why);
}

static bool is_one_of(char c, const char *set)
{
    return c != 0 && strchr(set, c) != NULL;
}

static struct span trim(struct span s)
{
    while (s.len > 0 && is_one_of(s.base[0], " \t\r\n"))
        s = span_from(s, 1);
    while (s.len > 0 && is_one_of(s.base[s.len - 1], " \t\r\n"))
        --s.len;
    return s;
}

/* Doubles an array when it is full. The template's bound bounds it. */
static void *grow(void *items, size_t count, size_t *room, size_t item_len)
{
    if (count < *room)
        return items;
    *room = *room == 0 ? 32 : *room * 2;
    items = realloc(items, *room * item_len);
    if (items == NULL)
        abort();
    return items;
}

static void add_op(struct mustache *m, struct op op)
{
    m->ops = grow(m->ops, m->op_count, &m->op_room, sizeof(*m->ops));
    m->ops[m->op_count++] = op;
}

static void add_text(struct compiler *c, size_t end)
{
    if (end > c->at)
        add_op(c->m,
               (struct op){.kind = OP_TEXT, .text = span_of(c->text.base + c->at, end - c->at)});
}

static const char *find(struct span where, const char *what)
{
    return where.len == 0 ? NULL : memmem(where.base, where.len, what, strlen(what));
}

/* Reads the tag whose braces open at `start`. */
static int read_tag(struct compiler *c, size_t start, struct tag *tag)
{
    struct span rest = span_from(c->text, start + 2);
    char sigil = rest.len > 0 && is_one_of(rest.base[0], "{&#^/!>=<$") ? rest.base[0] : 0;
    const char *closing = sigil == '{' ? "}}}" : "}}";
    rest = span_from(rest, sigil != 0);
    const char *close = find(rest, closing);
    if (close == NULL)
        return refuse_tag(c, start, "a tag is not closed");
    *tag = (struct tag){
        .start = start,
        .end = (size_t)(close - c->text.base) + strlen(closing),
        .sigil = sigil,
        .name = trim(span_of(rest.base, (size_t)(close - rest.base))),
    };
    if (is_one_of(sigil, ">=<$"))
        return refuse_tag(c, start, "partials and changed delimiters are not supported");
    return 0;
}

static int add_part(struct compiler *c, const struct tag *tag, struct op *op, struct span part)
{
    struct mustache *m = c->m;
    if (part.len == 0)
        return refuse_tag(c, tag->start, "a name is missing");
    for (size_t i = 0; i < part.len; ++i)
        if (part.base[i] == 0 || is_one_of(part.base[i], " \t\r\n{}"))
            return refuse_tag(c, tag->start, "a name holds a blank, a brace or a NUL");
    if (++op->part_count > MUSTACHE_PARTS_MAX)
        return refuse_tag(c, tag->start, "a name has too many parts");
    m->parts = grow(m->parts, m->part_count, &m->part_room, sizeof(*m->parts));
    m->parts[m->part_count++] = part;
    return 0;
}

/* Cuts a name at its dots into parts of `op`. */
static int add_name(struct compiler *c, const struct tag *tag, struct op *op)
{
    struct span rest = tag->name;
    op->text = tag->name;
    op->part_at = (uint32_t)c->m->part_count;
    if (span_is_str(rest, "."))
        return 0;
    for (;;) {
        const char *dot = rest.len == 0 ? NULL : memchr(rest.base, '.', rest.len);
        size_t len = dot == NULL ? rest.len : (size_t)(dot - rest.base);
        int rc = add_part(c, tag, op, span_of(rest.base, len));
        if (rc != 0 || dot == NULL)
            return rc;
        rest = span_from(rest, len + 1);
    }
}

static int close_section(struct compiler *c, const struct tag *tag)
{
    struct mustache *m = c->m;
    if (c->depth == 0)
        return refuse_tag(c, tag->start, "a section is closed that was not opened");
    uint32_t opener = c->open[--c->depth];
    if (!span_is(m->ops[opener].text, tag->name))
        return refuse_tag(c, tag->start, "a section is closed before one inside it");
    bool is_inverted = m->ops[opener].kind == OP_INVERTED;
    m->ops[opener].jump = (uint32_t)m->op_count;
    add_op(m, (struct op){.kind = is_inverted ? OP_END_INVERTED : OP_END, .jump = opener});
    return 0;
}

static int add_tag(struct compiler *c, const struct tag *tag)
{
    if (tag->sigil == '!')
        return 0;
    if (tag->sigil == '/')
        return close_section(c, tag);
    struct op op = {.kind = tag->sigil == '#'   ? OP_SECTION
                            : tag->sigil == '^' ? OP_INVERTED
                            : tag->sigil == 0   ? OP_PRINT
                                                : OP_PRINT_AS_IS};
    int rc = add_name(c, tag, &op);
    if (rc != 0)
        return rc;
    if (op.kind == OP_SECTION || op.kind == OP_INVERTED) {
        if (c->depth == MUSTACHE_DEPTH_MAX)
            return refuse_tag(c, tag->start, "sections are nested too deeply");
        c->open[c->depth++] = (uint32_t)c->m->op_count;
    }
    add_op(c->m, op);
    return 0;
}

/* A tag that prints nothing and stands alone on its line takes the line with it. Sets where the
 * text before it ends and where the text behind it begins. */
static void find_standalone(const struct compiler *c, const struct tag *tag, size_t *before_end,
                            size_t *after_start)
{
    const char *text = c->text.base;
    *before_end = tag->start;
    *after_start = tag->end;
    if (tag->sigil == 0 || tag->sigil == '{' || tag->sigil == '&')
        return;
    size_t left = tag->start, right = tag->end;
    while (left > c->at && is_one_of(text[left - 1], " \t"))
        --left;
    if (left > 0 && text[left - 1] != '\n')
        return;
    while (right < c->text.len && is_one_of(text[right], " \t"))
        ++right;
    if (right + 1 < c->text.len && text[right] == '\r' && text[right + 1] == '\n')
        ++right;
    if (right < c->text.len && text[right] != '\n')
        return;
    *before_end = left;
    *after_start = right < c->text.len ? right + 1 : right;
}

static int compile(struct compiler *c)
{
    for (;;) {
        const char *open = find(span_from(c->text, c->at), "{{");
        if (open == NULL)
            break;
        struct tag tag = {0};
        size_t before_end, after_start;
        int rc = read_tag(c, (size_t)(open - c->text.base), &tag);
        if (rc != 0)
            return rc;
        find_standalone(c, &tag, &before_end, &after_start);
        add_text(c, before_end);
        rc = add_tag(c, &tag);
        if (rc != 0)
            return rc;
        c->at = after_start;
    }
    add_text(c, c->text.len);
    if (c->depth > 0) { /* the line where the innermost one begins */
        const struct op *opener = &c->m->ops[c->open[c->depth - 1]];
        return refuse_tag(c, (size_t)(opener->text.base - c->text.base), "a section is not closed");
    }
    return 0;
}

struct mustache *mustache_new(struct span text, struct err *e)
{
    if (text.len > MUSTACHE_TEMPLATE_MAX) {
        err_set(e, ERR_INPUT, "line 1: the template is larger than %d bytes",
                MUSTACHE_TEMPLATE_MAX);
        return NULL;
    }
    struct mustache *m = calloc(1, sizeof(*m));
    if (m == NULL || (m->text = malloc(text.len + 1)) == NULL)
        abort();
    if (text.len > 0)
        memcpy(m->text, text.base, text.len);
    m->text_len = text.len;
    struct compiler c = {.m = m, .text = span_of(m->text, text.len), .err = e};
    if (compile(&c) == 0)
        return m;
    mustache_free(m);
    return NULL;
}

struct span mustache_source(const struct mustache *m)
{
    return span_of(m->text, m->text_len);
}

void mustache_free(struct mustache *m)
{
    if (m == NULL)
        return;
    free(m->parts);
    free(m->ops);
    free(m->text);
    free(m);
}

/* ---- looking names up ---- */

/* Length first: most names differ there, and it costs no read of the bytes. */
static int compare_names(struct span a, struct span b)
{
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return a.len == 0 ? 0 : memcmp(a.base, b.base, a.len);
}

static int compare_members(const void *a, const void *b)
{
    return compare_names(((const struct mustache_member *)a)->name,
                         ((const struct mustache_member *)b)->name);
}

void mustache_sort(struct mustache_member *members, size_t count)
{
    if (count > 0)
        qsort(members, count, sizeof(*members), compare_members);
}

enum { NOWHERE = UINT32_MAX };

static uint32_t search_sorted(const struct mustache_object *object, struct span name)
{
    size_t low = 0, high = object->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_names(object->members[middle].name, name);
        if (order == 0)
            return (uint32_t)middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NOWHERE;
}

/* Once a template for most names. */
__attribute__((cold)) static uint32_t search(const struct mustache_object *object, struct span name)
{
    if (object->is_sorted)
        return search_sorted(object, name);
    for (size_t i = 0; i < object->count; ++i)
        if (span_is(object->members[i].name, name))
            return (uint32_t)i;
    return NOWHERE;
}

/* `op` is the one whose first part is looked for: it remembers where. Null for other parts. */
static inline const struct mustache_value *find_member(const struct mustache_value *value,
                                                       struct span name, struct op *op)
{
    if (value->kind != MUSTACHE_OBJECT) /* most sections: a text or a truth */
        return NULL;
    for (const struct mustache_object *o = value->object; o != NULL; o = o->fallback) {
        bool is_known = op != NULL && o->shape != NULL && o->shape == op->seen_shape;
        uint32_t at = is_known ? op->seen_at : search(o, name);
        if (op != NULL && !is_known) {
            op->seen_shape = o->shape;
            op->seen_at = at;
        }
        if (at != NOWHERE)
            return &o->members[at].value;
    }
    return NULL;
}

/* ---- rendering ---- */

/* An open section: its value, and its place in a list. */
struct frame {
    const struct mustache_value *value;
    size_t left; /* items of the list behind `value` */
};

struct rendering {
    const struct mustache *m;
    struct frame frames[MUSTACHE_DEPTH_MAX + 1];
    int depth; /* frames[0] is the data */
    enum mustache_mode mode;
    struct buf *out;
    struct span *hole; /* where the name of what prints nothing goes; null: it is no mistake */
};

static const struct mustache_value nothing = {.kind = MUSTACHE_NONE};

/* The first part is searched from the innermost section outwards; the others only inside what was
 * found (spec: "Context Precedence"). */
static const struct mustache_value *resolve(const struct rendering *r, struct op *op)
{
    if (op->part_count == 0)
        return r->frames[r->depth].value;
    const struct span *parts = r->m->parts + op->part_at;
    const struct mustache_value *value = NULL;
    for (int i = r->depth; i >= 0 && value == NULL; --i)
        value = find_member(r->frames[i].value, parts[0], op);
    for (uint32_t i = 1; i < op->part_count && value != NULL; ++i)
        value = find_member(value, parts[i], NULL);
    return value == NULL ? &nothing : value;
}

static bool is_truthy(const struct mustache_value *value)
{
    switch (value->kind) {
    case MUSTACHE_TEXT:
        return value->text.len > 0;
    case MUSTACHE_BOOL:
        return value->is_true;
    case MUSTACHE_LIST:
        return value->list.count > 0;
    case MUSTACHE_OBJECT:
        return true;
    default:
        return false;
    }
}

static const char *const escapes[] = {NULL, "&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
static const uint8_t escape_of[256] = {['&'] = 1, ['<'] = 2, ['>'] = 3, ['"'] = 4, ['\''] = 5};

static size_t plain_len(struct span text)
{
    const char *at = text.base, *end = text.base + text.len;
    while (at != end && escape_of[(uint8_t)*at] == 0)
        ++at;
    return (size_t)(at - text.base);
}

static void add_escaped(struct buf *out, struct span text)
{
    for (;;) {
        size_t len = plain_len(text);
        buf_add(out, span_of(text.base, len));
        if (len == text.len)
            return;
        buf_add_str(out, escapes[escape_of[(uint8_t)text.base[len]]]);
        text = span_from(text, len + 1);
    }
}

static void print_value(struct rendering *r, struct op *op)
{
    const struct mustache_value *value = resolve(r, op);
    bool is_empty = value->kind != MUSTACHE_TEXT || value->text.len == 0;
    if (is_empty && r->hole != NULL && r->hole->base == NULL)
        *r->hole = op->text;
    if (is_empty)
        return;
    if (op->kind == OP_PRINT && r->mode == MUSTACHE_HTML)
        add_escaped(r->out, value->text);
    else
        buf_add(r->out, value->text);
}

/* Returns the op after which to go on. */
static size_t open_section(struct rendering *r, size_t at)
{
    struct op *op = &r->m->ops[at];
    const struct mustache_value *value = resolve(r, op);
    if (!is_truthy(value))
        return op->jump;
    struct frame frame = {.value = value};
    if (value->kind == MUSTACHE_LIST)
        frame = (struct frame){.value = value->list.items, .left = value->list.count - 1};
    assert(r->depth < MUSTACHE_DEPTH_MAX);
    r->frames[++r->depth] = frame;
    return at;
}

static size_t end_section(struct rendering *r, size_t at)
{
    struct frame *frame = &r->frames[r->depth];
    if (frame->left == 0) {
        --r->depth;
        return at;
    }
    ++frame->value;
    --frame->left;
    return r->m->ops[at].jump;
}

static size_t run(struct rendering *r, size_t at)
{
    struct op *op = &r->m->ops[at];
    switch (op->kind) {
    case OP_TEXT:
        buf_add(r->out, op->text);
        return at;
    case OP_PRINT:
    case OP_PRINT_AS_IS:
        print_value(r, op);
        return at;
    case OP_SECTION:
        return open_section(r, at);
    case OP_INVERTED:
        return is_truthy(resolve(r, op)) ? op->jump : at;
    case OP_END:
        return end_section(r, at);
    case OP_END_INVERTED:
        return at;
    }
    assert(!"an op of unknown kind");
    return at;
}

static int render(struct rendering *r, const struct mustache_value *data)
{
    r->frames[0] = (struct frame){.value = data};
    int steps = 0;
    for (size_t at = 0; at < r->m->op_count; at = run(r, at) + 1)
        if (++steps > MUSTACHE_STEPS_MAX || buf_is_overflowed(r->out))
            return ERR_BUSY;
    return buf_is_overflowed(r->out) ? ERR_BUSY : 0;
}

int mustache_render(const struct mustache *m, struct mustache_value data, enum mustache_mode mode,
                    struct buf *out)
{
    struct rendering r = {.m = m, .mode = mode, .out = out};
    return render(&r, &data);
}

int mustache_render_whole(const struct mustache *m, struct mustache_value data,
                          enum mustache_mode mode, struct buf *out, struct span *hole)
{
    struct rendering r = {.m = m, .mode = mode, .out = out, .hole = hole};
    *hole = (struct span){NULL, 0};
    int rc = render(&r, &data);
    return rc == 0 && hole->base != NULL ? ERR_INPUT : rc;
}

/* ---- visiting ---- */

static int line_of(const struct mustache *m, const char *at)
{
    int line = 1;
    for (const char *c = m->text; c < at; ++c)
        line += *c == '\n';
    return line;
}

/* OP_PRINT to OP_INVERTED are the uses of names. */
static enum mustache_use use_of(enum op_kind kind)
{
    return kind == OP_PRINT         ? MUSTACHE_PRINTED
           : kind == OP_PRINT_AS_IS ? MUSTACHE_PRINTED_AS_IS
           : kind == OP_SECTION     ? MUSTACHE_ASKED
                                    : MUSTACHE_ASKED_NOT;
}

void mustache_visit(const struct mustache *m, mustache_name_cb on_name, void *owner)
{
    struct span sections[MUSTACHE_DEPTH_MAX];
    size_t depth = 0;
    for (size_t i = 0; i < m->op_count; ++i) {
        const struct op *op = &m->ops[i];
        if (op->kind == OP_TEXT || op->kind == OP_END_INVERTED)
            continue;
        if (op->kind == OP_END) {
            --depth;
            continue;
        }
        bool is_guarded = false;
        for (size_t s = 0; s < depth; ++s)
            is_guarded = is_guarded || span_is(sections[s], op->text);
        on_name(owner, &(struct mustache_name){.name = op->text,
                                               .line = line_of(m, op->text.base),
                                               .use = use_of(op->kind),
                                               .is_guarded = is_guarded,
                                               .sections = sections,
                                               .section_count = depth});
        if (op->kind == OP_SECTION)
            sections[depth++] = op->text;
    }
}
