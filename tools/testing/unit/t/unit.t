#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The protocol in user space: cmocka under ASan and UBSan, with its coverage; and the fuzzers, on their corpus and then for some seconds each.
# FUZZ_SECONDS: how long each (10).

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/../vm/lib.sh"
set +e
OUT=$(mktemp)
# shellcheck source=tools/testing/tap.sh
. "$here/../tap.sh"
trap 'came_to_its_end; rm -f "$OUT"' EXIT

works "make check-unit" make -s -C "$TOP" check-unit
note "$(grep -E 'coverage  iscsi/|passed|failed' "$OUT")"
cd "$here/../fuzz" || bail "no fuzzers"
works "the fuzzers: corpus, then ${FUZZ_SECONDS:-10} s each" in_root unit make --no-print-directory check "SECONDS_EACH=${FUZZ_SECONDS:-10}"
note "$(cat "$OUT")"
done_testing
