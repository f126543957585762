#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# make check starts the next test as soon as one has ended, even while a third writes to standard error, which is passed on.

. "$(dirname "$0")/../../host.sh"

vm=$work/tools/testing/vm tests=$work/tools/testing/some/t
mkdir -p "$vm" "$tests"
cp "$VM_DIR/check" "$vm/"
echo 'main suite userspace' >"$vm/lines"
printf '#!/bin/sh\necho 7.3.0\n' >"$vm/release"
printf '#!/bin/sh\n' >"$vm/deps"
chmod +x "$vm"/*
# shellcheck disable=SC2016 # for the tests to expand
# the first test waits for the last one to start
begins=': >"${0%.t}.begun"'
# shellcheck disable=SC2016
printf '%s\n' "$begins" 'echo noise >&2; for _ in {1..100}; do [ ! -e "${0%/*}/4.begun" ] || break; sleep 0.1; done; echo ok 1; echo 1..1' >"$tests/1.t"
for n in 2 3 4; do printf '%s\n' "$begins" 'echo ok 1; echo 1..1' >"$tests/$n.t"; done
began=${EPOCHREALTIME/./}
works "four tests, two at a time" env -u ALL -u TEST -u KVER -u LINK ISER_TGT_CACHE="$work" JOBS=2 "$vm/check"
took=$(((${EPOCHREALTIME/./} - began) / 1000))
like "$(cat "$OUT")" '^4 passed, 0 failed' "... all pass"
like "$(cat "$OUT")" '^noise' "... and what one said is there"
if [ $took -lt 8000 ]; then ok "... the last one began while the first one ran ($took ms)"; else not_ok "... the last one began while the first one ran" "$took ms"; fi
done_testing
