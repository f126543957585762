# SPDX-License-Identifier: GPL-2.0
'''
A reading as metrics of Prometheus. iser-tgt-exporter(8) describes each; its names stay.

A metric whose file or word the module lacks is absent. A counter begins with the session, the LUN or the module.
'''

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily

from .histogram import BOUNDS, OCTAVES
from .state import State

SESSION = ('target', 'tpg', 'initiator', 'sid')
LUN = ('target', 'tpg', 'lun')
# name, word of the line, help
SESSION_COUNTERS = (
    ('commands', 'commands', 'SCSI commands received in the session.'),
    ('read_bytes', 'read', 'Bytes that the READs of the session asked for.'),
    ('written_bytes', 'written', 'Bytes that the WRITEs of the session announced.'),
    ('aborted', 'aborted', 'Commands of the session that ended by an abort.'),
    ('rejects', 'rejects', 'PDUs of the session that were rejected.'),
    ('task_management_failed', 'tmf_failed', 'Task management functions of the session that failed.'),
    ('immediate_commands', 'immediate', 'Immediate SCSI commands of the session, which are outside the window.'),
    ('credit_waits', 'credit_waits', 'Transfers of the session that waited for room in the send queue or for a memory region.'),
    ('pool_misses', 'pool_misses', 'Commands of the session that found no idle data buffer.'),
    ('parked', 'parked', 'PDUs of the session that could not be handled at once.'),
    ('window_full', 'window_full', 'Commands by which the initiator used up its window.'),
)
# name, label, {value of the label: word}, help
SESSION_KINDS = (
    ('responses_failed', 'status', {'check_condition': 'check_conditions', 'busy': 'busy', 'task_set_full': 'task_set_full',
     'reservation_conflict': 'conflicts'}, 'Responses of the session with a status other than GOOD.'),
    ('task_management', 'function', {'abort_task': 'tmf_abort', 'lun_reset': 'tmf_lun_reset', 'other': 'tmf_other'},
     'Task management functions received in the session.'),
)
SESSION_GAUGES = (
    ('depth', 'depth', 'Commands the session may have in flight.'),
    ('window', 'window', 'Commands of the depth for which the session has receive buffers now.'),
    ('in_flight', 'in_flight', 'SCSI commands of the session in progress.'),
    ('age_seconds', 'age', 'Time since the login.'),
    ('idle_seconds', 'idle', 'Time since the last sign of life of the initiator.'),
    ('memory_bytes', 'memory', 'Memory allocated for the session.'),
)
VECTOR_GAUGES = (
    ('connections', 'connections', 'Connections of the completion vector.'),
    ('completion_queues', 'completion_queues', 'Completion queues of the completion vector.'),
    ('receive_buffers', 'shared_receive_buffers', 'Receive buffers that the connections of the vector share.'),
    ('receive_buffers_limit', 'most', 'Receive buffers that the connections of the vector may share.'),
    ('receive_buffers_unreserved', 'unreserved', 'Receive buffers that neither a login nor a window counts on.'),
)
QUEUE_GAUGES = (
    ('entries', 'entries', 'Entries of the completion queue.'),
    ('reserved', 'reserved', 'Entries of the completion queue that its connections have reserved.'),
    ('connections', 'connections', 'Connections of the completion queue.'),
)
LOGIN_FAILS = {'authorize': 'authorize_fails', 'authenticate': 'authenticate_fails', 'negotiate': 'negotiate_fails', 'other': 'other_fails'}
# from 8 us: what is faster is one bucket
FINE = [bound for bound in BOUNDS if bound >= 1 << 13]
COARSE = [bound for bound in OCTAVES if bound >= 1 << 13]


