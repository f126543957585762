# SPDX-License-Identifier: GPL-2.0
'''What happened between two readings: a row for each session and each LUN, as iser-tgt-top shows and prints it.'''

from .histogram import Histogram
from .state import Latency

DIRECTIONS = ('read', 'write')
PARTS = ('submit', 'backstore', 'transfer', 'response')
# the module's log names a command for which something waits this long, and so do we
STUCK = 10
# an initiator whose device answers no ping is idle for longer than this with the default of attrib/nopin_interval
SILENT = 30


def per_second(after, before, seconds):
    '''None if it is not known, or began again.'''
    return None if after is None or before is None or after < before or not seconds else (after - before) / seconds


def total(*values):
    '''Sum of those that are known; None if none is.'''
    known = [v for v in values if v is not None]
    return sum(known) if known else None


class Change:
    '''Two readings, and the rows of what is there in the second one. A session or LUN that is new has no rates yet.'''

    def __init__(self, before, after):
        self.before, self.after = before, after
        self.seconds = after.when - before.when
        old = {session.key: session for session in before.sessions}
        self.sessions = [self._session(session, old.get(session.key)) for session in after.sessions]
        old = {lun[:3]: lun for lun in before.luns}
        self.luns = [self._lun(lun, old.get(lun[:3])) for lun in after.luns]

    def _rate(self, after, before):
        return per_second(after, before, self.seconds)

    def _latency(self, kind, target, tpg, of):
        '''{(direction, part): Histogram of the time between the readings}.'''
        before, after = getattr(self.before, kind), getattr(self.after, kind)
        found = {}
        for direction in DIRECTIONS:
            for part in PARTS + ('total',):
                key = Latency(target, tpg, of, direction, part)
                if key in after:
                    histogram = after[key] - before.get(key)
                    if histogram.count:
                        found[direction, part] = histogram
        return found

    @staticmethod
    def _shown(latency):
        '''Seconds of a command, and the mean of its parts, by direction and of both; empty if nothing was measured.'''
        shown = {}
        for name, directions in (('read', ('read',)), ('write', ('write',)), ('all', DIRECTIONS)):
            whole = sum((latency[d, 'total'] for d in directions if (d, 'total') in latency), Histogram())
            if not whole.count:
                continue
            shown[name] = {'commands': whole.count, 'mean': whole.mean / 1e9, 'p50': whole.quantile(0.5) / 1e9, 'p99': whole.quantile(0.99) / 1e9}
            parts = {part: sum((latency[d, part] for d in directions if (d, part) in latency), Histogram()) for part in PARTS}
            shown[name]['parts'] = {part: histogram.mean / 1e9 for part, histogram in parts.items() if histogram.count}
        return shown

    def _session(self, now, then):
        number = now.number
        before = then.number if then else lambda word: None
        rates = {word: self._rate(number(word), before(word)) for word in ('commands', 'read', 'written', 'window_full', 'busy', 'task_set_full',
                 'aborted', 'rejects', 'tmf_abort', 'tmf_lun_reset', 'tmf_other', 'check_conditions', 'credit_waits', 'pool_misses', 'parked')}
        row = {word: now.get(word) for word in ('target', 'tpg', 'sid', 'initiator', 'peer', 'local', 'device')}
        row.update(commands=number('commands'), iops=rates['commands'], read_bytes_per_second=rates['read'],
                   written_bytes_per_second=rates['written'],
                   depth=number('depth'), window=number('window'), in_flight=number('in_flight'), oldest=now.seconds('oldest'),
                   idle=number('idle'), age=number('age'), window_full_per_second=rates['window_full'],
                   errors_per_second={word: rate for word, rate in rates.items() if rate and word not in ('commands', 'read', 'written', 'window_full')})
        latency = self._latency('session_latency', *now.key)
        row['latency'] = self._shown(latency)
        row['state'] = self._state_of_session(row)
        return row

    @staticmethod
    def _state_of_session(row):
        if (row['oldest'] or 0) >= STUCK:
            return 'stuck'
        if (row['idle'] or 0) >= SILENT:
            return 'silent'
        if uses_up_its_window(row):
            return 'window full'
        return 'idle' if not row['in_flight'] and not row['iops'] else 'busy'

    def _lun(self, now, then):
        row = {word: getattr(now, word) for word in ('target', 'tpg', 'lun', 'backstore', 'device', 'suspended', 'in_flight', 'oldest', 'commands')}
        before = then or now._replace(commands=None, read=None, written=None)
        row.update(iops=self._rate(now.commands, before.commands), read_bytes_per_second=self._rate(now.read, before.read),
                   written_bytes_per_second=self._rate(now.written, before.written))
        row['latency'] = self._shown(self._latency('lun_latency', now.target, now.tpg, now.lun))
        if now.suspended:
            row['state'] = 'suspended'
        elif (now.oldest or 0) >= STUCK:
            row['state'] = 'stuck'
        else:
            row['state'] = 'idle' if not row['in_flight'] and not row['iops'] else 'busy'
        return row

    def mean_latency(self, row):
        '''
        Seconds of a command of a session. Where the module does not measure it, of Little's law: commands in flight by commands a second.
        None if there was no command.
        '''
        if 'all' in row['latency']:
            return row['latency']['all']['mean']
        return row['in_flight'] / row['iops'] if row['in_flight'] and row['iops'] else None


def uses_up_its_window(row):
    '''Whether one command in ten found the window used up; by the commands in flight, where the module does not count them.'''
    if row['window_full_per_second'] is not None:
        return bool(row['iops']) and row['window_full_per_second'] > row['iops'] / 10
    return bool(row['window']) and (row['in_flight'] or 0) >= row['window']
