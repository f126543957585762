# SPDX-License-Identifier: GPL-2.0
'''
usage: python3 -m iser_tgt_rtslib.reservations check [TARGET...]    what would be lost with these targets, or all: status 3
       python3 -m iser_tgt_rtslib.reservations record [TARGET...]   the same, and prints what can be kept
       python3 -m iser_tgt_rtslib.reservations restore              gives it to the backstores, from standard input

Keeps persistent reservations while targets are removed and made again.

The target core frees the registrations of an initiator with its ACL. Those made with APTPL (activate persist through power loss) it has
written to a file, DBROOT/pr/aptpl_SERIAL, which it never reads. What is written to pr/res_aptpl_metadata of the backstore waits there, and becomes
a registration when an ACL's LUN is made that has the same target, portal group tag, LUN, initiator and mapped LUN; the name of the fabric and the
relative port id are not compared. The file is refused while any LUN exports the backstore.

APTPL belongs to the backstore, not to a registration: the bit of the last REGISTER counts for all of them.
'''

import collections
import functools
import glob
import json
import os
import re
import subprocess
import sys

CONFIG = '/sys/kernel/config/target'
# where rtslib and the core have this directory: which of them it is depends on whether rtslib or a fabric was there first
ROOTS = ('/var/target', '/etc/target', '/etc/rtslib-fb-target')
# the core prints registrations until a page is full
PAGE = 4096 - 384
NEEDED = {'initiator_node': r'\S+', 'target_node': r'\S+', 'sa_res_key': r'[1-9]\d*', 'res_holder': '[01]', 'mapped_lun': r'\d+',
          'tpgt': r'\d+', 'target_lun': r'\d+'}
LOST = 3

Registration = collections.namedtuple('Registration', 'fabric initiator isid key')


def say(text):
    print('iser_tgt: ' + text, file=sys.stderr)


# iSCSI names may have U+00A0, U+2028 and other characters that are blanks or line ends to Python, unless it is told otherwise: by re.A and split('\n')
def read(*path):
    try:
        with open(os.path.join(*path), encoding='utf-8', errors='replace', newline='\n') as file:
            return file.read()
    except OSError:
        return ''


# --- the core's files ---

def directories(config=CONFIG):
    '''Where the files may be; the one that the core uses first.'''
    first = read(config, 'dbroot').strip()
    return [root + '/pr' for root in [first] + [r for r in ROOTS if r != first]] if first else []


@functools.lru_cache(maxsize=None)
def write_through(directory):
    '''The core does not sync what it writes: for a while a power failure would take it. New files inherit the attribute from the directory.'''
    try:
        subprocess.run(('chattr', '+S', '--', directory, *glob.glob(glob.escape(directory) + '/aptpl_*')), stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)
    except OSError:
        # without e2fsprogs; a file system without the attribute is no failure either: the doctor tells
        pass


def prepare(config=CONFIG):
    '''The core does not make the directory, and fails a REGISTER with APTPL without it.'''
    root = read(config, 'dbroot').strip()
    if not root:
        return
    try:
        os.makedirs(root + '/pr', mode=0o700, exist_ok=True)
        write_through(root + '/pr')
    except OSError as err:
        say('%s/pr: %s: reservations are not kept through a reboot' % (root, err.strerror))


def stored_in(serial, config=CONFIG):
    '''The newest file of this unit serial, for the core may have used another directory before the last boot; None if there is none.'''
    files = []
    for directory in directories(config):
        try:
            files.append((os.stat('%s/aptpl_%s' % (directory, serial)).st_mtime, '%s/aptpl_%s' % (directory, serial)))
        except (OSError, ValueError):
            continue
    # the first of equally new ones
    return max(files, key=lambda f: f[0])[1] if files else None


def whole(entry):
    '''Whether the core can make the registration of it that it was.'''
    return all(re.fullmatch(value, entry.get(name, ''), re.A) for name, value in NEEDED.items()) and \
        (entry['res_holder'] == '0' or re.fullmatch('0?[1-8]', entry.get('res_type', '')) is not None)


def parse(text):
    '''([dictionary of each registration], number of those that are damaged).'''
    entries, damaged, entry, bad = [], 0, None, False
    text = text.rstrip('\0')
    if text.strip() == '' or text.startswith('No Registrations'):
        # the core truncates the file before it writes, and a full file system leaves it so
        return [], 0 if text.strip() else 1
    for line in text.rstrip('\n').split('\n'):
        name, equals, value = line.strip(' \t').partition('=')
        if line.startswith('PR_REG_START:'):
            damaged += entry is not None
            entry, bad = {}, False
        elif line.startswith('PR_REG_END:') and entry is not None:
            if whole(entry) and not bad:
                entries.append(entry)
            else:
                damaged += 1
            entry = None
        elif entry is None:
            damaged += 1
        elif equals and re.fullmatch('[a-z_]+', name) and not re.search('[\0- ,\x7f-\x9f\ufffd]', value):
            entry[name] = value
        else:
            bad = True
    return entries, damaged + (entry is not None)


