/* Devices: under /app/v1/ for an app, which speaks of its own customer alone, and under /api/v1/
 * for the creditor's back end, which names the customer by reference. A token never comes back
 * whole. */
#ifndef DUNLIN_HTTP_DEVICES_H
#define DUNLIN_HTTP_DEVICES_H

struct request;

/* PUT …/{installation} {app, service: apns|fcm or platform: ios|android, environment?: production|
 * sandbox, token, target_kind?: token|fid, language?}: 201 registered, 200 refreshed, 409 too many.
 */
void devices_register_own(struct request *);
void devices_register(struct request *); /* and customer */
/* GET: {items}, live ones first. */
void devices_list_own(struct request *);
void devices_list(struct request *); /* ?customer= */
/* DELETE …/{installation}: 204, 404 when there never was one. */
void devices_remove_own(struct request *);
void devices_remove(struct request *); /* ?customer= */

#endif
