/* What the demo's push services and the gateway's client know of each other: an authority of their
 * own, an APNs token key, a service account, an app's name; and the key by which the bank signs its
 * app in. Made at the first start and kept under the demo's folder; the settings name the services'
 * ports. */
#ifndef DUNLIN_APP_DEMO_PUSH_H
#define DUNLIN_APP_DEMO_PUSH_H

#include "app/demo_certs.h"
#include "base/buf.h"

#define DEMO_PUSH_APP "com.example.pozyczki"
#define DEMO_PUSH_TEAM "DEMOTEAM01"
#define DEMO_PUSH_KEY_ID "DEMOKEY001"
#define DEMO_PUSH_PROJECT "pozyczki-demo"
#define DEMO_PUSH_ACCOUNT "dunlin@pozyczki-demo.example.com"
#define DEMO_PUSH_ACCOUNT_KEY_ID "demo-account-key-1"
#define DEMO_PUSH_ISSUER "https://login.example.com"
#define DEMO_PUSH_AUDIENCE "dunlin-demo"

struct demo_push {
    struct demo_certs certs;
    char apns_key[512], account[512]; /* files: the .p8 and the account's JSON */
    char app_public[512];             /* file: what the app's tokens are checked with */
    char apns_public[512], fcm_public[1024], app_private[512]; /* PEM */
    int apns_port, fcm_port;
    char token_uri[64];
};

/* Makes what is missing in `folder`, which must exist. */
MUST_CHECK int demo_push_take(struct demo_push *, const char *folder, int apns_port, int fcm_port,
                              struct err *);
/* The sections `push` and `app` of the settings. */
void demo_push_write_settings(const struct demo_push *, struct buf *yaml);

#endif
