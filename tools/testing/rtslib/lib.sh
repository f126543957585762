# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For the tests of the rtslib plug-in that need no kernel. Sourced. Each Debian's rtslib runs with the Python of that Debian, in a root below
# the cache, because this machine may be a target itself.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/testing/host.sh
. "$here/../host.sh"
[ -n "${ISER_TGT_DEPS:-}" ] || "$VM_DIR/deps"
PLUGIN=$TOP/configfs/rtslib
# targetcli removes all permissions of the directory that it saves to; restore them for users other than root
clean_up() { chmod -R u+rwX "$work"; rm -rf "$work"; }

# each_rtslib FUNCTION : calls it for the rtslib of each suite, SUITES. Variables set for it:
#	suite, version	of the rtslib
#	home		an empty directory
#	packages	the directory of the suite's Python packages
each_rtslib() {
	local root info
	for suite in ${SUITES:-bookworm trixie testing}; do
		about=$suite
		home=$work/$suite
		mkdir "$home"
		root=$(root_of "rtslib-$suite") || bail "a root with Debian's rtslib"
		packages=$root/usr/lib/python3/dist-packages
		info=$(cd "$packages" && echo rtslib_fb-*-info)
		version=${info#rtslib_fb-} version=${version%.*-info}
		"$1"
	done
	about=
}
# inside command... : in the suite's root; BINDS as for in_root
inside() { in_root "rtslib-$suite" "$@"; }

# python_home DIR : a Python of the suite with its own empty site directories; prints the one for packages
python_home() {
	local site
	mkdir -p "$1/bin"
	ln -s /usr/bin/python3 "$1/bin/python3"
	printf 'home = /usr/bin\ninclude-system-site-packages = false\n' >"$1/pyvenv.cfg"
	site=$(inside "$1/bin/python3" -c 'import sysconfig; print(sysconfig.get_path("purelib"))') && mkdir -p "$site" && printf '%s\n' "$site"
}
# with_rtslib DIR : such a Python with the suite's rtslib
with_rtslib() {
	local site
	site=$(python_home "$1") && cp -r "$packages/." "$site/" && printf '%s\n' "$site"
}

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
		done < <(inside "$1" -B "$here/traps.py" $name "${@:2}" 2>&1)
		is "$seen" $name "$name: to the end"
	done
}
