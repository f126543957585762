# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For t/faults-*.t: makes each fault several times, at random moments of verified I/O, and checks the state after each. Sourced after lib.sh.
# The target is this guest or another one: on_target runs commands there.

. /src/tools/testing/vm/guest/ask.sh
. /src/tools/testing/vm/guest/memory.sh

apart=		# set by tests whose target is another guest
# ROUNDS,SEED,FAULT: the last two may be empty
IFS=, read -r rounds seed only < <(sed -n 's/.*iser_tgt.faults=\([^ ]*\).*/\1/p' /proc/cmdline)
WITHIN=5000		# ms a new login may take once the fault is over
# KiB by which kernel memory may grow over all rounds; the debug kernel delays freeing, to find uses after free
KEPT=$((1024 * SLOW))
CONFORMANCE=/src/tools/testing/conformance

declare -A times took_worst login_worst back_worst told_times
table=() trouble=()

now() { echo "$((${EPOCHREALTIME/./} / 1000))"; }
trouble() { trouble+=("$fault, round $n: $*"); }
at_most() { [ "$2" -le "$1" ] || return 1; }

# --- what runs on the target's side ---

# kernel_memory shows an allocation of known size.
# Memory of the boot may be freed at the same time, so there are three tries.
kernel_memory_shows() {
	local tries=3
	until weight_shows; do [ $((tries -= 1)) -gt 0 ] || return; done
}
weight_shows() {
	local before after
	before=$(kernel_memory)
	backstore weight rd 4 || return
	after=$(kernel_memory)
	remove_backstore weight
	echo "4096 KiB showed as $((after - before))"
	at_most $((4096 + 400 * SLOW)) $((after - before)) && at_most $((after - before)) $((4096 - 400 * SLOW))
}

# --- the initiator ---

faults_begin() {
	[ -n "$seed" ] || seed=$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')
	RANDOM=$seed
	note "seed $seed, $rounds rounds each"
	works "the measure of kernel memory shows a backstore of 4 MiB" on_target kernel_memory_shows
	visitor_args=("$@")
	visitor_comes
}
visitor_args=()
visitor_comes() {
	coproc VISITOR { exec "$CONFORMANCE/visitor" --target "$IP:$PORT" --iqn "$IQN" "${visitor_args[@]}" 2>/tmp/visitor.err; }
}
visitor_goes() {
	kill "$VISITOR_PID"
	wait "$VISITOR_PID"
	return 0
}
# ask_visitor SECONDS COMMAND... : its answer in $answer
ask_visitor() {
	local limit=$1
	shift
	answer="no answer: $(tail -n 1 /tmp/visitor.err)"
	echo "$*" >&"${VISITOR[1]}" && read -r -t $((limit * SLOW)) answer <&"${VISITOR[0]}"
}

# Makes the visitor log in, which takes $login ms.
served() {
	login=99999
	ask_visitor 60 login $((WITHIN * SLOW))
	case $answer in
	"in "*) answer=${answer#in } login=${answer% *} ;;
	*) trouble "no login: $answer" ;;
	esac
}

GENERATOR=/src/tools/testing/integrity/integrity
writes() { awk '{ print $5 }' "/sys/block/${dev#/dev/}/stat"; }
wrote() { [ "$(writes)" -gt "$1" ]; }
running() { grep -qs running "/sys/block/${dev#/dev/}/device/state"; }
logged_in() { grep -qs LOGGED_IN /sys/class/iscsi_session/session*/state; }

# Waits for the disk, after a new login if the initiator has dropped its session.
disk_back() {
	if ! wait_for 20 "the session" logged_in; then
		note "$fault, round $n: the initiator has dropped its session"
		logout >/dev/null 2>&1
		login >/dev/null 2>&1
	fi
	dev=$(disk) && wait_for 30 "a running disk" running
}

