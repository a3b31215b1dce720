/* Where PostgreSQL's binary times start: 2000-01-01, as we count, from 1970-01-01. Private to io.
 */
#ifndef DUNLIN_IO_PG_WIRE_H
#define DUNLIN_IO_PG_WIRE_H

#include <endian.h>
#include <stdint.h>

#define PG_EPOCH_US INT64_C(946684800000000)
enum { PG_EPOCH_DAYS = 10957 };

#endif
