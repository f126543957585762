#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The files that show sessions are read continuously while many sessions begin and end at once: a session is not freed while a reader accesses it.
# differs by: link
# needs: conformance

seconds=300
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
simple_target rd 16 || bail "no target"
echo 0 >/sys/module/iser_tgt/parameters/login_rate_per_peer

# In Python, because starting a process for each read would take most of the time.
cat >/tmp/reader.py <<'END'
import os, sys
n = 0
while os.path.exists("/tmp/reading"):
    for _ in range(50):
        for name in sys.argv[1:]:
            with open(name, "rb", buffering=0) as f:
                f.read(4096)
    n += 50
print(n)
END
touch /tmp/reading
python3 /tmp/reader.py "$(tpg)/dynamic_sessions" >/tmp/reads &
reader=$!
python3 /tmp/reader.py "$(tpg)/dynamic_sessions" "$(tpg)/sessions" "$(tpg)/logins" >/dev/null &
other=$!
out=$(timeout $((120 * SLOW)) /src/tools/testing/conformance/crowd cycles --target "$IP:$PORT" --iqn "$IQN" --connections 256 --parallel 16 2>&1)
is "$(sed -n 's/^logged_in=//p' <<<"$out")" 256 "256 sessions, 16 at a time, log in and out" || note "$out"
rm /tmp/reading
wait $reader
wait $other || not_ok "the other reader ran to its end"
reads=$(cat /tmp/reads)
if [ "$reads" -gt 500 ]; then ok "meanwhile their files were read ($reads times)"; else not_ok "their files were read" "$reads times"; fi
works "all is removed" remove_all
done_testing
