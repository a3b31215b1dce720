#include "flow/csv_columns.h"

#include <stddef.h>

enum { SYNONYMS_MAX = 40 };

/* Headers as they look after `plain`: ASCII letters and digits in lower case. The net amount is
 * missing on purpose: what is owed is the gross one. */
static const struct {
    const char *name;
    bool is_needed;
    const char *synonyms[SYNONYMS_MAX];
} columns[CSV_COLUMN_COUNT] = {
    [CSV_CUSTOMER] = {"customer reference",
                      true,
                      {"customerreference",
                       "customerref",
                       "customerid",
                       "customernumber",
                       "customerno",
                       "customercode",
                       "clientreference",
                       "clientref",
                       "clientid",
                       "clientnumber",
                       "clientno",
                       "clientcode",
                       "debtorid",
                       "debtornumber",
                       "debtorreference",
                       "idklienta",
                       "klientid",
                       "numerklienta",
                       "nrklienta",
                       "kodklienta",
                       "symbolklienta",
                       "referencjaklienta",
                       "identyfikatorklienta",
                       "idkontrahenta",
                       "kontrahentid",
                       "numerkontrahenta",
                       "nrkontrahenta",
                       "kodkontrahenta",
                       "symbolkontrahenta",
                       "akronim",
                       "akronimkontrahenta",
                       "identyfikatorkontrahenta",
                       "iddluznika",
                       "nrdluznika",
                       "numerdluznika",
                       "kodplatnika",
                       "nrplatnika"}},
    [CSV_NAME] = {"name", true, {"name",
                                 "fullname",
                                 "customername",
                                 "clientname",
                                 "debtorname",
                                 "customer",
                                 "client",
                                 "debtor",
                                 "companyname",
                                 "nazwa",
                                 "nazwaklienta",
                                 "nazwakontrahenta",
                                 "nazwanabywcy",
                                 "nazwaplatnika",
                                 "nazwadluznika",
                                 "nazwafirmy",
                                 "klient",
                                 "kontrahent",
                                 "nabywca",
                                 "odbiorca",
                                 "platnik",
                                 "dluznik",
                                 "imieinazwisko",
                                 "nazwiskoiimie",
                                 "imieinazwiskonazwa",
                                 "imienazwisko",
                                 "nazwiskoimie",
                                 "nazwiskolubnazwa"}},
    [CSV_PHONE] = {"phone",
                   false,
                   {"phone", "phonenumber", "phoneno", "telephone", "mobile", "mobilephone",
                    "mobilenumber", "cellphone", "tel", "telefon", "nrtelefonu", "nrtel",
                    "numertelefonu", "telefonklienta", "telefonkomorkowy", "telkom", "komorka",
                    "telefonkontaktowy"}},
    [CSV_EMAIL] = {"e-mail",
                   false,
                   {"email", "mail", "emailaddress", "adresemail", "adresmail", "emailklienta",
                    "mailklienta", "pocztaelektroniczna", "adrespocztyelektronicznej"}},
    [CSV_LANGUAGE] = {"language",
                      false,
                      {"language", "lang", "locale", "languagecode", "jezyk", "jezykklienta",
                       "kodjezyka"}},
    [CSV_NUMBER] = {"invoice number",
                    true,
                    {"invoicenumber", "invoiceno",      "invoicenr",      "invoiceid",
                     "invoice",       "number",         "documentnumber", "documentno",
                     "numerfaktury",  "nrfaktury",      "faktura",        "fakturanr",
                     "numer",         "numerdokumentu", "nrdokumentu",    "dokument",
                     "nrfv",          "numerfv",        "numerraty",      "nrraty",
                     "numerskladki",  "numerpolisy",    "nrpolisy",       "numernaleznosci"}},
    [CSV_KIND] = {"kind",
                  false,
                  {"kind", "type", "invoicetype", "invoicekind", "documenttype", "rodzaj", "typ",
                   "rodzajdokumentu", "typdokumentu", "rodzajnaleznosci", "typnaleznosci"}},
    [CSV_PRODUCT] = {"product",
                     false,
                     {"product", "productname", "service", "description", "produkt",
                      "nazwaproduktu", "usluga", "nazwauslugi", "opis", "tytul", "tytulem",
                      "tytulplatnosci"}},
    [CSV_AMOUNT] =
        {"amount",
         true,
         {"amount",      "grossamount",     "amountgross",       "gross",     "total",
          "totalamount", "amountdue",       "grosstotal",        "kwota",     "kwotabrutto",
          "brutto",      "wartoscbrutto",   "wartosc",           "dozaplaty", "kwotadozaplaty",
          "naleznosc",   "kwotanaleznosci", "kwotafaktury",      "kwotaraty", "kwotaskladki",
          "suma",        "razem",           "pozostalodozaplaty"}},
    [CSV_CURRENCY] = {"currency", false, {"currency", "currencycode", "waluta", "kodwaluty"}},
    [CSV_ISSUE_DATE] = {"issue date",
                        false,
                        {"issuedate", "dateofissue", "issuedat", "issued", "invoicedate",
                         "documentdate", "date", "datawystawienia", "datawyst", "wystawiono",
                         "datafaktury", "datadokumentu", "data"}},
    [CSV_DUE_DATE] = {"due date",
                      true,
                      {"duedate", "due", "dateddue", "paymentdue", "paymentduedate", "payby",
                       "terminplatnosci", "terminzaplaty", "terminplat", "termin", "dataplatnosci",
                       "datawymagalnosci", "wymagalnosc", "terminraty", "terminwymagalnosci",
                       "platnedo", "dataterminu"}},
    [CSV_ACCOUNT] = {"account number",
                     false,
                     {"accountnumber", "accountno", "account", "bankaccount", "iban",
                      "bankaccountnumber", "numerkonta", "nrkonta", "konto", "numerrachunku",
                      "nrrachunku", "rachunek", "rachunekbankowy", "numerrachunkubankowego",
                      "nrrachunkubankowego", "numerkontabankowego", "nrkontabankowego",
                      "kontobankowe", "nrb"}},
    [CSV_IDENTITY] = {"identity digits",
                      false,
                      {"identity", "identitydigits", "identityfact", "lastdigits",
                       "pesellastdigits", "pesellast4", "ostatniecyfry", "ostatniecyfrypesel",
                       "koncowkapesel", "cyfrytozsamosci", "tozsamosc"}},
    [CSV_PREFERRED] = {"preferred channel",
                       false,
                       {"preferredchannel", "preferredcontact", "preferredcontactchannel",
                        "contactchannel", "preferowanykanal", "kanalpreferowany",
                        "preferowanykanalkontaktu", "kanalkontaktu", "preferowanykontakt",
                        "preferowanaformakontaktu", "formakontaktu"}},
    [CSV_CONSENT + CONTACT_PUSH] = {"push consent",
                                    false,
                                    {"pushconsent", "consentpush", "consenttopush", "pushoptin",
                                     "zgodapush", "zgodanapush"}},
    [CSV_CONSENT + CONTACT_SMS] = {"sms consent",
                                   false,
                                   {"smsconsent", "consentsms", "consenttosms", "smsoptin",
                                    "zgodasms", "zgodanasms"}},
    [CSV_CONSENT +
        CONTACT_EMAIL] = {"e-mail consent",
                          false,
                          {"emailconsent", "consentemail", "consenttoemail", "emailoptin",
                           "zgodaemail", "zgodanaemail", "zgodamail", "zgodanamail"}},
    [CSV_CONSENT +
        CONTACT_VOICE] = {"voice consent",
                          false,
                          {"voiceconsent", "consentvoice", "consenttovoice", "voiceoptin",
                           "zgodaglos", "zgodanawiadomosciglosowe", "zgodawiadomosciglosowe"}},
    [CSV_CONSENT +
        CONTACT_CALL] = {"call consent",
                         false,
                         {"callconsent", "consentcall", "consenttocall", "consenttocalls",
                          "callsconsent", "calloptin", "zgodatelefon", "zgodanatelefon",
                          "zgodanakontakttelefoniczny", "zgodanarozmowy"}},
};

