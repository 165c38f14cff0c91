"""Runs inside gdb: stops a VMM at the lines of a plan and notes what is there.

The plan (JSON, $RECORD_PLAN) names lines by their text, so it does not care
where they stand. What is found goes to $RECORD_OUT.
"""

import json
import os
import struct

import gdb

REGISTERS = ('rip', 'rax', 'rcx', 'rdx', 'rsi', 'rflags')
EXIT_IO, EXIT_MMIO = 2, 6  # linux/kvm.h


def number(expression):
    return int(gdb.parse_and_eval(expression))


def read(address, size):
    return gdb.selected_inferior().read_memory(address, size).tobytes()


class Machine:
    """What is looked at, at each stop."""

    def __init__(self):
        self.vcpu = self.buffer = self.mmio = None
        self.kind = None

    def find(self, names):
        """Remembers what the frames from here up know by these names."""
        frame = gdb.newest_frame()
        while frame:
            for name in names:
                if getattr(self, name) is None:
                    try:
                        value = frame.read_var(name)
                        if value.type.code == gdb.TYPE_CODE_PTR:
                            value.fetch_lazy()  # the frame will be gone
                            setattr(self, name, value)
                    except ValueError:
                        pass
            frame = frame.older()

    def registers(self):
        if self.buffer is None:
            self.buffer = number('(long)malloc(sizeof(struct kvm_regs))')
        gdb.parse_and_eval('kvm_get_regs(%d, (struct kvm_regs *)%d)' % (
            int(self.vcpu['vcpu_fd']), self.buffer))
        regs = gdb.parse_and_eval('*(struct kvm_regs *)%d' % self.buffer)
        return {name: int(regs[name]) for name in REGISTERS}

    def exit(self):
        run = self.vcpu['run'].dereference()
        reason = int(run['exit_reason'])
        if reason == EXIT_IO:
            data = int(self.vcpu['run']) + int(run['io']['data_offset'])
            return {'reason': 'KVM_EXIT_IO',
                    'port': int(run['io']['port']),
                    'direction': 'out' if int(run['io']['direction'])
                                 else 'in',
                    'size': int(run['io']['size']),
                    'data': read(data, int(run['io']['size'])).hex()}
        if reason == EXIT_MMIO:
            mmio = run['mmio']
            size = int(mmio['len'])
            return {'reason': 'KVM_EXIT_MMIO', 'gpa': int(mmio['phys_addr']),
                    'write': bool(int(mmio['is_write'])), 'size': size,
                    'data': bytes(int(mmio['data'][i])
                                  for i in range(size)).hex()}
        return {'reason': {5: 'KVM_EXIT_HLT'}.get(reason, str(reason))}

    def memory(self, gpa, size):
        ram = int(self.vcpu['vm']['memory']['ram'])
        return read(ram + gpa, size)

    def queue(self):
        """The three areas, and the buffers of the chain in entry 0."""
        device = self.mmio['device']
        queue = device['queues'][0]
        size = int(queue['size'])
        desc = read(int(queue['desc']), 16 * 4)
        avail = read(int(queue['avail']), 4 + 2 * size)
        used = read(int(queue['used']), 4 + 8 * size)
        state = {
            'size': size,
            'desc': [dict(zip(('addr', 'len', 'flags', 'next'),
                              struct.unpack_from('<QIHH', desc, 16 * i)))
                     for i in range(4)],
            'avail': {'flags': struct.unpack_from('<H', avail, 0)[0],
                      'idx': struct.unpack_from('<H', avail, 2)[0],
                      'ring': list(struct.unpack_from('<4H', avail, 4))},
            'used': {'flags': struct.unpack_from('<H', used, 0)[0],
                     'idx': struct.unpack_from('<H', used, 2)[0],
                     'ring': [dict(zip(('id', 'len'), struct.unpack_from(
                         '<II', used, 4 + 8 * i))) for i in range(4)]},
            'ours': {'next_avail': int(queue['next_avail']),
                     'next_used': int(queue['next_used']),
                     'interrupt_status': int(self.mmio['interrupt_status'])},
            'gpa': {name: int(queue[name + '_gpa'])
                    for name in ('desc', 'avail', 'used')},
            'buffers': []}
        for entry in state['desc'][:3]:
            if state['avail']['idx'] and entry['len']:
                state['buffers'].append(
                    self.memory(entry['addr'], min(entry['len'], 512)).hex())
        return state


def line_of(path, text):
    """The number of the one line of a file that has this text."""
    with open(path, encoding='utf-8') as file:
        found = [i for i, line in enumerate(file, 1) if text in line]
    if len(found) != 1:
        raise gdb.GdbError('record: "%s" is on %d lines of %s' % (
            text, len(found), path))
    return found[0]


def main():
    with open(os.environ['RECORD_PLAN'], encoding='utf-8') as file:
        plan = json.load(file)
    for command in ('set pagination off', 'set confirm off',
                    'set print thread-events off', 'set debuginfod enabled off',
                    'handle all nostop noprint pass'):
        gdb.execute(command)
    gdb.execute('handle SIGTRAP stop')
    machine = Machine()
    # gdb has to have it running before it can call its functions.
    gdb.execute('start', to_string=True)
    if plan.get('from'):
        point = gdb.Breakpoint('%s:%d' % (
            plan['from']['file'], line_of(plan['from']['path'],
                                          plan['from']['text'])))
        point.condition = plan['from']['if']
        gdb.execute('continue', to_string=True)
        point.delete()
        machine.find(['vcpu', 'mmio'])
    points = {}
    for stop in plan['stops']:
        line = line_of(stop['path'], stop['text'])
        point = gdb.Breakpoint('%s:%d' % (stop['file'], line))
        points[point.number] = stop['name'], line
    found = []
    while len(found) < 500:
        gdb.execute('continue', to_string=True)
        if not gdb.selected_inferior().pid:
            break
        frame = gdb.selected_frame()
        here = frame.find_sal().line
        names = [name for name, line in points.values() if line == here and
                 frame.find_sal().symtab.filename.endswith(
                     next(stop['file'] for stop in plan['stops']
                          if stop['name'] == name))]
        if not names:
            raise gdb.GdbError('record: stopped at line %d' % here)
        machine.find(['vcpu', 'mmio'])
        entry = {'stop': names[0], 'line': here,
                 'registers': machine.registers(), 'exit': machine.exit()}
        if plan['looks at'] == 'queue':
            entry['queue'] = machine.queue()
        else:
            entry['memory'] = machine.memory(0, plan['size']).hex()
        found.append(entry)
        last = plan['until']
        if names[0] == last['stop'] and \
                (not last['after'] or
                 any(one['stop'] == last['after'] for one in found)):
            break
    with open(os.environ['RECORD_OUT'], 'w', encoding='utf-8') as file:
        json.dump(found, file)
    if gdb.selected_inferior().pid:
        gdb.execute('kill')


try:
    main()
except Exception as error:  # gdb would go on, and wait for commands
    print('record: %s' % error)
    gdb.execute('quit 1')
