#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The patches for rtslib, on Debian's versions: they apply, and what they change works without the import hook and with it.

. "$(dirname "$0")/../lib.sh"

python() { inside "$home/with/bin/python3" "$@" 2>&1; }

# clears : runs targetctl clear, which must be root
clears() { BINDS="--unshare-user --uid 0 --gid 0 --cap-add ALL" python -B "$here/fakelio.py" "$home/configfs" iscsi_target_mod /usr/bin/targetctl clear; }

patched() {
	local site patch name broken
	site=$(with_rtslib "$home/with") || bail "a Python with rtslib"
	set -- "$TOP/configfs/upstream/rtslib-$version"/*.patch
	[ -f "$1" ] || bail "patches for rtslib $version"
	for patch; do works "${patch##*/} applies" git -C "$site" apply "$patch" || bail "the patches for rtslib $version"; done
	# where the second name is a copy, Debian makes it after patching
	if [ -d "$site/rtslib_fb" ]; then
		rm -r "$site/rtslib_fb"
		cp -r "$site/rtslib" "$site/rtslib_fb"
	fi

	# --- entry points ---
	is "$(python -c 'import rtslib; print(sorted(f.name for f in rtslib.FabricModule.all()).count("iscsi"))')" 1 "the table is what it was"
	works "the plug-in is installed" "$PLUGIN/install" "$site"
	works "its hook is not" rm "$site"/iser-tgt-rtslib.{pth,start}
	for name in rtslib rtslib_fb; do
		is "$(python -c "import $name; f = $name.fabric; print(issubclass(f.fabric_modules['iser'], f._BaseFabricModule))")" True \
			"$name knows the fabric by the entry point, with a class of its own base"
	done
	traps "$home/with/bin/python3" patched

	broken=$site/broken-1.dist-info
	mkdir "$broken"
	printf 'Metadata-Version: 2.1\nName: broken\nVersion: 1\n' >"$broken/METADATA"
	printf '[rtslib_fb.fabric_modules]\nbroken = nowhere:nothing\niscsi = nowhere:nothing\n' >"$broken/entry_points.txt"
	like "$(python -c 'import rtslib; print(rtslib.FabricModule("iscsi").name, rtslib.FabricModule("iser").name)')" '^iscsi iser$' \
		"an entry point that leads nowhere harms nobody, and cannot take a name that is taken"
	like "$(python -c 'import rtslib')" "Cannot load fabric module broken: No module named 'nowhere'" "... but is told"
	rm -r "$broken"

	works "targetctl clear" clears

	works "hook and entry point" "$PLUGIN/install" "$site"
	is "$(python -W error -c 'import rtslib; print([f.name for f in rtslib.FabricModule.all()].count("iser"))')" 1 "do not clash"
}
each_rtslib patched
done_testing
