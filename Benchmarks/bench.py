#!/usr/bin/env python3
"""Martlet beside QEMU, measured in the same run: the two take turns, figures are medians, and only ratios count.

    Benchmarks/bench.py --peer .qemu/10.0.2/bin/qemu-system-riscv64 --linux .guest [--runs 5] [--only REGEX]
                        [--json out.json] [--markdown Documentation/Benchmarks.md]

Any two programs with qemu-system-riscv64's options can be compared (--binary, --peer). The bare-metal guests are
Guests/bench (speed) and Guests/demo (heartbeats, rewriting at a rate, checks of its own memory). A time is seen from
outside by this process's clock; processor time and peak memory are the kernel's figures for the whole process."""
import argparse
import ctypes
import json
import math
import mmap
import os
import platform
import re
import shutil
import socket
import statistics
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, f'{ROOT}/Scripts')
from vmm import Failure, VMM, binary_words  # noqa: E402

MIB = 1 << 20
UNLIMITED = 1 << 40
BEGIN, END = '<!-- figures begin -->', '<!-- figures end -->'


def bare(guest, memory, words):
    return ['-M', 'virt', '-m', memory, '-smp', '1', '-nodefaults', '-display', 'none', '-bios', 'none',
            '-kernel', f'{ROOT}/Guests/{guest}/{guest}.bin', '-append', words]


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


# --- measurements: each takes (binary, directory, options) and returns a dictionary of numbers -----------------------

def guest_speed(binary, directory, options, words='ms=1000', extra=()):
    vmm = VMM(binary, 'speed', directory, bare('bench', '64M', words) + list(extra), qmp=False)
    try:
        vmm.serial.wait(r'^bench done', 120)
        out = {}
        for _, line in vmm.serial.lines:
            m = re.match(r'bench (\w+) units (\d+) ticks (\d+) retired (\d+)', line)
            if m:
                units, ticks, retired = map(int, m.groups()[1:])
                out[m[1]] = {'per_second': units / (ticks / 1e7), 'retired': retired / units}
        return out
    finally:
        vmm.kill()


def speed(binary, directory, options):
    counted = options.instructions
    return {f'{name}_mips': x['per_second'] * counted[name] / 1e6
            for name, x in guest_speed(binary, directory, options).items()}


def count_instructions(options, directory):
    """How many instructions a unit of each program takes: with QEMU's instruction counter as the guest's clock."""
    counted = guest_speed(binary_words(options.peer), directory, options, 'units=50', ('-icount', 'shift=0'))
    return {name: x['retired'] for name, x in counted.items()}


def linux_start_and_idle(binary, directory, options):
    vmm = VMM(binary, 'linux', directory, [
        '-M', 'virt', '-m', '256M', '-smp', '1', '-nodefaults', '-display', 'none', '-kernel', f'{options.linux}/Image',
        '-initrd', f'{options.linux}/initramfs.gz', '-append', 'console=ttyS0 panic=-1 tick=5'], qmp=False)
    try:
        at, _ = vmm.serial.wait(r'tick 1 ', 240)
        time.sleep(3)
        cpu, start = vmm.cpu(), time.monotonic()
        time.sleep(options.idle)
        used = (vmm.cpu() - cpu) / (time.monotonic() - start)
        return {'start_s': at - vmm.started, 'idle_percent': used * 100}
    finally:
        vmm.kill()


def warm_memory(size):
    """Touches memory and gives it back: on a machine that is a guest itself, whoever touches it first after an idle
    time waits for the host."""
    with mmap.mmap(-1, size) as memory:
        view = (ctypes.c_char * size).from_buffer(memory)
        ctypes.memset(view, 1, size)
        del view


