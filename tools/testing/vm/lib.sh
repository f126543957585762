# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Common to all scripts on the host side of the test machine. Sourced.

set -euo pipefail

VM_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$VM_DIR/../../.." && pwd)
CACHE=${ISER_TGT_CACHE:-$HOME/.cache/iser_tgt}
mkdir -p "$CACHE/log"
# for depmod and mke2fs, which are not in the PATH of an ordinary user
PATH=$PATH:/usr/sbin:/sbin

# Progress messages. Not to stdout, which is for the guest's output.
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

# logged NAME command... : runs it with its output in a log; on failure prints the last lines and the path of the log.
logged() {
	local log=$CACHE/log/$1.log
	shift
	mkdir -p "$CACHE/log"
	if ! "$@" >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		die "failed: $1 (whole log: $log)"
	fi
}

# progress_of DIR LOG : prints the size of DIR and mmdebstrap's last step
progress_of() {
	local step
	step=$(sed -n 's/^I: \([a-z].*\)\.\.\.$/\1/p' "$2" 2>/dev/null | tail -n 1)
	printf '%s MB%s' "$(du -sm "$1" 2>/dev/null | cut -f1)" "${step:+, $step}"
}

# told NAME DIR LOG command... : runs it and prints the progress of NAME every few seconds: on a terminal in one line, else on changes
told() {
	local name=$1 dir=$2 log=$3 status=0 now before='' teller waited=0 told_by=$BASHPID
	shift 3
	(
		# the progress printer must not hold the lock of the command
		[ -z "${lock:-}" ] || exec {lock}>&-
		trap 'exit 0' TERM
		while sleep 5 & wait $! && kill -0 "$told_by" 2>/dev/null; do
			now=$(progress_of "$dir" "$log")
			if [ -t 2 ]; then printf '\rvm: building %s: %s\033[K' "$name" "$now" >&2
			elif [ "$now" != "$before" ] && [ $((++waited % 3)) -eq 0 ]; then say "building $name: $now"; before=$now
			fi
		done
	) >&2 &
	teller=$!
	# in a subshell, so that the progress printer is stopped even if the command exits
	("$@") || status=$?
	kill "$teller" 2>/dev/null || true
	wait "$teller" 2>/dev/null || true
	if [ -t 2 ]; then printf '\r\033[K' >&2; fi
	return $status
}

# cached NAME KEY builder args... : prints the path of the directory NAME-KEY below the cache. If it is missing, `builder DIR args...`
# fills a temporary directory, which is then renamed atomically. One builder per NAME at a time.
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
			: >"$CACHE/log/$name.log"
			told "$name" "$tmp" "$CACHE/log/$name.log" logged "$name" "$1" "$tmp" "${@:2}" || exit
			mv -T "$tmp" "$dir"
			# directories of older keys are not needed once no machine runs from them
			find "$CACHE" -maxdepth 1 -name "$name-*" -not -name "*-$key" -mmin +1440 -exec rm -rf {} +
			say "built $name in $((SECONDS - start)) s"
		fi
		exec {lock}>&-
	fi
	touch "$dir"
	printf '%s\n' "$dir"
}

# recalled KEY command... : the command's output, cached under that key.
recalled() {
	local memo tmp
	memo=$CACHE/memo/$(hash_of "$@")
	if [ ! -f "$memo" ]; then
		mkdir -p "$CACHE/memo"
		tmp=$memo.$BASHPID
		"${@:2}" >"$tmp" || { rm -f "$tmp"; return 1; }
		mv "$tmp" "$memo"
	fi
	cat "$memo"
}

# remembered command... : its output, cached as long as the installed packages and the host's package lists are the same.
remembered() {
	recalled "$(stat -c '%n %Y %s' /var/lib/dpkg/status /var/lib/apt/lists /var/lib/apt/lists/*Packages* 2>/dev/null)" "$@"
}

# --- Debian's archives, whatever the host runs ---

# The lists of a suite: its updates, security and backports. testing and sid of a mirror may be weeks old, which apt would refuse as expired.
suite_lists() {
	case $1 in
	bookworm|trixie) printf '%s\n' "debian $1" "debian $1-updates" "debian-security $1-security" "debian $1-backports" ;;
	testing) echo "debian forky" ;;
	sid) echo "debian sid" ;;
	*) die "unknown suite '$1': bookworm, trixie, testing or sid" ;;
	esac
}

