#include "domain/file_kind.h"

enum {
    PDF_END_ROOM = 1024, /* where readers look for %%EOF */
    ZIP_END_LEN = 22,    /* the end record of an archive, without its comment */
    ZIP_COMMENT_MAX = 65535,
    BRANDS_BYTES_MAX = 512,
};

static const struct {
    const char *name, *type;
} kinds[FILE_KIND_COUNT] = {
    [FILE_KIND_OTHER] = {"", NULL},
    [FILE_KIND_PDF] = {"pdf", "application/pdf"},
    [FILE_KIND_JPEG] = {"jpeg", "image/jpeg"},
    [FILE_KIND_PNG] = {"png", "image/png"},
    [FILE_KIND_WEBP] = {"webp", "image/webp"},
    [FILE_KIND_HEIC] = {"heic", "image/heic"},
    [FILE_KIND_AVIF] = {"avif", "image/avif"},
};

const char *file_kind_name(enum file_kind kind)
{
    return kinds[kind].name;
}

const char *file_kind_type(enum file_kind kind)
{
    return kinds[kind].type;
}

enum file_kind file_kind_find(struct span name)
{
    for (int kind = FILE_KIND_OTHER + 1; kind < FILE_KIND_COUNT; ++kind)
        if (span_is_str(name, kinds[kind].name))
            return (enum file_kind)kind;
    return FILE_KIND_OTHER;
}

static uint32_t byte_at(struct span s, size_t at)
{
    return (uint8_t)s.base[at];
}

static uint32_t u16_be(struct span s, size_t at)
{
    return byte_at(s, at) << 8 | byte_at(s, at + 1);
}

static uint32_t u32_be(struct span s, size_t at)
{
    return u16_be(s, at) << 16 | u16_be(s, at + 2);
}

static uint32_t u32_le(struct span s, size_t at)
{
    return byte_at(s, at) | byte_at(s, at + 1) << 8 | byte_at(s, at + 2) << 16 |
           byte_at(s, at + 3) << 24;
}

static struct span last(struct span s, size_t len)
{
    return span_from(s, s.len > len ? s.len - len : 0);
}

static bool holds(struct span s, struct span part)
{
    return s.len != 0 && memmem(s.base, s.len, part.base, part.len) != NULL;
}

/* ISO 32000: "%PDF-1.7" is the first thing, "%%EOF" near the end. Readers would also find a header
 * further on; a file that begins as something else is not taken for a PDF here. */
static bool is_pdf(struct span file)
{
    if (!span_starts(file, SPAN_LIT("%PDF-")) || file.len < 8)
        return false;
    bool has_version = (file.base[5] == '1' || file.base[5] == '2') && file.base[6] == '.' &&
                       file.base[7] >= '0' && file.base[7] <= '9';
    return has_version && holds(file, SPAN_LIT("startxref")) &&
           holds(last(file, PDF_END_ROOM), SPAN_LIT("%%EOF"));
}

/* ITU T.81, B.1: segments up to the first scan, a frame header among them. Phones write more behind
 * the picture (a video, a depth map), so its end is not looked at; that it has one, is. */
static bool is_jpeg(struct span file)
{
    bool has_frame = false;
    size_t at = 2;
    if (!span_starts(file, SPAN_LIT("\xFF\xD8\xFF")))
        return false;
    while (at + 4 <= file.len) {
        uint32_t marker = byte_at(file, at + 1), len = u16_be(file, at + 2);
        if (byte_at(file, at) != 0xFF || marker < 0xC0 || marker == 0xD8 || marker == 0xD9 ||
            (marker >= 0xD0 && marker <= 0xD7))
            return false;
        if (len < 2 || file.len - at - 2 < len)
            return false;
        has_frame = has_frame || (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 &&
                                  marker != 0xC8 && marker != 0xCC);
        at += 2 + len;
        if (marker == 0xDA)
            return has_frame && holds(span_from(file, at), SPAN_LIT("\xFF\xD9"));
        while (at + 1 < file.len && byte_at(file, at) == 0xFF && byte_at(file, at + 1) == 0xFF)
            ++at; /* fill bytes */
    }
    return false;
}

