"""The traces that the book plays: where the VMM is stopped, and what is said.

A stop is a line of the VMM, by its text. What is seen beside it is what has
become of things at the next stop, when the line has done its work; with `here`,
at this one. A stop without words is only a look.

Sections are named by chapter and title: their numbers change more often.
"""

from diffs import Problem

RUN_LOOP = {
    'title': 'The run loop, played',
    # Its page comes after this one; these pages lead to it.
    'after': '1 What the trace shows',
    'beside': ['1 The idea', '1 Hello, world!', '1 What the trace shows'],
    'section': '1 Closed doors (craft)',
    'step': 'step1-hello',
    'arguments': ['--trace', '{trace}'],
    'looks at': 'registers',
    'size': 30,
    'guest': 'guest.asm',
    'until': {'stop': 'end', 'after': None},
    'stops': [
        {'name': 'run', 'file': 'vcpu.c',
         'text': 'if (!kvm_run(vcpu->vcpu_fd))', 'guest': True,
         'say': 'KVM_RUN. The processor enters guest mode and runs the guest, '
                'until something comes that it may not do on its own.'},
        {'name': 'exit', 'file': 'vcpu.c',
         'text': 'status = handle_exit(vcpu);',
         'say': 'KVM_RUN has returned. In kvm_run it says why: {exit}.'},
        {'name': 'write', 'file': 'vcpu.c',
         'text': 'if (port + i == COM1 && write(',
         'say': 'That port is our serial port. So the byte goes to standard '
                'output: {letter}.'},
        {'name': 'trace', 'file': 'vcpu.c', 'text': 'trace(vcpu);',
         'say': 'The exit becomes a line of the trace. The loop goes round while '
                'the guest runs.'},
        {'name': 'end', 'file': 'vcpu.c', 'text': 'return status;',
         'here': True,
         'say': 'The guest has halted with its interrupts off: nothing can '
                'wake it. The loop ends, and with it the machine.'},
    ],
}

