#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the first step of make run (vm/deps) does to a host, on a bare Debian 12 and 13: it installs tools, upgrades nothing, installs no kernel
# and nothing that runs by itself, explains what it does and asks first, and the undo command that it prints works.
# all: two bare Debians, and what make run installs there, take minutes

. "$(dirname "$0")/../lib.sh"
no_debian() { in_userns rm -rf --one-file-system "$work/debian"; }
clean_up() { no_debian; rm -rf "$work"; }

# bare_debian DIR SUITE : what apt needs, and what every bootable Debian has
bare_debian() {
	local sources
	mapfile -t sources < <(suite_sources "$2")
	mmdebstrap --variant=apt --include=kmod,mount,e2fsprogs --format=tar --dpkgopt=force-unsafe-io --aptopt='Apt::Install-Recommends "false"' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' "$2" - "${sources[@]}" >"$1/root.tar"
}
# offer REPOSITORY PACKAGE VERSION [DEPENDS] : an empty package, in a repository of the host
offer() {
	local repo=$root/$1 tree=$work/offer
	mkdir -p "$tree/DEBIAN"
	printf '%s\n' "Package: $2" "Version: $3" "Architecture: all" "Maintainer: nobody <nobody@example.org>" ${4:+"Depends: $4"} "Description: nothing" >"$tree/DEBIAN/control"
	in_userns mkdir -p "$repo"
	dpkg-deb -b --root-owner-group "$tree" "$work/$2.deb" >/dev/null
	in_userns cp "$work/$2.deb" "$repo/"
	{
		cat "$tree/DEBIAN/control"
		printf '%s\n' "Filename: ./$2.deb" "Size: $(stat -c %s "$work/$2.deb")" "SHA256: $(sha256sum <"$work/$2.deb" | cut -d' ' -f1)" ''
	} | in_userns tee -a "$repo/Packages" >/dev/null
	rm -r "$tree"
	echo "deb [trusted=yes] file:/$1 ./" | in_userns tee "$root/etc/apt/sources.list.d/$1.list" >/dev/null
}
indoors() { inside "$root" env -u CI -u ISER_TGT_DEPS -u ISER_TGT_CACHE HOME=/root LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
deps() { indoors /iser_tgt/tools/testing/vm/deps "$@" </dev/null; }
# shellcheck disable=SC2016 # dpkg's own variables
packages() { indoors dpkg-query -W -f '${Package}:${Architecture} ${Version} ${db:Status-Abbrev}\n' | sort; }
# things that run by themselves: enabled services, timers and sockets, sysvinit scripts, kernel hooks, cron jobs
runs() { (cd "$root" && in_userns find etc/systemd etc/init.d etc/rc?.d etc/cron* etc/kernel lib/modules boot -not -type d 2>/dev/null | sort); }

one_debian() {
	local suite=$1 tar new
	note "Debian $suite"
	tar=$(cached "bare-$suite" "$(hash_of "$(declare -f bare_debian)" "$suite")" bare_debian "$suite") || bail "$suite: a Debian"
	root=$work/debian
	mkdir "$root" && in_userns tar -C "$root" --numeric-owner --exclude='./dev/*' -xf "$tar/root.tar" || bail "$suite: a Debian, unpacked"
	in_userns cp /etc/resolv.conf "$root/etc/resolv.conf"
	in_userns mkdir "$root/iser_tgt"
	(cd "${CHECKOUT:-$TOP}" && git ls-files -co --exclude-standard -z tools/testing/vm | tar -c --null --ignore-failed-read -T -) 2>/dev/null | in_userns tar -C "$root/iser_tgt" --no-same-owner -x
	# something newer of what is there, as on any host that is some weeks old: what xz-utils needs, and what a kernel with its initramfs would
	offer newer hostname 99
	offer newer liblzma5 99
	offer newer libudev1 999
	offer newer udev 999 'libudev1 (>= 999)'
	works "$suite: apt knows of what is newer" indoors apt-get -q update
	like "$(indoors apt-get -s upgrade)" '^Inst liblzma5 .*\(99 ' "... and would upgrade it"
	packages >"$work/before"
	runs >"$work/runs"

	# --- as an ordinary user ---
	fails "an ordinary user without sudo" indoors setpriv --reuid=4242 --regid=4242 --clear-groups env HOME=/tmp/user /iser_tgt/tools/testing/vm/deps </dev/null
	like "$(cat "$OUT")" 'as root: apt-get install --no-install-recommends --no-upgrade .*\bbubblewrap\b.*\buidmap\b' "... is told what to type"

	# --- a tool that cannot be installed without an upgrade ---
	offer strict hostname 99
	offer strict bubblewrap 99 'hostname (>= 99)'
	indoors apt-get -q update >/dev/null 2>&1
	fails "a tool that needs another package upgraded" deps
	like "$(cat "$OUT")" 'bubblewrap would upgrade hostname; if it may: apt-get install --no-install-recommends bubblewrap' "... is left to the administrator"
	offer strict hostname 99 'no-such-package'
	in_userns rm -r "$root/strict" "$root/etc/apt/sources.list.d/strict.list"
	offer strict bubblewrap 99 'no-such-package'
	indoors apt-get -q update >/dev/null 2>&1
	fails "a tool that cannot be installed" deps
	like "$(cat "$OUT")" 'bubblewrap cannot be installed: .*no-such-package' "... says why"
	in_userns rm -r "$root/strict" "$root/etc/apt/sources.list.d/strict.list"
	indoors apt-get -q update >/dev/null 2>&1
	works "nothing was installed" diff "$work/before" <(packages)

	# --- asked on a terminal ---
	fails "asked on a terminal: n" script -qec "$(declare -f in_userns inside indoors); root=$root; indoors /iser_tgt/tools/testing/vm/deps" /dev/null <<<n
	tr -d '\r' <"$OUT" >"$work/asked"
	like "$(cat "$work/asked")" 'to be installed on this host, tools only: .*\bmmdebstrap\b.*\bqemu-system-x86\b' "... it says what it would install"
	like "$(cat "$work/asked")" 'with what they need: [1-9][0-9]* packages, [1-9][0-9]* MB to fetch, [1-9][0-9]* MB on the disk' "... how much it is"
	like "$(cat "$work/asked")" 'go on\? \[Y/n\]' "... asks"
	like "$(cat "$work/asked")" 'nothing was installed' "... and has heard it"
	works "nothing was installed" diff "$work/before" <(packages)

	# --- installed ---
	fails "deps --check" deps --check
	works "deps" deps || { tail -n 20 "$root/root/.cache/iser_tgt/log/apt.log"; return; }
	cp "$OUT" "$work/said"
	packages >"$work/after"
	is "$(comm -23 "$work/before" "$work/after")" "" "nothing is upgraded, nothing removed"
	new=$(comm -13 "$work/before" "$work/after")
	is "$(wc -l <<<"$new")" "$(sed -nE 's/.*they need: ([0-9]+) packages.*/\1/p' "$work/said")" "as many packages came as it said"
	is "$(grep -E '^(linux-(image|headers|binary|modules|kbuild)|initramfs|dracut|grub|systemd|udev|dbus|libc6-dev|gcc)' <<<"$new")" "" "no kernel, no initramfs, no daemon, no compiler"
	works "nothing runs by itself that did not" diff "$work/runs" <(runs)
	like "$(cat "$work/said")" 'packages come: +[0-9]+ %' "it says how far the packages have come"
	works "deps --check" deps --check
	works "deps once more" deps
	is "$(cat "$OUT")" "" "... has nothing to do"
	for tool in mmdebstrap bwrap qemu-system-x86_64 cpio xz git make perl python3; do works "... $tool" indoors sh -c "command -v $tool"; done

	# --- and undone ---
	undo=$(sed -n 's/.*To undo it: //p' "$work/said")
	note "$undo"
	works "undone as it says" indoors sh -ec "export DEBIAN_FRONTEND=noninteractive; alias apt-get='apt-get -q -y'
$undo"
	works "... the packages are those of before" diff "$work/before" <(packages)
	works "... and its cache is gone" in_userns test ! -e "$root/root/.cache/iser_tgt"
	no_debian
}

for suite in ${SUITE:-bookworm trixie}; do one_debian "$suite"; done
done_testing
