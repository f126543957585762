# SPDX-License-Identifier: GPL-2.0
'''
Whether a packet passes the kernel's firewall: the rules of nftables and of iptables, as their tools print them. A packet is a dictionary: proto,
port, family (ipv4 or ipv6) and netdev. run(COMMAND...) returns a command's output, or None.
'''

import collections
import json
import shlex


def in_set(value, wanted):
    # flags, such as ct state, are a plain list
    if isinstance(value, dict) and 'set' in value:
        value = value['set']
    if isinstance(value, list):
        return any(in_set(v, wanted) for v in value)
    if isinstance(value, dict) and 'range' in value:
        return str(wanted).isdigit() and value['range'][0] <= int(wanted) <= value['range'][1]
    return str(value) == str(wanted)


def nft_match(match, packet):
    '''True, False, or None if it cannot be determined.'''
    left = match['left']
    key = None
    if 'payload' in left:
        key = (left['payload'].get('protocol'), left['payload'].get('field'))
        # a port of another protocol does not match
        if key[1] == 'dport' and key[0] not in ('th', packet['proto']):
            return False
    elif 'meta' in left:
        key = ('meta', left['meta']['key'])
    elif 'ct' in left:
        key = ('ct', left['ct']['key'])
    known = {(packet['proto'], 'dport'): packet['port'], ('th', 'dport'): packet['port'], ('meta', 'l4proto'): packet['proto'],
             ('meta', 'nfproto'): packet['family'], ('meta', 'iifname'): packet['netdev'], ('ip', 'protocol'): packet['proto'],
             ('ip6', 'nexthdr'): packet['proto'], ('ct', 'state'): 'new', ('meta', 'iif'): packet['netdev']}
    if key not in known or str(match['right'])[:1] == '@' or '*' in str(match['right']):
        return None
    return in_set(match['right'], known[key]) == (match['op'] in ('==', 'in'))


def nft_rules(packet, run):
    '''[(chain's name, policy, rules)] for base chains, and all chains by name; a rule is (matches, verdict, target, text).'''
    bases, chains, foreign = [], collections.defaultdict(list), set()
    try:
        listed = json.loads(run('nft', '-j', 'list', 'ruleset') or '{}')
    except ValueError:
        listed = {}
    for item in listed.get('nftables', []):
        if 'chain' in item:
            chain = item['chain']
            if chain['family'] not in ('inet', packet['family'].replace('ipv', 'ip').replace('ip4', 'ip')):
                continue
            if chain.get('hook') in ('input', 'prerouting'):
                bases.append(((chain['family'], chain['table'], chain['name']), chain.get('policy', 'accept')))
        elif 'rule' in item:
            rule = item['rule']
            matches, verdict, target = [], None, None
            for part in rule['expr']:
                if 'match' in part:
                    matches.append(nft_match(part['match'], packet))
                elif 'xt' in part:
                    matches.append('xt')
                elif 'limit' in part:
                    matches.append(None)
                # the verdict of a map for this packet; unknown for a named map
                if 'vmap' in part and isinstance(part['vmap']['data'], dict):
                    key = {'op': '==', 'left': part['vmap']['key']}
                    part = next((v for k, v in part['vmap']['data']['set'] if nft_match({**key, 'right': k}, packet)), {})
                for word in ('accept', 'drop', 'reject', 'jump', 'goto', 'return'):
                    if word in part:
                        verdict, target = word, (part[word] or {}).get('target') if word in ('jump', 'goto') else None
            # a table of iptables with rules that nft cannot read is read below
            if 'xt' in matches:
                foreign.add((rule['family'], rule['table']))
            else:
                chains[rule['family'], rule['table'], rule['chain']].append((matches, verdict, target,
                                                                           'nft -a list chain %(family)s %(table)s %(chain)s' % rule))
    return [b for b in bases if b[0][:2] not in foreign], chains


def iptables_rules(packet, run):
    bases, chains = [], collections.defaultdict(list)
    table = ''
    command = 'iptables' if packet['family'] == 'ipv4' else 'ip6tables'
    for line in (run(command + '-save') or '').splitlines():
        # comments may contain unbalanced quotes
        word = [] if line.startswith('#') else shlex.split(line)
        if line.startswith('*'):
            table = line[1:]
        elif line.startswith(':') and word[0][1:] in ('INPUT', 'PREROUTING') and table in ('filter', 'raw', 'mangle'):
            bases.append(((command, table, word[0][1:]), word[1].lower()))
        elif line.startswith('-A'):
            matches, verdict, target, i = [], None, None, 2
            while i < len(word):
                value, wrong = word[i + 1] if i + 1 < len(word) else '', word[i - 1] == '!'
                if word[i] == '-p':
                    matches.append((value == packet['proto']) != wrong)
                elif word[i] in ('--dport', '--dports'):
                    ranges = [r.split(':') for r in value.split(',')]
                    matches.append(any(int(r[0]) <= packet['port'] <= int(r[-1]) for r in ranges) != wrong)
                elif word[i] == '-i':
                    matches.append(((packet['netdev'] or '').startswith(value[:-1]) if value[-1] == '+' else value == packet['netdev']) != wrong)
                elif word[i] in ('--state', '--ctstate'):
                    matches.append(('NEW' in value.split(',')) != wrong)
                elif word[i] in ('-j', '-g'):
                    verdict = {'ACCEPT': 'accept', 'DROP': 'drop', 'REJECT': 'reject', 'RETURN': 'return'}.get(value)
                    if verdict is None:
                        verdict, target = ('jump' if word[i] == '-j' else 'goto'), value
                    # the following options belong to the verdict
                    break
                elif word[i][:1] == '-' and word[i] not in ('-m', '--comment'):
                    matches.append(None)
                # an unknown option, with an unknown number of values
                i += 2 if word[i] in ('-m', '--comment') else 1
            chains[command, table, word[1]].append((matches, verdict, target, '%s -t %s -S %s' % (command, table, word[1])))
    return bases, chains


def walk(chain, chains, depth=0):
    '''(verdict, command to fix it) of a chain: accept, drop or None at its end.'''
    for matches, verdict, target, text in chains[chain]:
        if False in matches:
            continue
        if verdict in ('jump', 'goto') and depth < 16:
            inner = walk(chain[:2] + (target,), chains, depth + 1)
            if inner[0] and None not in matches:
                return inner
            if verdict == 'goto' and None not in matches:
                return None, None
        # a rule with an unknown match, e.g. the sender's address: it accepts only some packets, or does not drop all
        elif verdict == 'accept' and (None not in matches or True in matches):
            return 'accept', text
        elif verdict in ('drop', 'reject') and None not in matches:
            return 'drop', text
        elif verdict == 'return' and None not in matches:
            return None, None
    return None, None


def drops(packet, run):
    '''The first chain that drops it: (chain, whether by a rule, command that shows why, command that lets it in); None if it passes.'''
    for bases, chains in nft_rules(packet, run), iptables_rules(packet, run):
        for chain, policy in bases:
            verdict, text = walk(chain, chains)
            if verdict != 'drop' and (verdict is not None or policy != 'drop'):
                continue
            if chain[0].endswith('tables'):
                table = '' if chain[1] == 'filter' else '-t %s ' % chain[1]
                add = '%s %s-I %s -p %s --dport %d -j ACCEPT' % (chain[0], table, chain[2], packet['proto'], packet['port'])
            else:
                add = 'nft insert rule %s %s %s %s dport %d accept' % (*chain, packet['proto'], packet['port'])
            return chain, verdict is not None, text or 'nft list ruleset', add
    return None
