# SPDX-License-Identifier: GPL-2.0
'''
What is saved for the next boot, in rtslib's saveconfig.json, against what is in configfs. rtslib skips what it cannot restore, and its service does
not fail for that.
'''

import collections
import glob
import importlib.util
import ipaddress
import os
import re
import shlex
import sys
import zlib

from . import reservations
from .names import fold, name_doubt, name_fault
from .source import Source

CONFIG = reservations.CONFIG
STRICT = '/sys/module/iser_tgt/parameters/strict_names'
FILES = ('/etc/rtslib-fb-target/saveconfig.json', '/etc/target/saveconfig.json')
# rtslib's names of backstores, and the core's
PLUGINS = {'block': 'iblock', 'ramdisk': 'rd_mcp', 'fileio': 'fileio', 'pscsi': 'pscsi'}
# findings of one kind that are listed
FEW = 10

# fault: keeps initiators from a disk; text: FILE:LINE and what it is; following: commands
Finding = collections.namedtuple('Finding', 'fault text following')
# one thing, saved or there: its name, where it is, its directory, and what may differ
Entry = collections.namedtuple('Entry', 'text place path value item', defaults=(None, None))


def read(*path):
    return reservations.read(*path).strip()


def dirs(pattern):
    return sorted(d for d in glob.glob(pattern) if os.path.isdir(d))


def saved_file():
    '''Where the rtslib of this Python saves; without one, the first of the usual files that is there, or None.'''
    for package in ('rtslib', 'rtslib_fb'):
        spec = importlib.util.find_spec(package)
        named = spec and spec.origin and re.search(r'''^default_save_file = ["'](.+)["']$''', read(os.path.dirname(spec.origin), 'root.py'), re.M)
        if named:
            return named[1]
    return next((name for name in FILES if os.path.exists(name)), None)


def backups(saved):
    '''What targetcli kept of earlier configurations, the newest first.'''
    return sorted(glob.glob(glob.escape(os.path.dirname(saved)) + '/backup/saveconfig-*json*'), reverse=True)


# --- portals ---

def portal_of(address, port):
    '''(address, scope, port) to compare; an address that is none is a text.'''
    host, _, scope = str(address).strip('[]').partition('%')
    try:
        return ipaddress.ip_address(host), scope, int(port)
    except ValueError:
        return host, scope, port


def portal_name(portal):
    host, scope, port = portal
    host = '%s%s' % (host, '%' + scope if scope else '')
    return '%s:%s' % ('[%s]' % host if ':' in host else host, port)


def same_portal(one, other):
    '''Whether a listener on the one has connections to the other.'''
    if one == other:
        return True
    if one[2] != other[2] or isinstance(one[0], str) or isinstance(other[0], str):
        return False
    # :: includes IPv4
    return any(a.is_unspecified and (a.version == 6 or b.version == 4) for a, b in ((one[0], other[0]), (other[0], one[0])))


# --- both sides, by the same keys: ((kind, name), ...) from the target down; without its last part a key is that of the parent ---

def linked(path):
    return [os.path.realpath(link) for link in glob.glob(path + '/*') if os.path.islink(link)]


def number(path):
    return int(path.rpartition('_')[2])


