# SPDX-License-Identifier: GPL-2.0
'''
usage: fakelio.py DIR MODULES PROGRAM [ARGUMENT...]
A fake configfs of directories and files, limited to what rtslib uses, for the fabrics "iscsi" and "iser", and RAM disks. It does not check
what is written: the tests in tools/testing/vm use real kernels. As a program: runs another one, in Python, on such a configfs in DIR,
which is kept; MODULES, separated by commas, are those that modprobe finds.
'''

import errno
import functools
import importlib
import os
import re
import runpy
import shutil
import sys
import tempfile

AUTH = {name: 'NULL' for name in ('userid', 'password', 'userid_mutual', 'password_mutual')}
AUTH['authenticate_target'] = '0'
FABRICS = {'iser': 'iser_tgt', 'iscsi': 'iscsi_target_mod'}
RAM_DISK = 'Status: ACTIVATED  Max Queue Depth: 0  SectorSize: 512\n        PAGES/PAGE_SIZE: %s*4096  nullio: 0'


class Kernel:
    '''
    modules: those that modprobe finds; root: the directory of an earlier instance, to continue. Paths below root correspond to those
    below /sys/kernel/config/target; written: the files rtslib has written, in order; refuses: files that accept no value.
    '''

    def __init__(self, rtslib, modules, root=None):
        self.root = root or tempfile.mkdtemp()
        self.modules = set(modules)
        self.loaded = {module for name, module in FABRICS.items() if os.path.isdir(self.root + '/' + name)}
        self.asked = []
        self.mkdir, self.rmdir = os.mkdir, os.rmdir
        os.makedirs(self.root + '/core', exist_ok=True)
        os.mkdir, os.rmdir = self.make, self.remove
        self.written, self.refuses = [], set()
        self.fwrite, self.writers = rtslib.utils.fwrite, []
        self.serve(rtslib)

    def serve(self, rtslib):
        rtslib.node.CFSNode.configfs_dir = self.root
        rtslib.root.mount_configfs = lambda: None
        for module in (rtslib.root, rtslib.fabric):
            module.modprobe = functools.partial(self.modprobe, error=rtslib.RTSLibError)
        for module in [m for m in vars(rtslib).values() if hasattr(m, 'fwrite')]:
            module.fwrite = self.write
            self.writers.append(module)

    def end(self):
        os.mkdir, os.rmdir = self.mkdir, self.rmdir
        for module in self.writers:
            module.fwrite = self.fwrite
        shutil.rmtree(self.root)

    def write(self, path, value):
        path = str(path)
        if not os.path.exists(path):
            raise OSError(errno.EACCES, 'Permission denied', path)
        if path in self.refuses:
            raise OSError(errno.EINVAL, 'Invalid argument', path)
        self.written.append(os.path.relpath(path, self.root))
        pages = re.match(r'rd_pages=(\d+)', value)
        if path.endswith('/control') and pages:
            self.fill(os.path.dirname(path), {'info': RAM_DISK % pages.group(1)})
        if path.endswith('/vpd_unit_serial'):
            value = 'T10 VPD Unit Serial Number: ' + value
        self.fwrite(path, value)

    def modprobe(self, module, error):
        self.asked.append(module)
        if module not in self.modules:
            raise error("Could not load module: %s" % module)
        self.loaded.add(module)

    def fill(self, path, files):
        for name, value in files.items():
            path_of = os.path.join(path, name)
            os.makedirs(os.path.dirname(path_of), exist_ok=True) if '/' in name else None
            with open(path_of, 'w') as file:
                file.write(value + '\n')

    def make(self, path, mode=0o777):
        path = str(path)
        if not path.startswith(self.root):
            return self.mkdir(path, mode)
        what = os.path.relpath(path, self.root).split('/')
        if len(what) == 1:
            if FABRICS.get(what[0]) not in self.loaded:
                raise OSError(22, 'Invalid argument', path)
        self.mkdir(path, mode)
        if what[0] == 'core' and len(what) == 3:
            self.mkdir(path + '/alua')
            self.fill(path, {'control': '', 'udev_path': '', 'enable': '0', 'info': '', 'wwn/vpd_unit_serial': '', 'attrib/block_size': '512',
                             'attrib/emulate_model_alias': '0'})
        if what[0] not in FABRICS:
            return
        if len(what) == 1:
            self.fill(path, {'discovery_auth/' + name: value for name, value in AUTH.items()})
            self.fill(path, {'discovery_auth/enforce_discovery_auth': '0', 'version' if what[0] == 'iser' else 'lio_version': 'fake 1'})
        elif len(what) == 3:
            for name in ('acls', 'lun', 'np'):
                self.mkdir(os.path.join(path, name))
            self.fill(path, {'auth/' + name: value for name, value in AUTH.items()})
            self.fill(path, {'attrib/authentication': '1', 'attrib/generate_node_acls': '0', 'param/ImmediateData': 'Yes', 'enable': '0'})
        elif len(what) == 6 and what[3] == 'acls':
            self.fill(path, {'write_protect': '0'})
        elif len(what) == 5 and what[3] == 'np':
            self.fill(path, {'iser': '1' if what[0] == 'iser' else '0'})
        elif len(what) == 5 and what[3] == 'acls':
            self.fill(path, {'auth/' + name: value for name, value in AUTH.items()})
            self.fill(path, {'info': 'No active iSER Session for Initiator Endpoint: ' + what[4], 'tag': '', 'cmdsn_depth': '64'})

    def remove(self, path, **at):
        if not str(path).startswith(self.root):
            return self.rmdir(path, **at)
        # files and default groups are removed with their directory
        os.rmdir = self.rmdir
        shutil.rmtree(path)
        os.rmdir = self.remove

    def read(self, path):
        with open(os.path.join(self.root, path)) as file:
            return file.read().strip()


def main():
    directory, modules, program = sys.argv[1:4]
    del sys.argv[:3]
    kernel = Kernel(importlib.import_module('rtslib'), modules.split(','), directory)
    kernel.serve(importlib.import_module('rtslib_fb'))
    runpy.run_path(program, run_name='__main__')


if __name__ == '__main__':
    main()
