# SPDX-License-Identifier: GPL-2.0
'''
Keeps the iser part of a saved configuration on a kernel without the module.

rtslib saves the content of configfs. On a kernel without iser_tgt, the next saveconfig, which targetcli runs when it exits,
would remove the targets of this fabric from the file that a kernel with the module restores later.
'''

import errno
import functools
import json
import subprocess
import sys


def module_missing(path):
    '''Whether this kernel has no iser_tgt: it is not loaded, and modprobe would not find it. Loads nothing.'''
    from os.path import isdir
    if isdir(path):
        return False
    try:
        return subprocess.call(('modprobe', '--dry-run', '--quiet', 'iser_tgt'), stderr=subprocess.DEVNULL) != 0
    except OSError:
        # unknown without modprobe
        return False


def saved_of_iser(save_file):
    '''The targets and the discovery settings of iser in a saved configuration: two lists.'''
    try:
        with open(save_file) as file:
            saved = json.load(file)
    except OSError as err:
        if err.errno != errno.ENOENT:
            raise
        return [], []
    except ValueError:
        # not a configuration, so it has no iser part
        return [], []
    return ([t for t in saved.get('targets', []) if t.get('fabric') == 'iser'],
            [f for f in saved.get('fabric_modules', []) if f.get('name') == 'iser'])


def keep_saved(module, missing=module_missing):
    '''Makes RTSRoot.save_to_file() of one copy of rtslib.root keep them while the module is missing.'''
    save_to_file = module.RTSRoot.save_to_file
    if hasattr(save_to_file, 'keeps_iser'):
        return

    @functools.wraps(save_to_file)
    def saving(self, save_file=None, so_path=None):
        # with so_path rtslib itself keeps the content of the file
        if so_path or not missing(self.configfs_dir + '/iser'):
            return save_to_file(self, save_file, so_path)
        targets, settings = saved_of_iser(save_file or module.default_save_file)
        if not targets and not settings:
            return save_to_file(self, save_file, so_path)

        def dump():
            config = type(self).dump(self)
            config['targets'] = config['targets'] + targets
            config['fabric_modules'] = config.get('fabric_modules', []) + settings
            return config

        sys.stderr.write("iser_tgt is not there for this kernel: %d saved iser target(s) stay in the file as they were\n" % len(targets))
        self.dump = dump
        try:
            return save_to_file(self, save_file, so_path)
        finally:
            del self.dump

    saving.keeps_iser = True
    module.RTSRoot.save_to_file = saving
