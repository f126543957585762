#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The kernels of Debian testing and sid, which install.t does not cover: builds the sources of the package with the command that DKMS would run
# and the compiler of that Debian.
# all: what install.t shows with DKMS itself, for two more kernels

. "$(dirname "$0")/../lib.sh"

works "make deb" make -s -C "$TOP" deb || bail "no packages"
version=$(sed -n 's/^MODULE_VERSION("\(.*\)");$/\1/p' "$TOP/drivers/iser_target/main.c")
dpkg-deb -x "$TOP"/build/deb/iser-tgt-dkms_*.deb "$work/package"
for line in ${KVER:-testing sid}; do
	rel=$(kernel_release "$line") || bail "$line: a kernel"
	note "$line: $rel"
	build=$work/$line/iser_tgt/$version/build
	mkdir -p "${build%/*}" && cp -r "$work/package/usr/src/iser_tgt-$version" "$build"
	# shellcheck disable=SC2016 # of the inner shell
	works "$line: the command of dkms.conf builds the module" in_kernel_root "$rel" env "dkms_tree=$work/$line" "kernel_source_dir=$(headers_of "$rel")" \
		"kernelver=$rel" action=build bash -ec '. "$1"; [ -z "${BUILD_EXCLUSIVE_KERNEL:-}" ]; exec ${MAKE[0]/#make/make -j2 KERNELRELEASE=$kernelver}' sh "$build/dkms.conf"
	is "$(modinfo -F vermagic "$build/drivers/iser_target/iser_tgt.ko" 2>&1 | cut -d' ' -f1)" "$rel" "... for that kernel"
	is "$(grep -c 'warning:' "$OUT")" 0 "... without a warning"
done
done_testing
