#!/usr/bin/env python3
"""Debian's kernel moved back and forth under load: ticks, memory that is rewritten and checked, a disk that is written
and read back, datagrams that must be echoed, bytes through a virtio port, commands typed at the console. The console and
the port are one stream each over all the processes, so a byte that is lost or comes twice is seen. Whatever the guest
loses, repeats or complains of fails the run, and so does a process that keeps memory or descriptors.

    Scripts/soak.py [--binary .build/release/martlet] [--linux .guest] [--moves 100] [--harts 1,2,4]
                    [--transport unix,tcp] [--json FILE] [--markdown FILE]

One run for each number of harts and each transport; "unix+tcp" changes at each move. Exit status 0 when all runs are
good, 1 when one is not."""
import argparse
import json
import os
import random
import re
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time

from vmm import PATIENCE, Failure, NoArchive, Serial, VMM, binary_words, fetch_linux_guest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TROUBLE = re.compile(r'CORRUPT|ERROR|Kernel panic|Oops|BUG:|soft lockup|rcu: INFO|Unable to handle|SysRq|I/O error|'
                     r'WARNING:|nobody cared|sh: .*not found')


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class EchoService(threading.Thread):
    """Answers UDP datagrams with what they bring."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(('127.0.0.1', 0))
        self.port = self.sock.getsockname()[1]
        self.start()

    def run(self):
        while True:
            data, sender = self.sock.recvfrom(4096)
            self.sock.sendto(data, sender)


class PortEcho(threading.Thread):
    """Sends random bytes into one end of a socket pair and wants them back, in order and once each. At most `window` are
    on the way; the other end is handed from process to process, with whatever is in it."""
    window = 2048

    def __init__(self, sock, seed):
        super().__init__(daemon=True)
        self.sock = sock
        self.random = random.Random(seed)
        self.back = 0
        self.failure = None
        self.start()

    def run(self):
        expected = bytearray()
        while True:
            try:
                if len(expected) < self.window:
                    more = self.random.randbytes(self.random.randrange(1, self.window - len(expected) + 1))
                    self.sock.sendall(more)
                    expected += more
                data = self.sock.recv(4096)
            except OSError:
                return
            if not data:
                return
            if expected[:len(data)] != data:
                self.failure = f'the port gave back wrong bytes after {self.back}'
                return
            del expected[:len(data)]
            self.back += len(data)
            time.sleep(0.005)


class Typist(threading.Thread):
    """Types a command at the console, waits for what it prints, and types the next: some bytes of input are always on
    their way when the guest is stopped. The judge counts the answers."""

    def __init__(self, serial):
        super().__init__(daemon=True)
        self.serial = serial
        self.failure = None
        self.start()

    def run(self):
        number = 0
        while True:
            start = len(self.serial.lines)
            self.serial.send(f'echo typed-$(({number} + 1))\n')
            number += 1
            try:
                self.serial.wait(f'^typed-{number}$', PATIENCE, start=start)
            except Failure as failure:
                self.failure = str(failure)
                return
            time.sleep(0.03)


class Judge:
    """Follows what the guest prints over all moves, and fails at the first line that must not be."""
    # Each counts from 1 without a gap, but for the pages of `dirty`, which only grow.
    counters = {
        'tick': re.compile(r'tick (\d+) [\d.]+$'),
        'block': re.compile(r'blk (\d+) ok$'),
        'net': re.compile(r'net (\d+) ok echoes \d+ resent \d+$'),
        'pages': re.compile(r'dirty pass \d+ pages (\d+) rate \d+ MiB/s ok$'),
        'typed': re.compile(r'^typed-(\d+)$'),
    }
    uptime = re.compile(r'tick \d+ ([\d.]+)$')
    resent = re.compile(r'net \d+ ok echoes (\d+) resent (\d+)$')

    def __init__(self, serial):
        self.serial = serial
        self.seen = 0
        self.values = dict.fromkeys(self.counters, 0)
        self.first_clock = self.clock = None
        self.echoes = self.again = 0

    def look(self):
        """Judges the lines that have come since the last look."""
        with self.serial.lock:
            lines = self.serial.lines[self.seen:]
        self.seen += len(lines)
        for at, line in lines:
            if TROUBLE.search(line):
                raise Failure(f'the guest says: {line}')
            for name, expression in self.counters.items():
                if match := expression.search(line):
                    number, last = int(match.group(1)), self.values[name]
                    if number <= last or name != 'pages' and number != last + 1:
                        raise Failure(f'{name} {number} came after {last}')
                    self.values[name] = number
            if match := self.uptime.search(line):
                self.clock = (at, float(match.group(1)))
                self.first_clock = self.first_clock or self.clock
            if match := self.resent.search(line):
                self.echoes, self.again = int(match.group(1)), int(match.group(2))

    def clock_lost(self):
        """Seconds that the guest's clock stood still since the first tick."""
        (at, up), (first_at, first_up) = self.clock, self.first_clock
        return (at - first_at) - (up - first_up)

    def wait_for_all(self, names, alive):
        """Every one of these counters goes on from where it is."""
        self.look()
        before = dict(self.values)
        end = time.monotonic() + PATIENCE
        while stuck := [name for name in names if self.values[name] == before[name]]:
            if time.monotonic() > end:
                raise Failure(f"no {' and no '.join(stuck)} in {PATIENCE} s after {before}")
            alive()
            time.sleep(0.02)
            self.look()


