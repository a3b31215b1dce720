/* The sheet of a demand and of the request for restructuring that its customer may make:
 * /{code}/restructuring; and each of their documents, to be read and printed:
 * /{code}/documents/{number}.
 *
 * Its query: done=1 thanks; e=text says that nothing was written. The form POSTs to
 * /{code}/restructuring: token (FORM_RESTRUCTURING), text, in, page, lang. */
#ifndef DUNLIN_HTTP_RESTRUCTURING_SHEET_H
#define DUNLIN_HTTP_RESTRUCTURING_SHEET_H

struct request;

void restructuring_sheet_show(struct request *); /* GET */
void restructuring_sheet_take(struct request *); /* POST */
void restructuring_sheet_document(struct request *);

#endif
