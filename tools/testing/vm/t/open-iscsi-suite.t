#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# open-iscsi's own tests over iSER: for digests, InitialR2T, ImmediateData and lengths of bursts and segments, a login, a partition, reads, writes
# and verified writes of fio, and bonnie++ on a file system. expect/open-iscsi-suite has what each login has to negotiate.
# SUBTESTS: those of each of the six tests, N or N-M (6); "1-16" is all of the matrix, three quarters of an hour.
# needs: open-iscsi-tests
# all: four minutes, for what conformance tests cover at the login, and io.t in the data

seconds=600
[ -z "${SUBTESTS:-}" ] || seconds=6000
machine="--append iser_tgt.subtests=${SUBTESTS:-6}"
. "$(dirname "$0")/../in-guest"

subtests=$(sed -n 's/.*iser_tgt.subtests=\([^ ]*\).*/\1/p' /proc/cmdline)
expect=/src/tools/testing/vm/expect/open-iscsi-suite
work=/tmp/suite
# a file system with 1024 files and a file of 4 MiB, where bonnie++ would make 10240 and 16
export BONNIEPARAMS="-r0 -n1:0:0 -s4 -uroot -f -q"

# The tests call iscsiadm by its name. This one, found first, writes what each login has negotiated to $work/logins.
noting_logins() {
	cat >/usr/local/sbin/iscsiadm <<-'END'
		#!/bin/bash
		chrt -f 10 /usr/sbin/iscsiadm "$@"
		status=$?
		case " $* " in *' --login '*)
			echo "$(cat /sys/class/iscsi_session/session*/{initial_r2t,immediate_data,first_burst_len,max_burst_len} \
				/sys/class/iscsi_connection/connection*/{header_digest,data_digest,max_recv_dlength} | paste -sd ' ')" >>/tmp/suite/logins ;;
		esac
		exit $status
	END
}
# expected TEST : a line for each of the subtests, as in $work/logins
expected() {
	awk -v test="$1" -v subtests="$subtests" '
		$1 == "test" && $2 == test { r2t = $3; immediate = $4; header = $5; data = $6 }
		$1 == "subtest" { first[$2] = $3; max[$2] = $4; segment[$2] = $5 }
		END {
			n = split(subtests, part, "-")
			for (i = part[1]; i <= part[n]; i++) print r2t, immediate, first[i], max[i], header, data, segment[i]
		}' "$expect"
}
suite_test() {
	(cd $work && python3 ./test-open-iscsi.py -v -t "$IQN" -i "$IP:$PORT" -D /dev/sda -B "4k" -s "$subtests" "TestRegression.$1") || return
	# a harness that skips each subtest ends well, too
	[ "$(grep -c '^Running subtest' /tmp/out)" -eq "$(wc -l <$work/logins)" ]
}

alone || bail "no RDMA device"
simple_target rd 64 && modprobe ext4 || bail "no target"
start_initiator || bail "no iscsid"
discover >/dev/null
cp -r /src/build/open-iscsi-tests $work && noting_logins || bail "no tests"
mapfile -t names < <(sed -n 's/^    def \(test_[A-Za-z0-9_]*\).*/\1/p' $work/harness/tests.py | sort)
is "${names[*]}" "$(awk '$1 == "test" { print $2 }' $expect | sort | paste -sd ' ')" "the list is about the tests there are"
is "$(grep -c '^ *\(cls.param_values = \[\)\?\[[0-9]*, [0-9]*, [0-9]*\]' $work/harness/tests.py)" "$(grep -c ^subtest $expect)" "... and about their subtests"
for name in "${names[@]}"; do
	: >$work/logins
	SECONDS=0
	works "$name, subtests $subtests" suite_test "$name"
	note "$SECONDS s"
	is "$(cat $work/logins)" "$(expected "$name")" "... and its logins negotiate what they should"
done
works "the initiator stops" stop_initiator
works "all is removed" remove_all
done_testing
