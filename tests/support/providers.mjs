// One row a provider, for the tests of what is the same at all of them. A new provider is a new row.
//   Fake          its other side
//   Spare         another one, behind it in the settings
//   blik          codes: { right, wrong }; nothing where it takes none on our page
//   nodsAlone     its fake's customers confirm a right code by themselves
//   takesParts    what was paid may be less than was asked for, and counts
//   tellsFailure  it says so when a payment by redirect comes to nothing
//   findsOurs     it can be asked by our reference, when its own id was never heard
//   tellsRefunds  each refund made there is told by a message of its own
//   namesItself   its messages name the id that it can be asked by
//   saysPaid      asked about a payment, it names what was paid
//   asksRefunds   it can be asked what became of a refund
//   goesHalfway   it is asked twice for a BLIK code and for a refund: what it will be known by is on disk between
//   confirms      its money is ours once we have confirmed it
import { AdyenFake } from '../fake/adyen.mjs';
import { PayuFake } from '../fake/payu.mjs';
import { Przelewy24Fake } from '../fake/przelewy24.mjs';
import { StandardFake } from '../fake/standard.mjs';
import { StripeFake } from '../fake/stripe.mjs';
import { TpayFake } from '../fake/tpay.mjs';

const usual = { takesParts: true, tellsFailure: true, findsOurs: true, tellsRefunds: true, saysPaid: true, namesItself: true, asksRefunds: true };

export const providers = [
  { ...usual, name: 'stripe', Fake: StripeFake, Spare: StandardFake },
  { ...usual, name: 'payu', Fake: PayuFake, Spare: StripeFake, blik: { right: '777123', wrong: '700702' }, findsOurs: false },
  { ...usual, name: 'przelewy24', Fake: Przelewy24Fake, Spare: StripeFake, blik: { right: '777123', wrong: '111111' },
    takesParts: false, tellsFailure: false, confirms: true },
  { ...usual, name: 'tpay', Fake: TpayFake, Spare: StripeFake, blik: { right: '777123', wrong: '111111' }, tellsFailure: false,
    findsOurs: false, tellsRefunds: false, namesItself: false, goesHalfway: true },
  { ...usual, name: 'adyen', Fake: AdyenFake, Spare: StripeFake, findsOurs: false, saysPaid: false, asksRefunds: false },
  { ...usual, name: 'standard', Fake: StandardFake, Spare: StripeFake, blik: { right: '777123', wrong: '700702' }, nodsAlone: true },
];

// Przelewy24 wants an address to write to.
export const settings = { creditor: { email: 'office@bank.example' } };
