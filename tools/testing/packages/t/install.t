#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The packages on a default Debian: installed by apt, with a module for each of its kernels, and a message for a kernel that is not
# supported; known to targetcli; removed without a trace, and not while initiators are logged in. And the checkout, by make install. The commands
# are read from README.md and the user guide: the blocks marked <!-- run: packages -->. install-bookworm.t is the same on Debian 12.
# all: a Debian with two kernels takes minutes to make, and a module is compiled in there five times

. "$(dirname "$0")/../lib.sh"
suite=${suite:-trixie}

works "make deb" make -s -C "$TOP" deb || { done_testing; exit 1; }
mapfile -t releases < <(kernels_of "$suite")
note "Debian $suite: ${releases[*]}"
[ ${#releases[@]} -ge 2 ] || bail "two kernels"
cache=$(debian_of "$suite") || bail "a Debian"
root=$work/root
clean_up() { in_userns rm -rf --one-file-system "$root"; rm -rf "$work"; }
mkdir "$root" && in_userns tar -C "$root" --numeric-owner --exclude='./dev/*' -xf "$cache/root.tar" || bail "a Debian, unpacked"
indoors() { inside "$root" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
ours() { in_userns find "$root/usr" "$root/etc" "$root/lib/modules/" "$root/var/lib/dkms" \( -iname '*iser*tgt*' -o -iname 'iser-tgt*' \) | sort; }
# the environment of a reader: in a checkout, as root
checkout=$root/root/iser_tgt
in_userns mkdir -p "$checkout/build/deb"
(cd "$TOP" && git ls-files -co --exclude-standard -z | tar -c --null --ignore-failed-read -T -) 2>/dev/null | in_userns tar -C "$checkout" --no-same-owner -x
in_userns cp "$TOP"/build/deb/*.deb "$checkout/build/deb/"
# no prompts, no packages from outside this Debian, and the machine runs the first of the kernels
printf 'APT::Get::Assume-Yes "true";\nAPT::Install-Recommends "false";\n' | in_userns tee "$root/etc/apt/apt.conf.d/99test" >/dev/null
in_userns mkdir "$root/fake"
printf '#!/bin/sh\n[ "$*" = -r ] || exec /usr/bin/uname "$@"\necho %s\n' "${releases[0]}" | in_userns tee "$root/fake/uname" >/dev/null
in_userns chmod +x "$root/fake/uname"
# printed DOCUMENT N : the commands of its Nth block for packages
printed() {
	local block
	block=$("$here/../blocks" "$TOP/$1" "$work/blocks" | sed -n 's/^\([0-9]*\) run: packages$/\1/p' | sed -n "$2p")
	note "$1:$block: $(cat "$work/blocks/$block")"
	indoors env PATH="/fake:/usr/sbin:/usr/bin:/sbin:/bin" sh -ec "cd /root/iser_tgt; $(cat "$work/blocks/$block")"
}
for doc in README.md Documentation/user-guide.md; do
	case $doc in README.md) expected=3 ;; *) expected=2 ;; esac
	is "$("$here/../blocks" "$TOP/$doc" "$work/blocks" | grep -c 'run: packages$')" $expected "$doc has $expected blocks that this test runs"
done
echo 'autoinstall_all_kernels="yes"' | in_userns tee -a "$root/etc/dkms/framework.conf" >/dev/null
is "$(ours)" "" "a machine that knows nothing of us"

# --- kernels not from Debian: too old, without RDMA; and newer than any ---
version=$(sed -n 's/^MODULE_VERSION("\(.*\)");$/\1/p' "$TOP/drivers/iser_target/main.c")
# kernel NAME [LINE-OF-CONFIG...] : what DKMS takes for its headers, with a Makefile that leaves a mark and fails
kernel() {
	in_userns mkdir -p "$root/lib/modules/$1/build/include"
	printf '%s\n' "${@:2}" | in_userns tee "$root/lib/modules/$1/build/.config" >/dev/null
	printf 'modules clean:\n\t@touch "/root/tried-%s"; false\n' "$1" | in_userns tee "$root/lib/modules/$1/build/Makefile" >/dev/null
}
all_of_it=(CONFIG_TARGET_CORE=m CONFIG_INFINIBAND_ADDR_TRANS=y)
kernel 5.10.0-9-amd64 "${all_of_it[@]}"
kernel 6.12.0-9-cloud "${all_of_it[0]}"

works "README.md: apt install" printed README.md 1 || { done_testing; exit 1; }
tr -d '\r' <"$OUT" >"$work/apt"
for rel in "${releases[@]}"; do
	ko=$(find "$root/lib/modules/$rel/" -name 'iser_tgt.ko*')
	like "$ko" 'updates/dkms/iser_tgt.ko' "DKMS: a module for $rel"
	is "$(indoors modinfo -k "$rel" -F vermagic iser_tgt | cut -d' ' -f1)" "$rel" "... that belongs to it"
done
works "DKMS knows them" indoors sh -c "dkms status iser_tgt | grep -c installed | grep -qx ${#releases[@]}"
like "$(cat "$work/apt")" '^iser_tgt is not built for the kernel 5\.10\.0-9-amd64: it needs Linux 6\.1 or later\.$' "a kernel that is too old: apt installs, and a line says why"
like "$(cat "$work/apt")" '^iser_tgt is not built for the kernel 6\.12\.0-9-cloud: it needs CONFIG_INFINIBAND_ADDR_TRANS\.$' "a kernel without RDMA: the same"
is "$(in_userns find "$root/root" -name 'tried-*')" "" "... neither is tried"
works "such a kernel can be installed later, too" indoors /etc/kernel/postinst.d/dkms 6.12.0-9-cloud
like "$(tr -d '\r' <"$OUT")" '^iser_tgt is not built for the kernel 6\.12\.0-9-cloud: ' "... with the same line"
in_userns rm -r "$root"/lib/modules/{5.10.0-9-amd64,6.12.0-9-cloud}
kernel 99.1.0-9-amd64 "${all_of_it[@]}"
fails "a kernel newer than any" indoors dkms build -m iser_tgt -v "$version" -k 99.1.0-9-amd64
works "... is tried" in_userns test -e "$root/root/tried-99.1.0-9-amd64"
is "$(indoors dkms status 2>&1 | grep 'not built')" "" "dkms status says nothing of it"
in_userns rm -r "$root/lib/modules/99.1.0-9-amd64"
like "$(indoors python3 -c 'import rtslib, rtslib_fb; print(rtslib.FabricModule("iser").name, rtslib_fb.FabricModule("iser").name)')" '^iser iser$' \
	"rtslib knows the fabric, by both of its names"
like "$(indoors iser-tgt-doctor)" 'the module iser_tgt is not loaded|there is no module' "the doctor runs"

# --- while an initiator is logged in ---
tpg=$root/sys/kernel/config/target/iser/iqn.2026-01.org.example:disk/tpgt_1
in_userns mkdir -p "$tpg/acls" "$root/sys/module/iser_tgt"
echo iqn.2026-01.org.example:host | in_userns tee "$tpg/dynamic_sessions" >/dev/null
fails "apt remove with a session" indoors apt-get -q -y remove iser-tgt-dkms
like "$(cat "$work/out")" 'logged in: iqn.2026-01.org.example:host' "... says whose"
like "$(cat "$work/out")" 'not removed, for initiators would lose their disks' "... and why"
like "$(indoors dpkg -s iser-tgt-dkms)" 'ok installed' "... it is still there"
is "$(find "$root/lib/modules/" -name 'iser_tgt.ko*' | wc -l)" ${#releases[@]} "... and so are the modules"
fails "apt remove of the tools, which takes the module with it" indoors apt-get -q -y remove iser-tgt-tools
in_userns sh -c ": >$tpg/dynamic_sessions; mkdir -p $tpg/acls/iqn.2026-01.org.example:host"
echo 'InitiatorName: iqn.2026-01.org.example:host' | in_userns tee "$tpg/acls/iqn.2026-01.org.example:host/info" >/dev/null
fails "... with a session that has an ACL" indoors apt-get -q -y remove iser-tgt-dkms
in_userns rm -rf "$root/sys/kernel" "$root/sys/module"

# --- removed ---
works "apt remove" indoors apt-get -q -y remove iser-tgt-dkms
is "$(find "$root/lib/modules/" -name 'iser_tgt.ko*' | wc -l)" 0 "no module is left"
works "Documentation/user-guide.md: apt install" printed Documentation/user-guide.md 1
is "$(find "$root/lib/modules/" -name 'iser_tgt.ko*' | wc -l)" ${#releases[@]} "the modules are back"
works "Documentation/user-guide.md: apt purge" printed Documentation/user-guide.md 2
is "$(ours)" "" "nothing is left behind"
like "$(indoors python3 -c 'import rtslib; print("iser" in rtslib.fabric.fabric_modules)')" False "rtslib is as it was"

# --- from the checkout, without packages ---
works "README.md: make install" printed README.md 2 || { done_testing; exit 1; }
like "$(indoors modinfo -k "${releases[0]}" -F filename iser_tgt)" "^/lib/modules/${releases[0]//+/[+]}/updates/.*iser_tgt.ko" "the module is installed, and depmod knows it"
is "$(indoors modinfo -k "${releases[0]}" -F vermagic iser_tgt | cut -d' ' -f1)" "${releases[0]}" "... for the kernel that runs"
like "$(indoors python3 -c 'import rtslib; print(rtslib.FabricModule("iser").name)')" '^iser$' "rtslib knows the fabric"
works "the doctor is on the PATH" test -x "$root/usr/local/sbin/iser-tgt-doctor"
works "README.md: make uninstall" printed README.md 3
is "$(in_userns find "$root/usr" "$root/etc" "$root/lib/modules/" \( -iname '*iser_t*' -o -iname '*iser-t*' \) | sort)" "" "nothing is left behind"
fails "depmod knows none" indoors modinfo -k "${releases[0]}" iser_tgt
done_testing