def there(fabric, config=CONFIG):
    found = {}
    for target in dirs('%s/%s/*.*' % (config, fabric)):
        wwn = os.path.basename(target)
        of_target = (('target', wwn),)
        found[of_target] = Entry('target ' + wwn, None, target)
        for tpg in dirs(target + '/tpgt_*'):
            group, of_tpg = '%s, %s' % (wwn, os.path.basename(tpg)), (*of_target, ('tpg', number(tpg)))
            found[of_tpg] = Entry(group, None, tpg, read(tpg, 'enable') == '1')
            for path in dirs(tpg + '/np/*'):
                portal = portal_of(*os.path.basename(path).rpartition(':')[::2])
                found[(*of_tpg, ('portal', portal))] = Entry('%s: portal %s' % (group, portal_name(portal)), None, path)
            for path in dirs(tpg + '/lun/lun_*'):
                found[(*of_tpg, ('lun', number(path)))] = Entry('%s: %s' % (group, os.path.basename(path)), None, path,
                                                                next((store_of(to) for to in linked(path)), None))
            for acl in dirs(tpg + '/acls/*'):
                who = os.path.basename(acl)
                found[(*of_tpg, ('acl', who))] = Entry('%s: initiator %s' % (group, who), None, acl)
                for path in dirs(acl + '/lun_*'):
                    value = next(((number(to), read(path, 'write_protect') == '1') for to in linked(path)), None)
                    found[(*of_tpg, ('acl', who), ('mapped', number(path)))] = Entry('%s: %s of initiator %s' % (group, os.path.basename(path), who),
                                                                                     None, path, value)
    return found


def store_of(path):
    '''(rtslib's plugin, name) of a backstore's directory.'''
    kind = os.path.basename(os.path.dirname(path)).rpartition('_')[0]
    return next((plugin for plugin, ours in PLUGINS.items() if ours == kind), kind), os.path.basename(path)


def number_of(source, item, key):
    if not isinstance(item.get(key), int):
        raise ValueError('%s: "%s" is missing, or no number' % (source.place(item, key), key))
    return item[key]


def saved(source, fabric, config=CONFIG, below=None):
    '''Paths are those of the fabric, or below another.'''
    found = {}
    for target in source.list_of(source.config, 'targets'):
        if target.get('fabric') != fabric:
            continue
        # rtslib takes capitals for small letters
        wwn = fold(source.text_of(target, 'wwn'))
        of_target, where = (('target', wwn),), '%s/%s/%s' % (config, below or fabric, wwn)
        found[of_target] = Entry('target ' + wwn, source.place(target, 'wwn'), where, None, target)
        for tpg in source.list_of(target, 'tpgs'):
            tag = number_of(source, tpg, 'tag')
            of_tpg, at, group = (*of_target, ('tpg', tag)), '%s/tpgt_%d' % (where, tag), '%s, tpgt_%d' % (wwn, tag)
            found[of_tpg] = Entry(group, source.place(tpg), at, bool(tpg.get('enable', True)), tpg)
            for each in source.list_of(tpg, 'portals'):
                portal = portal_of(source.text_of(each, 'ip_address'), number_of(source, each, 'port'))
                found[(*of_tpg, ('portal', portal))] = Entry('%s: portal %s' % (group, portal_name(portal)), source.place(each, 'ip_address'),
                                                             '%s/np/%s' % (at, portal_name(portal)), None, each)
            for each in source.list_of(tpg, 'luns'):
                name = 'lun_%d' % number_of(source, each, 'index')
                store = tuple(source.text_of(each, 'storage_object').split('/')[2:])
                if len(store) != 2:
                    raise ValueError('%s: "storage_object" is no path of a backstore' % source.place(each, 'storage_object'))
                found[(*of_tpg, ('lun', each['index']))] = Entry('%s: %s' % (group, name), source.place(each, 'storage_object'),
                                                                 '%s/lun/%s' % (at, name), store, each)
            for acl in source.list_of(tpg, 'node_acls'):
                who = fold(source.text_of(acl, 'node_wwn'))
                of_acl, path = (*of_tpg, ('acl', who)), '%s/acls/%s' % (at, who)
                found[of_acl] = Entry('%s: initiator %s' % (group, who), source.place(acl, 'node_wwn'), path, None, acl)
                for each in source.list_of(acl, 'mapped_luns'):
                    name = 'lun_%d' % number_of(source, each, 'index')
                    value = (number_of(source, each, 'tpg_lun'), bool(each.get('write_protect')))
                    found[(*of_acl, ('mapped', each['index']))] = Entry('%s: %s of initiator %s' % (group, name, who), source.place(each, 'index'),
                                                                        '%s/%s' % (path, name), value, each)
    return found


