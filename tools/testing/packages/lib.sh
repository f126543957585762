# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For the tests in t/, on the host: TAP and the built packages. Sourced.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/testing/host.sh
. "$here/../host.sh"

# As root or, for an ordinary user, as root of a user namespace, which is enough for a Debian in a directory.
in_userns() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else unshare --map-root-user --map-auto -- "$@"; fi
}

# inside ROOT command... : as root in the Debian in that directory. Its mounts end with the command; no /sys, so that a test can simulate modules
# and sessions.
inside() {
	# shellcheck disable=SC2016
	in_userns unshare -m --pid --fork sh -c 'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && cd / && root=$1 && shift && exec chroot "$root" "$@"' sh "$@"
}

# kernels_of SUITE : releases of that Debian's kernels that the tests use, the newest first
kernels_of() {
	local line
	for line in $(known_lines); do
		if [ "$line" != debug ] && [ "$(suite_of "$line")" = "$1" ]; then kernel_release "$line" || return; fi
	done
}
# debian_of SUITE : prints the directory with the Debian of build-debian, with all of these kernels
debian_of() {
	local releases
	mapfile -t releases < <(kernels_of "$1")
	[ ${#releases[@]} -gt 0 ] || return
	cached "debian-$1" "$(hash_of "$here/build-debian" "$1" "${releases[@]}")" "$here/build-debian" "$1" "${releases[@]}"
}
# disk_of SUITE : prints the directory with the same as a bootable disk
disk_of() {
	local releases debian
	mapfile -t releases < <(kernels_of "$1")
	debian=$(debian_of "$1") || return
	cached "disk-$1" "$(hash_of "$here/build-disk" "$debian")" "$here/build-disk" "$debian/root.tar" "${releases[@]}"
}
