#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Random and mutated PDUs, and random changes of the configuration, harm nothing: no report of the kernel, other initiators log in, all that
# sessions held is given back. On the debug kernel ten minutes with coverage of the module, elsewhere some seconds (in check-all a minute).
# FUZZ_SECONDS, FUZZ_SEED: see make fuzz-kernel. Inputs that reach new blocks are left in the log's directory, in vm/kept.
# processors: 2
# link: rxe: what is fuzzed is above the driver
# needs: conformance

case " $* ${KVER:-}" in
*debug*) default=600 machine=--cover ;;
*)	default=${ISER_TGT_IN_FULL:+60} machine= ;;
esac
fuzz=${FUZZ_SECONDS:-${default:-12}}
seconds=$((fuzz * 2 + 400))
machine+=" --append iser_tgt.fuzz=$fuzz,${FUZZ_SEED:-$((RANDOM * 32768 + RANDOM))}"
. "$(dirname "$0")/../in-guest"
. /src/tools/testing/vm/guest/memory.sh

IFS=, read -r fuzz seed <<<"$(sed -n 's/.*iser_tgt.fuzz=\([0-9,]*\).*/\1/p' /proc/cmdline)"
[ -n "$seed" ] || bail "how long?"
note "seed $seed, $fuzz s"
fuzzer=/src/tools/testing/fuzz/kernel/pdus
base=iqn.2026-01.org.example open=$base:open listed=$base:listed shown=$base:shown
covered=/src/build/$KVER-cover
if [ -e "$covered/cover.ko" ] && [[ $KVER == *-debug ]]; then
	module() { echo "$covered/iser_tgt.ko"; }
	insmod "$covered/cover.ko" || bail "cover.ko does not load"
fi

# A disk whose content is known, and which no initiator may write.
kept_disk() {
	backstore kept file 8 && head -c $((8 << 20)) /dev/urandom >/tmp/kept.img && sha256sum </tmp/kept.img >/tmp/kept.sum
}
targets() {
	local dir name
	load_target && backstore memory rd 16 && backstore file file 16 && backstore block brd 16 && kept_disk || return
	echo 1 >"$(backstore_dir block)/attrib/emulate_tpu"
	echo 1 >"$(backstore_dir file)/attrib/emulate_tpws"
	make_target "$open" memory file block && make_target "$listed" memory kept && make_target "$shown" kept || return
	echo 1 >"$(tpg "$shown")/attrib/demo_mode_write_protect"
	dir=$(tpg "$listed")
	echo 0 >"$dir/attrib/generate_node_acls"
	mkdir "$dir/acls/$base:c" && mkdir "$dir/acls/$base:c/lun_0" "$dir/acls/$base:c/lun_1" &&
		ln -s "$dir/lun/lun_0" "$dir/acls/$base:c/lun_0/default" && ln -s "$dir/lun/lun_1" "$dir/acls/$base:c/lun_1/default" &&
		echo 1 >"$dir/acls/$base:c/lun_1/write_protect" || return
	for name in "$open" "$listed" "$shown"; do
		add_portal "$name" "$IP:$PORT" && enable "$name" || return
	done
	echo 0 >/sys/module/iser_tgt/parameters/login_rate_per_peer
}
alone || bail "no RDMA device"
works "targets" targets || bail "no target"

field() { sed -n "s/^$1=//p" <<<"$out"; }
no_sessions_left() { [ -z "$(cat "$CFS"/iser/iqn.*/tpgt_*/{sessions,logins,dynamic_sessions} | tr -d '\0\n')" ]; }
pdus() { "$fuzzer" --target "$IP:$PORT" --out "$HERE/kept" "$@"; }

# What the first sessions leave behind for good is there before memory is counted.
out=$(pdus --seconds 1 --seed 1 2>&1) || note "$out"
wait_for 20 "the end of all sessions" no_sessions_left
before=$(kernel_memory) held=$(rdma_holds)

pdus --seconds "$fuzz" --seed "$seed" >"$HERE/pdus.out" 2>&1
status=$?
out=$(cat "$HERE/pdus.out")
note "$out"
is $status 0 "random and mutated PDUs (seed $seed)"
if [ "$(field pdus)" -gt $((fuzz * 5)) ]; then ok "... $(field pdus) PDUs of $(field executions) inputs in $(field seconds) s"; else not_ok "there were PDUs" "$(field pdus)"; fi
if [ -d /sys/kernel/debug/iser_tgt_cover ]; then
	if [ "$(field blocks)" -gt 1000 ]; then
		ok "... $(field blocks) of $(cat "$covered/blocks") blocks have run, $(field blocks_of_corpus) by the corpus; $(field kept) inputs reached new ones"
	else not_ok "blocks of the module have run" "$(field blocks)"; fi
fi
if [ "$(field worst_login_ms)" -lt $((5000 * SLOW)) ]; then ok "... another initiator logs in meanwhile ($(field worst_login_ms) ms)"; else not_ok "another initiator logs in" "$(field worst_login_ms) ms"; fi
is "$(field silent)" 0 "... each ping is answered or the connection ends"
works "no session is left" wait_for 20 "the end of all sessions" no_sessions_left || note "$(grep . "$CFS"/iser/iqn.*/tpgt_*/{sessions,logins})"
is "$(sha256sum </tmp/kept.img)" "$(cat /tmp/kept.sum)" "a disk that no initiator may write is unchanged"
is "$(rdma_holds)" "$held" "no more RDMA resources than before"
# KASAN keeps freed memory for a while
kept=4096 grown=$(($(kernel_memory) - before))
case $KVER in
*-debug) note "kernel memory: $grown KiB more" ;;
*)	if [ $grown -lt $kept ]; then ok "kernel memory is given back: $grown KiB more (allowed: $kept)"; else not_ok "kernel memory is given back" "$grown KiB more (allowed: $kept)"; fi ;;
esac

works "all is removed" remove_all
done_testing
