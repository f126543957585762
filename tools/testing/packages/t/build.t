#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The packages can be built, lintian has nothing to say, manual pages are sound, and make install and uninstall are each other's opposite.

. "$(dirname "$0")/../lib.sh"

works "make deb" make -s -C "$TOP" deb || { done_testing; exit 1; }
deb=$TOP/build/deb
is "$(find "$deb" -name '*.deb' -printf '%f\n' | sed 's/_.*//' | sort | tr '\n' ' ')" "iser-tgt-dkms iser-tgt-tools " "two packages"
is "$(lintian --pedantic --allow-root "$deb"/*.changes 2>&1 | grep -v '^N:')" "" "lintian has nothing to say"
dpkg-deb -x "$deb"/iser-tgt-dkms_*.deb "$work/dkms"
dpkg-deb -x "$deb"/iser-tgt-tools_*.deb "$work/tools"
(cd "$TOP" && git ls-files -co --exclude-standard Kbuild drivers | sort) >"$work/ours"
(cd "$work"/dkms/usr/src/iser_tgt-* && find . -type f -not -name dkms.conf | cut -c3- | sort) >"$work/theirs"
works "all sources of the module are in the package" diff "$work/ours" "$work/theirs"
for page in "$TOP"/Documentation/man/*; do
	is "$(LC_ALL=C.UTF-8 MANROFFSEQ='' man --warnings -l -Tutf8 -Z "$page" 2>&1 >/dev/null)" "" "${page##*/} is sound"
	name=${page##*/}
	works "... and in a package" test -f "$work/tools/usr/share/man/man8/$name.gz" -o -f "$work/dkms/usr/share/man/man4/$name.gz"
done
for unit in rtslib-fb-targetctl target; do
	like "$(cat "$work/tools/usr/lib/systemd/system/$unit.service.d/iser-tgt.conf")" '^After=network-online.target rdma-hw.target ' "a drop-in for $unit.service"
done
is "$(sed '/^#/d' "$work/dkms/usr/lib/modules-load.d/iser_tgt.conf")" iser_tgt "the module is loaded at boot"
# options the manual has and the program, and the other way round
for tool in clear doctor reload; do
	usage=$("$work/tools/usr/sbin/iser-tgt-$tool" --help | grep -oE -- '--[a-z]+' | sort -u | grep -v help)
	manual=$(sed 's/\\-/-/g' "$TOP/Documentation/man/iser-tgt-$tool.8" | grep -oE -- '--[a-z]+' | sort -u | grep -v help)
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
works "make uninstall-tools" make -s -C "$TOP" uninstall-tools DESTDIR="$root"
is "$(find "$root" -not -type d)" "" "... leaves nothing behind"
done_testing
