/* Which apps may open our links: the two files that phones ask a host for, and what may stand in
 * them. Apple's is read by iOS 13 and newer. */
#ifndef DUNLIN_DOMAIN_APP_LINK_H
#define DUNLIN_DOMAIN_APP_LINK_H

#include "base/buf.h"

/* An iOS app is "TEAMID1234.com.example.bank": the prefix of ten characters, a dot, the bundle id.
 * An Android app is "com.example.bank=14:6D:…": the package and the SHA-256 fingerprint of a
 * certificate it is signed with; with several certificates the package is given several times.
 * These say what is wrong, in words that follow the name of a setting, or null. */
const char *app_link_wrong_ios(const char *app);
const char *app_link_wrong_android(const char *app);

/* Body of /.well-known/apple-app-site-association: each app opens what may be a link's code, and
 * nothing else of the host. The apps are right by the above, and at least one. */
void app_link_print_ios(struct buf *out, const char *const *apps, int count);
/* Body of /.well-known/assetlinks.json: one statement a package, with all its fingerprints. Which
 * paths it opens is said in the app's manifest. */
void app_link_print_android(struct buf *out, const char *const *apps, int count);

#endif