io_begins() {
	local before
	before=$(writes)
	# not from a function: $! would be a shell that waits for the generator, and not the process to kill
	"$GENERATOR" --state "${STATE:-/tmp/state}" --seed "$seed" --seconds 3600 --size 512-131072 --depth 32 --reads 40 --no-verify "$dev" \
		>/tmp/writer.out 2>&1 &
	WRITER=$!
	wait_for 20 "the writer to write" wrote $((before + 40))
}
# After the fault I/O continues or ends with an error (status 3: not with wrong data), and does not hang.
io_goes_on() {
	local limit=$((20 * SLOW)) start before status
	start=$(now) before=$(writes)
	until wrote $((before + 64)); do
		if ended "$WRITER"; then
			wait "$WRITER"
			status=$?
			[ $status -eq 3 ] || trouble "the writer ended with status $status: $(tail -n 3 /tmp/writer.out)"
			told_times[$fault]=$((${told_times[$fault]:-0} + 1))
			return
		fi
		if [ $(($(now) - start)) -gt $((limit * 1000)) ]; then
			trouble "no I/O for $limit s"
			return
		fi
		sleep 0.05
	done
}
io_ends() {
	kill -KILL "$WRITER" 2>/dev/null
	wait "$WRITER" 2>/dev/null
	WRITER=
}
verified() { "$GENERATOR" --state /tmp/state --verify "$dev" >/tmp/verify.out 2>&1 || trouble "$(tail -n 4 /tmp/verify.out)"; }
as_before() { on_target rdma_holds && [ "$(cat /tmp/out)" = "$held_before" ]; }

# --- a fault ---

# Removal of the last portal frees unused queues and buffers, so that kernel memory can be compared.
rest() {
	logout >/dev/null 2>&1
	wait_for 20 "the sessions to end" no_sessions
	on_target rmdir "$(tpg)/np/$IP:$PORT" || trouble "the portal cannot be removed: $(cat /tmp/out)"
	on_target kernel_memory && memory=$(tail -n 1 /tmp/out)
	on_target add_portal "$IQN" "$IP:$PORT" && login >/dev/null 2>&1 && dev=$(disk) ||
		bail "no session after a rest" "$(tail -n 20 "$HERE/iscsid.log")"
	wait_for 10 "RDMA resources that no longer change" settled
}
settled() {
	local first
	on_target rdma_holds && first=$(cat /tmp/out) && sleep 0.3 && on_target rdma_holds && held_before=$(cat /tmp/out) && [ "$first" = "$held_before" ]
}

one_round() {
	local begin over took=
	on_target eval "echo faults: $fault, round $n of $rounds >/dev/kmsg"
	disk_back || { trouble "no disk"; return; }
	io_begins || { trouble "no I/O before it: $(cat /tmp/writer.out)"; return; }
	sleep "0.$(printf '%03d' $((RANDOM % 700)))"
	begin=$(now)
	"$fault" >/tmp/fault.out 2>&1 || trouble "could not be done: $(cat /tmp/fault.out /tmp/out)"
	over=$(now)
	: "${took:=$((over - begin))}"
	served
	io_goes_on
	back=$(($(now) - over))
	io_ends
	disk_back || { trouble "no disk afterwards"; return; }
	verified
	at_most "${took_worst[$fault]:-0}" "$took" || took_worst[$fault]=$took
	at_most "${login_worst[$fault]:-0}" "$login" || login_worst[$fault]=$login
	at_most "${back_worst[$fault]:-0}" $back || back_worst[$fault]=$back
	wait_for 5 "RDMA resources as before" as_before || trouble "RDMA holds $(cat /tmp/out), before: $held_before"
	times[$fault]=$((${times[$fault]:-0} + 1))
}

# repeat FAULT TEXT : runs the function FAULT $rounds times. It returns when the fault is over, and sets $took if the fault took less or more.
repeat() {
	local memory_before text=$2
	[[ $1 =~ $only ]] || return 0
	fault=$1 n=0 trouble=() memory=
	rest
	memory_before=$memory
	for ((n = 1; n <= rounds; n++)); do
		one_round
		[ ${#trouble[@]} -lt 5 ] || break
	done
	rest
	at_most $((memory_before + KEPT)) "$memory" || trouble "the kernel has $((memory - memory_before)) KiB more than before"
	table+=("$(printf '%-36s %5d %7d %7d %7d %6d %7d' "$text" "${times[$fault]:-0}" "${took_worst[$fault]:-0}" "${login_worst[$fault]:-0}" \
		"${back_worst[$fault]:-0}" "${told_times[$fault]:-0}" $((memory - memory_before)))")
	if [ ${#trouble[@]} -eq 0 ]; then ok "$text, $rounds times"; else not_ok "$text, $rounds times" "${trouble[@]}"; fi
}

# The table; times in ms, memory in KiB.
faults_end() {
	visitor_goes
	note "$(printf '%-36s %5s %7s %7s %7s %6s %7s' fault times took login 'I/O' told memory)"
	note "$(printf '%s\n' "${table[@]}")"
	note "took: duration of the fault; login: from its end until a new login succeeded; I/O: from its end until pending I/O continued or ended with"
	note "an error (told: number of those); the longest of each, in ms. memory: growth of kernel memory over all rounds, in KiB"
}
