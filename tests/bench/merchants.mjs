// Who we are at each provider that wants to know it. Przelewy24's is its fake's.
export const merchants = { payu: '300746', przelewy24: '999999', tpay: '123912', adyen: 'ExampleMerchantPL' };