class Families:
    '''Families of metrics by name, in the order in which they were first used.'''

    def __init__(self):
        self.all = {}

    def _add(self, kind, name, text, labels, value, **more):
        family = self.all.get(name)
        if family is None:
            family = self.all[name] = kind('iser_tgt_' + name, text, labels=tuple(labels))
        family.add_metric([v or '' for v in labels.values()], value, **more)

    def gauge(self, name, text, labels, value):
        if value is not None:
            self._add(GaugeMetricFamily, name, text, labels, value)

    def counter(self, name, text, labels, value):
        if value is not None:
            self._add(CounterMetricFamily, name, text, labels, value)

    def info(self, name, text, labels):
        family = self.all.setdefault(name, InfoMetricFamily('iser_tgt_' + name, text))
        family.add_metric([], {label: value or '' for label, value in labels.items()})

    def histogram(self, name, text, labels, histogram, bounds):
        counts = histogram.cumulative(bounds)
        buckets = [(repr(bound / 1e9), count) for bound, count in zip(bounds, counts)] + [('+Inf', counts[-1])]
        self._add(HistogramMetricFamily, name, text, labels, buckets, sum_value=histogram.sum / 1e9)


def labels_of(names, values):
    return {name: values.get(name) for name in names} if isinstance(values, dict) else {name: getattr(values, name) for name in names}


def _portals(families, state):
    for group in state.groups:
        labels = labels_of(('target', 'tpg'), group)
        families.gauge('tpg_enabled', 'Whether the portal group is enabled.', labels, int(group.enabled))
        families.gauge('tpg_draining', 'Whether the portal group is drained, and refuses logins.', labels, int(group.draining))
    for portal in state.portals:
        families.gauge('portal_up', 'Whether the portal listens.', {**labels_of(('target', 'tpg'), portal), 'portal': portal.address},
                       None if portal.state is None else int(portal.state == 'listening'))


def _logins(families, state):
    families.gauge('logins_pending', 'Connections that have not logged in.', {}, state.logins)
    families.gauge('logins_pending_limit', 'Connections that may be without a login.', {}, state.logins_most)
    families.gauge('logins_pending_bytes', 'Memory of connections that have not logged in.', {}, state.logins_bytes)
    families.gauge('discovery_sessions', 'Discovery sessions.', {}, state.discoveries)
    for reason, count in (state.refusal_counts or {}).items():
        families.counter('logins_refused', 'Refused logins since the module was loaded.', {'reason': reason}, count)
    for reason, count in (state.end_counts or {}).items():
        families.counter('sessions_ended', 'Sessions that ended since the module was loaded.', {'reason': reason}, count)
    for target, stats in state.logins_of.items():
        families.counter('target_logins_accepted', 'Logins to the target.', {'target': target}, stats['accepts'])
        families.counter('target_logins_redirected', 'Logins that were sent on to another address.', {'target': target}, stats['redirects'])
        for kind, name in LOGIN_FAILS.items():
            families.counter('target_logins_failed', 'Logins to the target that failed.', {'target': target, 'kind': kind}, stats[name])
    for target, stats in state.logouts_of.items():
        for kind in ('normal', 'abnormal'):
            families.counter('target_logouts', 'Sessions of the target that ended, with and without a logout.',
                             {'target': target, 'kind': kind}, stats[kind + '_logouts'])


def _sessions(families, state):
    for words in state.sessions:
        labels = labels_of(SESSION, words)
        families.info('session', 'A session and its peer.', {**labels, **labels_of(('acl', 'auth', 'isid', 'peer', 'local', 'device'), words)})
        for name, word, text in SESSION_COUNTERS:
            families.counter('session_' + name, text, labels, words.number(word))
        for name, label, kinds, text in SESSION_KINDS:
            for kind, word in kinds.items():
                families.counter('session_' + name, text, {**labels, label: kind}, words.number(word))
        for name, word, text in SESSION_GAUGES:
            families.gauge('session_' + name, text, labels, words.number(word))
        families.gauge('session_oldest_command_seconds', 'Time that the oldest command in flight has taken so far.', labels, words.seconds('oldest'))


