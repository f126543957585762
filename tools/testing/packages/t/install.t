#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The packages on a Debian as it comes: installed by apt, with a module for each kernel; known to targetcli; removed without a trace, and
# not while initiators are logged in. And the checkout, by make install. The commands are those of README.md and the user guide, read from there:
# the blocks marked <!-- run: packages -->.
# by name: a Debian with the headers of two kernels takes minutes to make

. "$(dirname "$0")/../lib.sh"

works "make deb" make -s -C "$TOP" deb || { done_testing; exit 1; }
releases=("$(kernel_release 6.1)" "$(kernel_release 6.12)")
cache=$(packages_root)
root=$work/root
cleanup() { as_root rm -rf --one-file-system "$root"; }
cleanup=cleanup
mkdir "$root" && as_root tar -C "$root" --numeric-owner -xf "$cache/root.tar" || { not_ok "a Debian"; done_testing; exit 1; }
# its own mounts go with the command; no /sys, so that modules and sessions are what the test says they are
inside() {
	# shellcheck disable=SC2016
	as_root unshare -m sh -c 'mount -t proc proc "$1/proc" && cd / && root=$1 && shift && exec chroot "$root" "$@"' sh "$root" \
		env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
ours() { as_root find "$root/usr" "$root/etc" "$root/lib/modules/" "$root/var/lib/dkms" \( -iname '*iser*tgt*' -o -iname 'iser-tgt*' \) | sort; }
# where a reader would be: in a checkout, as root
checkout=$root/root/iser_tgt
as_root mkdir -p "$checkout/build/deb"
(cd "$TOP" && git ls-files -co --exclude-standard -z | tar -c --null --ignore-failed-read -T -) 2>/dev/null | as_root tar -C "$checkout" --no-same-owner -x
as_root cp "$TOP"/build/deb/*.deb "$checkout/build/deb/"
# nobody is there to say yes, nothing is to be had that this Debian has not, and the machine runs the first of the kernels
printf 'APT::Get::Assume-Yes "true";\nAPT::Install-Recommends "false";\n' | as_root tee "$root/etc/apt/apt.conf.d/99test" >/dev/null
as_root mkdir "$root/fake"
printf '#!/bin/sh\n[ "$*" = -r ] || exec /usr/bin/uname "$@"\necho %s\n' "${releases[0]}" | as_root tee "$root/fake/uname" >/dev/null
as_root chmod +x "$root/fake/uname"
# printed DOCUMENT N : the commands of its Nth block for packages
printed() {
	local block
	block=$("$here/../blocks" "$TOP/$1" "$work/blocks" | sed -n 's/^\([0-9]*\) run: packages$/\1/p' | sed -n "$2p")
	note "$1:$block: $(cat "$work/blocks/$block")"
	inside env PATH="/fake:/usr/sbin:/usr/bin:/sbin:/bin" sh -ec "cd /root/iser_tgt; $(cat "$work/blocks/$block")"
}
for doc in README.md Documentation/user-guide.md; do
	case $doc in README.md) expected=3 ;; *) expected=2 ;; esac
	is "$("$here/../blocks" "$TOP/$doc" "$work/blocks" | grep -c 'run: packages$')" $expected "$doc has $expected blocks that this test runs"
done
echo 'autoinstall_all_kernels="yes"' | as_root tee -a "$root/etc/dkms/framework.conf" >/dev/null
is "$(ours)" "" "a machine that knows nothing of us"

works "README.md: apt install" printed README.md 1 || { done_testing; exit 1; }
for rel in "${releases[@]}"; do
	ko=$(find "$root/lib/modules/$rel/" -name 'iser_tgt.ko*')
	like "$ko" 'updates/dkms/iser_tgt.ko' "a module for $rel"
	is "$(inside modinfo -k "$rel" -F vermagic iser_tgt | cut -d' ' -f1)" "$rel" "... that belongs to it"
done
like "$(inside python3 -c 'import rtslib, rtslib_fb; print(rtslib.FabricModule("iser").name, rtslib_fb.FabricModule("iser").name)')" '^iser iser$' \
	"rtslib knows the fabric, by both of its names"
like "$(inside iser-tgt-doctor)" 'the module iser_tgt is not loaded|there is no module' "the doctor runs"
works "DKMS knows it" inside sh -c 'dkms status iser_tgt | grep -c installed | grep -qx 2'

# --- while somebody is logged in ---
tpg=$root/sys/kernel/config/target/iser/iqn.2026-01.org.example:disk/tpgt_1
as_root mkdir -p "$tpg/acls" "$root/sys/module/iser_tgt"
echo iqn.2026-01.org.example:host | as_root tee "$tpg/dynamic_sessions" >/dev/null
fails "apt remove with a session" inside apt-get -q -y remove iser-tgt-dkms
like "$(cat "$work/out")" 'logged in: iqn.2026-01.org.example:host' "... says whose"
like "$(cat "$work/out")" 'not removed, for initiators would lose their disks' "... and why"
like "$(inside dpkg -s iser-tgt-dkms)" 'ok installed' "... it is still there"
is "$(find "$root/lib/modules/" -name 'iser_tgt.ko*' | wc -l)" 2 "... and so are the modules"
fails "apt remove of the tools, which takes the module with it" inside apt-get -q -y remove iser-tgt-tools
as_root sh -c ": >$tpg/dynamic_sessions; mkdir -p $tpg/acls/iqn.2026-01.org.example:host"
echo 'InitiatorName: iqn.2026-01.org.example:host' | as_root tee "$tpg/acls/iqn.2026-01.org.example:host/info" >/dev/null
fails "... with a session that has an ACL" inside apt-get -q -y remove iser-tgt-dkms
as_root rm -rf "$root/sys/kernel" "$root/sys/module"

# --- removed ---
works "apt remove" inside apt-get -q -y remove iser-tgt-dkms
is "$(find "$root/lib/modules/" -name 'iser_tgt.ko*' | wc -l)" 0 "no module is left"
works "Documentation/user-guide.md: apt install" printed Documentation/user-guide.md 1
is "$(find "$root/lib/modules/" -name 'iser_tgt.ko*' | wc -l)" 2 "the modules are back"
works "Documentation/user-guide.md: apt purge" printed Documentation/user-guide.md 2
is "$(ours)" "" "nothing is left behind"
like "$(inside python3 -c 'import rtslib; print("iser" in rtslib.fabric.fabric_modules)')" False "rtslib is as it was"

# --- from the checkout, without packages ---
works "README.md: make install" printed README.md 2 || { done_testing; exit 1; }
like "$(inside modinfo -k "${releases[0]}" -F filename iser_tgt)" "^/lib/modules/${releases[0]}/updates/.*iser_tgt.ko" "the module is installed, and depmod knows it"
is "$(inside modinfo -k "${releases[0]}" -F vermagic iser_tgt | cut -d' ' -f1)" "${releases[0]}" "... for the kernel that runs"
like "$(inside python3 -c 'import rtslib; print(rtslib.FabricModule("iser").name)')" '^iser$' "rtslib knows the fabric"
works "the doctor is on the PATH" test -x "$root/usr/local/sbin/iser-tgt-doctor"
works "README.md: make uninstall" printed README.md 3
is "$(as_root find "$root/usr" "$root/etc" "$root/lib/modules/" \( -iname '*iser_t*' -o -iname '*iser-t*' \) | sort)" "" "nothing is left behind"
fails "depmod knows none" inside modinfo -k "${releases[0]}" iser_tgt
done_testing
