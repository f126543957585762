# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For tests that run on the host: TAP, the library of the test machine, and a directory $work that is removed with the test. Sourced; a test
# with more to clean up redefines clean_up.

. "$(dirname "${BASH_SOURCE[0]}")/vm/lib.sh"
set +e
work=$(mktemp -d)
OUT=$work/out
# shellcheck source=tools/testing/tap.sh
. "$TOP/tools/testing/tap.sh"
clean_up() { rm -rf "$work"; }
trap 'came_to_its_end || :; clean_up' EXIT