DISK_READ = {
    'title': 'A read of the disk, played',
    'after': '3 The interrupt',
    'beside': ['3 Three areas of memory', '3 The first sector',
               '3 The interrupt'],
    'section': '3 The interrupt',
    'step': 'step3-virtio',
    'arguments': ['--trace', '{trace}', '-d', '{disk}',
                  'build/linux/bzImage'],
    'looks at': 'queue',
    # The driver is there, and has not asked for anything yet.
    'from': {'file': 'virtio.c', 'text': 'device->status |= rising;',
             'if': 'rising & 4'},
    # The driver has had its interrupt, and the guest would go on.
    'until': {'stop': 'run', 'after': 'acknowledge'},
    'stops': [
        {'name': 'run', 'file': 'vcpu.c',
         'text': 'if (!kvm_run(vcpu->vcpu_fd)) {', 'guest': [
             'virtio_ring.c: virtqueue_add_split()',
             'virtio_mmio.c: vm_interrupt()',
             'virtio_mmio.c: vm_interrupt()'], 'say': [
             'The guest runs. Its driver wants the disk\'s first sectors, and '
             'describes in the descriptor table where the request is: {desc}.',
             'KVM_RUN. The guest is interrupted on IRQ 5. The driver\'s '
             'handler wants to know why, and reads InterruptStatus.',
             'KVM_RUN. The handler has its answer, and acknowledges it.']},
        {'name': 'exit', 'file': 'vcpu.c',
         'text': 'status = handle_exit(vcpu);', 'say': [
             'KVM_RUN has returned: a write to the page of registers, at '
             '{gpa}. That is QueueNotify, the bell.',
             'An exit: a read at {gpa}, which is InterruptStatus.',
             'An exit: a write at {gpa}, which is InterruptACK.']},
        {'name': 'notify', 'file': 'virtio-mmio.c',
         'text': 'virtio_notify(mmio->device, value);',
         'say': 'The transport knows the register, and tells the device that '
                'queue {value} has work. Nothing has moved yet.'},
        {'name': 'waiting', 'file': 'virtqueue.c',
         'text': 'waiting = load(&queue->avail->idx) - queue->next_avail;',
         'say': ['How many chains are waiting? The driver\'s index minus ours: '
                 '{avail idx} - {next_avail} = {waiting}.',
                 'Is there another? {avail idx} - {next_avail} = {waiting}. '
                 'No: the device has done all it was asked.']},
        {'name': 'head', 'file': 'virtqueue.c', 'text': 'chain->head =',
         'say': 'The available ring says where the chain begins: descriptor '
                '{head}.'},
        {'name': 'taken', 'file': 'virtqueue.c', 'text': 'queue->next_avail++;',
         'say': 'That chain is taken. Our index goes on; the driver\'s is not '
                'ours to touch.'},
        {'name': 'collect', 'file': 'virtqueue.c',
         'text': 'memcpy(&desc, &table[index], sizeof(desc));', 'say': [
             'The chain\'s first buffer, 16 bytes for us to read: the header '
             'of the request. NEXT is set, so there is more.',
             'The second buffer. WRITE is set: it is for us to fill, with the '
             'data.',
             'The third, a byte for us to write: the status. No NEXT: the end '
             'of the chain.']},
        {'name': 'header', 'file': 'virtio-blk.c',
         'text': 'if (!take_header(&readable',
         'say': 'The device reads the header: type {type}, sector {sector}. '
                'Type 0 is a read.'},
        {'name': 'read', 'file': 'virtio-blk.c',
         'text': 'ssize_t done = preadv(',
         'say': 'One system call takes the data from the image straight into '
                'the guest\'s memory.'},
        {'name': 'look', 'file': 'virtio-blk.c',
         'text': 'skip(&request->data, &request->count, (size_t)done);'},
        {'name': 'status', 'file': 'virtio-blk.c',
         'text': 'left = total_size(request.data, request.count);',
         'code': '*status = execute(blk, &request);', 'here': True,
         'say': 'It went well, so the status byte is written: 0, '
                'VIRTIO_BLK_S_OK. By chance it was 0 before, too.'},
        {'name': 'push', 'file': 'virtqueue.c',
         'text': 'queue->used->ring[queue->next_used % queue->size] =',
         'say': 'The chain is given back: its head and the bytes that we '
                'wrote, {written}, go into the used ring. The driver cannot '
                'see it yet, because the index has not moved.'},
        {'name': 'count', 'file': 'virtqueue.c', 'text': 'queue->next_used++;',
         'say': 'Our own index of the used ring goes on.'},
        {'name': 'publish', 'file': 'virtqueue.c',
         'text': '__atomic_store_n(&queue->used->idx, queue->next_used, '
                 '__ATOMIC_RELEASE);',
         'say': 'Now the used ring\'s index follows, last and with release: '
                'once the driver sees it, it sees all before it too.'},
        {'name': 'wants', 'file': 'virtqueue.c',
         'text': 'return !(load(&queue->avail->flags)',
         'say': 'Does the driver want an interrupt? The flags of the available '
                'ring are {avail flags}: it does.'},
        {'name': 'raise', 'file': 'virtio-mmio.c',
         'text': 'set_interrupt_status(mmio, mmio->interrupt_status | bit);',
         'say': 'Bit 0 of InterruptStatus says that a chain was used, and the '
                'line, IRQ 5, rises.'},
        {'name': 'answer', 'file': 'virtio-mmio.c',
         'text': 'return mmio->interrupt_status;',
         'say': 'The answer is 1: a chain was used.'},
        {'name': 'acknowledge', 'file': 'virtio-mmio.c',
         'text': 'set_interrupt_status(mmio, mmio->interrupt_status & ~value);',
         'say': 'The bit is cleared and the line falls. The driver looks at '
                'the used ring, finds its chain, and hands the data on. Three '
                'exits for one read.'},
    ],
}

PLANS = {'run-loop': RUN_LOOP, 'disk-read': DISK_READ}


def named(items, name, title_of):
    """The section or the page, among items, that a plan names."""
    for item in items:
        chapter, title = title_of(item)
        if '%s %s' % (chapter, title) == name:
            return item
    raise Problem('plans.py: no section of the book is called "%s"' % name)


def section(the_book, plan):
    """The section after which the VMM is built."""
    return named(the_book.numbered(), plan['section'],
                 lambda one: (one.chapter.number, one.title))