# suite_sources SUITE [backports] : apt's source lines of the suite, from the mirror that the host uses; backports only when asked for
suite_sources() {
	local archive name uri uris
	# shellcheck disable=SC2016 # apt's own variable
	uris=$(remembered apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages')
	suite_lists "$1" | while read -r archive name; do
		case $name in *-backports) [ -n "${2:-}" ] || continue ;; esac
		uri=$(grep -E "/$archive/?$" <<<"$uris" | sed -n 1p)
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${uri:-http://deb.debian.org/$archive} $name main"
	done
}

# suite_config SUITE : prints the path of an apt configuration for this suite only, independent of the host, for use without root. Its lists
# are at most a day old; older ones are used if there is no network.
suite_config() {
	local dir=$CACHE/apt/$1
	if [ -z "$(find "$dir/updated" -mmin -1440 2>/dev/null)" ]; then
		mkdir -p "$dir"
		exec {lists}>"$dir/lock"
		flock "$lists"
		if [ -z "$(find "$dir/updated" -mmin -1440 2>/dev/null)" ]; then
			mkdir -p "$dir"/{parts,lists/partial,archives/partial}
			suite_sources "$1" backports >"$dir/parts/suite.list"
			cat >"$dir/apt.conf" <<-END
				Dir::Etc::SourceList "/dev/null";
				Dir::Etc::SourceParts "$dir/parts";
				Dir::Etc::Preferences "/dev/null";
				Dir::Etc::PreferencesParts "/dev/null";
				Dir::State "$dir";
				Dir::State::Lists "$dir/lists";
				Dir::State::Status "/dev/null";
				Dir::Cache "$dir";
				APT::Architecture "amd64";
				APT::Architectures "amd64";
				APT::Sandbox::User "";
				APT::Update::Error-Mode "any";
				Acquire::Languages "none";
				Acquire::Retries "2";
			END
			case $1 in testing|sid) echo 'Acquire::Check-Valid-Until "false";' >>"$dir/apt.conf" ;; esac
			say "reading what Debian $1 has"
			if APT_CONFIG=$dir/apt.conf apt-get -q update >"$dir/update.log" 2>&1; then
				touch "$dir/updated"
			elif [ -f "$dir/updated" ]; then
				say "Debian $1 cannot be reached ($(tail -n 1 "$dir/update.log")): what was read on $(date -r "$dir/updated" +%F) will do"
				touch "$dir/updated"
			else
				die "Debian $1 cannot be reached: $(tail -n 1 "$dir/update.log")"
			fi
		fi
		exec {lists}>&-
	fi
	echo "$dir/apt.conf"
}

# suite_apt SUITE apt-get|apt-cache ARG... : runs apt for that suite
suite_apt() {
	local config
	config=$(suite_config "$1") || return
	APT_CONFIG=$config "${@:2}"
}

