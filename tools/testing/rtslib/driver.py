# SPDX-License-Identifier: GPL-2.0
'''
usage: driver.py INITIATOR PEER
Prints the driver's output for a session of an initiator, from the format strings of its source.
'''

import os
import re
import sys


def driver_format(function, values):
    '''The output of a function of the driver: the format strings of its source filled in with these values, in order.'''
    source = os.path.join(os.path.dirname(__file__), '../../../drivers/iser_target/lio/acl.c')
    with open(source) as file:
        body = re.search(r'%s\(.*?\n}\n' % function, file.read(), re.S).group()
    text = ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', re.sub(r'\? "\w+" : "\w+"', '', body))).replace('\\n', '\n')
    values = iter(values)
    text = re.sub(r'%(pISpc|\d?phN|0?\d*[sux])', lambda match: str(next(values)), text)
    if '%' in text or next(values, None) is not None:
        raise ValueError('%s prints other values than this test knows: %s' % (function, text))
    return text


def session(initiator, peer):
    return driver_format('iser_tgt_info_session', [initiator, 'client: one', 7, '00023d000001', 3, 64, 'Yes', 8192, 0, peer, '00000005'])


if __name__ == '__main__':
    print(session(*sys.argv[1:]), end='')
