"""From what gdb found to the steps that a reader sees."""

import re


def kept(found):
    """Without exits that are not the story's (the serial port has some), and
    with a KVM_RUN that was interrupted told once."""
    out = []
    skip = False
    for entry in found:
        if entry['stop'] == 'exit' and 'queue' in entry and \
                entry['exit']['reason'] != 'KVM_EXIT_MMIO':
            skip = True
            continue
        if skip and entry['stop'] != 'run':
            continue
        skip = False
        if entry['stop'] == 'run' and out and out[-1]['stop'] == 'run':
            continue
        out.append(entry)
    return out


def exit_words(exit):
    if exit['reason'] == 'KVM_EXIT_IO':
        return 'KVM_EXIT_IO, %s, port 0x%x, size %d, data 0x%s' % (
            exit['direction'], exit['port'], exit['size'], exit['data'])
    return exit['reason']


def number(data):
    return int.from_bytes(bytes.fromhex(data), 'little')


def values(entry, after):
    """What the sentences of a plan can name."""
    exit = entry['exit']
    words = {'exit': exit_words(exit)}
    if exit['reason'] == 'KVM_EXIT_IO':
        letter = bytes.fromhex(exit['data']).decode('latin-1')
        words['letter'] = 'the end of the line' if letter == '\n' \
            else '"%s"' % letter
    if 'queue' in entry:
        queue = entry['queue']
        ours = queue['ours']
        words.update({
            'gpa': '0x%x' % exit.get('gpa', 0),
            'value': '%d' % number(exit.get('data', '')),
            'avail idx': queue['avail']['idx'],
            'avail flags': queue['avail']['flags'],
            'next_avail': ours['next_avail'],
            'waiting': queue['avail']['idx'] - ours['next_avail'],
            'head': queue['avail']['ring'][0],
            'written': after['queue']['used']['ring'][0]['len']})
        filled = sum(1 for one in after['queue']['desc'] if one['len'])
        words['desc'] = '%d descriptors' % filled
        if queue['buffers']:
            header = queue['buffers'][0]
            words['type'] = number(header[:8])
            words['sector'] = number(header[16:32])
    return words


def say(stop, count, words):
    text = stop['say']
    if isinstance(text, list):
        text = text[min(count, len(text) - 1)]
    return re.sub(r'\{([^}]*)\}', lambda match: str(words[match[1]]), text)


def code(tree, plan, stop):
    """The line that is shown."""
    path = '%s/%s' % (plan['step'], stop['file'])
    text = stop.get('code', stop['text'])
    lines = tree[path].split('\n')
    number = next(i for i, line in enumerate(lines, 1) if text in line)
    return {'file': path, 'line': number, 'text': lines[number - 1].strip()}


def make(plan, found, trace, tree, guest):
    found = kept(found)
    stops = {stop['name']: stop for stop in plan['stops']}
    lines = [line.strip() for line in trace]
    if 'queue' in found[0]:
        lines = [line for line in lines if 'MMIO' in line]
        start = next(i for i, line in enumerate(lines) if 'DRIVER_OK' in line)
        lines = lines[start + 1:]
    lines = [re.sub(r'^\S+\s+', '', line) for line in lines]
    steps = []
    counts = {}
    exits = []
    output = ''
    for i, entry in enumerate(found):
        stop = stops[entry['stop']]
        count = counts.get(entry['stop'], 0)
        counts[entry['stop']] = count + 1
        if 'say' not in stop or i + 1 == len(found) and not stop.get('here'):
            continue
        after = entry if stop.get('here') else found[i + 1]
        if entry['stop'] == 'exit':
            exits.append(lines[count])
        if entry['stop'] == 'write':
            output += bytes.fromhex(entry['exit']['data']).decode('latin-1')
        step = {'stop': entry['stop'],
                'who': 'guest' if stop.get('guest') else 'vmm',
                'vmm': code(tree, plan, stop),
                'say': say(stop, count, values(entry, after)),
                'exits': len(exits)}
        if 'queue' in entry:
            where = stop['guest'][count] if stop.get('guest') else \
                steps[-1]['guest']['function']
            step['guest'] = {'function': where}
            step['queue'] = after['queue']
            add_split(steps, step, entry, stop, count)
        else:
            step['guest'] = guest_line(plan, tree, guest, after)
            step['registers'] = after['registers']
            step['output'] = output
            step['exit'] = entry['exit'] if entry['stop'] != 'run' else None
        steps.append(step)
    result = {'title': plan['title'], 'section': plan['section'],
              'looks at': plan['looks at'], 'exits': exits, 'steps': steps}
    if 'memory' in found[0]:
        result['memory'] = found[0]['memory']
    return result


def guest_line(plan, tree, lines, entry):
    path = '%s/%s' % (plan['step'], plan['guest'])
    number = lines.get(entry['registers']['rip'])
    if number is None:
        return None
    return {'file': path, 'line': number,
            'text': tree[path].split('\n')[number - 1].strip()}


def add_split(steps, step, entry, stop, count):
    """What the guest did between two exits nobody saw. So the first request is
    taken apart: the order is the one that virtio 1.2, 2.7.13 prescribes."""
    if not stop.get('guest') or count:
        return
    before, after = entry['queue'], step['queue']
    described = dict(after, avail=before['avail'])
    offered = dict(after, avail=dict(after['avail'], written=1,
                                     idx=before['avail']['idx']))
    steps.append(dict(step, queue=described, split=True))
    step['guest'] = {'function': 'virtio_ring.c: virtqueue_add_split()'}
    steps.append(dict(step, queue=offered, split=True, say=(
        'It puts the number of the chain\'s first descriptor, %d, into the '
        'available ring. For the device there is still nothing: the index '
        'has not moved.' % after['avail']['ring'][0])))
    step['split'] = True
    step['guest'] = {'function': 'virtio_mmio.c: vm_notify()'}
    step['say'] = 'Now the index: %d. From this moment on the chain is the ' \
        'device\'s. Then the driver rings the bell: it writes to ' \
        'QueueNotify.' % after['avail']['idx']


# ---- is it still what happens? ----

def shape(trace):
    """What stays the same from run to run: no addresses, no times."""
    steps = []
    for step in trace['steps']:
        queue = step.get('queue')
        state = step.get('registers')
        if state:
            state = {name: state[name] for name in ('rip', 'rsi')}
        if queue:
            state = {'desc': [(one['len'], one['flags'], one['next'])
                              for one in queue['desc']],
                     'avail': queue['avail'], 'used': queue['used'],
                     'ours': queue['ours']}
        steps.append((step['stop'], step['vmm']['text'], step['exits'],
                      step.get('output'), state, step['guest']))
    return steps


def differences(was, now):
    old, new = shape(was), shape(now)
    for i, (one, other) in enumerate(zip(old, new), 1):
        if one != other:
            yield 'step %d was %s and is %s' % (i, one, other)
    if len(old) != len(new):
        yield 'it had %d steps and has %d' % (len(old), len(new))
