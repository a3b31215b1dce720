#include "app/demo_seed.h"

#include "domain/calendar.h"

#include <stdio.h>

/* A small mixing function: what is "random" here must be the same on every machine. */
static uint32_t mix(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7feb352dU;
    x ^= x >> 15;
    x *= 0x846ca68bU;
    return x ^ (x >> 16);
}

static uint32_t draw(int person, int what, uint32_t below)
{
    return mix((uint32_t)person * 31U + (uint32_t)what * 7919U + 17U) % below;
}

static const char *const women[] = {
    "Anna",     "Katarzyna", "Maria",    "Małgorzata", "Agnieszka",  "Barbara", "Ewa",
    "Krystyna", "Magdalena", "Elżbieta", "Joanna",     "Aleksandra", "Zofia",   "Monika",
    "Teresa",   "Natalia",   "Julia",    "Karolina",   "Danuta",     "Łucja",   "Świętosława"};
static const char *const men[] = {
    "Piotr",   "Krzysztof", "Andrzej", "Tomasz",  "Jan",      "Paweł",  "Michał",
    "Marcin",  "Stanisław", "Jakub",   "Adam",    "Marek",    "Łukasz", "Grzegorz",
    "Mateusz", "Wojciech",  "Mariusz", "Dariusz", "Zbigniew", "Jerzy",  "Przemysław"};
/* Family names with the ending they take for a woman where it differs. */
static const struct {
    const char *man, *woman;
} families[] = {{"Nowak", "Nowak"},
                {"Kowalski", "Kowalska"},
                {"Wiśniewski", "Wiśniewska"},
                {"Wójcik", "Wójcik"},
                {"Kowalczyk", "Kowalczyk"},
                {"Kamiński", "Kamińska"},
                {"Lewandowski", "Lewandowska"},
                {"Zieliński", "Zielińska"},
                {"Szymański", "Szymańska"},
                {"Woźniak", "Woźniak"},
                {"Dąbrowski", "Dąbrowska"},
                {"Kozłowski", "Kozłowska"},
                {"Mazur", "Mazur"},
                {"Jankowski", "Jankowska"},
                {"Kwiatkowski", "Kwiatkowska"},
                {"Krawczyk", "Krawczyk"},
                {"Piotrowski", "Piotrowska"},
                {"Grabowski", "Grabowska"},
                {"Pawłowski", "Pawłowska"},
                {"Michalski", "Michalska"},
                {"Król", "Król"},
                {"Wieczorek", "Wieczorek"},
                {"Jabłoński", "Jabłońska"},
                {"Wróbel", "Wróbel"},
                {"Majewski", "Majewska"},
                {"Olszewski", "Olszewska"},
                {"Stępień", "Stępień"},
                {"Malinowski", "Malinowska"},
                {"Jaworski", "Jaworska"},
                {"Górski", "Górska"},
                {"Sikora", "Sikora"},
                {"Rutkowski", "Rutkowska"},
                {"Baran", "Baran"},
                {"Żak", "Żak"},
                {"Ćwik", "Ćwik"},
                {"Brzęczyszczykiewicz", "Brzęczyszczykiewicz"}};

static const struct {
    const char *kind, *number, *product;
    int32_t least, most; /* whole currency units */
    uint32_t parts;
} debts[] = {
    {"instalment", "POZ/%d/%02d", "Pożyczka gotówkowa, rata %d z 24", 180, 900, 24},
    {"instalment", "KRD/%d/%02d", "Kredyt na meble, rata %d z 12", 90, 450, 12},
    {"instalment", "LEA/%d/%02d", "Leasing samochodu, rata %d z 36", 700, 2400, 36},
    {"premium", "POL/%d/%02d", "Ubezpieczenie OC, składka %d z 4", 120, 640, 4},
    {"premium", "DOM/%d/%02d", "Ubezpieczenie mieszkania, składka %d z 2", 80, 310, 2},
    {"invoice", "FV/%d/%02d", "Internet i telewizja, miesiąc %d", 49, 139, 11},
    {"invoice", "EN/%d/%02d", "Energia elektryczna, okres %d", 95, 620, 6},
};