class Run:
    """One guest with so many harts, moved so many times."""

    def __init__(self, options, harts, transport, directory):
        self.options, self.harts, self.transport, self.directory = options, harts, transport, directory
        self.record = {'harts': harts, 'transport': transport, 'moves': 0, 'verdict': 'failed', 'downtime': [],
                       'total': [], 'memory': [], 'descriptors': []}
        self.console_end, self.console = socket.socketpair()
        self.port_end, self.port = socket.socketpair()
        self.serial = Serial(self.console_end)
        self.judge = Judge(self.serial)
        self.echo = EchoService()
        self.here = self.there = None
        with open(f'{directory}/disk.img', 'wb') as f:
            f.truncate(16 << 20)

    def arguments(self):
        words = f'console=ttyS0 panic=-1 blk=1 net=1 echo=10.0.2.2:{self.echo.port} port=1 dirty={self.options.dirty}'
        return ['-M', 'virt', '-m', f'{self.options.memory}M', '-smp', str(self.harts), '-nodefaults', '-display', 'none',
                '-kernel', f'{self.options.linux}/Image', '-initrd', f'{self.options.linux}/initramfs.gz',
                '-append', words,
                '-drive', f'if=none,id=d0,format=raw,file={self.directory}/disk.img',
                '-device', 'virtio-blk-device,drive=d0',
                '-netdev', 'user,id=n0', '-device', 'virtio-net-device,netdev=n0',
                '-device', 'virtio-rng-device',
                '-chardev', f'socket,id=s0,fd={self.console.fileno()}', '-serial', 'chardev:s0',
                '-chardev', f'socket,id=p0,fd={self.port.fileno()}', '-device', 'virtio-serial-device',
                '-device', 'virtserialport,chardev=p0,name=echo']

    def start(self, name, more=()):
        return VMM(binary_words(self.options.binary), name, self.directory, self.arguments() + list(more), serial=False,
                   descriptors=(self.console.fileno(), self.port.fileno()))

    def alive(self):
        if failure := self.port_echo.failure or self.typist.failure:
            raise Failure(failure)
        if self.here.process.poll() is not None:
            raise Failure(f'{self.here.name} ended by itself: {self.here.said()}')

    def progress(self):
        """All that the guest does goes on: its own counters, the port, and the commands typed at the console."""
        back = self.port_echo.back
        self.judge.wait_for_all(Judge.counters, self.alive)
        end = time.monotonic() + PATIENCE
        while self.port_echo.back == back:
            self.alive()
            if time.monotonic() > end:
                raise Failure(f'the port is silent since byte {back}')
            time.sleep(0.02)

    def run(self):
        try:
            self.work()
            self.record['verdict'] = 'ok'
        except Failure as failure:
            with self.serial.lock:
                last = [f'    {line}' for _, line in self.serial.lines[-12:]]
            said = [f'  {v.name}: {v.said()}' for v in (self.here, self.there) if v and not v.log.closed and v.said()]
            self.record['failure'] = '\n'.join([str(failure), '  the console\'s last lines:'] + last + said)
        finally:
            for vmm in (self.here, self.there):
                if vmm:
                    vmm.kill()
            for end in (self.console_end, self.console, self.port_end, self.port):
                end.close()
        return self.record

    def work(self):
        self.here = self.start('vm0')
        self.here.qmp.call('cont')
        first, _ = self.serial.wait(r'tick 1 ', 300)
        self.record['boot'] = round(first - self.here.started, 2)
        self.port_echo = PortEcho(self.port_end, self.harts)
        self.typist = Typist(self.serial)
        self.progress()
        print(f'{self.harts} harts over {self.transport}: first tick after {self.record["boot"]} s', flush=True)
        chance = random.Random(self.harts)
        transports = self.transport.split('+')
        began = time.monotonic()
        for move in range(1, self.options.moves + 1):
            time.sleep(chance.uniform(0, self.options.between))
            self.move(move, transports[move % len(transports)])
        self.record['seconds'] = round(time.monotonic() - began, 1)
        self.check_processes()
        self.check_clock()

    def move(self, number, transport):
        uri = f'unix:{self.directory}/move{number}' if transport == 'unix' else f'tcp:127.0.0.1:{free_port()}'
        self.there = self.start(f'vm{number}', ['-incoming', uri])
        self.here.qmp.call('migrate-set-parameters', **{'max-bandwidth': 1 << 32})
        self.here.qmp.call('migrate', uri=uri)
        end = time.monotonic() + PATIENCE
        while (info := self.here.qmp.call('query-migrate')).get('status') not in ('completed', 'failed', 'cancelled'):
            if time.monotonic() > end:
                raise Failure(f'move {number} does not end: {info}')
            time.sleep(0.02)
        if info['status'] != 'completed':
            raise Failure(f"move {number} {info['status']}: {info.get('error-desc', '')}")
        if status := self.here.quit():
            raise Failure(f'the source of move {number} ended with status {status}: {self.here.said()}')
        self.here.kill()
        self.here, self.there = self.there, None
        self.progress()
        state = self.here.qmp.call('query-status')['status']
        if state != 'running':
            raise Failure(f'after move {number} the guest is {state}')
        record, values = self.record, self.judge.values
        record['moves'] = number
        record['downtime'].append(info['downtime'])
        record['total'].append(info['total-time'])
        record['memory'].append(self.here.memory_beside(int(self.options.memory) << 20))
        record['descriptors'].append(self.here.descriptors())
        print(f"move {number:3} over {transport:4}  {info['total-time']:5} ms, downtime {info['downtime']:3} ms  "
              f"tick {values['tick']}  pages {values['pages']}  block {values['block']}  net {values['net']} "
              f"(resent {self.judge.again})  port {self.port_echo.back}  typed {values['typed']}  {record['memory'][-1] >> 20} MiB  "
              f"{record['descriptors'][-1]} fds  clock lost {self.judge.clock_lost() * 1000:.0f} ms", flush=True)

    def check_processes(self):
        """Each process is a copy of the first: what grows from move to move is a leak that travels."""
        memory, descriptors = self.record['memory'], self.record['descriptors']
        part = max(1, min(10, len(memory) // 4))
        early, late = statistics.median(memory[:part]), statistics.median(memory[-part:])
        if late > early * 1.2 + (8 << 20):
            raise Failure(f'memory beside the guest grows: {early / 1048576:.0f} MiB at first, {late / 1048576:.0f} at last')
        if max(descriptors[-part:]) > max(descriptors[:part]) + 4:
            raise Failure(f'descriptors grow: {descriptors[:part]} at first, {descriptors[-part:]} at last')

    def check_clock(self):
        """The guest's clock stands still for the downtimes, as far as they are known, and for nothing else."""
        lost = self.judge.clock_lost()
        known = sum(self.record['downtime']) / 1000
        self.record['clock_lost'] = round(lost, 3)
        if not -0.2 < lost < 0.5 + known + 0.1 * self.options.moves:
            raise Failure(f'the guest lost {lost:.2f} s while the downtimes sum up to {known:.2f} s')
        for name, value in self.judge.values.items():
            self.record[name] = value
        self.record.update(echoes=self.judge.echoes, resent=self.judge.again, port=self.port_echo.back)


def spread(values):
    return {'min': min(values), 'median': statistics.median(values), 'max': max(values)} if values else None


def markdown(records, options):
    lines = ['# Soak', '',
             '<!-- Written by `make soak`. -->', '',
             'Debian\'s kernel, moved back and forth between two processes while it works: it rewrites and checks memory,',
             'writes and reads back a disk, exchanges datagrams, answers on a virtio port and at its console. A run is good',
             'when nothing was lost, repeated or damaged over all its moves, the clock stood still for the downtimes only,',
             'and no process keeps memory or descriptors (`Scripts/soak.py` says how it judges).', '',
             f'Load: `dirty={options.dirty}`, {options.memory} MiB of memory, {os.cpu_count()} host processors, '
             f'{time.strftime("%Y-%m-%d")}.', '',
             '| harts | transport | boot s | moves | downtime ms: min | median | max | total ms: median | max | ticks | '
             'blocks | echoes (resent) | port KiB | commands typed | clock lost s | verdict |',
             '|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|']
    for r in records:
        down, total = spread(r['downtime']) or {}, spread(r['total']) or {}
        cells = [r['harts'], r['transport'], r.get('boot', ''), r['moves'], down.get('min', ''), down.get('median', ''),
                 down.get('max', ''), total.get('median', ''), total.get('max', ''), r.get('tick', ''),
                 r.get('block', ''), f"{r.get('echoes', '')} ({r.get('resent', '')})", r.get('port', 0) >> 10, r.get('typed', ''),
                 r.get('clock_lost', ''), r['verdict']]
        lines.append('| ' + ' | '.join(str(cell) for cell in cells) + ' |')
    return '\n'.join(lines) + '\n'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--binary', default=f'{ROOT}/.build/release/martlet')
    parser.add_argument('--linux', help='folder with Image and initramfs.gz; by default .guest, where they are fetched to')
    parser.add_argument('--optional', action='store_true', help='no guest and no Debian archive is no failure')
    parser.add_argument('--moves', type=int, default=100)
    parser.add_argument('--harts', default='1,2,4')
    parser.add_argument('--transport', default='unix,tcp')
    parser.add_argument('--memory', default='256', help='MiB of the guest')
    parser.add_argument('--dirty', default='32:16', help='MiB rewritten and MiB a second, 0 for as fast as it can')
    parser.add_argument('--between', type=float, default=1, help='at most so many seconds from one check to the next move')
    parser.add_argument('--json', help='write all figures to this file')
    parser.add_argument('--markdown', help='write the table to this file')
    options = parser.parse_args()
    if not options.linux:
        options.linux = f'{ROOT}/.guest'
        try:
            fetch_linux_guest(options.linux)
        except NoArchive as failure:
            print(f"soak: {'skipped, ' if options.optional else ''}{failure}", file=sys.stderr)
            return 0 if options.optional else 1
        except Failure as failure:
            print(f'soak: {failure}', file=sys.stderr)
            return 1
    records = []
    for harts in options.harts.split(','):
        for transport in options.transport.split(','):
            directory = tempfile.mkdtemp(prefix='martlet-soak-')
            try:
                record = Run(options, int(harts), transport, directory).run()
            finally:
                shutil.rmtree(directory, ignore_errors=True)
            records.append(record)
            down = spread(record['downtime'])
            figures = f"; downtime {down['min']} / {down['median']:g} / {down['max']} ms (min, median, max)" if down else ''
            print(f"{harts} harts over {transport}: {record['verdict']} after {record['moves']} moves{figures}", flush=True)
            if 'failure' in record:
                print(record['failure'], file=sys.stderr, flush=True)
    if options.json:
        with open(options.json, 'w') as f:
            json.dump({'options': vars(options), 'runs': records}, f, indent=1)
    if options.markdown:
        with open(options.markdown, 'w') as f:
            f.write(markdown(records, options))
    return 0 if all(record['verdict'] == 'ok' for record in records) else 1


if __name__ == '__main__':
    sys.exit(main())
