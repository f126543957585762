# SPDX-License-Identifier: GPL-2.0
'''One reading of configfs, debugfs and sysfs. The formats are described in Documentation/ABI/testing.'''

import collections
import glob
import os
import re
import time

from .histogram import Histogram

CONFIG = '/sys/kernel/config/target'
DEBUG = '/sys/kernel/debug/iser_tgt'
MODULE = '/sys/module/iser_tgt'
RDMA = '/sys/class/infiniband'
SWITCH = MODULE + '/parameters/measure_latency'

# Counters of a device that grow when packets are lost or sent again, by the names that drivers have for them.
TROUBLE = re.compile(r'err|retr[iy]|retrans|rnr|nak|out_of|dropped|discard|overrun|timeout|link_downed|duplicate', re.I)
# A peer that is refused names itself as it likes, with quotes and blanks. The words before and behind its names are ours.
LEDGER = re.compile(r'(?P<time>[\d-]+[ T][\d:]+) peer=(?P<peer>\S+) initiator="(?P<initiator>.*)" target="(?P<target>.*)" '
                    r'(?P<words>[^"]*)reason="(?P<reason>[^"]*)"$')
LOGIN_STATS = ('accepts', 'redirects', 'authorize_fails', 'authenticate_fails', 'negotiate_fails', 'other_fails')
LOGOUT_STATS = ('normal_logouts', 'abnormal_logouts')

Portal = collections.namedtuple('Portal', 'target tpg address state')
Group = collections.namedtuple('Group', 'target tpg enabled draining')
Lun = collections.namedtuple('Lun', 'target tpg lun backstore device suspended commands read written in_flight oldest')
Device = collections.namedtuple('Device', 'device words')
Vector = collections.namedtuple('Vector', 'device vector words')
Queue = collections.namedtuple('Queue', 'device vector cq words')
Port = collections.namedtuple('Port', 'device port trouble')
# session: its number, or the LUN's
Latency = collections.namedtuple('Latency', 'target tpg of direction part')


def number(text):
    '''The number that a text begins with, for some have a unit; None if it begins with none.'''
    match = re.match(r'-?[0-9]+', text or '')
    return int(match.group()) if match else None


def lines_of(text):
    '''Not by splitlines(): names may have the line ends of Unicode, U+2028 for one.'''
    return text.split('\n') if text else []


class Words(dict):
    '''A line of name=value words. An initiator's name may have any blank but ' ', and '='. Of two words of one name the first counts.'''

    def __init__(self, line, **more):
        super().__init__(more)
        for word in line.split(' '):
            name, equals, value = word.partition('=')
            if equals:
                self.setdefault(name, value)

    def number(self, name):
        return number(self.get(name))

    def seconds(self, name):
        '''Of a word in milliseconds.'''
        value = self.number(name)
        return None if value is None else value / 1000

    @property
    def key(self):
        '''Of a session.'''
        return self.get('target', ''), self.get('tpg', ''), self.get('sid', '')


class Reader:
    '''Reads below a root directory, which is not / for a copy of another machine's files.'''

    def __init__(self, root='/'):
        self.root = root.rstrip('/')

    def read(self, *path):
        '''Text of a file without its last newline; None if it cannot be read.'''
        try:
            with open(self.root + os.path.join(*path), encoding='utf-8', errors='replace', newline='\n') as file:
                return file.read().rstrip('\n')
        except OSError:
            return None

    def lines(self, *path):
        return lines_of(self.read(*path))

    def number(self, *path):
        return number(self.read(*path))

    def find(self, pattern):
        '''Paths below the root, without it.'''
        return sorted(path[len(self.root):] for path in glob.glob(glob.escape(self.root) + pattern))


