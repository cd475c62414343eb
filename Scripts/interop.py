#!/usr/bin/env python3
"""Debian moves between Martlet and real QEMUs while it works: both ways, over every transport and with every way of
sending pages that both know, with 1, 2 and 4 harts.
Each crossing is judged: the paused guest's memory is the same on both sides, byte for byte; where the stream was kept,
the guest is written again before it runs, and every page and every value of every device is what it was; then all that
the guest does goes on without a gap (Scripts/soak.py says how that is judged).

    Scripts/interop.py [--binary .build/release/martlet] [--linux .guest] [--peer PROGRAM]... [--harts 1,2,4]
                       [--short] [--round-trips 20] [--table]

A peer is a qemu-system-riscv64; its version says which stream it understands. --table writes what was seen to
Documentation/Compatibility.md and to what `martlet compat` prints. Exit status 0 when all is well."""
import argparse
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import compatibility
from soak import Judge, PATIENCE, free_port
from vmm import Failure, NoArchive, Serial, VMM, binary_words, fetch_linux_guest
from wire import Wire

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RAM_START, RAM_SIZE = 0x8000_0000, 192 << 20


# How the guest sees its virtio devices, by its number of harts: all three come to be seen.
FACES = {1: 'mmio legacy', 2: 'mmio modern', 4: 'pci'}

# Ways of sending pages, each a capability that takes the place of a transport's name, and what the source then counts.
FEATURES = {'compress': ('compression', 'pages'), 'multifd': ('ram', 'multifd-bytes'), 'xbzrle': ('xbzrle-cache', 'pages')}


class Missing(Failure):
    """There is no QEMU here that this could be done with."""


class Program:
    """Martlet or a QEMU, and what of it matters here."""

    def __init__(self, command):
        self.words = binary_words(command)
        try:
            said = subprocess.run(self.words + ['--version'], capture_output=True, text=True, timeout=60).stdout
        except OSError as error:
            raise Failure(f'{command}: {error.strerror}')
        match = re.search(r'(\d+)\.(\d+)\.(\d+)', said)
        if not match:
            raise Failure(f'{command} does not say its version')
        version = self.version = tuple(int(part) for part in match.groups())
        self.is_martlet = 'QEMU' not in said
        self.release = f'Martlet {match[0]}' if self.is_martlet else said.splitlines()[0]
        if not self.is_martlet and version[:2] not in ((7, 2), (10, 0)):
            raise Failure(f'{command} is QEMU {match[0]}; moves are known to and from 7.2 and 10.0')
        self.is_old = version[:2] == (7, 2)
        self.has_file = not self.is_old
        # 7.2's translator forgets pages that a running guest writes after the second look at its log.
        self.moves_paused = self.is_old
        self.features = [name for name in FEATURES if name != 'compress' or self.is_martlet or self.is_old]
        if self.is_martlet:
            self.name, self.dialect = 'Martlet', None
        elif self.is_old:
            self.name, self.dialect = 'QEMU {}.{}'.format(*version), 'qemu-7.2'
        else:
            self.name = 'QEMU {}.{}.{}'.format(*version)
            self.dialect = 'qemu-10.0.11' if version >= (10, 0, 11) else 'qemu-10.0'


def find_peer(command):
    try:
        return Program(command)
    except Failure as failure:
        raise Missing(str(failure))