def moved(source, config=CONFIG):
    '''What ib_isert served, by the file, and does not serve now: it should be there as a target of iser.'''
    entries = saved(source, 'iscsi', config, 'iser')
    serves = {key[0] for key, entry in there('iscsi', config).items() if key[-1][0] == 'portal' and read(entry.path, 'iser') == '1'}
    of_isert = {key[:2] for key, entry in entries.items() if key[-1][0] == 'portal' and entry.item.get('iser') and key[0] not in serves}
    wanted = of_isert | {tpg[:1] for tpg in of_isert}
    return {key: entry for key, entry in entries.items() if (key[:2] if key[1:] else key) in wanted
            and (key[-1][0] != 'portal' or entry.item.get('iser'))}


# --- findings: of what is missing (why, commands) ---

def edit(entry):
    file, _, line = entry.place.rpartition(':')
    return 'editor +%s %s' % (line, shlex.quote(file))


def link(path, to):
    return 'mkdir -p %s && ln -s %s %s/' % (shlex.quote(path), shlex.quote(to), shlex.quote(path))


def converter():
    '''Path of saveconfig-to-iser, which is in no directory of PATH: in a checkout, or below the prefix of the program that runs.'''
    here = os.path.dirname(os.path.realpath(sys.argv[0]))
    places = [os.path.join(*place) for place in ((here, 'convert'), (os.path.dirname(here), 'share/iser-tgt/convert'), ('/usr/share/iser-tgt/convert',))]
    return next((place for place in places if os.path.exists(place + '/saveconfig-to-iser')), places[-1]) + '/saveconfig-to-iser'


def restore(source, wwn, config):
    '''What restores one target. rtslib takes the first of a name, in the file and in configfs, whatever its fabric.'''
    named = [fold(str(t.get('wwn'))) for t in source.list_of(source.config, 'targets')]
    if named.count(wwn) > 1 or len(dirs('%s/*/%s' % (config, glob.escape(wwn)))) > 1:
        return 'targetctl restore'
    return 'targetcli restoreconfig clear_existing=true target=' + shlex.quote(wwn)


def no_lun(source, entry, config):
    store = '/'.join(entry.value)
    kind = PLUGINS.get(entry.value[0], entry.value[0])
    paths = dirs('%s/core/%s_*/%s' % (config, glob.escape(kind), glob.escape(entry.value[1])))
    if paths:
        return '', (link(entry.path, paths[0]),)
    item = next((so for so in source.list_of(source.config, 'storage_objects') if (so.get('plugin'), so.get('name')) == entry.value), None)
    if not item:
        return 'no backstore %s is saved' % store, (edit(entry),)
    look = ('ls -l ' + shlex.quote(str(item['dev'])),) if item.get('dev') else ()
    again = 'targetcli restoreconfig clear_existing=true storage_object=' + shlex.quote(entry.value[1])
    return 'its backstore %s is not there either' % store, (*look, again, 'iser-tgt-doctor')


def no_mapped_lun(key, entry, have):
    lun = (*key[:2], ('lun', entry.value[0]))
    if lun not in have:
        return 'there is no lun_%d' % entry.value[0], ('iser-tgt-doctor',)
    return '', (link(entry.path, have[lun].path), *(('echo 1 > %s/write_protect' % shlex.quote(entry.path),) if entry.value[1] else ()))