const char *csv_column_name(enum csv_column column)
{
    return columns[column].name;
}

bool csv_column_is_needed(enum csv_column column)
{
    return columns[column].is_needed;
}

bool csv_column_is_needed_by_campaign(enum csv_column column)
{
    return column == CSV_PHONE || column == CSV_AMOUNT || column == CSV_DUE_DATE;
}

/* The Polish letters beyond ASCII, all of two bytes in UTF-8. */
static char plain_letter(unsigned char lead, unsigned char next)
{
    static const struct {
        unsigned char lead, upper, lower;
        char plain;
    } letters[] = {
        {0xc4, 0x84, 0x85, 'a'}, {0xc4, 0x86, 0x87, 'c'}, {0xc4, 0x98, 0x99, 'e'},
        {0xc5, 0x81, 0x82, 'l'}, {0xc5, 0x83, 0x84, 'n'}, {0xc3, 0x93, 0xb3, 'o'},
        {0xc5, 0x9a, 0x9b, 's'}, {0xc5, 0xb9, 0xba, 'z'}, {0xc5, 0xbb, 0xbc, 'z'},
    };
    for (size_t i = 0; i < sizeof letters / sizeof *letters; ++i)
        if (letters[i].lead == lead && (letters[i].upper == next || letters[i].lower == next))
            return letters[i].plain;
    return '\0';
}