# of_suite SUITE command... : its output, cached as long as the suite's package lists are the same.
of_suite() {
	local config
	config=$(suite_config "$1") || return
	recalled "$1 $(stat -c %Y "${config%/*}/updated")" "${@:2}"
}

# deb_versions SUITE PACKAGE... : "PACKAGE VERSION" of each in the suite; from backports only if it is nowhere else
deb_versions() { of_suite "$1" candidate_versions "$@"; }
candidate_versions() {
	suite_apt "$1" apt-cache show --no-all-versions "${@:2}" | awk '/^Package: / { p = $2 } /^Version: / { print p, $2 }'
}
deb_version() { deb_versions "$1" "$2" | sed -n 's/^[^ ]* //p'; }

# fetch_deb DIR PACKAGE SUITE : unpacks the package's files into DIR without installing it. PACKAGE may be PACKAGE=VERSION or PACKAGE/SUITE.
fetch_deb() {
	local work
	work=$(mktemp -d -p "$CACHE")
	(cd "$work" && suite_apt "$3" apt-get -q download "$2") || { rm -rf "$work"; return 1; }
	dpkg-deb -x "$work"/*.deb "$1"
	rm -rf "$work"
}

# fetch_orig DIR PACKAGE SUITE : unpacks the original source of a package into DIR, without Debian's changes. Only this needs the suite's lists of
# sources, so they are read here and not kept.
fetch_orig() {
	local work config
	config=$(suite_config "$3") && work=$(mktemp -d -p "$CACHE") && mkdir -p "$work"/{parts,lists/partial,archives/partial} || return
	suite_sources "$3" | sed 's/^deb /deb-src /' >"$work/parts/suite.list"
	sed "s|\"${config%/*}|\"$work|" "$config" >"$work/apt.conf"
	(export APT_CONFIG=$work/apt.conf && cd "$work" && apt-get -q update && apt-get -q source --tar-only "$2") &&
		tar -x -C "$1" --strip-components=1 --no-same-owner -f "$work/$2"_*.orig.tar.* || { rm -rf "$work"; return 1; }
	rm -rf "$work"
}

# --- kernels ---

# line_of NAME FIELD : a field of the file `lines`: 2 suite, 3 userspace, 4 pattern
line_of() { awk -v name="$1" -v field="$2" '$1 == name { print $field }' "$VM_DIR/lines"; }
known_lines() { awk '/^[^#]/ { print $1 }' "$VM_DIR/lines"; }
MAIN_LINE=$(known_lines | sed -n 1p)

# line_name KVER : the line of a kernel; KVER is the name of a line or a full release
line_name() {
	local name
	case $1 in *-debug) echo debug; return ;; esac
	for name in $(known_lines); do
		[ "$name" != "$1" ] || { echo "$name"; return; }
	done
	for name in $(known_lines); do
		[[ $1 =~ ^$(line_of "$name" 4)$ ]] || continue
		# releases of testing and sid have the same form
		case $name in testing|sid) [ "$(of_suite "$name" has_kernel "$name" "$1")" = yes ] || continue ;; esac
		echo "$name"
		return
	done
	die "unknown kernel '$1': $(known_lines | paste -sd ' ') or a full release such as 7.3.4+deb13-amd64"
}
has_kernel() { if [ -n "$(suite_apt "$1" apt-cache search --names-only "^linux-image-${2//+/\\+}\$")" ]; then echo yes; else echo no; fi; }
suite_of() { line_of "$(line_name "$1")" 2; }
userspace_of() { line_of "$(line_name "$1")" 3; }

# kernel_release KVER : the release of the newest Debian kernel of that line, as `uname -r` prints it.
kernel_release() {
	local name
	case $1 in *-amd64|*-debug) printf '%s\n' "$1"; return ;; esac
	name=$(line_name "$1") || return
	case $name in
	debug) printf '%s-debug\n' "$(deb_version "$(suite_of debug)" linux-source-6.12 | sed 's/-.*//')" ;;
	*) of_suite "$(suite_of "$name")" newest_whole_kernel "$name" ;;
	esac
}
# The headers of a security update are published hours before its signed image: the newest release that has both.
newest_whole_kernel() {
	local newest
	newest=$(suite_apt "$(line_of "$1" 2)" apt-cache search --names-only "^linux-(headers|image)-$(line_of "$1" 4)\$" | cut -d' ' -f1 |
		sed -E 's/^linux-(headers|image)-//' | sort -V | uniq -d | tail -n 1)
	[ -n "$newest" ] || die "Debian $(line_of "$1" 2) has no kernel $(line_of "$1" 4)"
	printf '%s\n' "$newest"
}

# kernel_dir RELEASE : the directory made by build-kernel or build-debug-kernel; built if it is missing.
kernel_dir() {
	local rel=$1 suite
	suite=$(suite_of "$rel") || return
	case $rel in
	*-debug) cached "kernel-$rel" "$(hash_of "$VM_DIR/build-debug-kernel" "$VM_DIR/debug.config" "$(deb_version "$suite" linux-source-6.12)")" \
			"$VM_DIR/build-debug-kernel" "$rel" ;;
	*) cached "kernel-$rel" "$(hash_of "$VM_DIR/build-kernel" "$VM_DIR/pack-modules" \
			"$(deb_version "$suite" "linux-image-$rel")")" "$VM_DIR/build-kernel" "$rel" ;;
	esac
}

# kunit_dir RELEASE : the directory with what build-kunit makes
kunit_dir() { cached "kunit-$1" "$(hash_of "$VM_DIR/build-kunit" "$VM_DIR/kunit/absent.h" "$(kernel_dir "$1")")" "$VM_DIR/build-kunit" "$1"; }

