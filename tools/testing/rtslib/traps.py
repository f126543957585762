# SPDX-License-Identifier: GPL-2.0
'''
usage: traps.py rtslib|rtslib_fb [patched]
Checks what breaks in rtslib with a plain fabric description but not with ours, nor with the plain one in an rtslib with our patches. And
what a kernel must not do with any description of the fabric; tools/testing/vm checks that our driver does not do it. TAP.
'''

import contextlib
import copy
import importlib
import importlib.metadata
import json
import os
import sys
import tempfile

from driver import driver_format, session as driver_session
from fakelio import Kernel

name, patched = sys.argv[1], 'patched' in sys.argv[2:]
rtslib = importlib.import_module(name)
version = tuple(int(number) for number in importlib.metadata.version('rtslib-fb').split('.'))
fabric = rtslib.fabric
Ours = fabric.fabric_modules['iser']
points = failed = 0

ISER, BOTH = 'iqn.2026-01.org.example:disk', 'iqn.2026-01.org.example:both'
HOST = 'iqn.2026-01.org.example:host'


class Plain(fabric._BaseFabricModule):
    '''The plain description of the fabric.'''

    def __init__(self):
        super().__init__('iser')
        self.features = ('discovery_auth', 'acls', 'auth', 'nps', 'tpgts')
        self.wwn_types = ('iqn', 'naa', 'eui')
        self.kernel_module = 'iser_tgt'


@contextlib.contextmanager
def on_path(program, script):
    '''Install a program on PATH, which finds its directory by $0.'''
    with tempfile.TemporaryDirectory() as directory:
        with open(directory + '/' + program, 'w') as file:
            file.write('#!/bin/sh\n' + script)
        os.chmod(directory + '/' + program, 0o755)
        path = os.environ['PATH']
        os.environ['PATH'] = directory + ':' + path
        try:
            yield directory
        finally:
            os.environ['PATH'] = path


def modprobe_finds(*modules):
    '''A modprobe that finds only these modules.'''
    return on_path('modprobe', 'for last; do :; done\ncase " %s " in *" $last "*) ;; *) exit 1 ;; esac\n' % ' '.join(modules))


def mounts_configfs():
    '''How rtslib calls mount if configfs is not mounted.'''
    ismount, os.path.ismount = os.path.ismount, lambda path: False
    try:
        with on_path('mount', 'printf "%s" "$*" >"${0%/*}/asked"\n') as directory:
            rtslib.utils.mount_configfs()
            with open(directory + '/asked') as asked:
                return asked.read()
    finally:
        os.path.ismount = ismount


def saves_nothing_of_iser(config):
    return dict(config, targets=[t for t in config['targets'] if t['fabric'] != 'iser'],
                fabric_modules=[f for f in config['fabric_modules'] if f['name'] != 'iser'])


def point(good, text, *detail):
    global points, failed
    points += 1
    failed += not good
    print("%sok %d - %s: %s" % ('' if good else 'not ', points, name, text))
    if not good:
        for line in detail:
            print("#   %s" % (line,))


def equal(got, expected, text):
    point(got == expected, text, "got:      %r" % (got,), "expected: %r" % (expected,))


def raises(text, function):
    try:
        function()
    except Exception:
        point(True, text)
    else:
        point(False, text, "nothing was raised")


def goes(text, function):
    try:
        function()
    except Exception as err:
        point(False, text, repr(err))
    else:
        point(True, text)


@contextlib.contextmanager
def kernel(*modules, fabric_class=Ours):
    fabric.fabric_modules['iser'] = fabric_class
    kernel = Kernel(rtslib, modules)
    try:
        yield kernel
    finally:
        kernel.end()


def target(fabric_name, wwn, secret=None):
    it = rtslib.Target(rtslib.FabricModule(fabric_name), wwn)
    group = rtslib.TPG(it, 1)
    group.enable = True
    rtslib.NetworkPortal(group, '[::0]', 3260)
    acl = rtslib.NodeACL(group, HOST)
    if secret:
        acl.chap_userid, acl.chap_password = 'alice', secret
    return it


