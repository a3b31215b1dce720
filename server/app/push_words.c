#include "app/push_words.h"

#include <string.h>

#define DEVICE PUSH_BLAME_DEVICE, NULL
#define SETTING(row) PUSH_BLAME_SETTING, row
#define SERVICE PUSH_BLAME_SERVICE, NULL
#define US PUSH_BLAME_US, NULL
#define OTHER_ENVIRONMENT                                                                          \
    "the key is not made for this environment: take the environment out of `environments`, or "    \
    "make a key for it"
#define TROUBLE "the service has trouble of its own: try again later"
#define QUOTA "the project has sent more than its quota: try again in a minute"

const struct push_word push_words[] = {
    /* APNs */
    {"BadDeviceToken", DEVICE,
     "APNs knows no such device in this environment: the token is mistyped, or of a build for the "
     "other environment"},
    {"DeviceTokenNotForTopic", DEVICE, "the token is of another app than the topic"},
    {"Unregistered", DEVICE, "the app is gone from the device, or its pushes are switched off"},
    {"ExpiredToken", DEVICE, "the token is too old: the app gets a new one at its next start"},
    {"InvalidProviderToken", SETTING("key_file"),
     "key, key_id and team_id do not belong together, or the key was revoked: compare them with "
     "Keys at developer.apple.com (a clock that is ahead gets the same answer)"},
    {"ExpiredProviderToken", SETTING("key_file"),
     "a token made just now counts as too old: this machine's clock is off"},
    {"UnrelatedKeyIdInToken", SETTING("key_id"), "key_id is not the key's own"},
    {"BadEnvironmentKeyIdInToken", SETTING("environments"), OTHER_ENVIRONMENT},
    {"BadEnvironmentKeyInToken", SETTING("environments"), OTHER_ENVIRONMENT},
    {"TopicDisallowed", SETTING("topic"),
     "this team may not push to the topic: it must be the app's bundle id, with Push Notifications "
     "switched on for it"},
    {"BadTopic", SETTING("topic"), "APNs knows no such topic: it must be the app's bundle id"},
    {"MissingTopic", SETTING("topic"), "APNs wants a topic: the app's bundle id"},
    {"BadCertificate", SETTING("certificate"),
     "APNs does not take the certificate: it is revoked, over, or not for the pushes of an app"},
    {"BadCertificateEnvironment", SETTING("environments"),
     "the certificate is not for this environment: take the environment out of `environments`"},
    {"Forbidden", SETTING("key_file"),
     "APNs forbids it: look whether the key may be used for this app and environment"},
    {"TooManyProviderTokenUpdates", SERVICE,
     "too many tokens were made of this key within 20 minutes, here or by another program: try "
     "again later"},
    {"TooManyRequests", SERVICE, "this device has had too many pushes: try again later"},
    {"InternalServerError", SERVICE, TROUBLE},
    {"ServiceUnavailable", SERVICE, TROUBLE},
    {"Shutdown", SERVICE, TROUBLE},
    {"IdleTimeout", SERVICE, "the service was closing the connection: try again"},
    {"PayloadTooLarge", US, "the text is too long"},
    /* FCM */
    {"INVALID_ARGUMENT", DEVICE, "FCM knows no such token: it is mistyped, or of another service"},
    {"INVALID_ARGUMENT", US, "FCM does not understand what we sent: please report it"},
    {"UNREGISTERED", DEVICE, "the app is gone from the device, or the token was replaced"},
    {"SENDER_ID_MISMATCH", DEVICE, "the token is of another Firebase project"},
    {"PERMISSION_DENIED", SETTING("account_file"),
     "the account may not send for this project: give it the role Firebase Cloud Messaging API "
     "Admin, and switch the API on"},
    {"NOT_FOUND", SETTING("account_file"),
     "FCM knows no such project: is project_id right in the file?"},
    {"UNAUTHENTICATED", SETTING("account_file"),
     "FCM does not take the account's access token: is the account still there, and of this "
     "project?"},
    {"THIRD_PARTY_AUTH_ERROR", SETTING("account_file"),
     "the APNs key or the web push key that was given to Firebase is wrong: mend it in Firebase's "
     "console"},
    {"QUOTA_EXCEEDED", SERVICE, QUOTA},
    {"RESOURCE_EXHAUSTED", SERVICE, QUOTA},
    {"INTERNAL", SERVICE, TROUBLE},
    {"UNAVAILABLE", SERVICE, TROUBLE},
    {"UNSPECIFIED_ERROR", SERVICE, TROUBLE},
    /* the library's own */
    {"ENHANCE_YOUR_CALM", SERVICE, "the service asks us to go slower: try again later"},
    {"reset: ENHANCE_YOUR_CALM", SERVICE, "the service asks us to go slower: try again later"},
    {NULL, 0, NULL, NULL},
};

bool push_advice_is_of_device(enum push_advice advice)
{
    return advice == PUSH_ADVICE_DROP_TARGET || advice == PUSH_ADVICE_DISABLE_TARGET ||
           advice == PUSH_ADVICE_OTHER_ENVIRONMENT;
}

const struct push_word *push_word_find(const char *reason, enum push_advice advice)
{
    for (const struct push_word *word = push_words; word->reason != NULL; ++word)
        if (strcmp(word->reason, reason) == 0 &&
            (word->blame == PUSH_BLAME_DEVICE) == push_advice_is_of_device(advice))
            return word;
    return NULL;
}
