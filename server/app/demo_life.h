/* What a newcomer should find already under way: among the fictional debts some paid, part paid,
 * refused, refunded, charged back, on their way, in a plan, disputed, with a revoked link. All by
 * the routes that a customer, the bank and the creditor would take. */
#ifndef DUNLIN_APP_DEMO_LIFE_H
#define DUNLIN_APP_DEMO_LIFE_H

struct bank;
struct world;

/* Begins; goes on by itself, one debt after the other, and ends by itself. What fails is left out.
 */
void demo_life_begin(struct world *, struct bank *);

#endif
