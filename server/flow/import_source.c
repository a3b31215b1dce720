#include "flow/import_source.h"

#include "io/timer.h"
#include "store/import_store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1024 * 1024 };

struct pending {
    import_bytes_cb on_bytes;
    void *owner;
};

/* ---- a file ---- */

struct file_source {
    struct import_source source;
    struct timer timer;
    struct pending pending;
    int64_t offset;
    int fd;
    char chunk[CHUNK];
};

static void on_file_turn(void *owner)
{
    struct file_source *f = owner;
    struct err err = {0};
    ssize_t len = pread(f->fd, f->chunk, sizeof f->chunk, f->offset);
    if (len < 0)
        err_system(&err, "cannot read the file");
    f->pending.on_bytes(f->pending.owner, span_of(f->chunk, len < 0 ? 0 : (size_t)len), &err);
}

static int file_read(struct import_source *source, int64_t offset, import_bytes_cb on_bytes,
                     void *owner, struct err *err)
{
    (void)err;
    struct file_source *f = (struct file_source *)source;
    f->offset = offset;
    f->pending = (struct pending){on_bytes, owner};
    timer_start(&f->timer, 1); /* not 0: the database is to have its turns between */
    return 0;
}

static void file_free(struct import_source *source)
{
    struct file_source *f = (struct file_source *)source;
    timer_stop(&f->timer);
    close(f->fd);
    free(f);
}

struct import_source *import_source_file(h2o_loop_t *loop, const char *path, struct err *err)
{
    static const struct import_source_methods methods = {.read = file_read, .free = file_free};
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) != 0) {
        err_system(err, "cannot open the file");
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    if (!S_ISREG(status.st_mode)) {
        close(fd);
        err_set(err, ERR_INPUT, "not a file");
        return NULL;
    }
    struct file_source *f = calloc(1, sizeof *f);
    if (f == NULL)
        abort();
    f->source = (struct import_source){.methods = &methods, .size_bytes = status.st_size};
    f->fd = fd;
    timer_init(&f->timer, loop, "import file", on_file_turn, f);
    return &f->source;
}

/* ---- an upload ---- */

struct upload_source {
    struct import_source source;
    struct pg *reads;
    struct pg_query query;
    struct pending pending;
    int64_t offset;
    char id[IMPORT_ID_LEN + 1];
};

static void on_part_read(void *owner, const PGresult *result, const struct err *err)
{
    struct upload_source *u = owner;
    struct span bytes = SPAN_LIT("");
    if (err->code == 0 && PQntuples(result) == 1) {
        int64_t behind = u->offset - pg_get_int(result, 0, 0);
        bytes = pg_get_text(result, 0, 1);
        bytes = span_from(bytes, (size_t)behind);
    }
    u->pending.on_bytes(u->pending.owner, bytes, err);
}

static int upload_read(struct import_source *source, int64_t offset, import_bytes_cb on_bytes,
                       void *owner, struct err *err)
{
    struct upload_source *u = (struct upload_source *)source;
    u->offset = offset;
    u->pending = (struct pending){on_bytes, owner};
    return import_read(u->reads, &u->query, u->id, offset, on_part_read, u, err);
}

static void upload_free(struct import_source *source)
{
    struct upload_source *u = (struct upload_source *)source;
    pg_query_cancel(&u->query);
    free(u);
}

struct import_source *import_source_upload(struct pg *reads, const char *import_id,
                                           int64_t size_bytes)
{
    static const struct import_source_methods methods = {.read = upload_read, .free = upload_free};
    struct upload_source *u = calloc(1, sizeof *u);
    if (u == NULL)
        abort();
    u->source = (struct import_source){.methods = &methods, .size_bytes = size_bytes};
    u->reads = reads;
    snprintf(u->id, sizeof u->id, "%s", import_id);
    return &u->source;
}
