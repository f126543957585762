#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The import hook: both names of rtslib know the fabric, however Python is started, and it has no effect without rtslib. Also checks the
# other Python programs of the package with the Python of each Debian.

. "$(dirname "$0")/../lib.sh"

# in a Python with the suite's rtslib, in one whose rtslib has the fabric, and in one without any
python() { inside "$home/with/bin/python3" "$@" 2>&1; }
having() { inside "$home/has/bin/python3" -c "$1" 2>&1; }
lacking() { inside "$home/without/bin/python3" -c "$1" 2>&1; }
known='import NAME; f = NAME.fabric; c = f.fabric_modules["iser"]; print(issubclass(c, f._BaseFabricModule), c.__name__)'

# where the Makefile installs the plug-in: the directory that the suite's Python names
# shellcheck disable=SC2016 # make's variable
make_dir() { inside sh -c "$(sed -n 's/^PYTHON_DIR ?= \$(shell \(.*\))$/\1/p' "$TOP/Makefile")"; }
# by_place TEXT : the system's Python knows the fabric, with BINDS
by_place() {
	local flag
	for flag in '' -E -s -I; do
		is "$(inside /usr/bin/python3 $flag -c "${known//NAME/rtslib}" 2>&1)" "True ISERFabricModule" "$1: known, python3 $flag"
	done
}
# programs : the Python programs of the package, and the modules
programs() { grep -lr --include='*.py' . "$PLUGIN"; grep -lrE '^#!/usr/bin/python3' "$TOP/configfs"; }

hook() {
	local site name flag start with_iser without dir file

	site=$(with_rtslib "$home/with") || bail "a Python with rtslib"
	for name in rtslib rtslib_fb; do
		like "$(python -c "${known//NAME/$name}")" "KeyError: 'iser'" "$name without the plug-in does not know the fabric"
	done
	works "the plug-in is installed" "$PLUGIN/install" "$site"
	for name in rtslib rtslib_fb; do
		for flag in '' -E -s -I -B -O; do
			is "$(python $flag -c "${known//NAME/$name}")" "True ISERFabricModule" "$name knows it, python3 $flag"
		done
		is "$(python -c "import $name; print($name.FabricModule('iser').name)")" iser "$name: FabricModule('iser')"
		is "$(python -c "import $name; print([m.name for m in $name.FabricModule.all()].count('iser'))")" 1 "$name: once among all"
	done
	is "$(python -W error -X dev -c 'import rtslib; print(rtslib.FabricModule("iser").name)')" iser "nothing makes Python warn"
	is "$(python -c '
import rtslib.root, sys
print(hasattr(rtslib.root.RTSRoot.save_to_file, "keeps_iser"), getattr(rtslib.root.RTSRoot.save_to_file, "__name__"))
')" "True save_to_file" "what saves a configuration keeps saved iser targets"
	is "$(python -c '
import rtslib.fabric
c = rtslib.fabric.fabric_modules["iser"]
import iser_tgt_rtslib, sys
iser_tgt_rtslib.install()
print(rtslib.fabric.fabric_modules["iser"] is c, sum(f is iser_tgt_rtslib.Finder for f in sys.meta_path))
')" "True 1" "installing it a second time changes nothing"
	# up to 2.1.76 a copy of the other, later a module that re-exports it
	case $version in
	2.1.*)
		is "$(python -c '
import rtslib.fabric as a, rtslib_fb.fabric as b
c = a.fabric_modules["iser"]
print(a is not b and issubclass(c, a._BaseFabricModule) and not issubclass(c, b._BaseFabricModule))
')" True "both at once: each has a class of its own base" ;;
	*)
		is "$(python -c '
import rtslib.fabric as a, rtslib_fb
print(a is rtslib_fb.fabric)
')" True "both names are one library"
		like "$(python -c 'import rtslib_fb.fabric')" "'rtslib_fb' is not a package" "... of which rtslib_fb.fabric is no module" ;;
	esac
	is "$(python -c '
import importlib, rtslib.fabric
c = rtslib.fabric.fabric_modules["iser"]
importlib.reload(rtslib.fabric)
print(rtslib.fabric.fabric_modules["iser"].__name__)
')" ISERFabricModule "rtslib loaded again"
	is "$(python -c 'import inspect, rtslib.fabric; print("class ISCSIFabricModule" in inspect.getsource(rtslib.fabric))')" True \
		"the module is still what it was to those who look at its source"
	start=$(cat "$site/iser-tgt-rtslib.start")
	is "$(python -c "
import importlib.util, sys
module, function = '$start'.split(':')
import rtslib.fabric
del rtslib.fabric.fabric_modules['iser']
getattr(importlib.import_module(module), function)()
print('iser' in rtslib.fabric.fabric_modules)
")" True "what .start names does the same, and for an rtslib that was there before"
	is "$(python -c '
from importlib.metadata import entry_points
points = entry_points(group="rtslib_fb.fabric_modules")
import rtslib.fabric as f
print([(p.name, p.dist.name, p.load()(f._BaseFabricModule).__name__) for p in points])
')" "[('iser', 'iser-tgt-rtslib', 'ISERFabricModule')]" "the entry point names the same class"

	# --- an rtslib that already has the fabric, and an unknown one ---
	with_iser=$(python_home "$home/has") || bail "a Python"
	"$PLUGIN/install" "$with_iser"
	mkdir "$with_iser/rtslib"
	: >"$with_iser/rtslib/__init__.py"
	printf 'class _BaseFabricModule: pass\nfabric_modules = {"iser": "its own"}\n' >"$with_iser/rtslib/fabric.py"
	is "$(having 'import rtslib.fabric; print(rtslib.fabric.fabric_modules["iser"])')" "its own" \
		"an rtslib that knows iser keeps its own"
	echo 'answer = 42' >"$with_iser/rtslib/fabric.py"
	like "$(having 'import rtslib.fabric; print("answer", rtslib.fabric.answer)')" 'answer 42' \
		"an rtslib without a table can be imported all the same"
	like "$(having 'import rtslib.fabric')" 'UserWarning: iser_tgt_rtslib: .*rtslib.fabric has no fabric iser' "... with a warning"
	echo 'raise RuntimeError("its own fault")' >"$with_iser/rtslib/fabric.py"
	like "$(having 'import rtslib.fabric' | tail -n 1)" '^RuntimeError: its own fault' "an rtslib that is broken says so itself"

	# --- without rtslib ---
	without=$(python_home "$home/without") || bail "a Python"
	"$PLUGIN/install" "$without"
	is "$(lacking 'print("hello")')" hello "without rtslib Python starts and says nothing"
	like "$(lacking 'import rtslib' | tail -n 1)" "^ModuleNotFoundError: No module named 'rtslib'" \
		"... and rtslib is missing as it always was"
	is "$(lacking 'import sys; print("iser_tgt_rtslib.fabric" in sys.modules)')" False "... and the class is not even read"

	# --- removed ---
	works "the plug-in is removed" "$PLUGIN/install" --remove "$site"
	is "$(find "$site" -iname '*iser*tgt*')" "" "nothing of it is left"
	like "$(python -c "${known//NAME/rtslib}")" "KeyError: 'iser'" "and rtslib does not know the fabric any more"

	# --- the install locations of the package and of make install ---
	mkdir "$home/local"
	cp -r "$packages" "$home/packages"
	"$PLUGIN/install" "$home/packages"
	BINDS="--bind $home/packages /usr/lib/python3/dist-packages" by_place "the package"
	dir=$(make_dir)
	like "$dir" '^/usr/local/lib/python3\.[0-9]+/dist-packages$' "make install has a place"
	mkdir -p "$home/local/${dir#/usr/local/}"
	"$PLUGIN/install" "$home/local/${dir#/usr/local/}"
	BINDS="--bind $home/local /usr/local" by_place "make install"

	# --- programs ---
	while read -r file; do
		is "$(inside /usr/bin/python3 -W error -c 'import sys; compile(sys.stdin.read(), "it", "exec")' <"$file" 2>&1)" "" \
			"${file#"$TOP/"} is without a fault"
		case $file in *.py) continue ;; esac
		like "$(inside /usr/bin/python3 -W error -X dev "$file" --help 2>&1 </dev/null)" '^usage: ' "... and says how it is used"
	done < <(programs)
}
each_rtslib hook
done_testing