def _luns(families, state):
    for lun in state.luns:
        labels = labels_of(LUN, lun)
        families.info('lun', 'A LUN and its backstore.', {**labels, **labels_of(('backstore', 'device'), lun)})
        families.counter('lun_commands', 'SCSI commands to the LUN, as the target core counts them.', labels, lun.commands)
        families.counter('lun_read_bytes', 'Bytes read from the LUN, in whole MiB.', labels, lun.read)
        families.counter('lun_written_bytes', 'Bytes written to the LUN, in whole MiB.', labels, lun.written)
        families.gauge('lun_in_flight', 'SCSI commands to the LUN in progress.', labels, lun.in_flight)
        families.gauge('lun_oldest_command_seconds', 'Time that the oldest command to the LUN has taken so far.', labels, lun.oldest)
        families.gauge('lun_suspended', 'Whether the device mapper has suspended the device of the backstore.', labels,
                       None if lun.suspended is None else int(lun.suspended))


def _latency(families, what, histograms, labels_of_key):
    text = 'Time of a command from its PDU to its response; READs: to their data.'
    parts = 'Parts of that time: submit, backstore, transfer, and response after it; some are sampled.'
    for key, histogram in histograms.items():
        labels = {**labels_of_key(key), 'direction': key.direction}
        if key.part == 'total':
            families.histogram(what + '_command_seconds', text, labels, histogram, FINE)
        else:
            families.histogram(what + '_part_seconds', parts, {**labels, 'part': key.part}, histogram, COARSE)


def _devices(families, state):
    for device in state.devices:
        families.gauge('device_connections', 'Connections of the RDMA device.', {'device': device.device}, device.words.number('connections'))
    for vector in state.vectors:
        labels = labels_of(('device', 'vector'), vector)
        for name, word, text in VECTOR_GAUGES:
            families.gauge('vector_' + name, text, labels, vector.words.number(word))
        for name, word, text in (('data_buffers_bytes', 'data_buffers', 'Data buffers of the vector that are mapped.'),
                                 ('idle_data_buffers_bytes', 'idle_data_buffers', 'Data buffers of the vector that are mapped and not in use.')):
            kib = vector.words.number(word)
            families.gauge('vector_' + name, text, labels, None if kib is None else kib << 10)
        families.counter('vector_pool_hits', 'Data buffers of the vector that were there when they were needed.', labels,
                         vector.words.number('pool_hits'))
        families.counter('vector_pool_misses', 'Data buffers of the vector that had to be mapped first.', labels, vector.words.number('pool_misses'))
    for queue in state.queues:
        labels = labels_of(('device', 'vector', 'cq'), queue)
        for name, word, text in QUEUE_GAUGES:
            families.gauge('cq_' + name, text, labels, queue.words.number(word))
        families.gauge('cq_idle_seconds', 'Time since a completion was handled last.', labels, queue.words.seconds('polled'))
        families.gauge('cq_busy', 'Whether the worker of the completion queue runs or is queued.', labels,
                       {'yes': 1, 'no': 0}.get(queue.words.get('busy')))
    for port in state.ports:
        for name, count in port.trouble.items():
            families.counter('port_errors', 'What the RDMA device counts of packets lost, sent again or refused.',
                             {'device': port.device, 'port': port.port, 'counter': name}, count)


def families_of(state, session_histograms=True):
    families = Families()
    families.gauge('up', 'Whether the module iser_tgt is loaded.', {}, int(state.loaded))
    if state.loaded:
        families.info('module', 'The module that is loaded.', {'version': state.version, 'srcversion': state.srcversion})
        families.gauge('latency_measured', 'Whether the module measures latency now.', {},
                       None if state.measures is None else int(state.measures))
        _portals(families, state)
        _logins(families, state)
        _sessions(families, state)
        _luns(families, state)
        if session_histograms:
            # a session may have begun or ended between the reads of the two files
            known = {session.key: labels_of(SESSION, session) for session in state.sessions}
            _latency(families, 'session', {key: h for key, h in state.session_latency.items() if key[:3] in known}, lambda key: known[key[:3]])
        _latency(families, 'lun', state.lun_latency, lambda key: {'target': key.target, 'tpg': key.tpg, 'lun': key.of})
        _devices(families, state)
    return families.all.values()


class Collector:
    '''Reads when it is asked, for a registry of prometheus_client.'''

    def __init__(self, root='/', session_histograms=True):
        self.root = root
        self.session_histograms = session_histograms

    def describe(self):
        # so that the registry does not read once to learn the names
        return []

    def collect(self):
        return families_of(State(self.root), self.session_histograms)
