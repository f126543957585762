# SPDX-License-Identifier: GPL-2.0
'''
Makes rtslib, and with it targetcli, targetclid and targetctl, know the fabric "iser" of the kernel module iser_tgt.

rtslib knows its fabrics from a table and has no way to add one from outside. install() puts a finder before the others
that waits for rtslib's table and adds our class as soon as it is there (fabric.py), and sees to it that a configuration
saved where the module is missing keeps its iser targets (saved.py). Without rtslib nothing happens.
'''

import sys

# One library under two names: Python has two modules then, each with a table of its own.
TABLES = ('rtslib.fabric', 'rtslib_fb.fabric')
ROOTS = ('rtslib.root', 'rtslib_fb.root')


def register(module):
    '''
    Adds the fabric to the table of one copy of rtslib, unless it has one called "iser"; or, with its root module, what
    keeps saved targets.
    '''
    fails = 'has no fabric iser'
    try:
        if module.__name__ in TABLES:
            from .fabric import iser_fabric_module
            module.fabric_modules.setdefault('iser', iser_fabric_module(module._BaseFabricModule))
        else:
            fails = 'does not keep saved iser targets'
            from .saved import keep_saved
            keep_saved(module)
    except Exception as err:
        # an rtslib of the future that we do not know must go on working
        from warnings import warn
        warn("iser_tgt_rtslib: %s %s: %s" % (module.__name__, fails, err))


class Finder:
    '''Finds nothing itself; asks the others, and sees to it that register() runs behind the module's own code.'''

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name not in TABLES + ROOTS:
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
            # a loader that takes no attributes: rtslib without us is better than no rtslib
            pass


def install():
    '''From iser-tgt-rtslib.pth or .start, at every start of Python; may be called again.'''
    if not any(finder is Finder for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder)
    for name in TABLES + ROOTS:
        module = sys.modules.get(name)
        if module is not None:
            register(module)
