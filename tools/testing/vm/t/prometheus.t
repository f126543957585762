#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Debian's Prometheus scrapes iser-tgt-exporter, and node_exporter with its text file, beside a target under load: IOPS and latency are those that fio
# reports, refusals and ends are counted, alerts fire when a portal is gone and when a LUN is suspended, and each query of the dashboard runs.
# needs: prometheus
# all: a minute or two of processor time, and minutes of waiting for rates

seconds=1800
. "$(dirname "$0")/../in-guest"

observe=/src/tools/testing/observe
export PYTHONPATH=/src/build/prometheus/python PYTHONDONTWRITEBYTECODE=1
ask() { "$observe/ask" "$@"; }
# soon QUERY : the query has a sample now or soon
soon() { ask --until $limit "$1"; }
firing() { soon "ALERTS{alertname=\"$1\",alertstate=\"firing\"}"; }
# within TEXT PERCENT ONE OTHER : the numbers differ by no more
within() {
	if awk -v p="$2" -v a="$3" -v b="$4" 'BEGIN { exit !(a > 0 && b > 0 && a <= b * (1 + p / 100) && a >= b * (1 - p / 100)) }'; then ok "$1: $3, and $4"
	else not_ok "$1" "got:      $3" "expected: $4, or $2 % more or less"; fi
}

# A disk whose latency depends on the place: eight parts of 0.6 to 3 s. Nearly all of it is the backstore's, so that fio, which measures
# at the initiator, can be compared on a busy machine as well.
slow_disk() {
	local part
	modprobe brd rd_nr=1 rd_size=32768 && modprobe -a dm_mod dm_delay || return
	for part in {0..7}; do echo "$((part * 4096)) 4096 delay /dev/ram0 $((part * 4096)) $((600 + part * 350))"; done |
		dmsetup create slow --noudevsync && dmsetup mknodes slow
}
alone || bail "no RDMA device"
module_params=measure_latency=1
works "a slow disk" slow_disk || bail "no disk" "$(cat /tmp/out)"
slow_target() {
	load_target && backstore slow dev /dev/mapper/slow && make_target "$IQN" slow && add_portal "$IQN" "$IP:$PORT" && add_portal "$IQN" "[$IP6]:$PORT" &&
		enable "$IQN"
}
works "a target" slow_target || bail "no target" "$(cat /tmp/out)"
mount -t debugfs none /sys/kernel/debug 2>/dev/null
start_initiator || bail "no iscsid"
discover >/dev/null || not_ok "discovery"
works "login" login || bail "no session"
dev=$(disk) || bail "no disk"

# --- what scrapes ---
mkdir -p /tmp/data /var/lib/prometheus/node-exporter
# from the shared file system each page would be read by itself
cp /src/build/prometheus/prometheus{,-node-exporter} /tmp/data/
prom=/var/lib/prometheus/node-exporter/iser_tgt.prom
textfile() { /src/configfs/iser-tgt-exporter --textfile $prom; }
# A host that is busy takes longer for a reading, so that there are fewer: six are half a minute, or more.
took=${EPOCHREALTIME/./}
works "the text file" textfile
every=$(((${EPOCHREALTIME/./} - took) * 2 / 1000000))
[ $every -ge 5 ] || every=5
[ $every -le 30 ] || every=30
half=$((6 * every)) limit=$(((120 + 10 * every) * SLOW))
note "a reading every $every s"
sed -e "s/\[10m\]/[${half}s]/g; s/offset 10m/offset ${half}s/g; s/for: .*/for: 1s/; s/> 30\$/> 6/" /src/configfs/observe/prometheus-rules.yml >/tmp/data/rules.yml
cat >/tmp/data/prometheus.yml <<-ENDS
	global: {scrape_interval: ${every}s, scrape_timeout: ${every}s, evaluation_interval: $((every / 2))s}
	rule_files: [rules.yml]
	scrape_configs:
	- job_name: iser_tgt
	  static_configs: [{targets: ['127.0.0.1:13260']}]
	- job_name: node
	  static_configs: [{targets: ['127.0.0.1:9100']}]
ENDS
ip link set lo up
# What is measured has the processor first: what scrapes must not come between target and initiator, which are in one guest.
aside() { exec chrt -i 0 "$@"; }
aside /src/configfs/iser-tgt-exporter --listen 2>/tmp/exporter.log &
EXPORTER=$!
aside /tmp/data/prometheus-node-exporter --web.listen-address=127.0.0.1:9100 --collector.disable-defaults --collector.textfile \
	--collector.textfile.directory=/var/lib/prometheus/node-exporter 2>/tmp/node.log &
