#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The packages build on each Debian, without findings of its lintian; the manual pages are valid; make uninstall reverts make install.

. "$(dirname "$0")/../lib.sh"

# says_lintian SUITE CHANGES : its output and status. Hints count only for the newest lintian: older ones ask for sysvinit scripts.
says_lintian() {
	local options=()
	[ "$1" != trixie ] || options=(--display-info)
	in_root "deb-$1" env DEB_VENDOR=Debian lintian --pedantic "${options[@]}" --allow-root "$2" 2>&1
	echo "status $?"
}
# built on each Debian; the packages of make deb, which the rest of the test uses, must work on all of them
for suite in bookworm trixie; do
	works "make deb SUITE=$suite" make -s -C "$TOP" deb SUITE=$suite || { done_testing; exit 1; }
	deb=$TOP/build/deb
	[ $suite = trixie ] || deb+=-$suite
	is "$(find "$deb" -name '*.deb' -printf '%f\n' | sed 's/_.*//' | sort | tr '\n' ' ')" "iser-tgt-dkms iser-tgt-ha iser-tgt-tools " "three packages"
	is "$(says_lintian $suite "$deb"/*.changes)" "status 0" \
		"lintian of $suite has nothing to say"
	works "make deb" make -s -C "$TOP" deb || { done_testing; exit 1; }
	is "$(says_lintian $suite "$TOP"/build/deb/*.changes)" "status 0" \
		"... nor about those of make deb"
done
fails "make deb SUITE=potato" make -s -C "$TOP" deb SUITE=potato
like "$(cat "$OUT")" 'Debian potato: trixie bookworm$' "... says for what"
dpkg-deb -x "$deb"/iser-tgt-dkms_*.deb "$work/dkms"
dpkg-deb -x "$deb"/iser-tgt-tools_*.deb "$work/tools"
dpkg-deb -x "$deb"/iser-tgt-ha_*.deb "$work/ha"
is "$(cd "$work/ha/usr/lib/ocf" && find . -type f -printf '%m %P\n' | sort | tr '\n' ' ')" \
	"644 lib/iser-tgt/functions 755 lib/iser-tgt/fence-peer 755 resource.d/iser-tgt/iSERGate 755 resource.d/iser-tgt/iSERLogicalUnit 755 resource.d/iser-tgt/iSERTarget " "the agents are where a cluster looks for them"
(cd "$TOP" && git ls-files -co --exclude-standard Kbuild drivers | sort) >"$work/ours"
(cd "$work"/dkms/usr/src/iser_tgt-* && find . -type f -not -name dkms.conf | cut -c3- | sort) >"$work/theirs"
works "all sources of the module are in the package" diff "$work/ours" "$work/theirs"
for page in "$TOP"/Documentation/man/*; do
	is "$(in_root deb-trixie env MANROFFSEQ='' man --warnings -l -Tutf8 -Z "$page" 2>&1 >/dev/null)" "" "${page##*/} is sound"
	name=${page##*/}
	works "... and in a package" test -n "$(find "$work/tools/usr/share/man/man${name##*.}/$name.gz" "$work/dkms/usr/share/man/man${name##*.}/$name.gz" 2>/dev/null)"
done
for unit in rtslib-fb-targetctl target; do
	like "$(cat "$work/tools/usr/lib/systemd/system/$unit.service.d/iser-tgt.conf")" '^After=network-online.target rdma-hw.target ' "a drop-in for $unit.service"
done
for unit in exporter.service textfile.service textfile.timer; do
	works "iser-tgt-$unit" test -s "$work/tools/usr/lib/systemd/system/iser-tgt-$unit"
done
is "$(ls "$work/tools/usr/share/iser-tgt/prometheus")" "grafana-dashboard.json
prometheus-rules.yml" "alert rules and a dashboard"
is "$(sed '/^#/d' "$work/dkms/usr/lib/modules-load.d/iser_tgt.conf")" iser_tgt "the module is loaded at boot"
# the manual and the program have the same options
for tool in clear doctor exporter move reload top; do
	usage=$(PYTHONPATH=$work/tools/usr/lib/python3/dist-packages "$work/tools/usr/sbin/iser-tgt-$tool" --help | grep -oE -- '--[a-z-]+' | sort -u | grep -v help)
	manual=$(sed 's/\\-/-/g' "$TOP/Documentation/man/iser-tgt-$tool.8" | grep -oE -- '--[a-z-]+' | sort -u | grep -v help)
	is "$manual" "$usage" "iser-tgt-$tool: the manual has its options"
	words=$(bash -c '. "$1"; COMP_WORDS=(x --); COMP_CWORD=1; _iser_tgt "$2"; printf "%s\n" "${COMPREPLY[@]}"' x \
		"$work/tools/usr/share/bash-completion/completions/iser-tgt-clear" "iser-tgt-$tool" | grep -v help | sort)
	is "$words" "$usage" "... and so has completion"
done

# --- make install ---
root=$work/root
works "make install-tools" make -s -C "$TOP" install-tools DESTDIR="$root"
works "... has the programs" test -x "$root/usr/local/sbin/iser-tgt-doctor" -a -x "$root/usr/local/sbin/iser-tgt-clear"
works "... and the plug-in" test -n "$(find "$root" -name iser-tgt-rtslib.pth)"
works "make install-ha" make -s -C "$TOP" install-ha DESTDIR="$root"
for unit in exporter.service textfile.service; do
	program=$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$root/usr/local/lib/systemd/system/iser-tgt-$unit")
	works "iser-tgt-$unit starts a program that is there" test -x "$root$program"
done
works "make uninstall-tools" make -s -C "$TOP" uninstall-tools DESTDIR="$root"
works "make uninstall-ha" make -s -C "$TOP" uninstall-ha DESTDIR="$root"
is "$(find "$root" -not -type d)" "" "... leaves nothing behind"
done_testing
