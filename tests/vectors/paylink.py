"""Makes paylink.json from the description in server/domain/sealed.h, with nothing of ours but that
description: python3 tests/vectors/paylink.py > tests/vectors/paylink.json"""

import hmac, json

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
KEYS = {0: bytes(range(32)).hex(), 3: "5a" * 32, 15: "c0ffee" + "11" * 29}


def mac(key, message):
    return hmac.new(key, message, "sha256").digest()


def code(number, purpose, customer_id, link_no):
    master, no = bytes.fromhex(KEYS[number]), bytes([number])
    payload = customer_id << 19 | link_no
    tag = mac(mac(master, b"dunlin %s mac" % purpose), no + payload.to_bytes(7, "big"))[:6]
    pad = mac(mac(master, b"dunlin %s cover" % purpose), no + tag)
    covered = payload ^ int.from_bytes(pad[:7], "big") >> 1
    value = int.from_bytes(tag, "big") << 59 | covered << 4 | (number ^ tag[5] & 15)
    text = ""
    for _ in range(18):
        value, digit = divmod(value, 62)
        text = DIGITS[digit] + text
    return text


IDS = [(0, 0), (1, 1), (1, 2), (2, 1), (500, 1), (123456789, 42), (2**36 - 1, 2**19 - 1)]
print(json.dumps([
    {"key_number": n, "key": KEYS[n], "purpose": p, "customer_id": c, "number": no,
     "code": code(n, p.encode(), c, no)}
    for n in KEYS for p in ("paylink", "payment") for c, no in IDS], indent=1))
