#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Random changes of the configuration by several processes, while sessions begin, run and end, harm nothing: no report of the kernel, nothing
# hangs, the session of another target goes on, and all can be removed. On the debug kernel five minutes, elsewhere some seconds (in check-all
# a minute). FUZZ_SECONDS, FUZZ_SEED: see make fuzz-kernel.
# processors: 2
# link: rxe: what is fuzzed is above the driver
# needs: conformance

case " $* ${KVER:-}" in
*debug*) default=300 ;;
*)	default=${ISER_TGT_IN_FULL:+60} ;;
esac
fuzz=${FUZZ_SECONDS:-${default:-10}}
seconds=$((fuzz * 2 + 400))
machine="--append iser_tgt.fuzz=$fuzz,${FUZZ_SEED:-$((RANDOM * 32768 + RANDOM))}"
. "$(dirname "$0")/../in-guest"
. /src/tools/testing/vm/guest/memory.sh

IFS=, read -r fuzz seed <<<"$(sed -n 's/.*iser_tgt.fuzz=\([0-9,]*\).*/\1/p' /proc/cmdline)"
[ -n "$seed" ] || bail "how long?"
note "seed $seed, $fuzz s"
alone || bail "no RDMA device"
works "a target that does not change" simple_target rd 16 || bail "no target"
works "backstores" eval 'backstore a rd 8 && backstore b file 8' || bail "no backstores"
echo 0 >/sys/module/iser_tgt/parameters/login_rate_per_peer
held=$(rdma_holds)

/src/tools/testing/fuzz/kernel/configfs --target "$IP:$PORT" --iqn "$IQN" --store "$(backstore_dir a)" --store "$(backstore_dir b)" \
	--seconds "$fuzz" --seed "$seed" --patience $((2 * SLOW)) >"$HERE/configfs.out" 2>&1
status=$?
out=$(cat "$HERE/configfs.out")
note "$out"
field() { sed -n "s/^$1=//p" <<<"$out"; }
# at_least NUMBER FIELD
at_least() { if [ "$(field "$2")" -ge "$1" ]; then ok "... $(field "$2") $2"; else not_ok "there were $2" "$(field "$2")"; fi; }
is $status 0 "random changes of the configuration (seed $seed)"
at_least $((fuzz * 10)) changes
at_least 1 logins
at_least 1 commands
at_least 1 verified
is "$(cd "$CFS/iser" && echo *)" "discovery_auth $IQN version" "all targets that changed could be removed"
nothing_held() { [ "$(rdma_holds)" = "$held" ]; }
works "no more RDMA resources than before" wait_for 20 "the end of all sessions" nothing_held || note "$(rdma_holds)" "$held"
works "all is removed" remove_all
done_testing
