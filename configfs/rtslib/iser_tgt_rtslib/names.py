# SPDX-License-Identifier: GPL-2.0
'''iSCSI names by the rules of the module: drivers/iser_target/iscsi/name.c.'''

import re


def fold(name):
    return ''.join(chr(ord(c) + 32) if 'A' <= c <= 'Z' else c for c in name)


def name_fault(name):
    '''Why iser_tgt does not take a name; None if it does.'''
    if not name.startswith(('iqn.', 'eui.', 'naa.')):
        return 'it does not begin with iqn., eui. or naa.'
    if len(name) == 4:
        return 'nothing follows ' + name
    if name != fold(name):
        return 'it has upper case letters'
    if len(name.encode(errors='surrogatepass')) > 223:
        return 'it is longer than 223 bytes'
    if any(c <= ' ' or c in '/,%' or '\x7f' <= c < '\xa0' or '\ud800' <= c <= '\udfff' for c in name):
        return 'it has a blank, a slash, a comma, a per cent sign, a control character, or bytes that are no UTF-8'
    return None


def name_doubt(name):
    '''Whether RFC 7143 4.2.7 does not allow a name that iser_tgt takes.'''
    iqn = r'iqn\.\d{4}-(0[1-9]|1[0-2])\.[a-z0-9\u00a0-\U0010ffff][a-z0-9.:\u00a0-\U0010ffff-]*'
    return not re.fullmatch(iqn + r'|eui\.[0-9a-f]{16}|naa\.([0-9a-f]{16}){1,2}', name, re.A)
