# SPDX-License-Identifier: GPL-2.0
'''
A configfs of directories and files, as much of it as rtslib looks at, for fabrics "iscsi" and "iser". What a kernel makes of what is
written there is none of its business: tools/testing/vm has kernels.
'''

import errno
import os
import shutil
import tempfile

AUTH = {name: 'NULL' for name in ('userid', 'password', 'userid_mutual', 'password_mutual')}
AUTH['authenticate_target'] = '0'


class Kernel:
    '''
    modules: what modprobe finds. Paths below root are what /sys/kernel/config/target would hold; written: the files rtslib has written, in
    order; refuses: those that take no value.
    '''

    def __init__(self, rtslib, modules):
        self.root = tempfile.mkdtemp()
        self.modules = set(modules)
        self.loaded = set()
        self.asked = []
        self.mkdir, self.rmdir = os.mkdir, os.rmdir
        self.mkdir(self.root + '/core')
        os.mkdir, os.rmdir = self.make, self.remove
        rtslib.node.CFSNode.configfs_dir = self.root
        rtslib.root.mount_configfs = lambda: None
        for module in (rtslib.root, rtslib.fabric):
            module.modprobe = self.modprobe
        self.error = rtslib.RTSLibError
        self.written, self.refuses = [], set()
        self.fwrite, self.writers = rtslib.utils.fwrite, [m for m in vars(rtslib).values() if hasattr(m, 'fwrite')]
        for module in self.writers:
            module.fwrite = self.write

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
        self.fwrite(path, value)

    def modprobe(self, module):
        self.asked.append(module)
        if module not in self.modules:
            raise self.error("Could not load module: %s" % module)
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
            if {'iser': 'iser_tgt', 'iscsi': 'iscsi_target_mod'}.get(what[0]) not in self.loaded:
                raise OSError(22, 'Invalid argument', path)
        self.mkdir(path, mode)
        if what[0] not in ('iser', 'iscsi'):
            return
        if len(what) == 1:
            self.fill(path, {'discovery_auth/' + name: value for name, value in AUTH.items()})
            self.fill(path, {'discovery_auth/enforce_discovery_auth': '0', 'version' if what[0] == 'iser' else 'lio_version': 'fake 1'})
        elif len(what) == 3:
            for name in ('acls', 'lun', 'np'):
                self.mkdir(os.path.join(path, name))
            self.fill(path, {'auth/' + name: value for name, value in AUTH.items()})
            self.fill(path, {'attrib/authentication': '1', 'attrib/generate_node_acls': '0', 'param/ImmediateData': 'Yes', 'enable': '0'})
        elif len(what) == 5 and what[3] == 'np':
            self.fill(path, {'iser': '1' if what[0] == 'iser' else '0'})
        elif len(what) == 5 and what[3] == 'acls':
            self.fill(path, {'auth/' + name: value for name, value in AUTH.items()})
            self.fill(path, {'info': 'No active iSER Session for Initiator Endpoint: ' + what[4], 'tag': '', 'cmdsn_depth': '64'})

    def remove(self, path, **at):
        if not str(path).startswith(self.root):
            return self.rmdir(path, **at)
        # files and default groups go with their directory
        os.rmdir = self.rmdir
        shutil.rmtree(path)
        os.rmdir = self.remove

    def read(self, path):
        with open(os.path.join(self.root, path)) as file:
            return file.read().strip()
