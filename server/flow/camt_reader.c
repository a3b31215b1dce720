/* The XML of camt.053. Elements that camt_nodes.h names are followed and told to camt_statement,
 * with their text when they end; others are passed over whole. */
#include "flow/camt_reader.h"

#include "base/buf.h"
#include "domain/csv_value.h"
#include "flow/camt_statement.h"

#include <libxml/parser.h>

#include <stdlib.h>

enum {
    TEXT_MAX = 4096,   /* bytes of one element's text; the schema's longest has 500 letters */
    SLICE = 16 * 1024, /* handed to libxml2 at once */
    SILENCE_MAX = 256 * 1024, /* bytes in which no element, text or comment ends */
    PASSED_DEPTH_MAX = 64,
};

static const char *const namespaces[] = {"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02",
                                         "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"};

static const struct {
    enum camt_node parent;
    const char *name;
} nodes[NODE_COUNT] = {
#define CAMT_NODE(node, parent, name) [NODE_##node] = {NODE_##parent, name},
    CAMT_NODES(CAMT_NODE)
#undef CAMT_NODE
};

struct camt_reader {
    struct camt_statement *statement;
    xmlParserCtxtPtr parser;
    enum camt_node first_child[NODE_COUNT], next_sibling[NODE_COUNT];
    enum camt_node node; /* the element at hand */
    int passed_depth;    /* elements that are passed over, one in another */
    const xmlChar *namespace;
    struct buf text;
    int64_t silence;
    int rc;
    struct err err;
};

/* ---- refusing ---- */

static int64_t line_of(const struct camt_reader *r)
{
    return r->parser->input == NULL ? 1 : r->parser->input->line;
}

static void stop_with(struct camt_reader *r, int rc)
{
    r->rc = rc;
    if (rc != 0)
        xmlStopParser(r->parser);
}

/* The first refusal ends the reading. */
static void refuse_at(struct camt_reader *r, int64_t line, const char *what)
{
    if (r->rc == 0)
        stop_with(r, err_set(&r->err, ERR_INPUT, "line %lld: %s", (long long)line, what));
}

static void refuse(struct camt_reader *r, const char *what)
{
    refuse_at(r, line_of(r), what);
}

/* ---- what libxml2 calls ---- */

static bool is_our_namespace(const xmlChar *uri)
{
    for (size_t i = 0; uri != NULL && i < sizeof(namespaces) / sizeof(namespaces[0]); ++i)
        if (strcmp((const char *)uri, namespaces[i]) == 0)
            return true;
    return false;
}

static enum camt_node child_of(const struct camt_reader *r, const char *name)
{
    enum camt_node child = r->first_child[r->node];
    while (child != NODE_ROOT && strcmp(nodes[child].name, name) != 0)
        child = r->next_sibling[child];
    return child;
}

/* libxml2 hands five pointers an attribute: name, prefix, namespace, value and its end. */
static void find_currency(int count, const xmlChar **attributes, char out[4])
{
    out[0] = 0;
    for (int i = 0; i < count; ++i, attributes += 5) {
        size_t len = (size_t)(attributes[4] - attributes[3]);
        if (strcmp((const char *)attributes[0], "Ccy") != 0 || len != 3)
            continue;
        memcpy(out, attributes[3], 3);
        out[3] = 0;
    }
}

static void on_element_begun(void *owner, const xmlChar *name, const xmlChar *prefix,
                             const xmlChar *uri, int namespace_count, const xmlChar **declared,
                             int attribute_count, int defaulted_count, const xmlChar **attributes)
{
    struct camt_reader *r = owner;
    (void)prefix, (void)namespace_count, (void)declared, (void)defaulted_count;
    r->silence = 0;
    if (r->rc != 0)
        return;
    if (r->node == NODE_ROOT && r->passed_depth == 0 && !is_our_namespace(uri)) {
        refuse(r, "this is not camt.053.001.02 or camt.053.001.08, by its namespace");
        return;
    }
    if (r->namespace == NULL)
        r->namespace = uri; /* the parser's own copy, one for each name */
    enum camt_node child =
        r->passed_depth == 0 && uri == r->namespace ? child_of(r, (const char *)name) : NODE_ROOT;
    if (child == NODE_ROOT) {
        if (++r->passed_depth > PASSED_DEPTH_MAX)
            refuse(r, "elements stand too deep in one another");
        return;
    }
    r->node = child;
    buf_reset(&r->text);
    char currency[4];
    find_currency(attribute_count, attributes, currency);
    stop_with(r, camt_statement_begin(r->statement, child, line_of(r), currency, &r->err));
}

