# SPDX-License-Identifier: GPL-2.0
'''The description of the fabric for rtslib.'''

import os
import sys

from .names import name_fault


def iser_fabric_module(base):
    '''
    The class for one copy of rtslib; base is its _BaseFabricModule. This is also what the entry point
    "iser" of the group rtslib_fb.fabric_modules names.
    '''

    class ISERFabricModule(base):
        def __init__(self):
            super().__init__('iser')
            self.features = ('discovery_auth', 'acls', 'auth', 'nps', 'tpgts')
            # rtslib knows neither '_' nor a name without date, and lists no target at all beside one that it does not know
            self.wwn_types = ('iqn', 'naa', 'eui', 'free')
            self.kernel_module = 'iser_tgt'

        def to_normalized_wwn(self, wwn):
            name, kind = super().to_normalized_wwn(wwn)
            fault = kind == 'free' and name_fault(name)
            if fault:
                raise sys.modules[base.__module__].RTSLibError('%s: %s' % (name, fault))
            return name, kind

        # rtslib asks every fabric when it saves, clears or lists, and the base loads the kernel module for that and
        # fails without it. Neither is needed if there is no iser target, because there are no settings then.

        @property
        def discovery_enable_auth(self):
            return self.exists and base.discovery_enable_auth.fget(self)

        @discovery_enable_auth.setter
        def discovery_enable_auth(self, enable):
            base.discovery_enable_auth.fset(self, enable)

        def clear_discovery_auth_settings(self):
            if self.exists:
                super().clear_discovery_auth_settings()

        def list_parameters(self, writable=None, readable=None):
            return super().list_parameters(writable, readable) if self.exists else []

        def list_attributes(self, writable=None, readable=None):
            return super().list_attributes(writable, readable) if self.exists else []

        # That of the base class uses names that no release of rtslib defines.
        @property
        def version(self):
            try:
                with open(os.path.join(self.path, 'version')) as version:
                    return version.read().strip()
            except FileNotFoundError:
                return None

    return ISERFabricModule
