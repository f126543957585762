# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# A function of the kernel that takes long: delay.ko of the tests, which rmmod removes. Sourced after lib.sh, by tests of races.

delay=/src/build/$KVER/event/delay.ko
[ -f "$delay" ] || bail "no delay.ko: make KVER=... test-module"

# slow FUNCTION [SECONDS] : its return is delayed
slow() { insmod "$delay" symbol="$1" ${2:+ms=$(($2 * 1000 * SLOW))}; }
# somebody is in it, or has been
held() { [ "$(cat /sys/module/delay/parameters/hits)" -gt 0 ]; }