class Guest:
    """One Debian with so many harts, and the processes that it lives in one after the other. Its console and its virtio
    port are one stream each over all of them."""
    counters = ('tick', 'block', 'net', 'pages', 'typed')

    def __init__(self, options, harts, directory):
        self.options, self.harts, self.directory = options, harts, directory
        self.face = FACES.get(harts, 'mmio legacy')
        self.console_end, self.console = socket.socketpair()
        self.port_end, self.port = socket.socketpair()
        self.port_end.settimeout(PATIENCE)
        self.judge = Judge(Serial(self.console_end))
        self.wire = Wire()
        self.crossings = 0
        self.program = self.here = self.there = None
        with open(f'{directory}/disk.img', 'wb') as f:
            f.truncate(16 << 20)

    def arguments(self, wire_port):
        words = 'console=ttyS0 panic=-1 blk=1 net=1 echo=10.0.2.2:7 port=1 dirty=24:16'
        kind = 'pci' if self.face == 'pci' else 'device'
        return ['-M', 'virt', '-m', f'{RAM_SIZE >> 20}M', '-smp', str(self.harts), '-nodefaults', '-display', 'none', '-S',
                '-global', f"virtio-mmio.force-legacy={'false' if self.face == 'mmio modern' else 'true'}",
                '-kernel', f'{self.options.linux}/Image', '-initrd', f'{self.options.linux}/initramfs.gz',
                '-append', words,
                '-drive', f'if=none,id=d0,format=raw,file={self.directory}/disk.img',
                '-device', f'virtio-blk-{kind},drive=d0',
                # Not `user`: it puts a section of its own into QEMU's stream.
                '-netdev', f'socket,id=n0,listen=127.0.0.1:{wire_port}', '-device', f'virtio-net-{kind},netdev=n0',
                '-device', f'virtio-rng-{kind}', '-device', f'virtio-balloon-{kind}',
                '-chardev', f'socket,id=s0,fd={self.console.fileno()}', '-serial', 'chardev:s0',
                '-chardev', f'socket,id=p0,fd={self.port.fileno()}', '-device', f'virtio-serial-{kind}',
                '-device', 'virtserialport,chardev=p0,name=echo']

    def start(self, program, more=()):
        wire_port = free_port()
        vmm = VMM(program.words, f'vm{self.crossings}', self.directory, self.arguments(wire_port) + list(more),
                  serial=False, descriptors=(self.console.fileno(), self.port.fileno()))
        vmm.wire_port = wire_port
        return vmm

    def boot(self, program):
        # QEMU 7.2 with several harts hangs at times before Linux says a word: that is not what is looked at here.
        for attempt in range(3):
            self.program, self.here = program, self.start(program)
            self.wire.plug(self.here.wire_port)
            self.here.qmp.call('cont')
            try:
                self.judge.serial.wait(r'Linux version', PATIENCE)
                break
            except Failure:
                self.here.kill()
                if attempt == 2:
                    raise
        self.judge.serial.wait(r'tick 1 ', 300)
        self.goes_on()

    def alive(self):
        if self.here.process.poll() is not None:
            raise Failure(f'{self.program.name} ended by itself')

    def goes_on(self):
        """All that the guest does goes on: its own counters, a command typed at the console, bytes through the port."""
        self.judge.serial.send(f"echo typed-$(({self.judge.values['typed']} + 1))\n")
        self.judge.wait_for_all(self.counters, self.alive)
        text, back = random.randbytes(1500), b''
        self.port_end.sendall(text)
        try:
            while len(back) < len(text) and (more := self.port_end.recv(4096)):
                back += more
        except TimeoutError:
            pass
        if back != text:
            raise Failure(f'the virtio port gave back {len(back)} of {len(text)} bytes, '
                          f"{'the right ones' if text.startswith(back) else 'wrong ones'}")

    def cross(self, program, transport):
        """Moves the guest into a new process of this program."""
        self.crossings += 1
        source, sender = self.here, self.program
        self.judge.look()
        clock_before = self.judge.clock
        there = self.there = self.start(program, ['-incoming', 'defer'])
        way_out, way_in = self.ways(transport, sender, program)
        # A page is sent as a difference when it has gone before: that takes a guest that runs, and some passes.
        needs_passes = transport == 'xbzrle' and not sender.moves_paused
        hurry(source, not needs_passes)
        if sender.is_martlet and program.dialect:
            set_dialect(source, program.dialect)
        if sender.moves_paused:
            source.qmp.call('stop')
        for side, endpoint in (source, 'client'), (there, 'server'):
            secure(side, endpoint, transport == 'tls')
        for side, features in (source, sender.features), (there, program.features):
            side.qmp.call('migrate-set-capabilities', capabilities=[
                {'capability': name, 'state': name == transport} for name in features])
        stored = transport in ('exec', 'file')
        if not stored:
            there.qmp.call('migrate-incoming', uri=way_in)
        source.qmp.call('migrate', uri=way_out)
        if needs_passes:
            self.wait('no page is sent as a difference', lambda: (i := source.qmp.call('query-migrate'))['status'] not in
                      ('setup', 'active') or counted(i, transport))
            hurry(source, True)
        info = self.wait('the migration does not end', lambda: (i := source.qmp.call('query-migrate')).get('status') in
                         ('completed', 'failed', 'cancelled') and i)
        if info['status'] != 'completed':
            raise Failure(f"{info['status']}: {info.get('error-desc', '')}")
        if transport in FEATURES and not counted(info, transport) and (needs_passes or transport != 'xbzrle'):
            raise Failure(f'nothing went by {transport}: {info}')
        if stored:
            there.qmp.call('migrate-incoming', uri=way_in)
        self.wait('the guest does not arrive',
                  lambda: there.qmp.call('query-status')['status'] not in ('inmigrate', 'restore-vm'))
        self.compare_memory(source, there)
        source.kill()
        kept = stored and sender is not program
        if kept:
            self.compare_streams(there, sender, program)
        self.program, self.here, self.there = program, there, None
        self.wire.plug(there.wire_port)
        there.qmp.call('cont')
        self.goes_on()
        self.check_clock(clock_before)
        print(f'{sender.name:12} -> {program.name:12} over {transport:8}  {self.harts} harts, {self.face:11} '
              f"{'paused ' if sender.moves_paused else 'running'}  {'all' if kept else 'memory'} equal, downtime {info.get('downtime', 0)} ms; "
              f"tick {self.judge.values['tick']}, block {self.judge.values['block']}, net {self.judge.values['net']}",
              flush=True)

    def ways(self, transport, sender, receiver):
        path = f'{self.directory}/move{self.crossings}'
        if transport == 'tcp':
            return (f'tcp:127.0.0.1:{free_port()}',) * 2
        if transport in ('unix', 'tls') or transport in FEATURES:
            return (f'unix:{path}',) * 2
        return (f'file:{path}' if transport == 'file' and sender.has_file else f'exec:cat > {path}',
                f'file:{path}' if transport == 'file' and receiver.has_file else f'exec:cat {path}')

    def wait(self, complaint, condition):
        end = time.monotonic() + PATIENCE
        while not (value := condition()):
            if time.monotonic() > end:
                raise Failure(f'{complaint} in {PATIENCE} s')
            time.sleep(0.02)
        return value

    def compare_memory(self, source, there):
        """Both guests stand; all of their RAM is the same."""
        files = []
        for vmm in (source, there):
            files.append(f'{self.directory}/{vmm.name}.ram')
            vmm.qmp.call('pmemsave', val=RAM_START, size=RAM_SIZE, filename=files[-1])
        different = []
        with open(files[0], 'rb') as a, open(files[1], 'rb') as b:
            for place in range(RAM_START, RAM_START + RAM_SIZE, 1 << 20):
                x, y = a.read(1 << 20), b.read(1 << 20)
                if len(x) != 1 << 20 or len(y) != 1 << 20:
                    raise Failure(f'pmemsave gave less than the memory: {len(x)} and {len(y)} bytes at {place:#x}')
                if x != y:
                    different += [place + i for i in range(0, 1 << 20, 4096) if x[i:i + 4096] != y[i:i + 4096]]
        for file in files:
            os.unlink(file)
        if different:
            raise Failure(f"{len(different)} pages differ: {' '.join(f'{page:#x}' for page in different[:8])}")

    def compare_streams(self, there, sender, program):
        """The guest that has arrived is written again before it runs, in the sender's layout: every page and every value
        of every device is what it was."""
        first, again = f'{self.directory}/move{self.crossings}', f'{self.directory}/again'
        if program.is_martlet:
            set_dialect(there, sender.dialect)
        there.qmp.call('migrate', uri=f'exec:cat > {again}')
        self.wait('the guest is not written', lambda: there.qmp.call('query-migrate')['status'] == 'completed')
        said = subprocess.run(self.options.martlet + ['stream', 'diff', '--json', first, again], capture_output=True,
                              text=True)
        try:
            found = json.loads(said.stdout)
        except ValueError:
            raise Failure(f'the streams cannot be compared: {said.stderr.strip()}')
        wrong = [f"{block['pages']} pages of {block['block']}" for block in found['ram']]
        wrong += [f"{field['path']}: {field.get('left')} became {field.get('right')}" for field in found['fields']
                  if not may_differ(field, found['fields'])]
        os.unlink(again)
        if wrong:
            raise Failure('\n    '.join(['the guest has changed on its way:'] + wrong))

    def check_clock(self, before):
        """The guest's clock went on from where it was, and not faster than ours."""
        (at, up), (at_before, up_before) = self.judge.clock, before
        if not 0 < up - up_before < at - at_before + 1:
            raise Failure(f'the guest counts {up - up_before:.2f} s where {at - at_before:.2f} s went by')

    def end(self):
        self.wire.unplug()
        for vmm in (self.here, self.there):
            if vmm:
                vmm.kill()
        for end in (self.console_end, self.console, self.port_end, self.port):
            end.close()


