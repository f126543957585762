#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The protocol in user space: cmocka under ASan and UBSan, with its coverage; and the fuzzers, on their corpus and then for some seconds each.
# FUZZ_SECONDS: how long each (10).

. "$(dirname "$0")/../../host.sh"

works "make check-unit" make -s -C "$TOP" check-unit
note "$(grep -E 'coverage  iscsi/|passed|failed' "$OUT")"
cd "$TOP/tools/testing/fuzz" || bail "no fuzzers"
works "the fuzzers: corpus, then ${FUZZ_SECONDS:-10} s each" in_root unit make --no-print-directory check "SECONDS_EACH=${FUZZ_SECONDS:-10}"
note "$(cat "$OUT")"
done_testing
