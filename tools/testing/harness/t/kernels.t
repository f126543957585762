#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Which kernel of Debian a line is: the newest one that is there as a whole. The headers of a security update are published before its signed image.

. "$(dirname "$0")/../../host.sh"

mkdir "$work/vm"
cp "$VM_DIR/lib.sh" "$work/vm/"
echo 'old bookworm bookworm 6\.1\.0-[0-9]+-amd64' >"$work/vm/lines"
# newest PACKAGE... : the kernel of the line where Debian has these packages
newest() {
	printf '%s - Linux\n' "$@" >"$work/packages"
	# shellcheck disable=SC2016 # for that shell to expand
	bash -c '. "$1/vm/lib.sh"; list=$1/packages; suite_apt() { grep -E -- "${*: -1:1}" <(sed "s/ .*//" "$list") | sed "s/$/ - Linux/"; }; newest_whole_kernel old' \
		"$work/vm/x" "$work" 2>&1
}

is "$(newest linux-image-6.1.0-9-amd64 linux-headers-6.1.0-9-amd64 linux-image-6.1.0-56-amd64 linux-headers-6.1.0-56-amd64)" 6.1.0-56-amd64 "the newest, by number"
is "$(newest linux-image-6.1.0-56-amd64 linux-headers-6.1.0-56-amd64 linux-headers-6.1.0-57-amd64)" 6.1.0-56-amd64 "not one that has headers only"
is "$(newest linux-image-6.1.0-57-amd64 linux-headers-6.1.0-56-amd64 linux-image-6.1.0-56-amd64)" 6.1.0-56-amd64 "nor one that has an image only"
like "$(newest linux-headers-6.1.0-57-amd64)" 'has no kernel' "none that is whole: an error"
done_testing
