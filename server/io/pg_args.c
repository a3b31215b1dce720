#include "io/pg.h"
#include "io/pg_wire.h"

#include <assert.h>

/* The parameters of a statement in PostgreSQL's binary format, all big-endian. */

enum { ARGS_BYTES_MAX = 512 << 20 };
enum { OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_TEXT = 25, OID_DATE = 1082 };
enum { OID_TIMESTAMPTZ = 1184 };

void pg_args_init(struct pg_args *args)
{
    args->count_ = 0;
    buf_init(&args->storage_, ARGS_BYTES_MAX);
}

void pg_args_release(struct pg_args *args)
{
    buf_release(&args->storage_);
    args->count_ = 0;
}

static void begin(struct pg_args *args)
{
    assert(args->count_ < PG_ARGS_MAX);
    args->offsets_[args->count_] = args->storage_.len_;
}

static void end(struct pg_args *args)
{
    assert(!buf_is_overflowed(&args->storage_));
    args->lengths_[args->count_] = (int)(args->storage_.len_ - args->offsets_[args->count_]);
    ++args->count_;
}

static void add_u32(struct pg_args *args, uint32_t value)
{
    uint32_t wire = htobe32(value);
    buf_add(&args->storage_, span_of((const char *)&wire, sizeof(wire)));
}

static void add_u64(struct pg_args *args, uint64_t value)
{
    uint64_t wire = htobe64(value);
    buf_add(&args->storage_, span_of((const char *)&wire, sizeof(wire)));
}

void pg_arg_null(struct pg_args *args)
{
    begin(args);
    end(args);
    args->lengths_[args->count_ - 1] = -1;
}

void pg_arg_int(struct pg_args *args, int64_t value)
{
    begin(args);
    add_u64(args, (uint64_t)value);
    end(args);
}

void pg_arg_bool(struct pg_args *args, bool value)
{
    begin(args);
    buf_add_char(&args->storage_, value);
    end(args);
}

void pg_arg_text(struct pg_args *args, struct span text)
{
    if (text.base == NULL) {
        pg_arg_null(args);
        return;
    }
    begin(args);
    buf_add(&args->storage_, text);
    end(args);
}

void pg_arg_bytes(struct pg_args *args, struct span bytes)
{
    pg_arg_text(args, bytes);
}

void pg_arg_instant(struct pg_args *args, struct instant at)
{
    pg_arg_int(args, at.us - PG_EPOCH_US);
}

void pg_arg_date(struct pg_args *args, int32_t days)
{
    begin(args);
    add_u32(args, (uint32_t)(days - PG_EPOCH_DAYS));
    end(args);
}

static void begin_array(struct pg_args *args, uint32_t element_oid, size_t count)
{
    begin(args);
    add_u32(args, count == 0 ? 0 : 1); /* dimensions */
    add_u32(args, 1);                  /* may hold nulls */
    add_u32(args, element_oid);
    if (count == 0)
        return;
    add_u32(args, (uint32_t)count);
    add_u32(args, 1); /* lower bound */
}

static void add_null(struct pg_args *args)
{
    add_u32(args, UINT32_MAX);
}

static void add_element_u64(struct pg_args *args, int64_t value)
{
    add_u32(args, sizeof(value));
    add_u64(args, (uint64_t)value);
}

void pg_arg_ints(struct pg_args *args, const int64_t *values, size_t count)
{
    begin_array(args, OID_INT8, count);
    for (size_t i = 0; i < count; ++i) {
        if (values[i] == PG_NULL_INT)
            add_null(args);
        else
            add_element_u64(args, values[i]);
    }
    end(args);
}

void pg_arg_instants(struct pg_args *args, const struct instant *values, size_t count)
{
    begin_array(args, OID_TIMESTAMPTZ, count);
    for (size_t i = 0; i < count; ++i) {
        if (values[i].us == PG_NULL_INT)
            add_null(args);
        else
            add_element_u64(args, values[i].us - PG_EPOCH_US);
    }
    end(args);
}

void pg_arg_dates(struct pg_args *args, const int32_t *values, size_t count)
{
    begin_array(args, OID_DATE, count);
    for (size_t i = 0; i < count; ++i) {
        if (values[i] == PG_NULL_DATE) {
            add_null(args);
            continue;
        }
        add_u32(args, sizeof(values[i]));
        add_u32(args, (uint32_t)(values[i] - PG_EPOCH_DAYS));
    }
    end(args);
}

void pg_arg_bools(struct pg_args *args, const bool *values, size_t count)
{
    begin_array(args, OID_BOOL, count);
    for (size_t i = 0; i < count; ++i) {
        add_u32(args, 1);
        buf_add_char(&args->storage_, values[i]);
    }
    end(args);
}

static void add_spans(struct pg_args *args, uint32_t oid, const struct span *values, size_t count)
{
    begin_array(args, oid, count);
    for (size_t i = 0; i < count; ++i) {
        if (values[i].base == NULL) {
            add_null(args);
            continue;
        }
        add_u32(args, (uint32_t)values[i].len);
        buf_add(&args->storage_, values[i]);
    }
    end(args);
}

void pg_arg_texts(struct pg_args *args, const struct span *values, size_t count)
{
    add_spans(args, OID_TEXT, values, count);
}

void pg_arg_bytes_array(struct pg_args *args, const struct span *values, size_t count)
{
    add_spans(args, OID_BYTEA, values, count);
}