def is_interrupted(field):
    """Whether a hart has been given its timer's interrupt on the way."""
    return field['path'].endswith('.env.mip') and int(field['right']) == int(field['left']) | 0x20


def may_differ(field, fields):
    """Values that need not be the same on the other side."""
    path, left, right = field['path'], field.get('left'), field.get('right')
    # What QEMU's cards last showed the driver, not what they are.
    if path.endswith('virtio-net:0.virtio.config'):
        return True
    # QEMU looks at the pending interrupts for itself. The guest that ran is paused now.
    if path.endswith('.interrupt_request') or path.startswith('globalstate:0.'):
        return True
    if left is None or right is None:
        return False
    # QEMU takes an alarm that was never set for one that is long due. Linux has not switched its interrupt on.
    if path == 'goldfish_rtc:0.irq_pending':
        return (left, right) == ('0', '1')
    # To a receiver that loses timers, and for a timer that is due.
    if path.endswith('.env.mip'):
        return is_interrupted(field)
    # The nanosecond of an expiry is the tick's at Martlet. At QEMU it is later by what goes by between two looks at the
    # clock, so that a timer may be due at Martlet and not yet at QEMU.
    if path.endswith('.env.stimer'):
        hart = path.split('.')[0]
        is_due = right == '-1' and any(is_interrupted(f) for f in fields if f['path'].startswith(f'{hart}.'))
        return is_due or 0 <= int(left) - int(right) < 100_000_000
    return False