/* ISO 15948: chunks from IHDR to IEND, which ends the file. */
static bool is_png(struct span file)
{
    if (!span_starts(file, SPAN_LIT("\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR")))
        return false;
    bool has_data = false;
    for (size_t at = 8; file.len - at >= 12;) {
        size_t len = u32_be(file, at);
        struct span type = span_of(file.base + at + 4, 4);
        if (len > file.len - at - 12)
            return false;
        at += 12 + len;
        has_data = has_data || span_is(type, SPAN_LIT("IDAT"));
        if (span_is(type, SPAN_LIT("IEND")))
            return has_data && len == 0 && at == file.len;
    }
    return false;
}

/* RFC 9649: one RIFF chunk is the whole file. */
static bool is_webp(struct span file)
{
    if (file.len < 20 || !span_starts(file, SPAN_LIT("RIFF")) ||
        !span_is(span_of(file.base + 8, 4), SPAN_LIT("WEBP")))
        return false;
    struct span first = span_of(file.base + 12, 4);
    return u32_le(file, 4) == file.len - 8 &&
           (span_is(first, SPAN_LIT("VP8 ")) || span_is(first, SPAN_LIT("VP8L")) ||
            span_is(first, SPAN_LIT("VP8X")));
}

/* ISO 14496-12: boxes one behind the other are the whole file; "meta" is among them, as a still
 * picture has one. A size of 0 reaches to the end, one of 1 stands behind the type in 64 bits. */
static bool boxes_are_whole(struct span file)
{
    bool has_meta = false;
    size_t at = 0;
    while (file.len - at >= 8) {
        uint64_t len = u32_be(file, at);
        size_t head = 8;
        if (len == 1 && file.len - at >= 16) {
            len = (uint64_t)u32_be(file, at + 8) << 32 | u32_be(file, at + 12);
            head = 16;
        } else if (len == 0) {
            len = file.len - at;
        }
        if (len < head || len > file.len - at)
            return false;
        has_meta = has_meta || span_is(span_of(file.base + at + 4, 4), SPAN_LIT("meta"));
        at += (size_t)len;
    }
    return has_meta && at == file.len;
}

static bool has_brand(struct span brands, struct span brand)
{
    for (size_t at = 0; at + 4 <= brands.len; at += 4)
        if (at != 4 && span_is(span_of(brands.base + at, 4), brand)) /* at 4: the minor version */
            return true;
    return false;
}

/* ISO 23008-12 (HEIF): the first box names what the file is compatible with. */
static enum file_kind heif_kind(struct span file)
{
    if (file.len < 16 || !span_is(span_of(file.base + 4, 4), SPAN_LIT("ftyp")))
        return FILE_KIND_OTHER;
    uint32_t len = u32_be(file, 0);
    if (len < 16 || len > BRANDS_BYTES_MAX || len > file.len || len % 4 != 0)
        return FILE_KIND_OTHER;
    struct span brands = span_of(file.base + 8, len - 8);
    bool is_avif = has_brand(brands, SPAN_LIT("avif"));
    bool is_heic = has_brand(brands, SPAN_LIT("heic")) || has_brand(brands, SPAN_LIT("heix")) ||
                   has_brand(brands, SPAN_LIT("heim")) || has_brand(brands, SPAN_LIT("heis"));
    if ((!is_avif && !is_heic) || !boxes_are_whole(file))
        return FILE_KIND_OTHER;
    return is_avif ? FILE_KIND_AVIF : FILE_KIND_HEIC;
}

/* An archive is read from its end, so any file can be one besides (programs are archives, too): the
 * end record's comment reaches exactly to the end of the file. */
static bool is_also_zip(struct span file)
{
    struct span tail = last(file, ZIP_END_LEN + ZIP_COMMENT_MAX);
    while (tail.len >= ZIP_END_LEN) {
        const char *found = memmem(tail.base, tail.len, "PK\5\6", 4);
        if (found == NULL)
            return false;
        tail = span_from(tail, (size_t)(found - tail.base));
        if (tail.len >= ZIP_END_LEN &&
            (byte_at(tail, 20) | byte_at(tail, 21) << 8) == tail.len - ZIP_END_LEN)
            return true;
        tail = span_from(tail, 4);
    }
    return false;
}

enum file_kind file_kind_of(struct span file)
{
    if (file.len < 16 || is_also_zip(file))
        return FILE_KIND_OTHER;
    if (is_pdf(file))
        return FILE_KIND_PDF;
    if (is_jpeg(file))
        return FILE_KIND_JPEG;
    if (is_png(file))
        return FILE_KIND_PNG;
    if (is_webp(file))
        return FILE_KIND_WEBP;
    return heif_kind(file);
}
