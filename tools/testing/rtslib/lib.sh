# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For the tests of the rtslib plug-in that need no kernel. Sourced. Debian's rtslib is unpacked, not installed: this machine may be a
# target itself.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../vm/lib.sh"
"$VM_DIR/deps" run
PLUGIN=$TOP/configfs/rtslib
work=$(mktemp -d)

packages=(python3-rtslib-fb python3-six python3-pyudev)
build_rtslib() {
	local package
	for package in "${packages[@]}"; do fetch_deb "$1" "$package"; done
}
# fails as a whole where a package cannot be had: a test of nothing is no test
debian_rtslib() {
	local versions=() package
	for package in "${packages[@]}"; do versions+=("$(deb_version "$package")"); done
	cached rtslib "$(hash_of "${packages[@]}" "${versions[@]}")" build_rtslib
}

# python_home DIR : a Python with site directories of its own, empty; prints where its packages go
python_home() {
	local site
	mkdir -p "$1/bin"
	ln -s /usr/bin/python3 "$1/bin/python3"
	printf 'home = /usr/bin\ninclude-system-site-packages = false\n' >"$1/pyvenv.cfg"
	site=$("$1/bin/python3" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
	mkdir -p "$site"
	printf '%s\n' "$site"
}
# with_rtslib DIR : such a Python with Debian's rtslib
with_rtslib() {
	local site debian
	debian=$(debian_rtslib)
	site=$(python_home "$1")
	cp -r "$debian"/usr/lib/python3/dist-packages/. "$site/"
	printf '%s\n' "$site"
}

OUT=$work/out
# shellcheck source=tools/testing/tap.sh
. "$here/../tap.sh"
# traps PYTHON [patched] : the points of traps.py, for both names of rtslib
traps() {
	local name line seen
	for name in rtslib rtslib_fb; do
		seen=
		while IFS= read -r line; do
			case $line in
			ok*) ok "${line#* - }" ;;
			'not ok'*) not_ok "${line#* - }" ;;
			1..*) seen=$name ;;
			*) printf '%s\n' "${line/#[^#]/# &}" ;;
			esac
		done < <("$1" -B "$here/traps.py" $name "${@:2}" 2>&1)
		is "$seen" $name "$name: to the end"
	done
}
trap 'came_to_its_end || :; rm -rf "$work"' EXIT