def keeps_saved(lio, root, saved):
    '''The effect of saving on a file with iser targets if there is no module.'''
    asked = len(lio.asked)
    with tempfile.TemporaryDirectory() as directory, modprobe_finds(*lio.modules):
        file = directory + '/saveconfig.json'

        def write(config):
            with open(file, 'w') as f:
                json.dump(config, f)

        def saves(**how):
            root.save_to_file(file, **how)
            with open(file) as f:
                return json.load(f)

        def by_name(config):
            return dict(config, targets=sorted(config['targets'], key=lambda t: (t['fabric'], t['wwn'])))

        write(saved)
        equal(by_name(saves()), by_name(saved), "saving without the module keeps the iser targets and their settings")
        equal(by_name(saves()), by_name(saved), "... and a second time")
        equal(by_name(saves(so_path='/backstores/ramdisk/none')), by_name(saved), "... and saving one backstore does too")
        equal(root.dump(), saves_nothing_of_iser(saved), "... while nothing pretends that they are there")
        write(saves_nothing_of_iser(saved))
        equal(saves(), saves_nothing_of_iser(saved), "what the file did not have is not added")
        os.unlink(file)
        equal(saves(), saves_nothing_of_iser(saved), "nor to a new file")
        with open(file, 'w') as f:
            f.write('no JSON')
        equal(saves(), saves_nothing_of_iser(saved), "nor to one that was no configuration")
        write(saved)
        with modprobe_finds('iser_tgt'):
            equal(saves(), saves_nothing_of_iser(saved), "with a module that is only not loaded, what is not configured is not saved")
        equal('iser_tgt' in lio.asked[asked:], False, "none of this asks for the module")


# --- configfs is not mounted ---
where = '{config_dir}' if version[:2] == (2, 2) and not patched else '/sys/kernel/config'
equal(mounts_configfs(), '-t configfs none ' + where, "configfs is mounted where it belongs, but for 2.2, so that somebody else must")

# --- the kernel module cannot be loaded ---
with kernel('iscsi_target_mod', fabric_class=Plain) as lio:
    root = rtslib.RTSRoot()
    if patched:
        goes("a plain description lets the others save", root.dump)
        goes("... and clear", lambda: root.clear_existing(confirm=True))
        equal(lio.asked, [], "... without a module being asked for")
    else:
        raises("a plain description breaks saveconfig for everybody", root.dump)
        raises("... and clearconfig", lambda: root.clear_existing(confirm=True))
with kernel('iscsi_target_mod') as lio:
    root = rtslib.RTSRoot()
    target('iscsi', ISER)
    saved = root.dump()
    equal([t['fabric'] for t in saved['targets']], ['iscsi'], "without the module the others are saved")
    goes("... and cleared", lambda: root.clear_existing(confirm=True))
    equal(list(root.targets), [], "... all of them")
    equal(lio.asked.count('iser_tgt'), 0, "... and nobody asked for the module")
    equal(os.path.exists(lio.root + '/iser'), False, "... nor made target/iser")
    equal(Ours().version, None, "no version without the module")
    equal((Ours().list_attributes(), Ours().list_parameters()), ([], []), "nothing to set without the module")
    raises("discovery_auth cannot be set without the module", lambda: setattr(Ours(), 'discovery_enable_auth', True))

# --- it can ---
with kernel('iser_tgt', 'iscsi_target_mod') as lio:
    root = rtslib.RTSRoot()
    target('iser', BOTH, secret='one-way-secret')
    equal(lio.asked.count('iser_tgt'), 1, "making a target loads the module")
    target('iscsi', BOTH)
    target('iscsi', ISER)
    equal(Ours().version, 'fake 1', "the version")
    generated = rtslib.Target(Ours())
    equal(generated.wwn[:4], 'iqn.', "a target without a name gets one")
    generated.delete()
    equal(rtslib.Target(Ours(), 'IQN.2026-01.ORG.EXAMPLE:CAPITALS').wwn, 'iqn.2026-01.org.example:capitals', "capitals become small")
    rtslib.Target(Ours(), 'iqn.2026-01.org.example:capitals').delete()
    for portal in [p for t in Ours().targets for g in t.tpgs for p in g.network_portals]:
        goes("a portal can be deleted: rtslib writes iser=0 first", portal.delete)
    rtslib.NetworkPortal(next(next(Ours().targets).tpgs), '[::0]', 3260)
    us = Ours()
    us.discovery_userid, us.discovery_password, us.discovery_enable_auth = 'dora', 'discovery-secret', True
    saved = root.dump()
    equal(sorted(t['fabric'] for t in saved['targets']), ['iscsi', 'iscsi', 'iser'], "both fabrics are saved, one name in both")
    equal(saved['fabric_modules'], [{'name': 'iser', 'discovery_userid': 'dora', 'discovery_password': 'discovery-secret',
                                     'discovery_enable_auth': True}], "discovery_auth is saved")
    goes("clearconfig", lambda: root.clear_existing(confirm=True))
    equal([lio.read('iser/discovery_auth/' + n) for n in ('userid', 'password', 'enforce_discovery_auth')], ['NULL', 'NULL', '0'],
          "discovery_auth is cleared")
    equal(root.restore(copy.deepcopy(saved)), [], "restoreconfig has no complaint")
    equal(root.dump(), saved, "what is restored is what was saved")