class State:
    '''What there was at one moment.'''

    def __init__(self, root='/'):
        reader = self.reader = Reader(root)
        self.when = time.monotonic()
        self.loaded = os.path.isdir(reader.root + MODULE)
        self.version = reader.read(MODULE, 'version')
        self.srcversion = reader.read(MODULE, 'srcversion')
        # Y, N, or None if the module cannot measure
        self.measures = {'Y': True, 'N': False}.get(reader.read(SWITCH))
        self.groups, self.portals, self.luns, self.sessions = [], [], [], []
        self.logins_of, self.logouts_of = {}, {}
        # the list of debugfs has no limit, and counters besides
        sessions = reader.read(DEBUG, 'sessions')
        self._busy = {(w.get('target'), w.get('tpg'), w.get('lun')): w for w in map(Words, reader.lines(DEBUG, 'luns'))}
        for path in reader.find(CONFIG + '/iser/*/fabric_statistics'):
            self._read_target(path)
        for path in reader.find(CONFIG + '/iser/*/tpgt_*'):
            self._read_group(path, sessions is None)
        if sessions is not None:
            self.sessions = [Words(line) for line in lines_of(sessions)]
        # None without debugfs, which is for root
        self.discoveries = None if sessions is None else sum(s.get('target') == 'discovery' for s in self.sessions)
        self.sessions = [s for s in self.sessions if s.get('target') != 'discovery']
        self.session_latency, self.lun_latency = self._latency('session_latency', 'sid'), self._latency('lun_latency', 'lun')
        self.refusals, self.refusal_counts = self._ledger('refusals'), self._counts('refusal_counts')
        self.ends, self.end_counts = self._ledger('ends'), self._counts('end_counts')
        self._read_logins()
        self._read_devices()

    def _read_target(self, path):
        target = path.split('/')[-2]
        for kept, directory, names in ((self.logins_of, 'iscsi_login_stats', LOGIN_STATS), (self.logouts_of, 'iscsi_logout_stats', LOGOUT_STATS)):
            kept[target] = {name: self.reader.number(path, directory, name) for name in names}

    def _read_group(self, path, with_sessions):
        reader = self.reader
        target, tpg = path.split('/')[-2], path.split('_')[-1]
        self.groups.append(Group(target, tpg, reader.number(path, 'enable') == 1, reader.number(path, 'drain') not in (None, 0)))
        for portal in reader.find(path + '/np/*'):
            self.portals.append(Portal(target, tpg, os.path.basename(portal), reader.read(portal, 'state')))
        for lun in reader.find(path + '/lun/lun_*'):
            self._read_lun(lun, target, tpg)
        if with_sessions:
            # a page at most, whose last line counts those that are missing
            self.sessions += [Words(line, target=target, tpg=tpg) for line in reader.lines(path, 'sessions') if line[:1] != '#']

    def _read_lun(self, path, target, tpg):
        reader = self.reader
        lun, backstore, info = path.split('_')[-1], None, ''
        for name in reader.find(path + '/*'):
            if os.path.islink(reader.root + name):
                backstore = '/'.join(os.readlink(reader.root + name).split('/')[-2:])
                info = reader.read(CONFIG, 'core', backstore, 'info') or ''
        # as the target core prints iblock's and fileio's
        device = re.search(r'UDEV PATH: (\S+)|File: (\S+)', info)
        device = device and (device[1] or device[2])
        block = re.search(r'iBlock device: (\S+)', info)
        suspended = reader.number('/sys/class/block', block[1], 'dm/suspended') if block else None
        commands, read, written = (reader.number(path, 'statistics/scsi_tgt_port', name) for name in ('in_cmds', 'read_mbytes', 'write_mbytes'))
        busy = self._busy.get((target, tpg, lun), Words(''))
        self.luns.append(Lun(target, tpg, lun, backstore, device, None if suspended is None else suspended == 1, commands, None if read is None else read << 20,
                             None if written is None else written << 20, busy.number('in_flight'), busy.seconds('oldest')))

    def _latency(self, name, of):
        histograms = {}
        for words in map(Words, self.reader.lines(DEBUG, name)):
            key = Latency(*(words.get(word, '') for word in ('target', 'tpg', of, 'direction', 'part')))
            histograms[key] = Histogram.from_words(words)
        return histograms

    def _counts(self, name):
        '''{reason: number} of a file with lines of number and reason; None without the file.'''
        text = self.reader.read(DEBUG, name)
        if text is None:
            return None
        return {reason: int(count) for count, _, reason in (line.partition(' ') for line in lines_of(text)) if count.isdecimal()}

    def _ledger(self, name):
        '''The lines of refusals or ends, oldest first.'''
        found = filter(None, map(LEDGER.match, self.reader.lines(DEBUG, name)))
        return [Words(match['words'], **{word: match[word] for word in ('time', 'peer', 'initiator', 'target', 'reason')}) for match in found]

    def _read_logins(self):
        match = re.match(r'pending: (\d+) of (\d+)\nbytes: (\d+)', self.reader.read(DEBUG, 'logins') or '')
        self.logins, self.logins_most, self.logins_bytes = map(int, match.groups()) if match else (None, None, None)

    def _read_devices(self):
        self.devices, self.vectors, self.queues, self.ports = [], [], [], []
        for line in self.reader.lines(DEBUG, 'devices'):
            words = Words(line)
            if line[:1] not in ('', ' '):
                self.devices.append(Device(line.split(' ')[0], words))
            elif self.devices and 'vector' in words:
                self.vectors.append(Vector(self.devices[-1].device, words['vector'], words))
            elif self.vectors and 'cq' in words:
                self.queues.append(Queue(*self.vectors[-1][:2], words['cq'], words))
        for path in self.reader.find(RDMA + '/*/ports/*'):
            trouble = {}
            for name in self.reader.find(path + '/hw_counters/*') + self.reader.find(path + '/counters/*'):
                value = self.reader.number(name) if TROUBLE.search(os.path.basename(name)) else None
                if value is not None:
                    trouble[os.path.basename(name)] = value
            self.ports.append(Port(path.split('/')[-3], path.split('/')[-1], trouble))
