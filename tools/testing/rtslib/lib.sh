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

# --- TAP ---

points=0 failed=0 finished=
ok()     { points=$((points + 1)); echo "ok $points - $1"; }
not_ok() {
	points=$((points + 1)) failed=$((failed + 1))
	echo "not ok $points - $1"
	shift
	local detail
	for detail; do echo "#   ${detail//$'\n'/$'\n#   '}"; done
}
is()     { if [ "$1" = "$2" ]; then ok "$3"; else not_ok "$3" "got:      $1" "expected: $2"; fi; }
like()   { if grep -qE -- "$2" <<<"$1"; then ok "$3"; else not_ok "$3" "got:      $1" "expected: $2"; fi; }
works()  {
	local text=$1
	shift
	if "$@" >"$work/out" 2>&1; then ok "$text"; else not_ok "$text" "failed: $*" "$(tail -n 15 "$work/out")"; return 1; fi
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
		done < <("$1" -B "$here/traps.py" $name "${@:2}" 2>&1)
		is "$seen" $name "$name: to the end"
	done
}
done_testing() { finished=1; echo "1..$points"; [ "$failed" -eq 0 ]; }
at_exit() {
	[ -n "$finished" ] || { not_ok "the script came to its end" "it stopped before done_testing"; echo "1..$points"; }
	rm -rf "$work"
}
trap at_exit EXIT
