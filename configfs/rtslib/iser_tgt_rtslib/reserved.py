# SPDX-License-Identifier: GPL-2.0
'''
Persistent reservations while rtslib clears and restores a configuration.

rtslib gives a backstore what the core has stored for its unit serial when it makes it. It makes no backstore of which the file is empty or
damaged, ignores one that it cannot decode, and looks only in the directory of this boot. What a clear loses, and what a restored configuration
has no ACL for, it does not mention.
'''

import functools
import os

from . import reservations


def config_of(path):
    return os.path.dirname(os.path.dirname(os.path.dirname(str(path))))


def keep_stored(module):
    '''Replaces what gives stored registrations to a new backstore, in one copy of rtslib.tcm.'''
    if hasattr(module.StorageObject._config_pr_aptpl, 'keeps_iser'):
        return

    def config_pr_aptpl(self):
        config = config_of(self.path)
        reservations.prepare(config)
        for text in reservations.give_stored(str(self.path), str(self.wwn), config, module.fwrite):
            reservations.say(text)

    config_pr_aptpl.keeps_iser = True
    module.StorageObject._config_pr_aptpl = config_pr_aptpl


def report_lost(module):
    '''Makes clear_existing() and restore() of one copy of rtslib.root report the reservations that they lose.'''
    root = module.RTSRoot
    if hasattr(root.clear_existing, 'keeps_iser'):
        return
    clear_existing, restore = root.clear_existing, root.restore

    @functools.wraps(clear_existing)
    def clearing(self, target=None, storage_object=None, confirm=False):
        if confirm and not (storage_object and not target):
            fabrics = [os.path.basename(f) for f in reservations.glob.glob(str(self.configfs_dir) + '/*') if not f.endswith('/core')]
            for text in reservations.survey(fabrics, [target] if target else [], str(self.configfs_dir))[0]:
                reservations.say('lost with the targets: ' + text)
        return clear_existing(self, target, storage_object, confirm)

    @functools.wraps(restore)
    def restoring(self, *arguments, **options):
        errors = restore(self, *arguments, **options)
        return errors + [text for text, _ in reservations.unrestored(str(self.configfs_dir))]

    clearing.keeps_iser = True
    root.clear_existing, root.restore = clearing, restoring
