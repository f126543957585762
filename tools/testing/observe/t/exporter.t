#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# iser-tgt-exporter on trees of plain files, with the prometheus_client of each Debian: the numbers are those of the files, what a module does not have
# is absent, promtool has no complaint; the manual page, the alert rules and the dashboard name metrics that are exported, and the manual names all.

. "$(dirname "$0")/../lib.sh"

man=$TOP/Documentation/man/iser-tgt-exporter.8
rules=$TOP/configfs/observe/prometheus-rules.yml
dashboard=$TOP/configfs/observe/grafana-dashboard.json
# value NAME LABEL=VALUE... : of the sample with these labels among its own; in the last output
value() {
	local name=$1 label found
	found=$(grep -E "^$name(\{| )" "$work/prom")
	for label in "${@:2}"; do found=$(grep -F "${label%%=*}=\"${label#*=}\"" <<<"$found"); done
	[ "$(grep -c . <<<"$found")" -le 1 ] || { echo "several: $found"; return; }
	sed -E 's/.* ([^ ]+)$/\1/; s/\.0$//' <<<"$found"
}
families() { sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' "$1" | sort; }
exports() { exporter "$@" >"$work/prom" 2>"$work/err"; }
clean() { promtool check metrics <"$work/prom" >"$OUT" 2>&1 && [ ! -s "$OUT" ]; }

# --- a module with all files ---
new_tree
for ROOT in exporter-bookworm prometheus; do
	about=$ROOT
	works "metrics" exports || bail "no metrics" "$(cat "$work/err")"
	works "promtool has no complaint" clean || note "$(cat "$OUT")"
	cp "$work/prom" "$work/$ROOT.prom"
done
about=
session_of=$(sed -n 1p "$tree$debug/sessions")
file "$debug/sessions" "${session_of/$INITIATOR/$'iqn.2026-01.org.example:\xc4\x80'}"
works "metrics in a locale of 8 bits, with a name that it lacks" in_root prometheus env PYTHONIOENCODING=latin-1 python3 -B "$TOP/configfs/iser-tgt-exporter" --root "$tree" || note "$(cat "$OUT")"
cp "$OUT" "$work/latin"
works "... are UTF-8" grep -q $'initiator="iqn.2026-01.org.example:\xc4\x80"' "$work/latin"
new_tree
works "... both are the same" diff "$work/exporter-bookworm.prom" "$work/prometheus.prom"
is "$(families "$work/prom")" "$(grep -oE '\biser_tgt_[a-z0-9_]+\b' "$man" | sort -u)" "the manual page has all metrics, and no other"
is "$(value iser_tgt_up)" 1 "up"
is "$(value iser_tgt_module_info version=0.1 srcversion=0123456789ABCDEF)" 1 "module"
is "$(value iser_tgt_portal_up portal=192.0.2.1:3260) $(value iser_tgt_portal_up 'portal=[2001:db8::1]:3260')" "1 0" "portals that listen, and wait"
is "$(value iser_tgt_tpg_enabled tpg=1) $(value iser_tgt_tpg_draining tpg=1)" "1 0" "portal group"
is "$(value iser_tgt_session_commands_total sid=1 initiator=$INITIATOR target=$IQN tpg=1)" 1000 "commands of a session"
is "$(value iser_tgt_session_commands_total sid=2)" 0 "... of one without"
is "$(value iser_tgt_session_written_bytes_total sid=1)" 8.192e+06 "... bytes"
is "$(value iser_tgt_session_depth sid=2) $(value iser_tgt_session_window sid=2) $(value iser_tgt_session_in_flight sid=1)" "128 16 5" "... window"
is "$(value iser_tgt_session_oldest_command_seconds sid=1)" 0.012 "... the oldest command, in seconds"
is "$(for kind in check_condition busy task_set_full reservation_conflict; do value iser_tgt_session_responses_failed_total sid=1 status=$kind; done | paste -sd ' ')" \
	"1 2 3 4" "... failed responses"
is "$(for kind in abort_task lun_reset other; do value iser_tgt_session_task_management_total sid=1 function=$kind; done | paste -sd ' ')" "7 8 9" "... task management"
is "$(for name in aborted rejects task_management_failed immediate_commands credit_waits pool_misses parked window_full; do
	value "iser_tgt_session_${name}_total" sid=1; done | paste -sd ' ')" "5 6 10 11 12 13 14 15" "... other counters"