enum { DEBT_KINDS = sizeof(debts) / sizeof(debts[0]) };
#define COUNT_OF(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

/* Days from today to the due date: most lie just around it, so that something happens on each day
 * the clock is moved on; some are long over, some not yet near. */
static int32_t due_in_days(int person)
{
    uint32_t group = draw(person, 1, 10);
    if (group < 4)
        return (int32_t)draw(person, 2, 8); /* this week */
    if (group < 6)
        return (int32_t)draw(person, 3, 18) + 8;
    if (group < 9)
        return -(int32_t)draw(person, 4, 16) - 1;
    return -(int32_t)draw(person, 5, 30) - 17; /* its ladder is over */
}

static void write_name(struct buf *csv, int person)
{
    bool is_woman = draw(person, 6, 2) == 0;
    uint32_t family = draw(person, 7, COUNT_OF(families));
    buf_printf(csv, "%s %s",
               is_woman ? women[draw(person, 8, COUNT_OF(women))]
                        : men[draw(person, 9, COUNT_OF(men))],
               is_woman ? families[family].woman : families[family].man);
}

/* No number of Poland begins with 990: it is neither an area code nor a mobile prefix. */
static void write_contacts(struct buf *csv, int person)
{
    uint32_t reach = draw(person, 10, 10); /* most have both; some only one */
    if (reach != 0)
        buf_printf(csv, "+48 990 %03u %03u", 100 + (unsigned)person / 1000,
                   (unsigned)person % 1000);
    buf_add_char(csv, ';');
    if (reach != 1)
        buf_printf(csv, "klient%04d@example.com", person);
    buf_add_char(csv, ';');
    uint32_t language = draw(person, 11, 20);
    buf_add_str(csv, language < 17 ? "pl" : language < 19 ? "uk" : "en");
    buf_add_char(csv, ';');
}

/* Some owe twice, for the same day: such debts share their messages. */
static bool owes_twice(int person)
{
    return draw(person, 18, 12) == 0;
}

static void write_debt(struct buf *csv, int person, int32_t today, int which)
{
    uint32_t kind = (draw(person, 12, DEBT_KINDS) + (uint32_t)which) % DEBT_KINDS;
    struct date due = date_from_days(today + due_in_days(person));
    struct date issued = date_add_days(due, -14 - (int32_t)draw(person, 13, 7));
    if (date_to_days(issued) > today)
        issued = date_from_days(today);
    int32_t units = debts[kind].least +
                    (int32_t)draw(person, 14, (uint32_t)(debts[kind].most - debts[kind].least));
    char issue_text[11], due_text[11];
    date_print(issued, issue_text);
    date_print(due, due_text);
    char number[40], product[120];
    int part = 1 + (int)draw(person, 15, debts[kind].parts);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(number, sizeof(number), debts[kind].number, 10000 + person, part);
    snprintf(product, sizeof(product), debts[kind].product, part);
#pragma GCC diagnostic pop
    buf_printf(csv, "%s;%s;\"%s\";%d,%02u;PLN;%s;%s\n", number, debts[kind].kind, product,
               (int)units, (unsigned)draw(person, 16, 100), issue_text, due_text);
}

void demo_seed_write(int32_t today, struct buf *csv)
{
    buf_add_str(csv, "Nr klienta;Nazwa;Telefon;E-mail;Język;Numer faktury;Rodzaj;Produkt;Kwota;"
                     "Waluta;Data wystawienia;Termin płatności\n");
    for (int person = 1; person <= DEMO_SEED_COUNT; ++person) {
        for (int which = 0; which <= owes_twice(person); ++which) {
            buf_printf(csv, "K-%05d;", 10000 + person);
            write_name(csv, person);
            buf_add_char(csv, ';');
            write_contacts(csv, person);
            write_debt(csv, person, today, which);
        }
    }
}