def stored(serial, config=CONFIG):
    '''(file or None, registrations, number of damaged ones) of a unit serial.'''
    path = stored_in(serial, config)
    return (None, [], 0) if path is None else (path, *parse(read(path)))


def registration(entry):
    return Registration(entry.get('target_fabric', ''), entry['initiator_node'], entry.get('initiator_sid', ''), int(entry['sa_res_key']))


# --- what is there now ---

class Store:
    '''A backstore with its reservations.'''

    def __init__(self, path, config=CONFIG):
        self.path, self.config = path, config
        self.name = os.path.basename(path)
        self.serial = read(path, 'wwn/vpd_unit_serial').partition(': ')[2].strip()
        self.active = 'Activated' in read(path, 'pr/res_aptpl_active')
        text = read(path, 'pr/res_pr_registered_i_pts')
        # more than one page has are not printed
        self.cut = len(text) >= PAGE
        self.registrations = [Registration(m[1], m[2], m[3] or '', int(m[4], 16)) for m in
                              re.finditer(r'^(\S+) Node: (\S+?)(?:,i,0x(\S*))? Key: 0x([0-9a-f]+) ', text, re.M | re.A)]
        holder = re.match(r'SPC-([23]) Reservation: (\S+) Initiator: (\S+?)(?:,i,0x(\S*))?\s', read(path, 'pr/res_holder'), re.A)
        self.reserved = holder and holder[1] == '2' and holder[3]
        self.reserved_by = holder and holder[2]
        self.holder = holder and holder[1] == '3' and (holder[3], holder[4] or '')
        self.type = read(path, 'pr/res_pr_type').partition('Type: ')[2].strip() if self.holder else ''

    def any(self):
        return bool(self.registrations or self.reserved)

    def holds(self, one):
        return bool(self.holder) and self.holder == (one.initiator, one.isid)

    def exports(self):
        '''[(fabric, target, directory of the LUN)] of every LUN that exports it.'''
        found = []
        for link in glob.glob(self.config + '/*/*/*/lun/lun_*/*'):
            if os.path.islink(link) and os.path.realpath(link) == os.path.realpath(self.path):
                where = os.path.dirname(link)
                fabric, target = os.path.relpath(where, self.config).split('/')[:2]
                found.append((fabric, target, where))
        return sorted(found)


def stores(config=CONFIG):
    return [Store(path, config) for path in sorted(glob.glob(config + '/core/*/*')) if os.path.isdir(path + '/pr')]


def mapped(lun, initiator):
    '''The mapped LUNs by which an initiator's ACL shows a LUN, with the ACL's directory.'''
    acl = os.path.join(os.path.dirname(os.path.dirname(lun)), 'acls', initiator)
    return [link for link in glob.glob(glob.escape(acl) + '/lun_*/*') if os.path.islink(link) and os.path.realpath(link) == os.path.realpath(lun)]


def acl_link(entry, config=CONFIG):
    '''The link of an ACL that makes a stored registration one of the core: (fabric, path), or None.'''
    for tpg in glob.glob('%s/*/%s/tpgt_%s' % (config, glob.escape(entry['target_node']), entry['tpgt'])):
        for link in glob.glob('%s/acls/%s/lun_%s/*' % (glob.escape(tpg), glob.escape(entry['initiator_node']), entry['mapped_lun'])):
            if os.path.islink(link) and os.path.basename(os.path.realpath(link)) == 'lun_' + entry['target_lun']:
                return link
    return None


def survey(fabrics, targets=(), config=CONFIG):
    '''
    ([text about each reservation that is lost when these targets, or all of these fabrics, are removed],
    {backstore: [stored registration that can be given back to it afterwards]})
    '''
    lost, kept = [], {}
    for store in stores(config):
        if not store.any():
            continue
        exports = store.exports()
        going = [(fabric, target, lun) for fabric, target, lun in exports if fabric in fabrics and (not targets or target in targets)]
        staying = [e for e in exports if e not in going]
        if not going:
            continue
        place = '%s, %s (%s)' % (going[0][1], os.path.basename(going[0][2]), store.name)
        if store.reserved and store.reserved_by in fabrics and \
                (not staying or any(mapped(lun, store.reserved) for _, _, lun in going) or not any(mapped(lun, store.reserved) for _, _, lun in staying)):
            lost.append('%s: SPC-2 reservation of %s: ends with its session' % (place, store.reserved))
        path, entries, damaged = stored(store.serial, config)
        # each file entry stands for one registration: an initiator may have registered the same key at several ports
        left = list(entries)
        for one in store.registrations:
            if one.fabric not in fabrics:
                continue
            entry = next((e for e in left if registration(e)[1:] == one[1:]), None)
            if entry:
                left.remove(entry)
                if entry['target_node'] not in {target for _, target, _ in going}:
                    continue
            elif any(mapped(lun, one.initiator) for _, _, lun in staying) and not any(mapped(lun, one.initiator) for _, _, lun in going):
                continue
            if not store.active:
                why = 'made without APTPL'
            elif not entry:
                why = 'not in %s' % path if path else 'aptpl_%s is missing in %s' % (store.serial, directories(config)[0])
            elif not acl_link(entry, config):
                why = 'the initiator has no ACL'
            elif staying:
                why = 'the backstore is exported by %s as well' % staying[0][1]
            elif store.holds(one) != (entry['res_holder'] == '1'):
                why = '%s says otherwise who holds the reservation' % path
            else:
                kept.setdefault(store.path, []).append(entry)
                continue
            what = 'reservation (%s) and registration' % store.type if store.holds(one) else 'registration'
            lost.append('%s: %s of %s (key 0x%x): %s' % (place, what, one.initiator, one.key, why))
        if store.cut and store.active and not staying:
            # those the core did not print, as far as an ACL shows that they are registered
            kept.setdefault(store.path, []).extend(e for e in left if e.get('target_fabric') in fabrics and acl_link(e, config))
        elif store.cut:
            lost.append('%s: more registrations than can be listed: %s' % (place, 'exported by %s as well' % staying[0][1] if staying
                                                                            else 'made without APTPL'))
    return lost, kept


