/* The API as people read it: what stands at / of the private listener. */
#ifndef DUNLIN_HTTP_API_PAGE_H
#define DUNLIN_HTTP_API_PAGE_H

struct request;

void api_page_show(struct request *);

#endif
