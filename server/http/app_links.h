/* The files by which phones learn which apps may open our links. They are the same under every host
 * name that leads here, so an app may claim the page's own host as well. */
#ifndef DUNLIN_HTTP_APP_LINKS_H
#define DUNLIN_HTTP_APP_LINKS_H

#include "http/request.h"

void app_links_show_ios(struct request *);     /* GET /.well-known/apple-app-site-association */
void app_links_show_android(struct request *); /* GET /.well-known/assetlinks.json */

#endif