# --- giving them back ---

def give(path, entries, write=None):
    '''Gives registrations to a backstore that is not exported; they wait for their ACLs. Returns what could not be given.'''
    failed = []
    for entry in entries:
        line = ','.join('%s=%s' % pair for pair in entry.items())
        try:
            if write:
                write(path + '/pr/res_aptpl_metadata', line)
            else:
                with open(path + '/pr/res_aptpl_metadata', 'w', encoding='utf-8') as file:
                    file.write(line)
        except Exception as err:
            failed.append('%s: registration of %s (key 0x%x) is lost: %s' % (os.path.basename(path), entry['initiator_node'],
                                                                          int(entry['sa_res_key']), getattr(err, 'strerror', err) or err))
    return failed


def give_stored(path, serial, config=CONFIG, write=None):
    '''A backstore that was just made is given what is stored for its unit serial. Returns what is wrong with it.'''
    where, entries, damaged = stored(serial, config)
    wrong = ['%s: %s is damaged: %d registration(s) are lost' % (os.path.basename(path), where, damaged)] if damaged else []
    return wrong + give(path, entries, write)


def unrestored(config=CONFIG):
    '''Texts about what is stored and is not in force: [(text, file)].'''
    texts, by_serial = [], {store.serial: store for store in stores(config)}
    names = {os.path.basename(path)[6:] for directory in directories(config) for path in glob.glob(directory + '/aptpl_*')}
    for serial in sorted(names):
        path, entries, damaged = stored(serial, config)
        store = by_serial.get(serial)
        if store is None and serial.endswith('.before'):
            # set aside by the agent iSERLogicalUnit
            continue
        if damaged and store:
            texts.append(('%s: %s is damaged: %d registration(s) are lost' % (store.name, path, damaged), path))
        for entry in entries:
            one = registration(entry)
            who = 'registration of %s (key 0x%x) at %s' % (one.initiator, one.key, entry['target_node'])
            if store is None:
                texts.append(('%s is not in force: no backstore has the unit serial %s' % (who, serial), path))
            elif not any(r[1:] == one[1:] for r in store.registrations) and not (store.cut and acl_link(entry, config)):
                tag, lun, as_lun = entry['tpgt'], entry['target_lun'], entry['mapped_lun']
                why = 'it was stored after the backstore was made, or refused' if acl_link(entry, config) else \
                    'tpgt_%s has no ACL of it that maps lun_%s as lun_%s' % (tag, lun, as_lun)
                texts.append(('%s is not in force on %s: %s' % (who, store.name, why), path))
            elif entry['res_holder'] == '1' and not store.holds(one):
                texts.append(('reservation of %s on %s is not in force' % (one.initiator, store.name), path))
            else:
                link = acl_link(entry, config)
                rtpi = link and read(link.split('/acls/')[0], 'rtpi').strip()
                if rtpi and entry.get('port_rtpi') and int(rtpi, 0) != int(entry['port_rtpi']):
                    texts.append(('%s is in force on %s, but its relative port id was %s and is %d' % (who, store.name, entry['port_rtpi'],
                                                                                                    int(rtpi, 0)), path))
    return texts


def main(arguments):
    if not arguments or arguments[0] not in ('check', 'record', 'restore'):
        print(__doc__, file=sys.stderr)
        return 2
    if arguments[0] == 'restore':
        failed = [text for path, entries in json.load(sys.stdin).items() for text in give(path, entries)]
        for text in failed:
            say(text)
        return 1 if failed else 0
    # names or directories of targets
    targets = [os.path.basename(name.rstrip('/')) for name in arguments[1:]]
    for name, target in zip(arguments[1:], targets):
        if target in ('', '.', '..'):
            # no target has it, and nothing would be lost
            say("'%s' is no name of a target" % name)
            return 2
    lost, kept = survey(('iser',), targets)
    for text in lost:
        say('lost with the targets: ' + text)
    if arguments[0] == 'record':
        json.dump(kept, sys.stdout)
    return LOST if lost else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
