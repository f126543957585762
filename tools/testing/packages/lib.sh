# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For the tests in t/, on the host: TAP, and the packages, built. Sourced.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../vm/lib.sh"
set +e
work=$(mktemp -d)
OUT=$work/out
# shellcheck source=tools/testing/tap.sh
. "$here/../tap.sh"
at_exit() {
	came_to_its_end
	[ -z "${cleanup:-}" ] || $cleanup
	rm -rf "$work"
}
trap at_exit EXIT

# The Debian of build-root, with the kernels of `make check`: prints the directory it is in.
packages_root() {
	local releases
	releases=("$(kernel_release 6.1)" "$(kernel_release 6.12)") || return
	cached packages-root "$(hash_of "$here/build-root" "$VM_DIR/pack-image" "${releases[@]}")" "$here/build-root" "${releases[@]}"
}