NODE=$!
GOMAXPROCS=1 aside /tmp/data/prometheus --config.file=/tmp/data/prometheus.yml --storage.tsdb.path=/tmp/data/db --web.listen-address=127.0.0.1:9090 2>/tmp/prometheus.log &
PROMETHEUS=$!
works "Prometheus scrapes both" ask --until $((600 * SLOW)) 'count(up == 1) == 2' || bail "nothing is scraped" "$(tail -n 5 /tmp/prometheus.log /tmp/exporter.log /tmp/node.log)"
works "the exporter's port" soon 'iser_tgt_up{job="iser_tgt"} == 1'
works "node_exporter with its file" soon 'iser_tgt_up{job="node"} == 1 and on () node_textfile_scrape_error == 0'
works "portals listen" soon 'count(iser_tgt_portal_up{job="iser_tgt"} == 1) == 2'
works "latency is measured" soon 'iser_tgt_latency_measured{job="iser_tgt"} == 1'
# nor one that the file is old, which nothing writes here
is "$(ask 'count(ALERTS{alertname!="IserTgtStale",alertstate="firing"}) or vector(0)')" 0 "no alert"

# --- under load ---
# reported FROM SECONDS : what fio has logged of these: commands a second, p99 and mean in ns; without FROM, when it began. Its summary cannot be
# compared: it also has the beginning, while fio itself starts, and the end, where fio takes all results when the last one is there.
reported() {
	python3 - "$@" <<-'ENDS'
		import sys
		ended = [(int(at), int(ns)) for at, ns in (line.split(', ')[:2] for line in open('/tmp/load_clat.1.log'))]
		if len(sys.argv) == 1:
		    sys.exit(print(int(min(at - ns / 1e6 for at, ns in ended) / 1000)))
		start, seconds = map(int, sys.argv[1:])
		took = sorted(ns for at, ns in ended if start * 1000 < at <= (start + seconds) * 1000)
		print(len(took) / seconds, took[len(took) * 99 // 100], sum(took) // len(took))
	ENDS
}
# Most of the run, without begin and end. Where Prometheus was not given five readings of it, once more.
for try in 1 2 3; do
	works "fio" fio --name=load --filename="$dev" --direct=1 --ioengine=libaio --rw=randread --bs=4k --iodepth=16 --time_based --runtime=$((half + 8)) \
		--write_lat_log=/tmp/load --log_unix_epoch=1 --output=/tmp/fio
	from=$(($(reported) + 4))
	read -r iops p99 mean < <(reported $from $half)
	mapfile -t got < <(ask --at $((from + half)) 'sum(rate(iser_tgt_session_commands_total{job="iser_tgt"}['$half's]))' \
		'sum(rate(iser_tgt_lun_commands_total{job="iser_tgt"}['$half's]))' \
		'histogram_quantile(0.99, sum by (le) (increase(iser_tgt_session_command_seconds_bucket{job="iser_tgt",direction="read"}['$half's]))) * 1e9' \
		'histogram_quantile(0.99, sum by (le) (increase(iser_tgt_lun_command_seconds_bucket{job="iser_tgt",direction="read"}['$half's]))) * 1e9' \
		'sum(increase(iser_tgt_session_command_seconds_sum{job="iser_tgt"}['$half's])) / sum(increase(iser_tgt_session_command_seconds_count{job="iser_tgt"}['$half's])) * 1e9' \
		'max_over_time(sum(iser_tgt_session_in_flight{job="iser_tgt"})['$half's:'$every's])' \
		'sum_over_time(up{job="iser_tgt"}['$half's])')
	note "readings in this time: ${got[6]}"
	[ "${got[6]:-0}" -lt 5 ] || break
done
within "IOPS of the session, as fio reports" 10 "${got[0]}" "$iops"
within "... of the LUN" 10 "${got[1]}" "$iops"
within "p99 of the session, as fio reports, in ns" 10 "${got[2]}" "$p99"
within "... of the LUN" 10 "${got[3]}" "$p99"
within "mean, in ns" 10 "${got[4]}" "$mean"
is "${got[5]}" 16 "commands in flight are fio's depth"
works "iser-tgt-top" /src/configfs/iser-tgt-top --once
like "$(cat /tmp/out)" "$INITIATOR +$IQN" "... has the session"
works "the text file again" textfile
works "... is scraped" soon 'iser_tgt_session_commands_total{job="node"} > 100'

# --- refusals and ends ---
works "logout" logout
works "... is an end" soon 'iser_tgt_sessions_ended_total{job="iser_tgt",reason="logged out"} >= 1'
echo 0 >"$(tpg)/attrib/generate_node_acls"
fails "an initiator without an ACL" login
echo 1 >"$(tpg)/attrib/generate_node_acls"
works "... is a refusal" soon 'iser_tgt_logins_refused_total{job="iser_tgt",reason=~"no ACL.*"} >= 1'
works "... of which there is an alert" firing IserTgtLoginsRefused
# soft RoCE sends again what an emulated processor is too slow to acknowledge
is "$(ask 'count(ALERTS{alertname!~"IserTgtLoginsRefused|IserTgtDeviceErrors|IserTgtStale",alertstate="firing"}) or vector(0)')" 0 "... and no other"
works "login" login || bail "no session"
dev=$(disk) || bail "no disk"
works "the text file of a target that has had it all" textfile
is "$(sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' $prom | sort)" "$(grep -oE '\biser_tgt_[a-z0-9_]+\b' /src/Documentation/man/iser-tgt-exporter.8 | sort -u)" \
	"... has all metrics of the manual page, and no other"

# --- a LUN that is suspended ---
# The initiator must not abort meanwhile, and the reader, which waits on purpose, is no hung task.
hang=$(cat /proc/sys/kernel/hung_task_timeout_secs)
echo 0 >/proc/sys/kernel/hung_task_timeout_secs
echo 600 >"/sys/block/${dev#/dev/}/device/timeout"
dmsetup suspend --noudevsync --nolockfs slow
dd if="$dev" of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null &
reader=$!
works "a LUN is suspended: an alert" firing IserTgtLunStuck
works "... which the device mapper says as well" soon 'iser_tgt_lun_suspended{job="iser_tgt"} == 1'
/src/configfs/iser-tgt-doctor --json >/tmp/doctor.json
is "$(python3 -c 'import json; print([f["next"] for f in json.load(open("/tmp/doctor.json"))["findings"] if f.get("blame") == "backstore"])')" \
	"[['dmsetup resume /dev/mapper/slow']]" "... and the doctor says what to do"
dmsetup resume --noudevsync slow
works "... the reader ends" wait "$reader"
echo "$hang" >/proc/sys/kernel/hung_task_timeout_secs
works "... and so does the alert" soon 'absent(ALERTS{alertname="IserTgtLunStuck"})'

# --- the dashboard ---
dd if="$dev" of=/dev/null bs=4k count=8 iflag=direct 2>/dev/null
dd if=/dev/zero of="$dev" bs=64k count=8 oflag=direct 2>/dev/null
"$observe/queries" /src/configfs/observe/grafana-dashboard.json | sed "s/\[1m\]/[$((12 * every))s]/g" >/tmp/queries
# those of what did not happen have no answer; BUSY and aborts are there with 0
maybe='port_errors|cq_busy'
mapfile -t queries < <(grep -E "$maybe" /tmp/queries)
works "queries of the dashboard for what did not happen: ${#queries[@]}" ask "${queries[@]}"
mapfile -t queries < <(grep -vE "$maybe" /tmp/queries)
works "... and all others (${#queries[@]}) have an answer" ask --until $limit "${queries[@]}" || note "$(paste -d "|" /tmp/out <(printf "%s\n" "${queries[@]}") | grep '^|')"

# --- a portal that is gone ---
works "logout" logout
ip addr del "$IP/24" dev lan0
works "a portal's address is gone: an alert" firing IserTgtPortalDown
works "... of one portal" soon 'count(iser_tgt_portal_up{job="iser_tgt"} == 0) == 1 and count(iser_tgt_portal_up{job="iser_tgt"} == 1) == 1'
ip addr add "$IP/24" dev lan0
works "... until it is back" soon 'absent(ALERTS{alertname="IserTgtPortalDown"})'
kill $PROMETHEUS $NODE $EXPORTER
wait $PROMETHEUS $NODE $EXPORTER 2>/dev/null
mend_gsi lan0
stop_initiator
works "all is removed" remove_all
dmsetup remove --noudevsync slow
done_testing
