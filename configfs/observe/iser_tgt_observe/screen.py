# SPDX-License-Identifier: GPL-2.0
'''The tables of iser-tgt-top as lines of text.'''

import collections

# title, width, value of a row, text of a value
Column = collections.namedtuple('Column', 'name width value text')


def rate(value):
    '''A number with four characters or a little more: 0, 0.5, 812, 12.3k.'''
    if value is None:
        return '-'
    for unit in ('', 'k', 'M', 'G'):
        if value < 999.5:
            return ('%.0f' if not value or value >= 99.95 else '%.1f') % value + unit
        value /= 1000
    return '%.0fT' % value


def mega(value):
    '''MB a second.'''
    return '-' if value is None else ('%.1f' if value < 99.95e6 else '%.0f') % (value / 1e6)


def span(seconds):
    if seconds is None:
        return '-'
    for unit, factor in (('us', 1e6), ('ms', 1e3)):
        if seconds * factor < 999.5:
            return '%.3g%s' % (seconds * factor, unit)
    return '%.3gs' % seconds if seconds < 999.5 else '%.0fm' % (seconds / 60)


def age(seconds):
    '''Of the oldest command: nothing without one.'''
    return '' if not seconds else span(seconds)


def whole(seconds):
    return '-' if seconds is None else '%ds' % seconds


def plain(value):
    return '-' if value is None else str(value)


def _quantile(name):
    return lambda row: row['latency'].get('all', {}).get(name)


def _depth(row):
    '''In use of what it may have.'''
    if row['in_flight'] is None or row['depth'] is None:
        return None
    window = '' if row['window'] in (None, row['depth']) else '%d of ' % row['window']
    return '%d/%s%d' % (row['in_flight'], window, row['depth'])


def _of(name):
    return lambda row: row[name]


COMMON = (Column('iops', 7, _of('iops'), rate), Column('read', 8, _of('read_bytes_per_second'), mega), Column('written', 8, _of('written_bytes_per_second'), mega),
          Column('p50', 7, _quantile('p50'), span), Column('p99', 7, _quantile('p99'), span))
SESSIONS = (Column('sid', 5, _of('sid'), plain), Column('initiator', -34, _of('initiator'), plain), Column('target', -34, _of('target'), plain), *COMMON,
            Column('depth', 10, _depth, plain), Column('oldest', 7, _of('oldest'), age), Column('idle', 5, _of('idle'), whole),
            Column('state', -12, _of('state'), plain))
LUNS = (Column('target', -34, _of('target'), plain), Column('tpg', 4, _of('tpg'), plain), Column('lun', 4, _of('lun'), plain),
        Column('backstore', -24, _of('backstore'), plain), *COMMON, Column('flight', 7, _of('in_flight'), plain),
        Column('oldest', 7, _of('oldest'), age), Column('state', -12, _of('state'), plain))
# by these the largest is first
LARGEST = ('iops', 'read', 'written', 'p50', 'p99', 'depth', 'flight', 'oldest', 'idle')


def _key(column, row):
    value = row['in_flight'] if column.name == 'depth' else column.value(row)
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    # numbers, then texts, then what is not known
    return (2, '') if value is None else (1, value) if isinstance(value, str) else (0, -value if column.name in LARGEST else value)


def chosen(rows, columns, sort='iops', text='', reverse=False):
    '''The rows with this text in a name or the state, in order.'''
    column = next((c for c in columns if c.name == sort), columns[0])
    text = text.lower()
    words = ('initiator', 'target', 'peer', 'device', 'backstore', 'state')
    rows = [row for row in rows if any(text in str(row.get(word) or '').lower() for word in words)]
    return sorted(rows, key=lambda row: _key(column, row), reverse=reverse)


def _fit(text, width, cut):
    '''To the right of its column, or to the left if the width is negative; a name that is too long loses its beginning.'''
    if cut and len(text) > abs(width):
        text = text[:1] + '~' + text[2 - abs(width):] if width < 0 else text
    return text.ljust(-width) if width < 0 else text.rjust(width)


def table(rows, columns, cut=True):
    '''Lines, the first of which is the head.'''
    texts = [[column.text(column.value(row)) for column in columns] for row in rows]
    # names as long as the longest, where nothing is cut; and no wider than they have to be
    widths = []
    for i, column in enumerate(columns):
        longest = max([len(column.name)] + [len(line[i]) for line in texts])
        widths.append(-min(longest, -column.width) if column.width < 0 and cut else -longest if column.width < 0 else max(longest, column.width))
    lines = [[column.name.upper() for column in columns]] + texts
    return [' '.join(_fit(text, width, cut) for text, width in zip(line, widths)).rstrip() for line in lines]


def summary(change):
    '''Two lines about all of it.'''
    state = change.after
    sums = [sum(row[name] or 0 for row in change.sessions) for name in ('iops', 'read_bytes_per_second', 'written_bytes_per_second')]
    up = sum(portal.state == 'listening' for portal in state.portals)
    count = [('refused', state.refusal_counts), ('ended', state.end_counts)]
    first = 'iser_tgt %s: %d sessions%s, %s IOPS, %s MB/s read, %s written' % (
        state.version or '?', len(change.sessions), ', %d for discovery' % state.discoveries if state.discoveries else '', rate(sums[0]), mega(sums[1]),
        mega(sums[2]))
    second = '%d of %d portals listen%s; latency is %s' % (up, len(state.portals), ''.join(
        '; %d %s' % (sum(counts.values()), word) for word, counts in count if counts is not None),
        {True: 'measured', False: 'not measured: measure_latency is off', None: 'not known to this module'}[state.measures])
    return [first, second]
