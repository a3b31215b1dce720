#include "app/settings_creditor.h"

#include "app/setting_checks.h"
#include "app/setting_row.h"

#include <ctype.h>

static const char *check_nip(const char *value, char room[160])
{
    static const int weights[] = {6, 5, 7, 2, 3, 4, 5, 6, 7};
    (void)room;
    int sum = 0;
    if (strlen(value) != 10 || strspn(value, "0123456789") != 10)
        return "must be 10 digits";
    for (int i = 0; i < 9; ++i)
        sum += weights[i] * (value[i] - '0');
    return sum % 11 == value[9] - '0' ? NULL : "has a wrong check digit";
}

/* ISO 13616: the first four characters to the end, letters as 10..35, rest of 97 is 1. */
static const char *check_iban(const char *value, char room[160])
{
    (void)room;
    size_t len = strlen(value);
    int rest = 0;
    if (len < 15 || len > 34)
        return "must be an IBAN with its country code and without blanks";
    for (size_t i = 0; i < len; ++i) {
        char c = value[(i + 4) % len];
        if (!isdigit((unsigned char)c) && !(c >= 'A' && c <= 'Z'))
            return "must be an IBAN with its country code and without blanks";
        rest = isdigit((unsigned char)c) ? (rest * 10 + (c - '0')) % 97
                                         : (rest * 100 + (c - 'A' + 10)) % 97;
    }
    return rest == 1 ? NULL : "has wrong check digits";
}

const struct setting settings_creditor[] = {
    SECTION("creditor", "Who is owed and who writes: on the page, in messages, in transfer codes."),
    TEXT("creditor.name", creditor.name, NULL, "As customers know it.",
         .example = "Bank Przykładowy SA", .is_required = true),
    TEXT("creditor.nip", creditor.nip, NULL, "Polish tax number, 10 digits.",
         .example = "1234563218", .check = check_nip),
    TEXT("creditor.phone", creditor.phone, NULL, "Where a customer asks.",
         .example = "+48 22 000 00 00"),
    TEXT("creditor.email", creditor.email, NULL, "Where a customer writes.",
         .example = "platnosci@example.com"),
    TEXT("creditor.website", creditor.website, NULL,
         "Where a customer can check, without clicking, that a message is genuine.",
         .example = "https://www.example.com", .check = setting_check_url),
    TEXT("creditor.account", creditor.account, NULL,
         "IBAN for transfers of invoices that name no account of their own.",
         .example = "PL61109010140000071219812874", .check = check_iban),
    BOOL("creditor.euro_transfers", creditor.takes_euro_transfers, "false",
         "Whether that account takes SEPA transfers: euro invoices then show an EPC code."),
    TEXT("creditor.privacy_url", creditor.privacy_url, NULL, "The privacy notice.",
         .example = "https://www.example.com/privacy", .check = setting_check_url),
    {.name = NULL},
};
