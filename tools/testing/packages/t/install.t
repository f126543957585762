#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The packages on a Debian as it comes: installed by apt, with a module for each kernel; known to targetcli; removed without a trace, and
# not while initiators are logged in.
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
cp "$TOP"/build/deb/*.deb "$root/tmp/"
echo 'autoinstall_all_kernels="yes"' | as_root tee -a "$root/etc/dkms/framework.conf" >/dev/null
is "$(ours)" "" "a machine that knows nothing of us"

works "apt install" inside sh -c 'apt-get -q -y --no-install-recommends install /tmp/*.deb' || { done_testing; exit 1; }
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
works "apt install again" inside sh -c 'apt-get -q -y --no-install-recommends install /tmp/*.deb'
is "$(find "$root/lib/modules/" -name 'iser_tgt.ko*' | wc -l)" 2 "the modules are back"
works "apt purge" inside apt-get -q -y purge iser-tgt-dkms iser-tgt-tools
is "$(ours)" "" "nothing is left behind"
like "$(inside python3 -c 'import rtslib; print("iser" in rtslib.fabric.fabric_modules)')" False "rtslib is as it was"
done_testing