# --- saved with the module, restored without, and with it again ---
with kernel('iscsi_target_mod') as lio:
    root = rtslib.RTSRoot()
    errors = root.restore(copy.deepcopy(saved))
    equal(sorted(t.wwn for t in root.targets), sorted([BOTH, ISER]), "without the module the targets of the others are restored")
    equal(sum('Could not create Target' in e and e.endswith(', skipped') for e in errors), 1, "... and the complaint names what is missing")
    # a patched rtslib knows the fabric without the plug-in; only that differs
    if not patched:
        keeps_saved(lio, root, saved)
with kernel('iser_tgt', 'iscsi_target_mod'):
    root = rtslib.RTSRoot()
    equal(root.restore(copy.deepcopy(saved)), [], "the same file with the module")
    equal(root.dump(), saved, "... and all is there")
    root.clear_existing(confirm=True)
    root.restore(copy.deepcopy(saved), target=BOTH)
    equal([t.wwn for t in root.targets], [BOTH], "restoring one target restores one of two of that name")
    there = next(root.targets).fabric_module.name
    other = dict(saved, storage_objects=[], targets=[t for t in saved['targets'] if t['wwn'] == BOTH and t['fabric'] != there])
    raises("... and the other's name is then taken", lambda: root.restore(copy.deepcopy(other)))

# --- things in configfs that rtslib cannot handle ---
with kernel('iser_tgt') as lio:
    us = Ours()
    it = target('iser', ISER)
    group = next(it.tpgs)
    at = lio.root + '/iser/'
    equal([t.wwn for t in us.targets], [ISER], "discovery_auth and version are no targets")
    lio.mkdir(at + 'iqn.2026-01.org.example:my_disk')
    equal(sorted(t.wwn for t in us.targets), [ISER, 'iqn.2026-01.org.example:my_disk'], "a name that RFC 7143 does not allow, made by a script, is one")
    lio.rmdir(at + 'iqn.2026-01.org.example:my_disk')
    raises("one that iser_tgt does not take is none", lambda: rtslib.Target(Ours(), 'my_disk'))
    lio.mkdir(at + 'statistics')
    raises("any other directory beside the targets would break every listing", lambda: list(us.targets))
    lio.rmdir(at + 'statistics')
    lio.mkdir(at + 'iqn.2026-01.org.example:CAPITALS')
    raises("... and so would a name with capitals, made by a script", lambda: [t.wwn for t in us.targets])
    lio.rmdir(at + 'iqn.2026-01.org.example:CAPITALS')
    lio.fill(group.path + '/np', {'state': 'listening'})
    raises("a file among the portals would", lambda: list(group.network_portals))
    os.unlink(group.path + '/np/state')
    lio.fill(group.path, {'sessions': '', 'logins': '', 'drain': '0', 'dynamic_sessions': ''})
    lio.fill(next(group.network_portals).path, {'state': 'listening'})
    equal(([t.wwn for t in us.targets], [p.port for p in group.network_portals]), ([ISER], [3260]),
          "files of ours beside a portal group's directories and in a portal's harm nothing")
    acl = next(group.node_acls)
    lio.mkdir(acl.path + '/lun_255')
    equal([lun.mapped_lun for lun in acl.mapped_luns], [255], "a mapped LUN of number 255")
    lio.mkdir(acl.path + '/lun_256')
    if version < (2, 1, 76):
        raises("... is the last: with 256, made by a script, every listing breaks", lambda: list(acl.mapped_luns))
    else:
        equal(sorted(lun.mapped_lun for lun in acl.mapped_luns), [255, 256], "... and one of 256")
    lio.rmdir(acl.path + '/lun_256')
    lio.rmdir(acl.path + '/lun_255')
    equal(rtslib.LUN.MAX_TARGET_LUN, 65535, "LUNs of a portal group go up to 65535")

    portal = next(group.network_portals)
    equal((portal.iser, portal.offload), (True, False), "a portal is iser, and not offload, which has no file")
    portal.offload = True
    equal(portal.offload, False, "... and asking for offload changes nothing")
    lio.refuses.add(portal.path + '/iser')
    raises("a portal whose iser takes no 0 could not be deleted", portal.delete)
    os.unlink(portal.path + '/iser')
    goes("... one that has no such file could", portal.delete)
    acl.tcq_depth = 32
    equal((acl.tcq_depth, [n for n in acl.dump() if 'depth' in n]), ('32', []), "the depth of an ACL can be set, and is not saved")
    lio.refuses.add(acl.path + '/cmdsn_depth')
    try:
        acl.tcq_depth = 0
    except Exception as err:
        equal(type(err), TypeError, "rtslib stumbles over its own complaint about a depth the kernel refuses")
    else:
        point(False, "a depth the kernel refuses is an error")

