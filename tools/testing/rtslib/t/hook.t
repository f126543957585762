#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The import hook: both names of rtslib know the fabric, however Python is started, and whoever has no rtslib sees nothing of us.

. "$(dirname "$0")/../lib.sh"

# --- with Debian's rtslib ---
site=$(with_rtslib "$work/with")
known='import NAME.fabric as f; c = f.fabric_modules["iser"]; print(issubclass(c, f._BaseFabricModule), c.__name__)'
python() { "$work/with/bin/python3" "$@" 2>&1; }
having() { "$work/has/bin/python3" -c "$1" 2>&1; }
lacking() { "$work/without/bin/python3" -c "$1" 2>&1; }
for name in rtslib rtslib_fb; do
	like "$(python -c "${known/NAME/$name}")" "KeyError: 'iser'" "$name without the plug-in does not know the fabric"
done
works "the plug-in is installed" "$PLUGIN/install" "$site"
for name in rtslib rtslib_fb; do
	for flag in '' -E -s -I -B -O; do
		is "$(python $flag -c "${known/NAME/$name}")" "True ISERFabricModule" "$name knows it, python3 $flag"
	done
	is "$(python -c "import $name; print($name.FabricModule('iser').name)")" iser "$name: FabricModule('iser')"
	is "$(python -c "import $name; print([m.name for m in $name.FabricModule.all()].count('iser'))")" 1 "$name: once among all"
done
is "$(python -c '
import rtslib.fabric as a, rtslib_fb.fabric as b
c = a.fabric_modules["iser"]
print(a is not b and issubclass(c, a._BaseFabricModule) and not issubclass(c, b._BaseFabricModule))
')" True "both at once: each has a class of its own base"
is "$(python -c '
import rtslib.fabric
c = rtslib.fabric.fabric_modules["iser"]
import iser_tgt_rtslib, sys
iser_tgt_rtslib.install()
print(rtslib.fabric.fabric_modules["iser"] is c, sum(f is iser_tgt_rtslib.Finder for f in sys.meta_path))
')" "True 1" "installing it a second time changes nothing"
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
print([(p.name, p.load()(f._BaseFabricModule).__name__) for p in points])
')" "[('iser', 'ISERFabricModule')]" "the entry point names the same class"

# --- an rtslib that has the fabric, and one we do not understand ---
with_iser=$(python_home "$work/has")
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
without=$(python_home "$work/without")
"$PLUGIN/install" "$without"
is "$(lacking 'print("hello")')" hello "without rtslib Python starts and says nothing"
like "$(lacking 'import rtslib' | tail -n 1)" "^ModuleNotFoundError: No module named 'rtslib'" \
	"... and rtslib is missing as it always was"
is "$(lacking 'import sys; print("iser_tgt_rtslib.fabric" in sys.modules)')" False "... and the class is not even read"

# --- removed ---
works "the plug-in is removed" "$PLUGIN/install" --remove "$site"
is "$(find "$site" -iname '*iser*tgt*')" "" "nothing of it is left"
like "$(python -c "${known/NAME/rtslib}")" "KeyError: 'iser'" "and rtslib does not know the fabric any more"
done_testing