is "$(value iser_tgt_session_info sid=1 peer=192.0.2.2:41001 device=mlx5_0/1 acl=static auth=CHAP)" 1 "... who it is"
is "$(grep -c '^iser_tgt_session_info' "$work/prom") $(value iser_tgt_discovery_sessions)" "2 1" "a discovery session is counted apart"
is "$(value iser_tgt_lun_commands_total lun=0) $(value iser_tgt_lun_read_bytes_total lun=0) $(value iser_tgt_lun_written_bytes_total lun=0)" \
	"700 3.145728e+06 9.437184e+06" "a LUN's commands and bytes"
is "$(value iser_tgt_lun_info lun=0 backstore=iblock_0/disk device=/dev/mapper/slow) $(value iser_tgt_lun_info lun=1 backstore=rd_mcp_0/ram)" "1 1" "... its backstore"
is "$(value iser_tgt_lun_in_flight lun=0) $(value iser_tgt_lun_oldest_command_seconds lun=0) $(value iser_tgt_lun_suspended lun=0) $(value iser_tgt_lun_suspended lun=1)" \
	"5 0.012 0 " "... what it does"
is "$(value iser_tgt_logins_refused_total 'reason=no ACL for the initiator') $(value iser_tgt_sessions_ended_total 'reason=keepalive timeout')" "4 1" "refusals and ends"
is "$(value iser_tgt_logins_pending) $(value iser_tgt_logins_pending_limit) $(value iser_tgt_logins_pending_bytes)" "3 1024 65536" "pending logins"
is "$(value iser_tgt_target_logins_accepted_total) $(value iser_tgt_target_logins_failed_total kind=authenticate) $(value iser_tgt_target_logouts_total kind=abnormal)" \
	"20 3 6" "fabric_statistics"
is "$(value iser_tgt_port_errors_total counter=out_of_sequence) $(value iser_tgt_port_errors_total counter=port_rcv_errors) $(grep -c '^iser_tgt_port_errors_total' "$work/prom")" \
	"17 2 2" "a device's counters of trouble, and of nothing else"
is "$(value iser_tgt_vector_data_buffers_bytes) $(value iser_tgt_vector_receive_buffers) $(value iser_tgt_vector_pool_misses_total) $(value iser_tgt_device_connections)" \
	"131072 80 12 2" "a device's vectors"
is "$(value iser_tgt_cq_idle_seconds cq=0) $(value iser_tgt_cq_busy cq=0)" "0.004 0" "... and completion queues"

# --- histograms: 100 of 16.4 to 20.5 us, 700 to 24.6, 200 to 28.7 ---
bucket() { value "iser_tgt_$1_bucket" "le=$2" "${@:3}"; }
is "$(for le in 1.6384e-05 2.048e-05 2.4576e-05 2.8672e-05 17.179869184 +Inf; do bucket session_command_seconds $le sid=1 direction=read; done | paste -sd ' ')" \
	"0 100 800 1000 1000 1000" "commands by latency, cumulative"
is "$(value iser_tgt_session_command_seconds_sum sid=1 direction=read) $(value iser_tgt_session_command_seconds_count sid=1 direction=read)" "0.024 1000" "... their sum"
is "$(for le in 8.192e-06 1.6384e-05 3.2768e-05 +Inf; do bucket lun_part_seconds $le lun=0 part=backstore; done | paste -sd ' ')" "0 900 1000 1000" "parts have a bucket for a power of two"
is "$(for le in 8.192e-06 17.179869184 +Inf; do bucket session_part_seconds $le direction=write part=response; done | paste -sd ' ')" "99 99 100" "... and the rest is the last"
is "$(grep -c '^iser_tgt_session_command_seconds_bucket' "$work/prom")" "$((21 * 4 + 2))" "the bounds are the same, whatever there is"
works "without histograms of sessions" exports --no-session-histograms
is "$(grep -c '^iser_tgt_session.*_bucket' "$work/prom") $(grep -c '^iser_tgt_lun_command.*_bucket' "$work/prom")" "0 86" "... those of LUNs are left"
file "$debug/session_latency" "$(latency sid=9 read total 20480:1 20000)"
works "latency of a session that has ended" exports
is "$(grep -c '^iser_tgt_session_command_' "$work/prom")" 0 "... is not shown"

