# SPDX-License-Identifier: GPL-2.0
'''The histograms of session_latency and lun_latency: four buckets for each power of two, in nanoseconds.'''

import bisect
import collections

INFINITE = float('inf')
# the upper bounds that exist, which belong to their bucket
BOUNDS = [1 << 10] + [(1 << k) * quarter // 4 for k in range(10, 34) for quarter in (5, 6, 7, 8)]
OCTAVES = [1 << k for k in range(10, 35)]


class Histogram:
    '''Numbers of samples by the upper bound of their bucket, and the sum of all samples.'''

    def __init__(self, buckets=None, total=0):
        self.buckets = collections.Counter(buckets or {})
        self.sum = total

    @classmethod
    def from_words(cls, words):
        '''From a line of the file; a bucket that is no pair of numbers is ignored.'''
        buckets = {}
        for pair in words.get('buckets', '').split(','):
            bound, _, count = pair.partition(':')
            if count.isdigit() and (bound == '+Inf' or bound.isdigit()):
                buckets[INFINITE if bound == '+Inf' else int(bound)] = int(count)
        return cls(buckets, words.number('sum_ns') or 0)

    @property
    def count(self):
        return sum(self.buckets.values())

    @property
    def mean(self):
        '''Nanoseconds; None without a sample.'''
        return self.sum / self.count if self.count else None

    def __sub__(self, earlier):
        '''What was added since then.'''
        return Histogram(self.buckets - earlier.buckets, max(self.sum - earlier.sum, 0)) if earlier else self

    def __add__(self, other):
        return Histogram(self.buckets + other.buckets, self.sum + other.sum)

    def quantile(self, part):
        '''
        Nanoseconds below which this part of the samples is, None without a sample; as histogram_quantile() of Prometheus, samples are
        taken to be spread evenly over their bucket, and those of the last one to be at its lower bound.
        '''
        rank, below = part * self.count, 0
        for bound in sorted(self.buckets):
            here = self.buckets[bound]
            if here and below + here >= rank:
                lower = BOUNDS[bisect.bisect_left(BOUNDS, bound) - 1] if bound > BOUNDS[0] else 0
                return lower if bound == INFINITE else lower + (bound - lower) * (rank - below) / here
            below += here
        return None

    def cumulative(self, bounds):
        '''Number of samples up to each of these bounds, and of all of them.'''
        counts = [sum(n for bound, n in self.buckets.items() if bound <= upper) for upper in bounds]
        return counts + [self.count]