static void on_element_ended(void *owner, const xmlChar *name, const xmlChar *prefix,
                             const xmlChar *uri)
{
    struct camt_reader *r = owner;
    (void)name, (void)prefix, (void)uri;
    r->silence = 0;
    if (r->rc != 0)
        return;
    if (r->passed_depth > 0) {
        --r->passed_depth;
        return;
    }
    if (buf_is_overflowed(&r->text))
        refuse(r, "the text is too long");
    else
        stop_with(r, camt_statement_end(r->statement, r->node, line_of(r),
                                        csv_trim(buf_span(&r->text)), &r->err));
    buf_reset(&r->text);
    r->node = nodes[r->node].parent;
}

static void on_text(void *owner, const xmlChar *text, int len)
{
    struct camt_reader *r = owner;
    r->silence = 0;
    /* Blanks between elements are not worth keeping. */
    if (r->rc == 0 && r->passed_depth == 0 && r->first_child[r->node] == NODE_ROOT)
        buf_add(&r->text, span_of((const char *)text, (size_t)len));
    else if (r->rc == 0 && r->passed_depth == 0 && r->node == NODE_NTRY_STATUS)
        buf_add(&r->text, span_of((const char *)text, (size_t)len));
}

static void on_comment(void *owner, const xmlChar *text)
{
    (void)text;
    ((struct camt_reader *)owner)->silence = 0;
}

static void on_instruction(void *owner, const xmlChar *target, const xmlChar *text)
{
    (void)target, (void)text;
    ((struct camt_reader *)owner)->silence = 0;
}

/* Called at "<!DOCTYPE name", before anything in it is read. */
static void on_document_type(void *owner, const xmlChar *name, const xmlChar *public_id,
                             const xmlChar *system_id)
{
    (void)name, (void)public_id, (void)system_id;
    refuse(owner, "a document type is not taken: no entities, nothing from elsewhere");
}

/* libxml2's own words may hold the file's. */
static void on_mistake(void *owner, xmlErrorPtr mistake)
{
    (void)owner, (void)mistake;
}

/* ---- the whole ---- */

static void link_nodes(struct camt_reader *r)
{
    for (int i = NODE_COUNT - 1; i > NODE_ROOT; --i) {
        r->next_sibling[i] = r->first_child[nodes[i].parent];
        r->first_child[nodes[i].parent] = (enum camt_node)i;
    }
}

struct camt_reader *camt_reader_new(const struct statement_sink *sink)
{
    xmlSAXHandler handler = {
        .initialized = XML_SAX2_MAGIC,
        .startElementNs = on_element_begun,
        .endElementNs = on_element_ended,
        .characters = on_text,
        .ignorableWhitespace = on_text,
        .cdataBlock = on_text,
        .comment = on_comment,
        .processingInstruction = on_instruction,
        .internalSubset = on_document_type,
        .serror = on_mistake,
    };
    struct camt_reader *r = calloc(1, sizeof(*r));
    xmlInitParser();
    if (r == NULL || (r->parser = xmlCreatePushParserCtxt(&handler, r, NULL, 0, NULL)) == NULL)
        abort();
    xmlCtxtUseOptions(r->parser, XML_PARSE_NONET);
    r->statement = camt_statement_new(sink);
    buf_init(&r->text, TEXT_MAX);
    link_nodes(r);
    return r;
}

void camt_reader_free(struct camt_reader *r)
{
    xmlFreeParserCtxt(r->parser);
    buf_release(&r->text);
    camt_statement_free(r->statement);
    free(r);
}

static int parse(struct camt_reader *r, struct span bytes, bool is_end, struct err *err)
{
    xmlParseChunk(r->parser, bytes.base, (int)bytes.len, is_end);
    r->silence += (int64_t)bytes.len;
    if (r->rc == 0 && (!r->parser->wellFormed || !r->parser->nsWellFormed)) {
        const xmlError *last = xmlCtxtGetLastError(r->parser);
        refuse_at(r, last != NULL && last->line > 0 ? last->line : line_of(r),
                  "this is not well-formed XML");
    }
    if (r->rc == 0 && r->silence > SILENCE_MAX)
        refuse(r, "an element is too long");
    if (r->rc != 0 && err != NULL)
        *err = r->err;
    return r->rc;
}

int camt_reader_feed(struct camt_reader *r, struct span bytes, struct err *err)
{
    for (; bytes.len > 0; bytes = span_from(bytes, SLICE)) {
        int rc = parse(r, span_of(bytes.base, bytes.len < SLICE ? bytes.len : SLICE), false, err);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int camt_reader_finish(struct camt_reader *r, struct err *err)
{
    int rc = parse(r, span_of("", 0), true, err);
    if (rc == 0 && !camt_statement_is_there(r->statement))
        return err_set(err, ERR_INPUT, "line 1: there is no statement in the file");
    return rc;
}
