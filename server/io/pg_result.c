#include "io/pg.h"
#include "io/pg_wire.h"

#include <assert.h>

/* Readers of binary results. A type or length that is not what the reader expects is a mistake in
 * the statement, so it asserts. */

enum { OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_TEXT = 25 };
enum { OID_JSON = 114, OID_BPCHAR = 1042, OID_VARCHAR = 1043, OID_DATE = 1082 };
enum { OID_TIMESTAMPTZ = 1184 };

bool pg_is_null(const PGresult *result, int row, int column)
{
    assert(row < PQntuples(result) && column < PQnfields(result));
    return PQgetisnull(result, row, column);
}

static const char *value_of(const PGresult *result, int row, int column, int len)
{
    assert(PQgetlength(result, row, column) == len);
    return PQgetvalue(result, row, column);
}

static int64_t read_int8(const PGresult *result, int row, int column)
{
    uint64_t wire;
    memcpy(&wire, value_of(result, row, column, sizeof(wire)), sizeof(wire));
    return (int64_t)be64toh(wire);
}

static int32_t read_int4(const PGresult *result, int row, int column)
{
    uint32_t wire;
    memcpy(&wire, value_of(result, row, column, sizeof(wire)), sizeof(wire));
    return (int32_t)be32toh(wire);
}

static int16_t read_int2(const PGresult *result, int row, int column)
{
    uint16_t wire;
    memcpy(&wire, value_of(result, row, column, sizeof(wire)), sizeof(wire));
    return (int16_t)be16toh(wire);
}

int64_t pg_get_int(const PGresult *result, int row, int column)
{
    if (pg_is_null(result, row, column))
        return 0;
    switch (PQftype(result, column)) {
    case OID_INT8:
        return read_int8(result, row, column);
    case OID_INT4:
        return read_int4(result, row, column);
    case OID_INT2:
        return read_int2(result, row, column);
    default:
        assert(!"an integer column");
        return 0;
    }
}

bool pg_get_bool(const PGresult *result, int row, int column)
{
    assert(PQftype(result, column) == OID_BOOL);
    return !pg_is_null(result, row, column) && value_of(result, row, column, 1)[0] != 0;
}

struct span pg_get_text(const PGresult *result, int row, int column)
{
    Oid type = PQftype(result, column);
    assert(type == OID_TEXT || type == OID_BYTEA || type == OID_BPCHAR || type == OID_VARCHAR ||
           type == OID_JSON);
    if (pg_is_null(result, row, column))
        return (struct span){0};
    return span_of(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column));
}

struct instant pg_get_instant(const PGresult *result, int row, int column)
{
    assert(PQftype(result, column) == OID_TIMESTAMPTZ);
    if (pg_is_null(result, row, column))
        return (struct instant){0};
    return (struct instant){read_int8(result, row, column) + PG_EPOCH_US};
}

int32_t pg_get_date(const PGresult *result, int row, int column)
{
    assert(PQftype(result, column) == OID_DATE);
    if (pg_is_null(result, row, column))
        return 0;
    return read_int4(result, row, column) + PG_EPOCH_DAYS;
}