def move(binary, directory, memory, words, transport, touched, capabilities=(), parameters=None, tls=False):
    uri = f'unix:{directory}/move.sock' if transport == 'unix' else f'tcp:127.0.0.1:{free_port()}'
    vmms = []
    try:
        source = VMM(binary, 'source', directory, bare('demo', memory, words))
        vmms.append(source)
        source.serial.wait(r'^demo ready', 240)
        destination = VMM(binary, 'destination', directory, bare('demo', memory, words) + ['-incoming', 'defer'])
        vmms.append(destination)
        for vmm in vmms:
            vmm.qmp.call('migrate-set-capabilities', capabilities=[
                {'capability': name, 'state': True} for name in capabilities])
            vmm.qmp.call('migrate-set-parameters', **{'max-bandwidth': UNLIMITED, **(parameters or {})})
        for side, endpoint in ((source, 'client'), (destination, 'server')) if tls else ():
            side.qmp.call('object-add', **{'qom-type': 'tls-creds-x509', 'id': 't', 'endpoint': endpoint,
                                           'dir': f'{ROOT}/Tests/Fixtures/tls/lab'})
            side.qmp.call('migrate-set-parameters', **{'tls-creds': 't', 'tls-hostname': 'localhost'})
        destination.qmp.call('migrate-incoming', uri=uri)
        warm_memory(touched * 5 // 4)
        time.sleep(0.5)
        cpu = source.cpu() + destination.cpu()
        began = time.monotonic()
        source.qmp.call('migrate', uri=uri)
        while True:
            info = source.qmp.call('query-migrate')
            if info.get('status') in ('completed', 'failed'):
                break
            if time.monotonic() - began > 120:
                raise Failure('the migration does not end')
            time.sleep(0.01)
        wall = time.monotonic() - began
        if info['status'] != 'completed':
            raise Failure(f"the migration failed: {info.get('error-desc', '')} {destination.said()}")
        arrived, _ = destination.serial.wait(r'beat \d+$|^\d+$', 20)
        used = source.cpu() + destination.cpu() - cpu
        gone = max(at for at, line in source.serial.lines if line.startswith('beat'))
        peak = max(source.peak_memory(), destination.peak_memory())
        destination.serial.send('v')
        _, verdict = destination.serial.wait(r'^verdict (ok|BAD).*', 240)
        if verdict.group(1) != 'ok' or any('corrupt' in line for _, line in source.serial.lines):
            raise Failure('the guest was harmed: ' + verdict.group(0))
        return {'total_ms': info.get('total-time', wall * 1000), 'wall_ms': wall * 1000, 'cpu_s': used,
                'pause_ms': (arrived - gone) * 1000, 'downtime_ms': info.get('downtime', 0),
                'passes': info['ram']['dirty-sync-count'],
                'sent_mib': info['ram']['transferred'] / MIB, 'overhead_mib': (peak - touched) / MIB}
    finally:
        for vmm in vmms:
            vmm.kill()


def random_over(transport, tls=False):
    return lambda binary, directory, options: move(
        binary, directory, '1280M', 'set=4M fill=1G rate=0 beat=1', transport, 1028 * MIB, tls=tls)


def multifd(compression, tls=False, text=False):
    return lambda binary, directory, options: move(
        binary, directory, '1280M', f'set=4M fill=1G rate=0 beat=1 text={int(text)}', 'tcp', 1028 * MIB, ['multifd'],
        {'multifd-channels': 2, 'multifd-compression': compression}, tls)


def xbzrle(binary, directory, options):
    return move(binary, directory, '512M', 'set=128M rate=100M beat=1', 'unix', 128 * MIB, ['xbzrle'],
                {'xbzrle-cache-size': 256 * MIB})


def mostly_zero(binary, directory, options):
    return move(binary, directory, '4G', 'set=4M rate=0 beat=1', 'unix', 4 * MIB)


def dirtying(rate):
    return lambda binary, directory, options: move(
        binary, directory, '512M', f'set=256M rate={rate}M beat=1', 'unix', 256 * MIB)


def under_way(binary, directory, capabilities, parameters, seconds=3):
    """A migration that cannot end, as the guest rewrites 128 MiB as fast as it can: what it does to the guest, and how
    many pages a second go as differences."""
    arguments = bare('demo', '512M', 'set=128M rate=1000000M beat=0')
    uri = f'unix:{directory}/move.sock'
    vmms = []

    def rewritten(vmm):
        seen = len(vmm.serial.lines)
        vmm.serial.send('r')
        at, match = vmm.serial.wait(r'^report .*rewritten (\d+)', 60, seen)
        return at, int(match[1])

    def speed_for(vmm, seconds):
        began, first = rewritten(vmm)
        time.sleep(seconds)
        ended, last = rewritten(vmm)
        return (last - first) / (ended - began)

    try:
        source = VMM(binary, 'source', directory, arguments)
        vmms.append(source)
        source.serial.wait(r'^demo ready', 240)
        destination = VMM(binary, 'destination', directory, arguments + ['-incoming', uri])
        vmms.append(destination)
        for vmm in vmms:
            vmm.qmp.call('migrate-set-capabilities', capabilities=[
                {'capability': name, 'state': True} for name in capabilities])
        source.qmp.call('migrate-set-parameters', **parameters, **{'downtime-limit': 1})
        alone = speed_for(source, seconds)
        source.qmp.call('migrate', uri=uri)
        end = time.monotonic() + 60
        while source.qmp.call('query-migrate').get('ram', {}).get('dirty-sync-count', 0) < 2:
            if time.monotonic() > end:
                raise Failure('the migration does not come to its second pass')
            time.sleep(0.02)
        before, began, used = source.qmp.call('query-migrate'), time.monotonic(), destination.cpu()
        moving = speed_for(source, seconds)
        after, ended, used = source.qmp.call('query-migrate'), time.monotonic(), destination.cpu() - used
        if after['status'] != 'active':
            raise Failure(f"the migration is {after['status']}, and should go on")
        deltas = [info.get('xbzrle-cache', {}).get('pages', 0) for info in (before, after)]
        pages = deltas[1] - deltas[0]
        row = {'slow_down_percent': (1 - moving / alone) * 100, 'rewritten_per_s': moving}
        if pages and used:
            row.update(delta_pages_per_s=pages / (ended - began), decode_pages_per_cpu_s=pages / used)
        return row
    finally:
        for vmm in vmms:
            vmm.kill()


def slow_down(binary, directory, options):
    return under_way(binary, directory, [], {'max-bandwidth': 64 * MIB})


def xbzrle_pages(binary, directory, options):
    return under_way(binary, directory, ['xbzrle'], {'max-bandwidth': UNLIMITED, 'xbzrle-cache-size': 256 * MIB})


RATES = (100, 300, 500)

MEASUREMENTS = {
    'speed': speed, 'linux': linux_start_and_idle, 'random-unix': random_over('unix'), 'random-tcp': random_over('tcp'),
    'zero-4G': mostly_zero, 'dirty-200': dirtying(200), **{f'dirty-{rate}': dirtying(rate) for rate in RATES},
    'multifd': multifd('none'), 'multifd-zlib': multifd('zlib'), 'multifd-zstd': multifd('zstd'),
    'text': multifd('none', text=True), 'text-zlib': multifd('zlib', text=True), 'text-zstd': multifd('zstd', text=True),
    'xbzrle': xbzrle, 'xbzrle-pages': xbzrle_pages, 'slow-down': slow_down,
    'tls': random_over('tcp', True), 'tls-multifd': multifd('none', True),
}

# Moves that last a tenth of a second vary more: they are taken so many times in each run.
REPEATS = {'zero-4G': 3, 'dirty-200': 3, 'xbzrle': 3, **{f'dirty-{rate}': 2 for rate in RATES}}

# Taken in every second run only: they last long, or vary little.
SELDOM = {'multifd-zlib', 'text', 'text-zlib', 'text-zstd', 'xbzrle-pages', 'slow-down', 'tls', 'tls-multifd'}

# What is aimed at: (measurement, figure, words, unit, kind, limit). A ratio is Martlet's figure divided by the peer's.
AIMS = [
    ('speed', 'geometric_mips', 'guest speed, geometric mean of the three programs', 'MIPS', 'ratio at least', 0.2),
    ('speed', 'integer_mips', '  integer', 'MIPS', None, None),
    ('speed', 'copy_mips', '  copy', 'MIPS', None, None),
    ('speed', 'branchy_mips', '  branchy', 'MIPS', None, None),
    ('linux', 'start_s', 'Debian, from start to its first tick', 's', 'ratio at most', 4),
    ('linux', 'idle_percent', 'idle Debian guest', '% of a core', 'at most', 3),
    ('random-unix', 'total_ms', '1 GiB of random data over unix, total', 'ms', 'ratio at most', 0.7),
    ('random-unix', 'cpu_s', '  processor time of both sides', 's', 'ratio at most', 1),
    ('random-unix', 'pause_ms', '  pause seen from outside', 'ms', 'ratio at most', 1),
    ('random-unix', 'overhead_mib', '  peak memory beyond touched guest RAM', 'MiB', 'at most', 64),
    ('random-tcp', 'total_ms', '1 GiB of random data over tcp, total', 'ms', 'ratio at most', 0.7),
    ('random-tcp', 'cpu_s', '  processor time of both sides', 's', 'ratio at most', 1),
    ('random-tcp', 'pause_ms', '  pause seen from outside', 'ms', 'ratio at most', 1),
    ('zero-4G', 'total_ms', '4 GiB mostly zero, total', 'ms', 'ratio at most', 0.7),
    ('zero-4G', 'pause_ms', '  pause seen from outside', 'ms', 'ratio at most', 1),
    ('zero-4G', 'overhead_mib', '  peak memory beyond touched guest RAM', 'MiB', 'at most', 64),
    ('dirty-200', 'total_ms', '200 MB/s of dirtying, no bandwidth limit, total', 'ms', 'ratio at most', 1),
    ('dirty-200', 'pause_ms', '  pause seen from outside', 'ms', 'ratio at most', 1),
    ('dirty-200', 'overhead_mib', '  peak memory beyond touched guest RAM', 'MiB', 'at most', 64),
    *((f'dirty-{rate}', figure, words, unit, 'ratio at most', 1) for rate in RATES for figure, words, unit in (
        ('total_ms', f'{rate} MiB/s of dirtying, no bandwidth limit, total', 'ms'),
        ('passes', '  passes over the memory', ''),
        ('pause_ms', '  pause seen from outside', 'ms'))),
    ('multifd', 'total_ms', '1 GiB of random data over two multifd channels, tcp, total', 'ms', 'ratio at most', 1),
    ('multifd', 'cpu_s', '  processor time of both sides', 's', 'ratio at most', 1),
    ('multifd', 'pause_ms', '  pause seen from outside', 'ms', 'ratio at most', 1),
    ('multifd-zlib', 'total_ms', '  the same with zlib, level 1, total', 'ms', 'ratio at most', 1),
    ('multifd-zlib', 'cpu_s', '  processor time of both sides', 's', 'ratio at most', 1),
    ('multifd-zstd', 'total_ms', '  the same with zstd, level 1, total', 'ms', 'ratio at most', 1),
    ('multifd-zstd', 'cpu_s', '  processor time of both sides', 's', 'ratio at most', 1),
    ('text', 'total_ms', '1 GiB of text-like data over two multifd channels, tcp, total', 'ms', 'ratio at most', 1),
    ('text', 'cpu_s', '  processor time of both sides', 's', 'ratio at most', 1),
    ('text-zlib', 'total_ms', '  the same with zlib, level 1, total', 'ms', 'ratio at most', 1),
    ('text-zlib', 'cpu_s', '  processor time of both sides', 's', 'ratio at most', 1),
    ('text-zstd', 'total_ms', '  the same with zstd, level 1, total', 'ms', 'ratio at most', 1),
    ('text-zstd', 'cpu_s', '  processor time of both sides', 's', 'ratio at most', 1),
    ('tls', 'total_ms', '1 GiB of random data over TLS, tcp, total', 'ms', 'ratio at most', 1.1),
    ('tls', 'cpu_s', '  processor time of both sides', 's', None, None),
    ('tls', 'pause_ms', '  pause seen from outside', 'ms', 'ratio at most', 1),
    ('tls-multifd', 'total_ms', '  the same with two multifd channels, total', 'ms', 'ratio at most', 1.1),
    ('tls-multifd', 'cpu_s', '  processor time of both sides', 's', None, None),
    ('xbzrle', 'total_ms', '100 MB/s of dirtying with xbzrle, no bandwidth limit, total', 'ms', 'ratio at most', 1),
    ('xbzrle', 'cpu_s', '  processor time of both sides', 's', 'ratio at most', 1),
    ('xbzrle-pages', 'delta_pages_per_s', 'xbzrle, pages a second that go as differences', '', 'ratio at least', 1),
    ('xbzrle-pages', 'decode_pages_per_cpu_s', '  taken in by the destination, for each second of its processor time', '',
     'ratio at least', 1),
    ('slow-down', 'slow_down_percent', 'a guest that only writes, slower while it moves at 64 MiB/s by', '%', None, None),
]


def geometric(row):
    values = [v for k, v in row.items() if k.endswith('_mips')]
    return math.exp(sum(map(math.log, values)) / len(values)) if values and min(values) > 0 else 0


def medians(rows):
    keys = {k for row in rows for k in row}
    return {k: statistics.median(row[k] for row in rows if k in row) for k in keys}


def shown(value):
    return '-' if value is None else f'{value:.0f}' if abs(value) >= 100 else f'{value:.1f}' if abs(value) >= 10 else f'{value:.2f}'


def table(result):
    lines = [f"| | {result['names'][0]} | {result['names'][1]} | ratio | aim | |", '|---|---|---|---|---|---|']
    for measurement, figure, words, unit, kind, limit in AIMS:
        sides = result['medians'].get(measurement)
        if not sides:
            continue
        ours, theirs = (side.get(figure) for side in sides)
        ratio = ours / theirs if ours is not None and theirs else None
        verdict = ''
        if kind and ours is not None:
            value = ratio if kind.startswith('ratio') else ours
            verdict = '' if value is None else 'met' if (value >= limit if 'least' in kind else value <= limit) else 'missed'
        words = words.replace('  ', '&nbsp;&nbsp;')
        lines.append(f"| {words}{', ' * bool(unit)}{unit} | {shown(ours)} | {shown(theirs)} | {shown(ratio)} "
                     f"| {f'{kind} {limit}' if kind else ''} | {verdict} |")
    return '\n'.join(lines)


def processor():
    try:
        with open('/proc/cpuinfo') as f:
            return next(line.split(':', 1)[1].strip() for line in f if line.startswith('model name'))
    except (OSError, StopIteration):
        return platform.machine()


def setting(result):
    return (f"Taken {result['date']} on {result['cores']} cores of {result['processor']}, {result['memory_gib']} GiB, "
            f"Linux {result['kernel']}; medians of {result['runs']} runs ({(result['runs'] + 1) // 2} of what lasts long), "
            f"both programs in turn, load {result['load'][0]:.1f} before and {result['load'][1]:.1f} after.")


def write_markdown(path, result):
    block = f'{BEGIN}\n{setting(result)}\n\n{table(result)}\n'
    if result['failures']:
        block += '\nWhat failed:\n\n' + ''.join(f'- {f}\n' for f in result['failures'])
    block += END
    text = open(path).read() if os.path.exists(path) else f'# Benchmarks\n\n{BEGIN}\n{END}\n'
    if BEGIN not in text or END not in text:
        raise SystemExit(f'bench: {path} has no place for figures ({BEGIN} … {END})')
    before, rest = text.split(BEGIN, 1)
    with open(path, 'w') as f:
        f.write(before + block + rest.split(END, 1)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--binary', default=f'{ROOT}/.build/release/martlet')
    parser.add_argument('--peer', default=f'{ROOT}/.qemu/10.0.2/bin/qemu-system-riscv64')
    parser.add_argument('--names', default='Martlet,QEMU 10.0.2')
    parser.add_argument('--runs', type=int, default=5)
    parser.add_argument('--only', default='', help='measurements to take, a regular expression: ' + ', '.join(MEASUREMENTS))
    parser.add_argument('--linux', default=f'{ROOT}/.guest', help='folder with Image and initramfs.gz')
    parser.add_argument('--idle', type=float, default=20, help='seconds over which an idle guest is watched')
    parser.add_argument('--json', default='')
    parser.add_argument('--markdown', default='')
    options = parser.parse_args()
    chosen = [m for m in MEASUREMENTS if re.search(options.only, m)]
    if 'linux' in chosen and not os.path.exists(f'{options.linux}/Image'):
        print(f'bench: no Linux guest in {options.linux} (Scripts/fetch-linux-guest.sh DIR): left out', file=sys.stderr)
        chosen.remove('linux')
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -5)  # the observer's clock must not queue behind what it observes
    except OSError:
        pass
    directory = tempfile.mkdtemp(prefix='martlet-bench-')
    programs = [binary_words(options.binary), binary_words(options.peer)]
    with open('/proc/meminfo') as f:
        memory = int(f.readline().split()[1]) >> 20
    result = {'names': options.names.split(','), 'runs': options.runs, 'date': time.strftime('%Y-%m-%d'),
              'cores': os.cpu_count(), 'processor': processor(), 'memory_gib': memory, 'kernel': platform.release(),
              'load': [os.getloadavg()[0], 0], 'raw': {m: [[], []] for m in chosen}, 'medians': {}, 'failures': []}
    try:
        options.instructions = count_instructions(options, directory) if 'speed' in chosen else {}
        result['instructions_per_unit'] = options.instructions
        for turn in range(options.runs):
            due = [name for name in chosen if turn % 2 == 0 or name not in SELDOM]
            for name, again in ((name, again) for name in due for again in range(REPEATS.get(name, 1))):
                for side in ((0, 1) if (turn + again) % 2 == 0 else (1, 0)):
                    try:
                        row = MEASUREMENTS[name](programs[side], directory, options)
                        if name == 'speed':
                            row['geometric_mips'] = geometric(row)
                        result['raw'][name][side].append(row)
                        print(f"{turn + 1}/{options.runs} {name:12} {result['names'][side]:14} "
                              + '  '.join(f'{k} {shown(v)}' for k, v in row.items()), flush=True)
                    except Failure as failure:
                        text = f"{name}, {result['names'][side]}, run {turn + 1}: {str(failure).splitlines()[0][:300]}"
                        result['failures'].append(text)
                        print('FAILED ' + text, flush=True)
        result['medians'] = {m: [medians(rows) for rows in result['raw'][m]] for m in chosen}
        result['load'][1] = os.getloadavg()[0]
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print('\n' + table(result))
    if options.json:
        os.makedirs(os.path.dirname(os.path.abspath(options.json)), exist_ok=True)
        with open(options.json, 'w') as f:
            json.dump(result, f, indent=1)
    if options.markdown:
        write_markdown(options.markdown, result)
    return 1 if result['failures'] else 0


if __name__ == '__main__':
    sys.exit(main())