def missing(source, key, entry, have, config, again):
    kind, name = key[-1]
    wrong = kind in ('target', 'acl') and name_fault(name)
    if wrong:
        why, following = 'iser_tgt does not take the name: ' + wrong, (edit(entry),)
    elif kind in ('target', 'tpg'):
        why, following = '', (*again,)
    elif kind == 'lun':
        why, following = no_lun(source, entry, config)
    elif kind == 'mapped':
        why, following = no_mapped_lun(key, entry, have)
    # without its secrets an ACL would not admit the initiator
    elif kind == 'acl' and any(setting.startswith('chap_') for setting in entry.item):
        why, following = '', again[-1:]
    else:
        why, following = '', ('mkdir ' + shlex.quote(entry.path),)
    return Finding(True, '%s: %s is saved, but not there%s' % (entry.place, entry.text, ': ' + why if why else ''), following)


def different(kind, entry, now):
    '''What a thing will be after the next boot, if that is something else; None if not. That there is no link is told by other checks.'''
    if entry.value is None or now.value is None or entry.value == now.value:
        return None
    if kind == 'tpg':
        return 'enabled' if entry.value else 'disabled'
    if kind == 'lun':
        return 'backstore ' + '/'.join(entry.value)
    return 'lun_%d, %s' % (entry.value[0], 'read-only' if entry.value[1] else 'writable')


def few(findings, rest):
    '''The first of them; one finding for the others.'''
    if len(findings) <= FEW + 1:
        return findings
    return findings[:FEW] + [Finding(findings[0].fault, rest % (len(findings) - FEW), ())]


def absent(want, have):
    '''What is missing, without what is missing with it: what is below it, and what is mapped to it.'''
    def goes_with_another(key, entry):
        lun = (*key[:2], ('lun', entry.value[0])) if key[-1][0] == 'mapped' and entry.value else None
        return key[:-1] and key[:-1] not in have or lun in want and lun not in have
    return {key: entry for key, entry in want.items() if key not in have and not goes_with_another(key, entry)}


def differences(source, config=CONFIG):
    want, have = saved(source, 'iser', config), there('iser', config)
    faults = [missing(source, key, entry, have, config, ('journalctl -b -t target', restore(source, key[0][1], config)))
              for key, entry in absent(want, have).items()]
    # a target that ib_isert serves at the next boot is named if it did not become one of iser
    # it has secrets, and the shell makes the file
    again = '(umask 077 && %s %s > after.json) && targetctl restore after.json' % (shlex.quote(converter()), shlex.quote(source.name))
    for key, entry in absent(moved(source, config), have).items() if have else ():
        if key[:1] not in want:
            faults.append(missing(source, key, entry._replace(text=entry.text + ', of ib_isert,'), have, config, ('dmesg | grep iser_tgt', again)))
    lost = [Finding(False, '%s is not saved: it is lost at the next boot' % entry.text, ('targetcli saveconfig',))
            for entry in absent(have, want).values()]
    others = [Finding(False, '%s: %s is saved otherwise: after the next boot it is %s' % (entry.place, entry.text, after), ('targetcli saveconfig',))
              for key, entry in want.items() if key in have for after in [different(key[-1][0], entry, have[key])] if after]
    return few(faults, '%d more are saved, but not there') + few(lost, '%d more are not saved') + few(others, '%d more are saved otherwise')


def left_behind(sources, config=CONFIG):
    '''Targets of ib_isert in the newest earlier configuration that has some, if they are in no fabric now.'''
    now = {key for fabric in ('iser', 'iscsi') for key in there(fabric, config)}
    for source in sources:
        entries = moved(source, config)
        if entries:
            return few([Finding(False, '%s: %s was one of ib_isert, and is not there: it was not moved, or removed since' % (entry.place, entry.text), ())
                        for key, entry in entries.items() if len(key) == 1 and key not in now], '%d more of ib_isert are not there')
    return []