/* "Kwota należności [PLN]" -> "kwotanaleznosci". Returns the length. */
static size_t plain(struct span header, char out[CSV_HEADER_MAX])
{
    size_t len = 0;
    for (size_t i = 0; i < header.len && len < CSV_HEADER_MAX; ++i) {
        unsigned char c = (unsigned char)header.base[i];
        if (c == '(' || c == '[')
            break;
        if (c >= 'A' && c <= 'Z')
            c = (unsigned char)(c - 'A' + 'a');
        if (c >= 0x80 && i + 1 < header.len)
            c = (unsigned char)plain_letter(c, (unsigned char)header.base[i + 1]);
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            out[len++] = (char)c;
    }
    return len;
}

int csv_column_of(struct span header)
{
    char text[CSV_HEADER_MAX];
    struct span name = span_of(text, plain(header, text));
    for (int column = 0; column < CSV_COLUMN_COUNT; ++column)
        for (const char *const *s = columns[column].synonyms; *s != NULL; ++s)
            if (span_is_str(name, *s))
                return column;
    return -1;
}

int csv_columns_map(struct csv_columns *map, const struct span *headers, int count)
{
    int found = 0;
    for (int column = 0; column < CSV_COLUMN_COUNT; ++column)
        map->at[column] = -1;
    for (int i = 0; i < count; ++i) {
        int column = csv_column_of(headers[i]);
        if (column < 0 || map->at[column] >= 0)
            continue;
        map->at[column] = i;
        ++found;
    }
    return found;
}

int csv_columns_twice(const struct span *headers, int count, int *first, int *second)
{
    struct csv_columns seen;
    csv_columns_map(&seen, headers, count);
    for (int i = 0; i < count; ++i) {
        int column = csv_column_of(headers[i]);
        if (column < 0 || seen.at[column] == i)
            continue;
        *first = seen.at[column];
        *second = i;
        return column;
    }
    return -1;
}

void csv_field_of(struct span header, char out[CSV_FIELD_MAX + 1])
{
    size_t len = 0;
    bool is_between = false;
    for (size_t i = 0; i < header.len && len < CSV_FIELD_MAX; ++i) {
        unsigned char c = (unsigned char)header.base[i];
        if (c >= 'A' && c <= 'Z')
            c = (unsigned char)(c - 'A' + 'a');
        if (c >= 0x80 && i + 1 < header.len)
            c = (unsigned char)plain_letter(c, (unsigned char)header.base[i + 1]);
        if (c == '\0' || c >= 0x80) /* the second byte of a letter, or one that has no plain form */
            continue;
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) {
            is_between = len > 0;
            continue;
        }
        if (is_between && len + 1 < CSV_FIELD_MAX)
            out[len++] = '_';
        is_between = false;
        out[len++] = (char)c;
    }
    out[len] = '\0';
}