def set_dialect(vmm, dialect):
    """Says to a Martlet which QEMU it sends to."""
    vmm.qmp.call('migrate-set-parameters', **{'x-martlet-dialect': dialect})


def hurry(vmm, is_on):
    """Has a source send as fast as it can and end as soon as it may; or so slowly that a guest at work needs passes."""
    vmm.qmp.call('migrate-set-parameters', **{'max-bandwidth': 1 << 32 if is_on else 64 << 20,
                                              'downtime-limit': 300 if is_on else 1})


def counted(info, feature):
    """What a source has counted of this way of sending pages."""
    group, name = FEATURES[feature]
    return info.get(group, {}).get(name, 0)


def secure(vmm, endpoint, is_on):
    """Has a side go over TLS, with certificates on both sides and a destination that knows whom to let in; or not."""
    if is_on:
        vmm.qmp.call('object-add', **{'qom-type': 'tls-creds-x509', 'id': endpoint, 'endpoint': endpoint,
                                      'dir': f'{ROOT}/Tests/Fixtures/tls/lab'})
        vmm.qmp.call('object-add', **{'qom-type': 'authz-simple', 'id': f'who-{endpoint}', 'identity': 'O=lab,CN=src'})
        vmm.qmp.call('migrate-set-parameters', **{'tls-authz': f'who-{endpoint}'})
    vmm.qmp.call('migrate-set-parameters', **{'tls-creds': endpoint if is_on else '', 'tls-hostname': 'localhost'})


def round_trips(martlet, peer, count):
    """To and fro, so many times."""
    transports = ('unix', 'tcp'), ('tcp', 'unix')
    return [step for trip in range(count) for step in zip((martlet, peer), transports[trip % 2])]


