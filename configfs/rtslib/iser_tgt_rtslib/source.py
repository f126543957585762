# SPDX-License-Identifier: GPL-2.0
'''The text of a saveconfig.json, with the line of each of its objects; and a new one.'''

import bisect
import gzip
import json
import os
import re
import stat
import sys


def write(config):
    '''To standard output. It has secrets: a file is for its owner alone before it has them.'''
    if stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode):
        os.fchmod(sys.stdout.fileno(), 0o600)
    json.dump(config, sys.stdout, sort_keys=True, indent=2)
    print()
    sys.stdout.flush()


class Object(dict):
    '''An object of the file, and the part of the text that it was read from.'''
    begin = end = 0


class Source:
    '''A JSON file whose objects know their lines. targetcli compresses those that it keeps as a backup.'''

    def __init__(self, name):
        self.name = name
        with (gzip.open if name.endswith('.gz') else open)(name, 'rt', encoding='utf-8') as file:
            self.text = file.read()
        self.ends = [end.start() for end in re.finditer('\n', self.text)]
        # the C scanner does not tell where an object stands
        decoder = json.JSONDecoder()
        of_json = decoder.parse_object

        def parse_object(begin, *rest):
            value, end = of_json(begin, *rest)
            value = Object(value)
            value.begin, value.end = begin[1], end
            return value, end

        decoder.parse_object = parse_object
        decoder.scan_once = json.scanner.py_make_scanner(decoder)
        try:
            self.config = decoder.decode(self.text)
        except json.JSONDecodeError as err:
            raise ValueError('%s:%d: no configuration of targetcli: %s' % (name, err.lineno, err.msg)) from None
        except RecursionError:
            raise ValueError('%s: no configuration of targetcli: it is nested too deep' % name) from None

    def place(self, item, key=None):
        '''FILE:LINE of an object, or of a key in it.'''
        begin = getattr(item, 'begin', 0)
        found = key and re.compile(r'"%s"\s*:' % re.escape(key)).search(self.text, begin, getattr(item, 'end', 0))
        return '%s:%d' % (self.name, bisect.bisect_left(self.ends, found.start() if found else begin) + 1)

    def list_of(self, item, key):
        '''A list of objects below a key.'''
        value = item.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, Object) for each in value):
            raise ValueError('%s: "%s" is no list of objects' % (self.place(item, key), key))
        return value

    def text_of(self, item, key):
        if not isinstance(item.get(key), str):
            raise ValueError('%s: "%s" is missing, or no text' % (self.place(item, key), key))
        return item[key]