# --- what is not there is not 0 ---
new_tree
rm -r "$tree$debug"/{luns,session_latency,lun_latency,ends,end_counts} "$tree/sys/module/iser_tgt/parameters" "$tree${tpg%/*}/fabric_statistics" "$tree/sys/class/infiniband"
file "$debug/sessions" "$(session 1 $INITIATOR | sed 's/ oldest=.*//')"
file "$debug/devices" 'rxe0 vectors=1' '  vector=0 connections=1 completion_queues=1 idle_data_buffers=0KiB'
works "an older module" exports || note "$(cat "$work/err")"
works "promtool has no complaint" clean || note "$(cat "$OUT")"
is "$(grep -vE '^#' "$work/prom" | grep -E 'oldest|window_full|_ended|latency|part_seconds|command_seconds|_cq_|port_errors|tgt_target_|in_flight.*lun=')" "" "... has none of what it lacks"
is "$(value iser_tgt_session_commands_total sid=1) $(value iser_tgt_vector_idle_data_buffers_bytes)" "1000 0" "... but what it has"
rm -r "$tree$debug"
file "$tpg/sessions" "$(session 7 $INITIATOR | sed 's/target=.*OnData=No //; s/^target=[^ ]* tpg=1 .*TaggedBufferForSolicitedDataOnly=No //')" '# 3 more'
works "without root" exports
is "$(value iser_tgt_session_commands_total sid=7 target=$IQN tpg=1)" 1000 "... sessions are those of configfs"
is "$(grep -c '^iser_tgt_session_info' "$work/prom") $(grep -cE 'refused|pending|discovery' "$work/prom")" "1 0" "... refusals are not known"
rm -r "$tree/sys/module" "$tree/sys/kernel"
works "without the module" exports
is "$(grep -v '^#' "$work/prom")" "iser_tgt_up 0.0" "... there is nothing but that"
new_tree
rm -r "$tree/sys/kernel/config"
works "no target, no configfs" exports
is "$(value iser_tgt_up) $(grep -c portal_up "$work/prom")" "1 0" "... is no portal"

# --- names that a peer chooses ---
new_tree
file "$debug/refusal_counts" '1 a "quote" and a \ backslash' 'nonsense' 'x y'
works "a reason with a quote" exports
works "promtool takes it" clean || note "$(cat "$OUT")"
is "$(grep -c '^iser_tgt_logins_refused_total' "$work/prom")" 1 "... lines without a number are left out"
# U+00A0 and U+2028, which the module takes in names and prints as they are, are blanks and line ends to Python
blank=$'\xc2\xa0' forged=iqn.a:x$'\xe2\x80\xa8'target=$IQN
for word in tpg=1 sid=1 initiator=iqn.a:host commands=7 target=discovery; do forged+=$blank$word; done
file "$debug/sessions" "$(session 1 $INITIATOR)" "$(session 2 "$forged" commands=5)"
file "$debug/session_latency" "$(latency "sid=2 initiator=$forged" read total 20480:1 20000)"
works "a name with blanks and line ends of Unicode" exports
works "promtool takes it" clean || note "$(cat "$OUT")"
is "$(sed -n 's/^iser_tgt_session_commands_total{\(.*\)} .*/\1/p' "$work/prom")" \
	"$(printf 'initiator="%s",sid="%s",target="%s",tpg="1"\n' $INITIATOR 1 $IQN "$forged" 2 $IQN)" "... is that of one session"
is "$(value iser_tgt_session_commands_total sid=1 initiator=$INITIATOR) $(value iser_tgt_session_commands_total sid=2)" "1000 5" "... and makes no other"
is "$(value iser_tgt_session_command_seconds_count sid=2)" 1 "... nor its latency"

# --- the text file ---
new_tree
mkdir "$work/textfile"
works "--textfile" exporter --textfile "$work/textfile/iser_tgt.prom"
is "$(ls -A "$work/textfile")" iser_tgt.prom "... leaves that file alone"
works "... with the same" diff <(exporter) "$work/textfile/iser_tgt.prom"
is "$(stat -c %a "$work/textfile/iser_tgt.prom")" 644 "... which node_exporter may read"
# the old file, open, keeps its text: it was replaced, not written over
exec {old}<"$work/textfile/iser_tgt.prom"
file "$debug/refusal_counts" '77 too many connections'
works "--textfile again" exporter --textfile "$work/textfile/iser_tgt.prom"
is "$(grep -c ' 77.0$' "$work/textfile/iser_tgt.prom") $(grep -c ' 77.0$' <&"$old")" "1 0" "... a reader of the old one is not disturbed"
exec {old}<&-
fails "a name that the collector does not read" exporter --textfile "$work/textfile/iser_tgt.txt"
like "$(cat "$OUT")" 'ends in \.prom' "... is refused"
fails "a directory that is not there" exporter --textfile "$work/nowhere/iser_tgt.prom"
is "$(cat "$OUT")" "iser-tgt-exporter: $work/nowhere/iser_tgt.prom: No such file or directory" "... is said"

