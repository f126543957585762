# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# What every script on the host side of the test machine needs. Sourced.

set -euo pipefail

VM_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$VM_DIR/../../.." && pwd)
CACHE=${ISER_TGT_CACHE:-$HOME/.cache/iser_tgt}
mkdir -p "$CACHE"

# Progress, for people. Never on stdout: that belongs to the guest.
say()  { printf '%s\n' "vm: $*" >&2; }
die()  { printf '%s\n' "vm: error: $*" >&2; exit 1; }

as_root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -- "$@"; fi
}

# One key for a set of inputs: hash_of STRING... ; files are hashed by content.
hash_of() {
	local i
	for i; do
		if [ -f "$i" ]; then sha256sum <"$i"; else printf '%s\n' "$i"; fi
	done | sha256sum | cut -c1-16
}

# logged NAME command... : runs it with its output in a log; on failure shows the last lines and where the log is.
logged() {
	local log=$CACHE/log/$1.log
	shift
	mkdir -p "$CACHE/log"
	if ! "$@" >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		die "failed: $1 (whole log: $log)"
	fi
}

# cached NAME KEY builder args... : prints the path of the directory NAME-KEY below the cache. If it is missing, `builder DIR args...`
# fills a temporary directory, which then takes the name in one rename. One builder per NAME at a time.
cached() {
	local name=$1 key=$2 dir tmp start
	shift 2
	dir=$CACHE/$name-$key
	if [ ! -d "$dir" ]; then
		exec {lock}>"$CACHE/$name.lock"
		flock "$lock"
		if [ ! -d "$dir" ]; then
			start=$SECONDS
			say "building $name (once; log: $CACHE/log/$name.log)"
			find "$CACHE" -maxdepth 1 -name "$name-*.tmp" -exec rm -rf {} +
			tmp=$dir.tmp
			mkdir "$tmp"
			logged "$name" "$1" "$tmp" "${@:2}"
			mv -T "$tmp" "$dir"
			# what an older key left is of no use to anyone once no machine runs from it
			find "$CACHE" -maxdepth 1 -name "$name-*" -not -name "*-$key" -mmin +1440 -exec rm -rf {} +
			say "built $name in $((SECONDS - start)) s"
		fi
		exec {lock}>&-
	fi
	touch "$dir"
	printf '%s\n' "$dir"
}

# remembered command... : the command's output, from memory as long as Debian's package lists and what is installed stay the same.
remembered() {
	local memo
	memo=$CACHE/memo/$(stat -c '%n %Y %s' /var/lib/dpkg/status /var/lib/apt/lists /var/lib/apt/lists/*Packages* 2>/dev/null |
		{ cat; printf '%s\n' "$@"; } | sha256sum | cut -c1-16)
	if [ ! -f "$memo" ]; then
		mkdir -p "$CACHE/memo"
		"$@" >"$memo.$BASHPID" || { rm -f "$memo.$BASHPID"; return 1; }
		mv "$memo.$BASHPID" "$memo"
	fi
	cat "$memo"
}

# kernel_release 6.12|6.1|debug|RELEASE : the release of the newest Debian kernel of that line, as `uname -r` will say it.
kernel_release() {
	case $1 in
	*-amd64|*-debug) printf '%s\n' "$1" ;;
	debug) printf '%s-debug\n' "$(deb_version linux-source-6.12 | sed 's/-.*//')" ;;
	6.12) remembered newest_kernel '^linux-headers-6\.12\.[0-9]+\+deb12-amd64$' ;;
	6.1) remembered newest_kernel '^linux-headers-6\.1\.[0-9]+-[0-9]+-amd64$' ;;
	*) die "unknown kernel '$1': 6.12, 6.1, debug or a full release such as 6.1.0-56-amd64" ;;
	esac
}
newest_kernel() {
	local newest
	newest=$(apt-cache search --names-only "$1" | cut -d' ' -f1 | sort -V | tail -n 1)
	[ -n "$newest" ] || die "no Debian kernel matches $1: apt-get update?"
	printf '%s\n' "${newest#linux-headers-}"
}

# kernel_dir RELEASE : the directory with what build-kernel or build-debug-kernel makes; built if it is not there.
kernel_dir() {
	local rel=$1
	case $rel in
	*-debug) cached "kernel-$rel" "$(hash_of "$VM_DIR/build-debug-kernel" "$VM_DIR/debug.config" "$(deb_version linux-source-6.12)")" \
			"$VM_DIR/build-debug-kernel" "$rel" ;;
	*) cached "kernel-$rel" "$(hash_of "$VM_DIR/build-kernel" "$VM_DIR/build-siw" "$VM_DIR/guest/initramfs-init" \
			"$(deb_version "linux-image-$rel")")" "$VM_DIR/build-kernel" "$rel" ;;
	esac
}

deb_version() { remembered candidate_version "$1"; }
candidate_version() { apt-cache show --no-all-versions "$1" | sed -n 's/^Version: //p'; }

# newer_qemu : prints the QEMU of Debian's backports; where they cannot be had the installed one, and says so
newer_qemu() {
	local dir
	if dir=$(cached qemu "$(hash_of "$VM_DIR/build-qemu")" "$VM_DIR/build-qemu"); then
		echo "$dir/qemu-system-x86_64"
	else
		say "no QEMU from Debian's backports: $(qemu-system-x86_64 --version | head -n 1)"
		echo qemu-system-x86_64
	fi
}

# fetch_deb DIR PACKAGE : unpacks the package's files into DIR without installing it.
fetch_deb() {
	local work
	work=$(mktemp -d)
	(cd "$work" && apt-get -q download "$2")
	dpkg-deb -x "$work"/*.deb "$1"
	rm -rf "$work"
}
