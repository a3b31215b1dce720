/* An answer that is made piece by piece: no more of it lies in memory than one piece.
 *
 * Whoever makes it is asked for the first piece at once and for each further one when the last has
 * been written. When the peer goes, or the answer's deadline comes, nobody is asked any more. */
#ifndef DUNLIN_HTTP_STREAM_H
#define DUNLIN_HTTP_STREAM_H

#include "http/request.h"

struct stream;

struct stream_options {
    const char *content_type; /* kept */
    struct span file_name;    /* of a download: letters, digits, dots, hyphens; copied */
    uint64_t bytes;           /* of the whole */
    /* Calls stream_send or stream_break once, later or inside this call. */
    void (*on_wanted)(struct stream *, void *owner);
    /* The stream is over, however it ended: it is not to be touched any more. Runs exactly once. */
    void (*on_over)(void *owner);
    void *owner;
};

/* Ends the request as reply.h's functions do: 200, an attachment that no browser shows in place,
 * under a policy that lets it do nothing. The connection closes after it when it was not whole. */
void stream_begin(struct request *, const struct stream_options *);
/* The piece is taken before this returns. The last one makes `bytes` whole. */
void stream_send(struct stream *, struct span piece, bool is_last);
/* There is no more: the peer sees that the answer is cut short. */
void stream_break(struct stream *);

#endif