# --- the order of a restore: values sorted by name, secrets last ---
with kernel('iser_tgt', 'iscsi_target_mod') as lio:
    root = rtslib.RTSRoot()
    it = target('iser', ISER, secret='one-way-secret')
    group, us = next(it.tpgs), Ours()
    group.chap_userid, group.chap_password = 'bob', 'another-secret'
    us.discovery_userid, us.discovery_password, us.discovery_enable_auth = 'dora', 'discovery-secret', True
    config = root.dump()
    root.clear_existing(confirm=True)
    del lio.written[:]
    equal(root.restore(json.loads(json.dumps(config, sort_keys=True))), [], "restored as from a file")
    seen = [os.path.relpath(path, 'iser/%s/tpgt_1' % ISER) for path in lio.written]
    equal([n for n in seen if n.startswith('attrib/')], sorted(n for n in seen if n.startswith('attrib/')), "attributes are written by name")
    where = [seen.index(n) for n in ('attrib/authentication', 'param/ImmediateData', 'acls/%s/auth/password' % HOST, 'enable', 'auth/password')]
    equal(where, sorted(where), "... before parameters, ACLs, enable, and only then the portal group's secret")
    where = [seen.index('../../discovery_auth/' + n) for n in ('enforce_discovery_auth', 'password')]
    equal(where, sorted(where), "discovery must authenticate before it has a secret")
    portal = config['targets'][0]['tpgs'][0]['portals'][0]
    equal(portal.pop('iser'), True, "a portal is saved as iser")
    root.clear_existing(confirm=True)
    equal(root.restore(copy.deepcopy(config)), [], "... and restored from a file that does not say so")
    equal(lio.read('iser/%s/tpgt_1/np/[::0]:3260/iser' % ISER), '0', "... which has it written 0: the kernel must not obey")

# --- secrets, sessions ---
with kernel('iser_tgt', 'iscsi_target_mod') as lio:
    group = next(target('iser', ISER).tpgs)
    acl = next(group.node_acls)
    equal((acl.chap_userid, group.chap_userid), ('', ''), "what reads NULL is unset")
    acl.chap_userid = ''
    equal(lio.read(os.path.relpath(acl.path, lio.root) + '/auth/userid'), 'NULL', "... and to unset is to write it")
    acl.chap_password = 'x' * 255
    equal(acl.chap_password, 'x' * 255, "a secret of 255 bytes")
    raises("... and none of 256", lambda: setattr(acl, 'chap_password', 'x' * 256))
    equal(acl.authenticate_target, False, "authenticate_target")
    os.unlink(acl.path + '/auth/authenticate_target')
    raises("... must be there: sessions detail reads it", lambda: acl.authenticate_target)
    equal(acl.session, None, "no session, as the driver says it")
    lio.fill(acl.path, {'info': ''})
    raises("an empty info would break the list of sessions", lambda: acl.session)
    peer = '[2001:db8::5]:41822'
    info = driver_session(HOST, peer)
    others = ''.join(driver_format('iser_tgt_acl_info_show', [HOST, 6, '00023d000002', 2, '192.0.2.7:4711']).splitlines(True)[1:])
    point(others.startswith('# sid 6 '), "the driver lists an initiator's other sessions as comments", others)
    for alias, more in ('client', ''), ('', ''), ('client', others * 3):
        lio.fill(acl.path, {'info': (info.replace('client: one', alias) + more).rstrip('\n')})
        session = acl.session
        del session['parent_nodeacl']
        equal(session, {'alias': alias, 'id': 7, 'type': 'Normal', 'state': 'LOGGED_IN',
                        'connections': [{'cid': 0, 'cstate': 'LOGGED_IN', 'address': peer, 'transport': 'RDMA'}]},
              "a session as the driver shows it, alias '%s', %d others" % (alias, 3 if more else 0))
    for word in 'Address', 'TARG_SESS_STATE_', 'TARG_CONN_STATE_':
        lio.fill(acl.path, {'info': info.replace('client: one', word + ' of my own').rstrip('\n')})
        goes("an alias with %s in it breaks nothing" % word, lambda: acl.session['connections'][0]['address'])
    equal(len(list(rtslib.RTSRoot().sessions)), 1, "the session is on rtslib's list")

# --- no class of ours at all: why the plug-in must be there wherever rtslib runs ---
with kernel('iser_tgt', 'iscsi_target_mod'):
    root = rtslib.RTSRoot()
    root.restore(copy.deepcopy(saved))
    del fabric.fabric_modules['iser']
    equal(len(root.dump()['targets']), 2, "without the plug-in iser targets are not saved")

with kernel('iser_tgt', fabric_class=Plain):
    target('iser', ISER)
    if patched:
        equal([Plain().version, fabric.ISCSIFabricModule().version], ['fake 1', None], "the version of a plain description")
    else:
        raises("a plain description has no version", lambda: Plain().version)

print("1..%d" % points)
sys.exit(failed != 0)
