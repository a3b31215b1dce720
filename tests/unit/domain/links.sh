#!/bin/sh
# The domain links with libc, OpenSSL's digests and nothing else: no I/O, no clock, no JSON, no log.
#
#     links.sh libdunlin_domain.a libdunlin_base.a libc.so.6
#
# Every name the domain leaves open must be in base's spans, errors, buffers and crypto, or in libc
# and not on the list of what reaches outside; what base's crypto leaves open in turn must be
# OpenSSL's digests, MACs, checks of signatures, comparison, randomness and wiping.
set -eu
export LC_ALL=C
domain=$1 base=$2 libc=$3
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

# The compiler's own helpers and the sanitizers are nobody's dependency.
open_names() {
    nm -u "$@" | awk '$1 == "U" { print $2 }' |
        grep -v -E '^__(asan|ubsan|sanitizer|sancov|gcov|tsan)_|^__(u|)(div|mod)ti3$|^_GLOBAL_OFFSET_TABLE_$' | sort -u
}
defined_names() {
    nm --defined-only "$@" | awk 'NF == 3 && $2 ~ /[TDRBVW]/ { print $3 }' | sort -u
}

cd "$room"
ar x "$base" buf.c.o err.c.o crypto.c.o
defined_names buf.c.o err.c.o crypto.c.o >allowed_base
defined_names "$domain" >own
nm -D --defined-only "$libc" | awk '{ print $NF }' | sed 's/@.*//' | sort -u >libc_all
printf '%s\n' open openat read write close fopen fread fwrite fprintf printf puts socket connect \
    send recv time gettimeofday clock_gettime localtime localtime_r gmtime_r mktime tzset getenv \
    system fork execve random rand sleep usleep nanosleep pthread_create random_bytes | sort >outside
sort -u allowed_base own libc_all >known

open_names "$domain" >wanted
wrong=$(comm -23 wanted known; comm -12 wanted outside)
digests='^(EVP_(md5|sha1|sha256|sha384|sha512)|EVP_Digest|EVP_Digest(Init_ex|Update|Final_ex)|EVP_MD_CTX_(new|free)|EVP_DigestVerify(Init)?|EVP_PKEY_(new_raw_public_key|free)|HMAC|SHA256_(Init|Update|Final)|CRYPTO_memcmp|RAND_bytes|OPENSSL_cleanse)$'
wrong="$wrong $(open_names crypto.c.o | comm -23 - libc_all | grep -v -E "$digests" || true)"
if [ -n "$(echo $wrong)" ]; then
    echo "the domain reaches for:" $wrong >&2
    exit 1
fi
echo "$(wc -l <wanted) open names, all of base, libc or OpenSSL's digests"