# kernel_source KVER : the directory with what is only in the source package of that line's kernel: the kernel's own checkers, KUnit,
# and what `make upstream` changes
kernel_source() {
	local suite series
	suite=$(suite_of "$1") && series=$(kernel_release "$1" | cut -d. -f1-2) || return
	cached "source-$series" "$(hash_of "$(deb_version "$suite" "linux-source-$series")" "$(declare -f fetch_source)")" fetch_source "$series" "$suite"
}
fetch_source() {
	local in=linux-source-$2
	fetch_deb "$1/deb" "linux-source-$2" "$3"
	tar -xJ -C "$1" --strip-components=1 -f "$1/deb/usr/src/linux-source-$2.tar.xz" --wildcards \
		"$in"/{COPYING,CREDITS,Kbuild,MAINTAINERS,Makefile,README} "$in"/scripts/{checkpatch.pl,spelling.txt,const_structs.checkpatch,checker-valid.sh,get_maintainer.pl} \
		"$in/tools/docs/*" "$in/tools/lib/python/*" "$in/drivers/infiniband/Kconfig" "$in/drivers/infiniband/ulp/Makefile" "$in/Documentation/infiniband/*" "$in/lib/kunit/*"
	rm -rf "$1/deb"
}

# let_sparse_run RELEASE SOURCE : without that script the kernel's make files take sparse for one that is out of date, and check nothing
let_sparse_run() {
	local dir
	for dir in "$(kernel_dir "$1")"/headers/usr/src/linux-headers-*-common/scripts; do cp -u "$2/scripts/checker-valid.sh" "$dir/"; done
}

# planted_c NAME : prints a module with one fault for each checker: sparse, kernel-doc, a compiler's warnings, checkpatch
planted_c() {
	cat <<END
// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/uaccess.h>

/**
 * $1 - a fault of each kind
 */
int $1(int __user *there, int unknown);
int $1(int __user *there, int unknown)
{
	int *here = there;
	int unused;

	return here ? 1 : 0;$(printf '  ')
}
MODULE_DESCRIPTION("$1");
MODULE_LICENSE("GPL");
END
}

# --- roots: compilers and Pythons of each Debian, unpacked in the cache ---

# root_of NAME : prints the directory of a root of the file `roots`
root_of() {
	local name=$1 suite how packages
	read -r _ suite how packages < <(grep -E "^${name}[[:space:]]" "$VM_DIR/roots") || die "no root '$name' in $VM_DIR/roots"
	# shellcheck disable=SC2086 # a list
	cached "root-$name" "$(hash_of "$VM_DIR/build-root" "$how" "$packages" "$(deb_versions "$suite" $packages)")" "$VM_DIR/build-root" "$suite" "$how" "$packages"
}

# in_root NAME command... : runs it in that root, as the current user; the checkout, the cache, /tmp and the current directory have the same
# paths as on the host. BINDS: more arguments of bwrap, one word each.
in_root() {
	local root
	root=$(root_of "$1") || return
	shift
	# shellcheck disable=SC2086 # words
	bwrap --bind "$root" / --dev-bind /dev /dev --proc /proc --ro-bind /sys /sys --bind /tmp /tmp --bind "$TOP" "$TOP" --bind "$CACHE" "$CACHE" \
		--ro-bind /etc/passwd /etc/passwd --ro-bind /etc/group /etc/group ${BINDS:-} --chdir "$PWD" \
		--setenv PATH /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --setenv LC_ALL C.UTF-8 "$@"
}

# in_kernel_root RELEASE command... : in the root with the compiler of that kernel (or in $ROOT) and its headers below /usr/src
in_kernel_root() {
	local rel=$1 root kernel binds='' path
	root=${ROOT:-build-$(suite_of "$rel")} && kernel=$(kernel_dir "$rel") || return
	if [ -d "$kernel/headers" ]; then
		binds="--bind $kernel/headers/usr/src /usr/src"
		for path in "$kernel"/headers/usr/lib/linux-kbuild-*; do
			mkdir -p "$(root_of "$root")/usr/lib/${path##*/}"
			binds+=" --ro-bind $path /usr/lib/${path##*/}"
		done
	fi
	shift
	BINDS="$binds ${BINDS:-}" in_root "$root" "$@"
}

# headers_of RELEASE : the KDIR of that kernel, as a path within in_kernel_root
headers_of() {
	local kernel
	case $1 in
	*-debug) kernel=$(kernel_dir "$1") && echo "$kernel/build" ;;
	*) echo "/usr/src/linux-headers-$1" ;;
	esac
}

# --- QEMU ---

# newer_qemu : prints the QEMU of Debian's backports or, with a message, the installed one if they are not available
newer_qemu() {
	local dir
	if dir=$(cached qemu "$(hash_of "$VM_DIR/build-qemu")" "$VM_DIR/build-qemu"); then
		echo "$dir/qemu-system-x86_64"
	else
		say "no QEMU from Debian's backports: $(qemu-system-x86_64 --version | head -n 1)"
		echo qemu-system-x86_64
	fi
}
