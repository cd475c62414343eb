#!/usr/bin/env python3
"""Debian's kernel moved back and forth under load: ticks, memory that is rewritten and checked, a disk that is written
and read back, a network. Every line that the guest prints is followed over all moves; a missing tick or block, a
corrupt page or a kernel complaint ends the run with status 1.

    Scripts/soak.py [--binary .build/release/martlet] [--moves 100] [--harts 2] [--transport unix,tcp] [--linux .guest]"""
import argparse
import os
import re
import shutil
import socket
import sys
import tempfile
import time

from vmm import Failure, VMM, binary_words

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TROUBLE = re.compile(r'CORRUPT|blk ERROR|Kernel panic|Oops|BUG:|soft lockup|rcu: INFO|Unable to handle|SysRq')


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Console:
    """The guest's console across all the processes that it lived in."""

    def __init__(self):
        self.tick = self.block = 0
        self.passes = ''
        self.text = ''

    def take(self, lines, unfinished):
        lines = list(lines)
        if lines:
            lines[0] = self.text + lines[0]
            self.text = ''
        self.text += unfinished
        for line in lines:
            if TROUBLE.search(line):
                raise Failure(f'the guest says: {line}')
            for name, pattern in (('tick', r'tick (\d+) [\d.]+'), ('block', r'blk (\d+) ok')):
                match = re.search(pattern, line)
                if match:
                    number, last = int(match.group(1)), getattr(self, name)
                    if last and number != last + 1:
                        raise Failure(f'{name} {number} came after {last}')
                    setattr(self, name, number)
            match = re.search(r'dirty (pass \d+) pages \d+ rate \d+ MiB/s ok', line)
            if match:
                self.passes = match.group(1)


def options_of_guest(options, directory):
    arguments = ['-M', 'virt', '-m', options.memory, '-smp', str(options.harts), '-nodefaults', '-display', 'none',
                 '-kernel', f'{options.linux}/Image', '-initrd', f'{options.linux}/initramfs.gz']
    words = 'console=ttyS0 panic=-1 dirty=32:16'
    if options.disk:
        arguments += ['-drive', f'if=none,id=d0,format=raw,file={directory}/disk.img', '-device',
                      'virtio-blk-device,drive=d0']
        words += ' blk=1'
    if options.net:
        arguments += ['-netdev', 'user,id=n0', '-device', 'virtio-net-device,netdev=n0']
        words += ' net=1'
    arguments += ['-device', 'virtio-rng-device', '-append', words]
    return arguments


def soak(options, directory):
    with open(f'{directory}/disk.img', 'wb') as f:
        f.truncate(16 << 20)
    arguments = options_of_guest(options, directory)
    console = Console()
    transports = options.transport.split(',')
    pauses = []
    here = VMM(binary_words(options.binary), 'vm0', directory, arguments)
    there = None
    try:
        here.serial.wait(r'tick 3 ', 180)
        print(f'up after {time.monotonic() - here.started:.1f} s, {options.harts} harts', flush=True)
        for move in range(1, options.moves + 1):
            time.sleep(options.between)
            transport = transports[move % len(transports)]
            uri = f'unix:{directory}/move{move}' if transport == 'unix' else f'tcp:127.0.0.1:{free_port()}'
            there = VMM(binary_words(options.binary), f'vm{move}', directory, arguments + ['-incoming', uri])
            here.qmp.call('migrate-set-parameters', **{'max-bandwidth': 1 << 32})
            here.qmp.call('migrate', uri=uri)
            end = time.monotonic() + 120
            while (info := here.qmp.call('query-migrate')).get('status') not in ('completed', 'failed', 'cancelled'):
                if time.monotonic() > end:
                    raise Failure('a migration does not end')
                time.sleep(0.02)
            if info['status'] != 'completed':
                raise Failure(f"move {move} {info['status']}: {info.get('error-desc', '')}\n{there.said()}")
            there.serial.wait('tick', 15)
            console.take([line for _, line in here.serial.lines], here.serial.rest.decode(errors='replace'))
            pauses.append(info.get('downtime', 0))
            here.kill()
            here, there = there, None
            print(f"move {move:3} over {transport}: {info.get('total-time', 0)} ms, downtime {info.get('downtime', 0)} ms; "
                  f'tick {console.tick}, {console.passes or "no pass"}, block {console.block}', flush=True)
        last = len(here.serial.lines)
        here.serial.wait('tick', 15, start=last)
        here.serial.wait(r'dirty pass \d+ .* ok', 15, start=last)
        console.take([line for _, line in here.serial.lines], '')
        if options.disk and not console.block:
            raise Failure('the disk was never written')
        pauses.sort()
        print(f'{options.moves} moves without a gap: tick {console.tick}, {console.passes}, block {console.block}; '
              f'downtime median {pauses[len(pauses) // 2]} ms, longest {pauses[-1]} ms')
    finally:
        for vmm in (here, there):
            if vmm:
                vmm.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--binary', default=f'{ROOT}/.build/release/martlet')
    parser.add_argument('--moves', type=int, default=100)
    parser.add_argument('--harts', type=int, default=2)
    parser.add_argument('--memory', default='256M')
    parser.add_argument('--transport', default='unix,tcp')
    parser.add_argument('--between', type=float, default=1.2, help='seconds between two moves')
    parser.add_argument('--linux', default=f'{ROOT}/.guest')
    parser.add_argument('--no-disk', dest='disk', action='store_false')
    parser.add_argument('--no-net', dest='net', action='store_false')
    options = parser.parse_args()
    directory = tempfile.mkdtemp(prefix='martlet-soak-')
    try:
        soak(options, directory)
    except Failure as failure:
        print(f'soak failed: {failure}', file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
