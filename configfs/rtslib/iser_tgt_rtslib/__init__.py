# SPDX-License-Identifier: GPL-2.0
'''
Adds the fabric "iser" of the kernel module iser_tgt to rtslib, and so to targetcli, targetclid and targetctl.

rtslib has a table of its fabrics and no interface to add one. install() puts an import finder before the others, which adds
our class to the table when rtslib is imported (fabric.py), makes rtslib keep the iser targets of a configuration that
is saved while the module is missing (saved.py), and makes it report persistent reservations that it loses (reserved.py). Without rtslib
it has no effect.
'''

import sys

# The library has two names, for which Python loads two modules, each with its own table.
TABLES = ('rtslib.fabric', 'rtslib_fb.fabric')
ROOTS = ('rtslib.root', 'rtslib_fb.root')
STORES = ('rtslib.tcm', 'rtslib_fb.tcm')


def register(module):
    '''
    Adds the fabric to the table of one copy of rtslib, unless it has one called "iser"; for its root module and that of
    backstores, installs the functions that keep saved targets and persistent reservations.
    '''
    fails = 'has no fabric iser'
    try:
        if module.__name__ in TABLES:
            from .fabric import iser_fabric_module
            module.fabric_modules.setdefault('iser', iser_fabric_module(module._BaseFabricModule))
        elif module.__name__ in STORES:
            fails = 'does not report damaged reservations'
            from .reserved import keep_stored
            keep_stored(module)
        else:
            fails = 'does not keep saved iser targets'
            from .saved import keep_saved
            keep_saved(module)
            fails = 'does not report lost reservations'
            from .reserved import report_lost
            report_lost(module)
    except Exception as err:
        # a future, incompatible rtslib must keep working
        from warnings import warn
        warn("iser_tgt_rtslib: %s %s: %s" % (module.__name__, fails, err))


class Finder:
    '''Finds nothing itself; uses the other finders, and makes register() run after the module's own code.'''

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name not in TABLES + ROOTS + STORES:
            return None
        for finder in sys.meta_path:
            if finder is cls or not hasattr(finder, 'find_spec'):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                cls._then_register(spec)
                return spec
        return None

    @staticmethod
    def _then_register(spec):
        try:
            run = spec.loader.exec_module

            def exec_module(module):
                run(module)
                register(module)

            spec.loader.exec_module = exec_module
        except AttributeError:
            # a loader without settable attributes: import rtslib without the fabric rather than fail
            pass


def install():
    '''From iser-tgt-rtslib.pth or .start, at every start of Python; may be called again.'''
    if not any(finder is Finder for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder)
    for name in TABLES + ROOTS + STORES:
        module = sys.modules.get(name)
        if module is not None:
            register(module)
