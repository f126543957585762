# SPDX-License-Identifier: GPL-2.0
'''
Whether a cluster makes the targets of this machine. Its configuration says so, not whether its service runs: while that is stopped, another node may
serve them.
'''

import functools
import glob
import json
import os
import re
import subprocess

AGENTS = '/usr/lib/ocf/resource.d/iser-tgt'
CIB = '/var/lib/pacemaker/cib/cib.xml'
COROSYNC = '/etc/corosync/corosync.conf'
REACTOR = ('/etc/drbd-reactor.toml', '/etc/drbd-reactor.d/*.toml')
# our agents, or those of ClusterLabs with the implementation for this fabric
RESOURCE = re.compile(r'ocf:iser-tgt:|\bprovider="iser-tgt"|\blio-iser\b')
SERVICES = ('pacemaker', 'drbd-reactor')


def read(path):
    try:
        with open(path, errors='replace') as file:
            return file.read()
    except OSError:
        return ''


@functools.lru_cache(maxsize=None)
def output(*command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ''
    return done.stdout.decode(errors='replace').strip()


def runs(service):
    return output('systemctl', 'is-active', service + '.service') == 'active'


def promoters():
    '''What drbd-reactor is to start, without comments.'''
    lines = [line for pattern in REACTOR for path in glob.glob(pattern) for line in read(path).split('\n')]
    return '\n'.join(line for line in lines if not line.lstrip().startswith('#'))


@functools.lru_cache(maxsize=None)
def service():
    '''The service of the cluster that makes the targets; None if there is no cluster.'''
    if RESOURCE.search(promoters()):
        return 'drbd-reactor'
    cib = read(CIB)
    if cib:
        # or a cluster for something else
        return 'pacemaker' if RESOURCE.search(cib) else None
    # a node that has no copy of the cluster's configuration yet
    if not os.path.isdir(AGENTS) and not output('dpkg-query', '-W', '-f', '${Version}', 'iser-tgt-ha'):
        return None
    for name in SERVICES:
        if runs(name):
            return name
    for name in SERVICES:
        if output('systemctl', 'is-enabled', name + '.service') == 'enabled':
            return name
    return 'pacemaker' if os.path.exists(COROSYNC) else None


@functools.lru_cache(maxsize=None)
def makes(target):
    '''Whether the cluster makes the target of this name, by its configuration: what that does not name is the administrator's.'''
    text = promoters() + read(CIB)
    named = r'(?<![\w.:-])%s(?![\w.:-])' % re.escape(target)
    return RESOURCE.search(text) is not None and re.search(named, text) is not None


def makes_all_of(path):
    '''Whether all that iser-tgt-reload has kept in this file are targets which the cluster makes.'''
    try:
        with open(path) as file:
            return all(kind != 'parameter' and makes(where.split('/')[0]) for kind, where, *_ in json.load(file))
    except (OSError, ValueError, TypeError):
        return False


def around(command):
    '''A command that takes the targets away for a while: the cluster would notice, and they are to be on another node meanwhile.'''
    name = service()
    if name is None or not runs(name):
        return (command,)
    return {'pacemaker': ('crm node standby', 'crm_resource --wait', command, 'crm node online'),
            'drbd-reactor': ('drbd-reactorctl evict --keep-masked', command, 'drbd-reactorctl evict --unmask')}[name]
