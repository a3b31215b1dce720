// The bank of one's own signs as the reference's vectors and the library of Standard Webhooks want it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';

import { privateKey, publicText, signV1a, StandardFake } from '../fake/standard.mjs';

const vector = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', seconds: 1614265330, body: '{"test": 2432232314}' };

test('the vectors of the reference come out as they stand there', () => {
  const fake = new StandardFake({});
  fake.secrets = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'];
  assert.equal(fake.sign(vector.id, vector.body, { at: vector.seconds })['webhook-signature'],
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  const key = privateKey('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
  assert.equal(publicText(key), 'whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=');
  assert.equal(signV1a(key, vector.id, vector.seconds, vector.body),
    'v1a,fldxM4gAKugP6nnt1hdz3sgGfZ6d99nzrMFnZOELIxbzEHoVmAb2ADpkJK7zgPePmPsle0zV9jSeGlHFG2NVAw==');
});

test('the library takes what the bank signs, and nothing that was changed', () => {
  const fake = new StandardFake({}), body = '{"type":"payment.paid"}', headers = fake.sign('msg_1', body);
  assert.deepEqual(new Webhook(fake.secrets[0]).verify(body, headers), { type: 'payment.paid' });
  assert.throws(() => new Webhook(fake.secrets[0]).verify(`${body} `, headers));
});