def names(source, config=CONFIG):
    '''Names that iser_tgt takes and RFC 7143 does not allow.'''
    entries = {**there('iser', config), **(saved(source, 'iser', config) if source else {})}
    strict = read(STRICT) in ('Y', '1')
    odd = {}
    for key, entry in entries.items():
        kind, name = key[-1]
        if kind in ('target', 'acl') and not name_fault(name) and name_doubt(name):
            odd.setdefault(name, entry)
    found = [Finding(strict, '%s%s: RFC 7143 does not allow this name; %s' % (entry.place + ': ' if entry.place else '', entry.text,
                     'strict_names refuses its logins' if strict else 'some initiators refuse it, and strict_names would'),
                     ('echo N > ' + STRICT,) if strict else ()) for entry in odd.values()]
    return few(found, '%d more names are not as RFC 7143 wants them')


def portals_of(entries):
    return {(key[0][1], key[-1][1]): entry for key, entry in entries.items() if key[-1][0] == 'portal'}


def tcp(source, sources, config=CONFIG):
    '''Discovery by TCP that has ended at portals of iser. source: what is saved; sources: that, and what was saved earlier, the newest first.'''
    serving = portals_of(there('iscsi', config))
    left = {one for one in portals_of(there('iser', config))
            if not any(wwn == one[0] and same_portal(portal, one[1]) for wwn, portal in serving)}
    found = []
    for each in sources:
        for (wwn, portal), entry in portals_of(saved(each, 'iscsi', config)).items():
            for one in sorted((o for o in left if o[0] == wwn and same_portal(portal, o[1])), key=str):
                left.remove(one)
                host = portal_name(one[1]) if str(one[1][0]) not in ('::', '0.0.0.0') else 'ADDRESS'
                ask = 'iscsiadm -m discovery -t st -I iser -p ' + host
                # one of ib_isert was not meant for TCP alone
                if each is source and not entry.item.get('iser'):
                    found.append(Finding(True, '%s: %s of the fabric iscsi is saved, but not there: discovery by TCP does not find the target' % (
                        entry.place, entry.text), ('mkdir -p ' + shlex.quote(entry.path), ask)))
                else:
                    found.append(Finding(False, '%s: %s served TCP as well, and does not any more: initiators have to discover with "-I iser"; '
                                         '"%s --keep-tcp" keeps TCP' % (entry.place, entry.text, converter()), (ask,)))
    return few(found, '%d more portals do not serve TCP any more')


def earlier(file):
    '''What targetcli kept, as far as it can be read.'''
    for name in backups(file):
        try:
            source = Source(name)
            saved(source, 'iscsi')
            yield source
        except (OSError, EOFError, zlib.error, ValueError, AttributeError):
            continue


def of_boot(file=None):
    '''[(place, text)] of the targets that the next boot restores, as far as the file can be restored.'''
    file = file or saved_file()
    try:
        source = file and Source(file)
        return [(entry.place, entry.text) for key, entry in saved(source, 'iser').items() if not key[1:]] if source else []
    except (OSError, ValueError, AttributeError):
        return []


def check(loaded, rtslib, config=CONFIG, file=None):
    '''[Finding]. loaded: whether the module is; rtslib: whether it is what configures this machine.'''
    file = file or saved_file()
    live = there('iser', config)
    if file is None or not os.path.exists(file):
        lost = rtslib and live and Finding(False, 'nothing is saved: the targets are lost at the next boot, unless a script makes them',
                                           ('targetcli saveconfig',))
        return ([lost] if lost else []) + names(None, config)
    if not os.access(file, os.R_OK):
        return []
    try:
        source = Source(file)
        if not isinstance(source.config, dict):
            raise ValueError('%s:1: no configuration of targetcli' % file)
        found = differences(source, config) if loaded else []
        if live:
            before = list(earlier(file))
            found += left_behind([] if moved(source, config) else before, config) + tcp(source, [source, *before], config)
        return found + names(source, config)
    except UnicodeDecodeError as err:
        text = '%s: no configuration of targetcli: %s' % (file, err.reason)
    except ValueError as err:
        text = str(err)
    except OSError as err:
        text = '%s: %s' % (file, err.strerror)
    return [Finding(True, text + ': it cannot be restored as it is', ('editor ' + shlex.quote(file),)), *names(None, config)]
