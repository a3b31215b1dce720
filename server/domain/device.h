/* What an installed banking app may call itself, and what a push service's token looks like: the
 * shapes that are checked before anything is kept. Both services call their tokens opaque and
 * promise no length; APNs writes octets in hex. */
#ifndef DUNLIN_DOMAIN_DEVICE_H
#define DUNLIN_DOMAIN_DEVICE_H

#include "base/span.h"

enum {
    DEVICE_INSTALLATION_MIN = 8, /* octets */
    DEVICE_INSTALLATION_MAX = 64,
    DEVICE_APP_MAX = 200,
    DEVICE_APNS_TOKEN_MAX = 200, /* hex digits; Apple promises no length, 64 today */
    DEVICE_FCM_TOKEN_MAX = 1024,
    DEVICE_CUSTOMER_MAX = 64, /* the creditor's reference: what an import takes, too */
    DEVICE_LIVE_MAX = 20,     /* of one customer; then the one not seen for longest ends */
    DEVICE_KEPT_MAX = 500,    /* of one customer, ended ones included: no further one is taken */
};

enum device_service {
    DEVICE_APNS = 1,
    DEVICE_FCM,
};

enum device_refusal {
    DEVICE_FINE = 0,
    DEVICE_BAD_CUSTOMER,
    DEVICE_BAD_INSTALLATION,
    DEVICE_BAD_APP,
    DEVICE_BAD_ENVIRONMENT, /* FCM has one */
    DEVICE_BAD_TARGET_KIND, /* APNs has tokens alone */
    DEVICE_BAD_TOKEN,
};

/* What a phone says of itself. Spans are borrowed. */
struct device_claim {
    struct span customer; /* the creditor's reference */
    struct span installation;
    struct span app; /* bundle id or package name */
    enum device_service service;
    bool is_sandbox;
    bool is_fid;          /* FCM: the target is a Firebase installation id, not a token */
    struct span token;    /* as the phone has it; device_check lowers an APNs one */
    const char *language; /* language_code(), or null: the customer's */
};

/* The first rule that is broken, in the order of the enum. When all is fine `token` holds the token
 * as it is kept, with a NUL behind it: of APNs in lower case. */
enum device_refusal device_check(const struct device_claim *, char token[DEVICE_FCM_TOKEN_MAX + 1]);
/* "installation: must be 8 to 64 of 0-9, A-Z, …": never quotes what was sent. */
const char *device_refusal_text(enum device_refusal);

bool device_installation_is_fine(struct span);
/* 1 to 64 octets, no control characters, no blank at either end. */
bool device_customer_is_fine(struct span);
/* "apns", "fcm". */
const char *device_service_name(enum device_service);

#endif