def route(martlet, peer, harts, short):
    """Where a guest with so many harts that was born in `peer` goes."""
    features = [step for name in peer.features for step in ((martlet, name), (peer, name))]
    if short:
        # Tests/EndToEndTests has them with QEMU 10.0.
        features = features if peer.is_old and harts == 1 else []
        return [(martlet, 'tcp'), (peer, 'exec'), (martlet, 'file'), (martlet, 'unix'), (peer, 'unix'), (martlet, 'tls'),
                (peer, 'tls')] + features
    # Each transport in both directions, and once from Martlet to Martlet on the way.
    return [(martlet, 'tcp'), (peer, 'unix'), (martlet, 'exec'), (peer, 'file'), (martlet, 'unix'), (martlet, 'tcp'),
            (peer, 'tcp'), (martlet, 'tls'), (peer, 'tls'), (martlet, 'file'), (peer, 'exec')] + features


def journey(martlet, peers):
    """From release to release, upwards and once back: streams that they refuse of each other go over Martlet."""
    over = sorted(peers, key=lambda peer: peer.version)
    return [step for peer in over[1:] + over[-2:-1] for step in ((martlet, 'unix'), (peer, 'tcp'))]


def travel(options, peer, harts, way, table):
    """One guest, born in `peer`, on its way; whether all went well."""
    directory = tempfile.mkdtemp(prefix='martlet-interop-')
    guest = Guest(options, harts, directory)
    step = f'in {peer.name}'
    try:
        guest.boot(peer)
        for program, transport in way:
            sender = guest.program
            step = f'{sender.name} -> {program.name} over {transport}'
            guest.cross(program, transport)
            table.saw(sender, program, harts, transport, guest.face)
        return True
    except Failure as failure:
        print(f'FAILED, {harts} harts, {guest.face}, {step}: {failure}', file=sys.stderr)
        with guest.judge.serial.lock:
            lines = [line for _, line in guest.judge.serial.lines[-12:]]
        for vmm in (guest.here, guest.there):
            if vmm:
                lines += [f'{vmm.name}: {line}' for line in vmm.said().splitlines()]
        print('\n'.join('    ' + line for line in lines), file=sys.stderr, flush=True)
        return False
    finally:
        guest.end()
        shutil.rmtree(directory, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--binary', default=f'{ROOT}/.build/release/martlet')
    parser.add_argument('--linux', help='folder with Image and initramfs.gz; by default .guest, where they are fetched to')
    parser.add_argument('--optional', action='store_true', help='no guest, no Debian archive and no QEMU is no failure')
    parser.add_argument('--short', action='store_true', help='a few crossings for each number of harts')
    parser.add_argument('--peer', action='append', help='a qemu-system-riscv64; may be given several times')
    parser.add_argument('--harts', default='1,2,4')
    parser.add_argument('--round-trips', type=int, default=0, help='so many more with two harts, for each peer')
    parser.add_argument('--table', action='store_true', help='write what was seen into the table of compatibility')
    options = parser.parse_args()
    try:
        if not options.linux:
            options.linux = f'{ROOT}/.guest'
            fetch_linux_guest(options.linux)
        martlet = Program(options.binary)
        options.martlet = martlet.words
        peers = [find_peer(peer) for peer in options.peer or ['qemu-system-riscv64']]
    except Failure as failure:
        skipped = options.optional and isinstance(failure, (NoArchive, Missing))
        print(f"interop: {'skipped, ' if skipped else ''}{failure}", file=sys.stderr)
        return 0 if skipped else 1
    table = compatibility.Table(martlet)
    good = True
    for peer in peers:
        print(f'{peer.name}: {peer.release}', flush=True)
        for harts in map(int, filter(None, options.harts.split(','))):
            good = travel(options, peer, harts, route(martlet, peer, harts, options.short), table) and good
        if options.round_trips:
            if travel(options, peer, 2, round_trips(martlet, peer, options.round_trips), table):
                table.saw_round_trips(peer, options.round_trips)
            else:
                good = False
    if len(peers) > 1:
        way = journey(martlet, peers)
        first = min(peers, key=lambda peer: peer.version)
        print('From release to release', flush=True)
        if travel(options, first, 4, way, table):
            table.saw_journey([first.name] + [program.name for program, _ in way])
        else:
            good = False
    if options.table:
        table.write()
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