# --- HTTP ---
cat >"$work/get.py" <<'ENDS'
import sys, time, urllib.request
for _ in range(200):
    try:
        sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=20).read().decode())
        break
    except OSError as err:
        time.sleep(0.1)
else:
    sys.exit(str(err))
with open('/proc/net/tcp') as file:
    print('listens:', sorted(line.split()[1] for line in file if line.split()[3] == '0A'))
ENDS
# served ARG... : what the exporter serves in a network of its own
served() {
	# shellcheck disable=SC2016 # for the inner shell
	BINDS=--unshare-net in_root "${ROOT:-prometheus}" sh -c '"$@" & python3 "$0"/get.py "$URL"; kill $!' "$work" \
		python3 -B "$TOP/configfs/iser-tgt-exporter" --root "$tree" "$@" >"$work/prom" 2>"$work/err"
}
for ROOT in exporter-bookworm prometheus; do
	about=$ROOT
	URL=http://127.0.0.1:13260/metrics served --listen
	is "$(grep -c . <(grep -F 'iser_tgt_logins_refused_total{reason="too many connections"} 77.0' "$work/prom"))" 1 "--listen serves the metrics" || note "$(cat "$work/err")"
	like "$(cat "$work/prom")" "^listens: \['0100007F:33CC'\]" "... on the loopback address alone"
done
unset ROOT
about=
export URL=http://127.0.0.1:4711/metrics
served --listen 4711
is "$(value iser_tgt_up)" 1 "--listen PORT"
URL='http://[::1]:4712/metrics' served --listen '[::1]:4712'
is "$(value iser_tgt_up)" 1 "--listen [ADDRESS]:PORT" || note "$(cat "$work/err")"
fails "an address of another machine" exporter --listen 192.0.2.77:4711
like "$(cat "$OUT")" '^iser-tgt-exporter: 192\.0\.2\.77 port 4711: ' "... is said"
fails "no port" exporter --listen localhost:http
fails "Python without prometheus_client" in_root rtslib-trixie python3 -B "$TOP/configfs/iser-tgt-exporter"
like "$(cat "$OUT")" 'apt-get install python3-prometheus-client$' "... says what to install"

# --- rules and dashboard ---
cp "$rules" "$here/rules.yml" "$work/"
works "alert rules" promtool check rules "$rules"
works "... with their tests" promtool test rules "$work/rules.yml" || note "$(cat "$OUT")"
is "$(grep -oE 'alertname: \w+' "$here/rules.yml" | sed 's/.* //' | sort -u)" "$(sed -n 's/^ *- alert: //p' "$rules" | sort)" "... each alert has one"
# a rule that never fires fails its test
sed 's/oldest_command_seconds > 30/oldest_command_seconds > 300/' "$rules" >"$work/prometheus-rules.yml"
fails "... a test of a rule that is wrong fails" promtool test rules "$work/rules.yml"
works "dashboard" "$here/queries" "$dashboard"
cp "$OUT" "$work/queries"
if [ "$(wc -l <"$work/queries")" -gt 30 ]; then ok "... has $(wc -l <"$work/queries") queries"; else not_ok "... has queries" "$(cat "$work/queries")"; fi
# as rules, for promtool to parse
{
	printf 'groups:\n- name: queries\n  rules:\n'
	awk "{ gsub(/'/, \"''\"); printf \"  - record: q%d\\n    expr: '%s'\\n\", NR, \$0 }" "$work/queries"
} >"$work/queries.yml"
works "... all of which parse" promtool check rules "$work/queries.yml"
like "$(cat "$OUT")" "SUCCESS: $(wc -l <"$work/queries") rules" "... each"
sed 's/rate(/rate((/' "$work/queries.yml" >"$work/broken.yml"
fails "... one that does not is found" promtool check rules "$work/broken.yml"
for file in "$rules" "$work/queries"; do
	is "$(grep -vE '^ *(#|- name:|- alert:)' "$file" | grep -oE '\biser_tgt_[a-z0-9_]+\b' | sed -E 's/_(bucket|sum|count)$//' | sort -u | grep -vxF -f <(families "$work/exporter-bookworm.prom") | grep -v '^iser_tgt_prom$')" "" \
		"${file##*/}: all its metrics are exported"
done
done_testing
