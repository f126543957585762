# SPDX-License-Identifier: GPL-2.0
'''What makes sessions slow or ends them, from two readings: the part of iser-tgt-doctor that looks at traffic.'''

import calendar
import collections
import shlex
import time

from .change import PARTS, STUCK, uses_up_its_window
from .state import CONFIG, SWITCH

# mean seconds of a command from which a session is slow
SLOW = 0.1
# ends that an initiator or the administrator asked for
ORDERLY = ('logged out', 'session reinstated', 'closed by the core', 'portal group drained', 'portal removed', 'dropped by the administrator')
# for how many seconds an end is news
RECENT = 600
# depth that an ACL may have at most
DEPTH_MOST = 512

BLAMED = {'submit': ('target', 'this target, which has not begun with it'), 'backstore': ('backstore', 'the backstore'),
          'transfer': ('link', 'the link or the initiator'), 'response': ('link', 'the link or the initiator')}

# level: problem or note; blame: target, backstore, link, initiator, device or window
Finding = collections.namedtuple('Finding', 'level blame text next about')


def milliseconds(seconds):
    return '%.3g ms' % (seconds * 1000) if seconds < 1 else '%.3g s' % seconds


def named(row):
    return 'session %s of %s with %s' % (row['sid'], row['initiator'], row['target'])


def named_lun(row):
    at = ', '.join(name for name in (row['backstore'], row['device']) if name)
    return 'LUN %s of %s, tpgt_%s%s' % (row['lun'], row['target'], row['tpg'], ' (%s)' % at if at else '')


def _about(row, *words):
    return {word: row[word] for word in words}


def _in_group(rows, row):
    return [r for r in rows if (r['target'], r['tpg']) == (row['target'], row['tpg'])]


# --- commands that take no end ---

def stuck(change):
    for lun in change.luns:
        about = _about(lun, 'target', 'tpg', 'lun', 'backstore', 'device', 'oldest', 'in_flight')
        if lun['suspended']:
            yield Finding('problem', 'backstore', '%s: its device is suspended%s' % (named_lun(lun), ', and a command has waited for %s' %
                          milliseconds(lun['oldest']) if lun['oldest'] else ''), ['dmsetup resume ' + shlex.quote(lun['device'])], about)
        elif (lun['oldest'] or 0) >= STUCK:
            # An initiator that is gone leaves WRITEs without their data. It is silent for as long.
            waiting = [s for s in _in_group(change.sessions, lun) if (s['oldest'] or 0) >= STUCK]
            gone = waiting and all((s['idle'] or 0) >= STUCK for s in waiting)
            yield Finding('problem', 'initiator' if gone else 'backstore', '%s: a command has been in progress for %s, and it is %s' % (
                named_lun(lun), milliseconds(lun['oldest']), 'its initiator, which is silent' if gone else 'the backstore'),
                ['cat ' + shlex.quote('%s/iser/%s/tpgt_%s/sessions' % (CONFIG, lun['target'], lun['tpg']))] if gone else ['dmesg | tail'], about)


# --- slow ones ---

def _slowest(row):
    '''(direction, {part: mean seconds}, seconds from the PDU to the last thing sent) of the direction that takes longer; None if none was measured.'''
    found = []
    for direction, shown in row['latency'].items():
        if direction != 'all':
            after = shown['parts'].get('transfer' if direction == 'read' else 'response', 0)
            found.append((shown['mean'] + after, direction, shown['parts']))
    return max(found, key=lambda f: f[:2]) if found else None


def slow(change, limit=SLOW):
    for row in change.sessions:
        worst = _slowest(row)
        if worst is None:
            mean = change.mean_latency(row)
            if mean is not None and mean >= limit:
                yield Finding('note', None, '%s is slow: %s a command; where they are spent is not measured' % (named(row), milliseconds(mean)),
                              ['echo 1 > ' + SWITCH] if change.after.measures is False else [],
                              _about(row, 'target', 'tpg', 'sid', 'initiator'))
            continue
        whole, direction, parts = worst
        if whole < limit or not parts:
            continue
        part = max(PARTS, key=lambda p: parts.get(p, 0))
        blame, what = BLAMED[part]
        commands, about = [], _about(row, 'target', 'tpg', 'sid', 'initiator')
        if blame == 'backstore':
            # the slowest LUN that initiators use meanwhile
            luns = [lun for lun in _in_group(change.luns, row) if lun['latency'].get(direction, {}).get('parts', {}).get('backstore')]
            if luns:
                lun = max(luns, key=lambda l: l['latency'][direction]['parts']['backstore'])
                what += ' of ' + named_lun(lun)
                about['lun'] = lun['lun']
            commands = ['iser-tgt-top --luns']
        elif blame == 'link' and row['device']:
            commands = ['rdma statistic show link ' + shlex.quote(row['device'])]
        shown = row['latency'][direction]
        yield Finding('note', blame, '%s is slow (%ss: p50 %s, p99 %s), and it is %s: %s of %s' % (
            named(row), direction, milliseconds(shown['p50']), milliseconds(shown['p99']), what, milliseconds(parts[part]), milliseconds(whole)),
            commands, {**about, 'direction': direction, 'part': part, 'seconds': whole, 'parts': parts})


