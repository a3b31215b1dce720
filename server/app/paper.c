/* All measures are points, 72 to an inch. A page is a recording of drawing steps; a table row
 * stands on one page unless it is higher than a page, and is cut then. */
#include "app/paper.h"

#include <cairo-pdf.h>
#include <pango/pangocairo.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>

/* fontconfig keeps what it has read of the fonts to the end of the process; giving it back would
 * assert that pango's own caches are gone. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig";
}

const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}
#endif

#define PAGE_WIDTH 595.28
#define PAGE_HEIGHT 841.89
#define SIDE 54.0
#define TOP 54.0
#define BOTTOM 60.0
#define ROOM_WIDTH (PAGE_WIDTH - 2 * SIDE)
#define ROOM_END (PAGE_HEIGHT - BOTTOM)
#define LABEL_WIDTH 130.0
#define CELL_PAD 3.0

enum { PAGES_MAX = 4096, OUTLINE_MAX = 64 };

static const struct {
    const char *font;
    double grey, before, after;
} styles[PAPER_STYLE_COUNT] = {
    [PAPER_BODY] = {"Liberation Sans 10", 0.1, 0, 4},
    [PAPER_TITLE] = {"Liberation Sans Bold 20", 0, 0, 4},
    [PAPER_SUBTITLE] = {"Liberation Sans 12", 0.3, 0, 8},
    [PAPER_STRONG] = {"Liberation Sans Bold 10", 0.1, 4, 2},
    [PAPER_CELL] = {"Liberation Sans 9", 0.1, 0, 0},
    [PAPER_SMALL] = {"Liberation Sans 8.5", 0.4, 0, 3},
    [PAPER_CODE] = {"Liberation Mono 7", 0.25, 0, 3},
};

struct paper {
    const struct paper_options *options;
    cairo_surface_t *pages[PAGES_MAX];
    size_t page_count;
    cairo_t *cairo; /* of the page under way */
    double y;
    PangoFontDescription *fonts[PAPER_STYLE_COUNT];
    PangoAttrList *attributes; /* of all text */
    cairo_font_options_t
        *unhinted; /* letters stand where their widths say, on paper as on screens */
    struct {
        char *text;
        size_t page;
        double y;
    } outline[OUTLINE_MAX];
    size_t outline_count;
    const struct paper_column *columns; /* null: no table is under way */
    size_t column_count;
};

static void begin_page(struct paper *paper)
{
    const cairo_rectangle_t whole = {0, 0, PAGE_WIDTH, PAGE_HEIGHT};
    assert(paper->page_count < PAGES_MAX);
    if (paper->cairo != NULL)
        cairo_destroy(paper->cairo);
    cairo_surface_t *page = cairo_recording_surface_create(CAIRO_CONTENT_COLOR_ALPHA, &whole);
    paper->pages[paper->page_count++] = page;
    paper->cairo = cairo_create(page);
    paper->y = TOP;
}

struct paper *paper_new(const struct paper_options *options)
{
    struct paper *paper = calloc(1, sizeof(*paper));
    if (paper == NULL)
        abort();
    paper->options = options;
    for (int i = 0; i < PAPER_STYLE_COUNT; ++i)
        paper->fonts[i] = pango_font_description_from_string(styles[i].font);
    /* A hyphen that was not there would change a hash or an address. */
    paper->attributes = pango_attr_list_new();
    pango_attr_list_insert(paper->attributes, pango_attr_insert_hyphens_new(FALSE));
    paper->unhinted = cairo_font_options_create();
    cairo_font_options_set_hint_style(paper->unhinted, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(paper->unhinted, CAIRO_HINT_METRICS_OFF);
    begin_page(paper);
    return paper;
}

static PangoLayout *layout_of(struct paper *paper, enum paper_style style, struct span text,
                              double width)
{
    PangoLayout *layout = pango_cairo_create_layout(paper->cairo);
    PangoContext *context = pango_layout_get_context(layout);
    pango_cairo_context_set_resolution(context, 72); /* a unit of a PDF is a point */
    pango_context_set_language(context, pango_language_from_string(paper->options->language));
    pango_context_set_round_glyph_positions(context, FALSE);
    pango_cairo_context_set_font_options(context, paper->unhinted);
    pango_layout_context_changed(layout);
    pango_layout_set_font_description(layout, paper->fonts[style]);
    pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_attributes(layout, paper->attributes);
    pango_layout_set_text(layout, text.len == 0 ? "" : text.base, (int)text.len);
    return layout;
}

static double height_of(PangoLayout *layout)
{
    int height;
    pango_layout_get_size(layout, NULL, &height);
    return (double)height / PANGO_SCALE;
}

static void set_grey(struct paper *paper, double grey)
{
    cairo_set_source_rgb(paper->cairo, grey, grey, grey);
}

static void draw_layout(struct paper *paper, PangoLayout *layout, double x, double y)
{
    cairo_move_to(paper->cairo, x, y);
    pango_cairo_show_layout(paper->cairo, layout);
}

static void draw_line(struct paper *paper, double y, double width, double grey)
{
    set_grey(paper, grey);
    cairo_set_line_width(paper->cairo, width);
    cairo_move_to(paper->cairo, SIDE, y);
    cairo_line_to(paper->cairo, PAGE_WIDTH - SIDE, y);
    cairo_stroke(paper->cairo);
}

static void need(struct paper *paper, double height)
{
    if (paper->y + height > ROOM_END && paper->y > TOP)
        begin_page(paper);
}

void paper_space(struct paper *paper, double points)
{
    paper->y += points;
}

void paper_heading(struct paper *paper, const char *text)
{
    PangoFontDescription *font = pango_font_description_from_string("Liberation Sans Bold 13");
    PangoLayout *layout = layout_of(paper, PAPER_BODY, span_str(text), ROOM_WIDTH);
    pango_layout_set_font_description(layout, font);
    double height = height_of(layout);
    paper->y += 14;
    need(paper, height + 60); /* not alone at the end of a page */
    if (paper->outline_count < OUTLINE_MAX) {
        paper->outline[paper->outline_count].text = strdup(text);
        paper->outline[paper->outline_count].page = paper->page_count;
        paper->outline[paper->outline_count++].y = paper->y;
    }
    set_grey(paper, 0);
    draw_layout(paper, layout, SIDE, paper->y);
    draw_line(paper, paper->y + height + 2, 0.8, 0.2);
    paper->y += height + 8;
    g_object_unref(layout);
    pango_font_description_free(font);
}

/* Line by line, so that it goes on on the next page. */
static void put_lines(struct paper *paper, PangoLayout *layout, double x, double grey, bool has_bar)
{
    PangoLayoutIter *lines = pango_layout_get_iter(layout);
    do {
        PangoRectangle box;
        pango_layout_iter_get_line_extents(lines, NULL, &box);
        double height = (double)box.height / PANGO_SCALE;
        double ascent = (double)(pango_layout_iter_get_baseline(lines) - box.y) / PANGO_SCALE;
        need(paper, height);
        if (has_bar) {
            set_grey(paper, 0.75);
            cairo_rectangle(paper->cairo, SIDE, paper->y, 2, height + 0.5);
            cairo_fill(paper->cairo);
        }
        set_grey(paper, grey);
        cairo_move_to(paper->cairo, x, paper->y + ascent);
        pango_cairo_show_layout_line(paper->cairo, pango_layout_iter_get_line_readonly(lines));
        paper->y += height;
    } while (pango_layout_iter_next_line(lines));
    pango_layout_iter_free(lines);
}

void paper_text(struct paper *paper, enum paper_style style, struct span text)
{
    PangoLayout *layout = layout_of(paper, style, text, ROOM_WIDTH);
    paper->y += styles[style].before;
    if (style == PAPER_STRONG)
        need(paper, 40); /* it stands over something */
    put_lines(paper, layout, SIDE, styles[style].grey, false);
    paper->y += styles[style].after;
    g_object_unref(layout);
}

void paper_quote(struct paper *paper, struct span text)
{
    PangoLayout *layout = layout_of(paper, PAPER_BODY, text, ROOM_WIDTH - 12);
    put_lines(paper, layout, SIDE + 12, styles[PAPER_BODY].grey, true);
    paper->y += 6;
    g_object_unref(layout);
}

void paper_pair(struct paper *paper, const char *label, enum paper_style style, struct span value)
{
    PangoLayout *left = layout_of(paper, PAPER_SMALL, span_str(label), LABEL_WIDTH - 8);
    PangoLayout *right = layout_of(paper, style, value, ROOM_WIDTH - LABEL_WIDTH);
    double height = height_of(right) > height_of(left) ? height_of(right) : height_of(left);
    need(paper, height);
    set_grey(paper, styles[PAPER_SMALL].grey);
    draw_layout(paper, left, SIDE, paper->y + 0.8);
    set_grey(paper, styles[PAPER_BODY].grey);
    draw_layout(paper, right, SIDE + LABEL_WIDTH, paper->y);
    paper->y += height + 2;
    g_object_unref(left);
    g_object_unref(right);
}

/* ---- tables ---- */

/* The layouts of a row; its height without the padding. */
static double lay_row(struct paper *paper, const struct span *cells, bool is_head,
                      PangoLayout *out[PAPER_COLUMNS_MAX])
{
    double height = 0;
    for (size_t i = 0; i < paper->column_count; ++i) {
        const struct paper_column *column = &paper->columns[i];
        out[i] = layout_of(paper, is_head ? PAPER_SMALL : column->style, cells[i],
                           column->share * ROOM_WIDTH - 2 * CELL_PAD);
        if (column->is_right)
            pango_layout_set_alignment(out[i], PANGO_ALIGN_RIGHT);
        pango_layout_set_height(out[i], (int)((ROOM_END - TOP - 40) * PANGO_SCALE));
        pango_layout_set_ellipsize(out[i], PANGO_ELLIPSIZE_END);
        double own = height_of(out[i]);
        height = own > height ? own : height;
    }
    return height;
}

static void put_row(struct paper *paper, PangoLayout *layouts[PAPER_COLUMNS_MAX], double height,
                    bool is_head)
{
    double x = SIDE;
    if (is_head) {
        set_grey(paper, 0.93);
        cairo_rectangle(paper->cairo, SIDE, paper->y, ROOM_WIDTH, height + 2 * CELL_PAD);
        cairo_fill(paper->cairo);
    }
    for (size_t i = 0; i < paper->column_count; ++i) {
        set_grey(paper, styles[is_head ? PAPER_BODY : paper->columns[i].style].grey);
        draw_layout(paper, layouts[i], x + CELL_PAD, paper->y + CELL_PAD);
        x += paper->columns[i].share * ROOM_WIDTH;
        g_object_unref(layouts[i]);
    }
    paper->y += height + 2 * CELL_PAD;
    draw_line(paper, paper->y, 0.4, 0.8);
}

static void put_head(struct paper *paper)
{
    struct span cells[PAPER_COLUMNS_MAX];
    PangoLayout *layouts[PAPER_COLUMNS_MAX];
    for (size_t i = 0; i < paper->column_count; ++i)
        cells[i] = span_str(paper->columns[i].heading);
    double height = lay_row(paper, cells, true, layouts);
    put_row(paper, layouts, height, true);
}

void paper_table_begin(struct paper *paper, const struct paper_column *columns, size_t count)
{
    assert(count > 0 && count <= PAPER_COLUMNS_MAX && paper->columns == NULL);
    paper->columns = columns;
    paper->column_count = count;
    need(paper, 50);
    put_head(paper);
}

void paper_table_row(struct paper *paper, const struct span *cells)
{
    PangoLayout *layouts[PAPER_COLUMNS_MAX];
    double height = lay_row(paper, cells, false, layouts);
    if (paper->y + height + 2 * CELL_PAD > ROOM_END) {
        begin_page(paper);
        put_head(paper);
    }
    put_row(paper, layouts, height, false);
}

void paper_table_end(struct paper *paper)
{
    paper->columns = NULL;
    paper->y += 6;
}

/* ---- the file ---- */

static cairo_status_t on_bytes(void *owner, const unsigned char *bytes, unsigned len)
{
    struct buf *pdf = owner;
    buf_add(pdf, span_of((const char *)bytes, len));
    return buf_is_overflowed(pdf) ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

static void write_foot(struct paper *paper, cairo_t *cairo, size_t page)
{
    struct buf number;
    buf_init(&number, 64);
    buf_add_int(&number, (int64_t)page + 1);
    buf_add_str(&number, " / ");
    buf_add_int(&number, (int64_t)paper->page_count);
    PangoLayout *left =
        layout_of(paper, PAPER_SMALL, span_str(paper->options->foot), ROOM_WIDTH * 0.85);
    PangoLayout *right = layout_of(paper, PAPER_SMALL, buf_span(&number), ROOM_WIDTH);
    pango_layout_set_alignment(right, PANGO_ALIGN_RIGHT);
    cairo_set_source_rgb(cairo, 0.4, 0.4, 0.4);
    cairo_move_to(cairo, SIDE, PAGE_HEIGHT - BOTTOM + 16);
    pango_cairo_show_layout(cairo, left);
    cairo_move_to(cairo, SIDE, PAGE_HEIGHT - BOTTOM + 16);
    pango_cairo_show_layout(cairo, right);
    g_object_unref(left);
    g_object_unref(right);
    buf_release(&number);
}

static void describe(const struct paper *paper, cairo_surface_t *file)
{
    const struct paper_options *options = paper->options;
    cairo_pdf_surface_set_metadata(file, CAIRO_PDF_METADATA_TITLE, options->title);
    cairo_pdf_surface_set_metadata(file, CAIRO_PDF_METADATA_AUTHOR, options->author);
    cairo_pdf_surface_set_metadata(file, CAIRO_PDF_METADATA_SUBJECT, options->subject);
    cairo_pdf_surface_set_metadata(file, CAIRO_PDF_METADATA_CREATOR, "Dunlin");
    cairo_pdf_surface_set_metadata(file, CAIRO_PDF_METADATA_CREATE_DATE, options->made_at);
    for (size_t i = 0; i < paper->outline_count; ++i) {
        char place[64];
        snprintf(place, sizeof(place), "page=%zu pos=[0 %d]", paper->outline[i].page,
                 (int)paper->outline[i].y - 10);
        cairo_pdf_surface_add_outline(file, CAIRO_PDF_OUTLINE_ROOT, paper->outline[i].text, place,
                                      0);
    }
}

static cairo_status_t write_pages(struct paper *paper, struct buf *pdf)
{
    cairo_surface_t *file =
        cairo_pdf_surface_create_for_stream(on_bytes, pdf, PAGE_WIDTH, PAGE_HEIGHT);
    cairo_t *cairo = cairo_create(file);
    for (size_t i = 0; i < paper->page_count; ++i) {
        cairo_set_source_surface(cairo, paper->pages[i], 0, 0);
        cairo_paint(cairo);
        write_foot(paper, cairo, i);
        cairo_show_page(cairo);
    }
    describe(paper, file);
    cairo_destroy(cairo);
    cairo_surface_finish(file);
    cairo_status_t status = cairo_surface_status(file);
    cairo_surface_destroy(file);
    return status;
}

int paper_finish(struct paper *paper, struct buf *pdf, struct err *err)
{
    cairo_status_t status = write_pages(paper, pdf);
    cairo_destroy(paper->cairo);
    for (size_t i = 0; i < paper->page_count; ++i)
        cairo_surface_destroy(paper->pages[i]);
    for (size_t i = 0; i < paper->outline_count; ++i)
        free(paper->outline[i].text);
    for (int i = 0; i < PAPER_STYLE_COUNT; ++i)
        pango_font_description_free(paper->fonts[i]);
    pango_attr_list_unref(paper->attributes);
    cairo_font_options_destroy(paper->unhinted);
    free(paper);
    return status == CAIRO_STATUS_SUCCESS
               ? 0
               : err_set(err, ERR_SYSTEM, "the PDF: %s", cairo_status_to_string(status));
}