def windows(change):
    for row in change.sessions:
        if not uses_up_its_window(row):
            continue
        commands, acl = [], '%s/iser/%s/tpgt_%s' % (CONFIG, row['target'], row['tpg'])
        if row['window'] is not None and row['depth'] is not None and row['window'] < row['depth']:
            why = 'the receive buffers do not suffice for its depth of %d' % row['depth']
            commands = ['grep . /sys/kernel/debug/iser_tgt/devices /sys/module/iser_tgt/parameters/srq_size']
        elif (row['depth'] or 0) < DEPTH_MOST:
            why = 'it could have more commands in flight; a new depth ends its session'
            session = next(s for s in change.after.sessions if s.get('sid') == row['sid'])
            file = acl + ('/attrib/default_cmdsn_depth' if session.get('acl') == 'dynamic' else '/acls/%s/cmdsn_depth' % row['initiator'])
            commands = ['echo %d > %s' % (min(DEPTH_MOST, 2 * (row['depth'] or 128)), shlex.quote(file))]
        else:
            why = 'its depth is the most there is'
        yield Finding('note', 'window', '%s uses up its window of %s commands: %s' % (named(row), row['window'], why), commands,
                      _about(row, 'target', 'tpg', 'sid', 'initiator', 'window', 'depth', 'in_flight', 'window_full_per_second'))


# --- devices ---

def devices(change):
    before = {port[:2]: port.trouble for port in change.before.ports}
    for port in change.after.ports:
        grown = {name: count - before.get(port[:2], {}).get(name, count) for name, count in port.trouble.items()}
        grown = {name: count for name, count in grown.items() if count > 0}
        if grown:
            yield Finding('note', 'device', '%s port %s drops packets or sends them again: in %s %s' % (port.device, port.port, milliseconds(change.seconds),
                          ', '.join('%s %d' % item for item in sorted(grown.items()))), ['rdma statistic show link ' + shlex.quote('%s/%s' % port[:2])],
                          {'device': port.device, 'port': port.port, 'counters': grown})
    for queue in change.after.queues:
        idle = queue.words.seconds('polled')
        if queue.words.get('busy') == 'yes' and (idle or 0) >= STUCK:
            yield Finding('problem', 'target', 'completions of %s, vector %s, have not been handled for %s: their worker does not run' % (
                queue.device, queue.vector, milliseconds(idle)), ['dmesg | tail'], {'device': queue.device, 'vector': queue.vector, 'cq': queue.cq})


# --- sessions that ended, and errors ---

def ends(change, now):
    # iscsiadm does not log out of discovery
    recent = [end for end in change.after.ends if end['target'] != 'discovery' and end['reason'] not in ORDERLY and now - RECENT <= seconds_of(end['time']) <= now + 60]
    back = {(session.get('initiator'), session.get('target')) for session in change.after.sessions}
    for end in recent[-3:]:
        yield Finding('note', 'initiator', 'session %s of %s with %s was lost at %s UTC: %s%s' % (
            end.get('sid', '?'), end['initiator'], end['target'], end['time'].split()[-1], end['reason'],
            '; the initiator has logged in again' if (end['initiator'], end['target']) in back else ''),
            ['grep nopin %s/iser/%s/tpgt_%s/attrib/' % (CONFIG, shlex.quote(end['target']), end['tpg']) + '*'] if 'keepalive' in end['reason'] and
            end.get('tpg', '-').isdigit() else [], dict(end))


def seconds_of(text):
    try:
        return calendar.timegm(time.strptime(text.replace('T', ' '), '%Y-%m-%d %H:%M:%S'))
    except ValueError:
        return 0


def errors(change):
    said = {'busy': 'BUSY', 'task_set_full': 'TASK SET FULL', 'rejects': 'rejected PDUs', 'tmf_abort': 'commands that the initiator aborts',
            'tmf_lun_reset': 'LUN resets'}
    for row in change.sessions:
        found = {word: rate for word, rate in row['errors_per_second'].items() if word in said}
        if found:
            yield Finding('note', 'initiator' if set(found) == {'rejects'} else None, '%s: %s' % (named(row), ', '.join(
                '%.3g a second %s' % (rate, said[word]) for word, rate in found.items())), [],
                {**_about(row, 'target', 'tpg', 'sid', 'initiator'), 'errors_per_second': found})


def findings(change, limit=SLOW, now=None):
    '''The worst first.'''
    found = [*stuck(change), *slow(change, limit), *windows(change), *devices(change), *errors(change),
             *ends(change, time.time() if now is None else now)]
    return sorted(found, key=lambda f: f.level != 'problem')
