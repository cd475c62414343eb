#!/usr/bin/env python3
"""How well the rate at which a guest dirties its memory is measured, and how well harts keep to a limit.

    Scripts/dirty.py [--binary .build/release/martlet] [--linux .guest] [--runs 3] [--json FILE] [--markdown FILE]

The guests know themselves what they write: Guests/demo counts the pages that each of its harts rewrites, and Debian's
`dirty` says its rate. Measurements have to be within 10 % of that, limited harts within 15 % of their limit, and a hart
without a limit must not become slower beside one with a limit. Exit status 1 when one of that does not hold. It wants a
machine that has nothing else to do."""
import argparse
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
import time

from vmm import Failure, VMM, binary_words

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MIB = 1 << 20
MODES = {'page-sampling': {'sample-pages': 16384}, 'dirty-bitmap': {}, 'dirty-ring': {}}


class Table:
    """What was found, and whether it is near enough to what is so."""

    def __init__(self):
        self.rows, self.missed = [], 0

    def add(self, what, found, true, percent=None, least=None):
        off = (found / true - 1) * 100 if true else 0
        good = (percent is None or abs(off) <= percent) and (least is None or off >= least)
        self.missed += not good
        self.rows.append({'what': what, 'found': found, 'true': true, 'off_percent': off, 'good': good})
        print(f"{'ok  ' if good else 'MISS'} {what:<58} {found:9.2f} of {true:9.2f}  {off:+6.1f} %", flush=True)


def markdown(rows):
    lines = ['# Dirty rates and limits', '', '<!-- Written by `make dirty`. -->', '',
             'What the guest itself counts or is limited to, and what was found (`Scripts/dirty.py` says how). A rate has to be '
             'within 10 %,', 'a limited hart within 15 % of its limit, and a hart beside one with a limit as fast as without.',
             '', f'Taken {time.strftime("%Y-%m-%d")} on {os.cpu_count()} processors.', '',
             '| | found | true, or the limit | off by % | |', '|---|--:|--:|--:|---|']
    lines += [f"| {r['what']} | {r['found']:.2f} | {r['true']:.2f} | {r['off_percent']:+.1f} | {'ok' if r['good'] else 'missed'} |"
              for r in rows]
    return '\n'.join(lines) + '\n'


def bare(guest, words, memory, harts=1):
    return ['-M', 'virt', '-m', memory, '-smp', str(harts), '-nodefaults', '-display', 'none', '-bios', 'none',
            '-kernel', f'{ROOT}/Guests/{guest}/{guest}.bin', '-append', words]


def counts(vmm):
    """When the demo guest answered, and how many pages each of its harts has rewritten."""
    start = len(vmm.serial.lines)
    vmm.serial.send('r')
    at, line = vmm.serial.wait(r'^report .* rewritten (\d+) .*?((?: other \d+)*)$', 120, start)
    return at, [int(n) for n in [line[1]] + line[2].split()[1::2]]


def measure(vmm, mode, milliseconds, **more):
    """The answer of query-dirty-rate, and MiB a second of each hart by the demo guest's own count meanwhile."""
    began, before = counts(vmm)
    vmm.qmp.call('calc-dirty-rate', **{'calc-time': milliseconds, 'calc-time-unit': 'millisecond', 'mode': mode, **more})
    while True:
        info = vmm.qmp.call('query-dirty-rate', **{'calc-time-unit': 'millisecond'})
        if info['status'] == 'measured':
            break
        time.sleep(0.002)
    ended, after = counts(vmm)
    return info, [(b - a) / 256 / (ended - began) for a, b in zip(before, after)]


def rates(options, directory, table):
    for rate in (16, 64, 200):
        vmm = VMM(options.words, f'rate{rate}', directory, bare('demo', f'set=256M rate={rate}M beat=0', '512M'))
        try:
            vmm.serial.wait(r'^demo ready', 120)
            time.sleep(0.5)
            for mode, more in MODES.items():
                found = [measure(vmm, mode, 1000, **more) for _ in range(options.runs)]
                table.add(f'{mode}, {rate} MiB/s', statistics.median(info['dirty-rate'] for info, _ in found),
                          statistics.median(own[0] for _, own in found), 10)
        finally:
            vmm.kill()


def linux(options, directory, table):
    if not os.path.exists(f'{options.linux}/Image'):
        print(f'     no Linux guest in {options.linux} (Scripts/fetch-linux-guest.sh DIR): left out')
        return
    vmm = VMM(options.words, 'linux', directory, [
        '-M', 'virt', '-m', '512M', '-smp', '2', '-nodefaults', '-display', 'none', '-kernel', f'{options.linux}/Image',
        '-initrd', f'{options.linux}/initramfs.gz', '-append', 'console=ttyS0 panic=-1 tick=0 dirty=200:64'])
    try:
        vmm.serial.wait(r'dirty pass [1-9]\d* ', 300)
        for mode, more in MODES.items():
            start = len(vmm.serial.lines)
            found = []
            for _ in range(options.runs):
                vmm.qmp.call('calc-dirty-rate', **{'calc-time': 1, 'mode': mode, **more})
                while (info := vmm.qmp.call('query-dirty-rate'))['status'] != 'measured':
                    time.sleep(0.01)
                found.append(info['dirty-rate'])
            vmm.serial.wait(r'rate \d+ MiB/s ok', 60, len(vmm.serial.lines))
            said = [int(m[1]) for _, line in vmm.serial.lines[start:] if (m := re.search(r'rate (\d+) MiB/s ok', line))]
            # The program's rate is cut to whole MiB, and the kernel writes a little, too.
            table.add(f'{mode}, Debian, dirty at 64 MiB/s', statistics.median(found), statistics.median(said) + 0.5, 10)
    finally:
        vmm.kill()


def limits(options, directory, table):
    vmm = VMM(options.words, 'limits', directory,
              bare('demo', 'set=128M rate=48M others=96M harts=2 beat=0', '512M', 2))
    try:
        vmm.serial.wait(r'^demo ready', 120)
        time.sleep(0.5)
        _, free = measure(vmm, 'dirty-ring', 2000)
        print(f'     without limits: {free[0]:.1f} and {free[1]:.1f} MiB/s')
        for limit in (2, 8, 32, 64):
            vmm.qmp.call('set-vcpu-dirty-limit', **{'cpu-index': 1, 'dirty-rate': limit})
            time.sleep(1.5)
            info, own = measure(vmm, 'dirty-ring', 4000)
            table.add(f'hart limited to {limit} MiB/s, its own count', own[1], limit, 15)
            table.add(f'hart limited to {limit} MiB/s, dirty-ring', info['vcpu-dirty-rate'][1]['dirty-rate'], limit, 15)
            table.add('  the other hart beside it, of what it did before', own[0], free[0], least=-5)
            current = vmm.qmp.call('query-vcpu-dirty-limit')
            table.add('  current-rate', current[0]['current-rate'], limit, 15)
        vmm.qmp.call('set-vcpu-dirty-limit', **{'dirty-rate': 16})
        time.sleep(1.5)
        _, own = measure(vmm, 'dirty-ring', 4000)
        for hart in (0, 1):
            table.add(f'both limited to 16 MiB/s: hart {hart}', own[hart], 16, 15)
        vmm.qmp.call('cancel-vcpu-dirty-limit')
        time.sleep(0.5)
        _, own = measure(vmm, 'dirty-ring', 2000)
        table.add('limits ended: hart 1, of what it did before', own[1], free[1], 10)
        vmm.serial.send('v')
        _, verdict = vmm.serial.wait(r'^verdict (ok|BAD).*', 120)
        if verdict[1] != 'ok':
            raise Failure(f'the guest was harmed: {verdict[0]}')
    finally:
        vmm.kill()


def speed(options, directory, table):
    """The three programs of Guests/bench, without anybody counting and with everything counted."""
    found = {}
    for _ in range(options.runs):
        for counted in (False, True):
            vmm = VMM(options.words, 'speed', directory, bare('bench', 'ms=1000', '64M'))
            try:
                if counted:
                    vmm.qmp.call('set-vcpu-dirty-limit', **{'dirty-rate': 1 << 40})
                vmm.serial.wait(r'^bench done', 120)
                for _, line in vmm.serial.lines:
                    if m := re.match(r'bench (\w+) units (\d+) ticks (\d+)', line):
                        found.setdefault((m[1], counted), []).append(int(m[2]) / int(m[3]))
            finally:
                vmm.kill()
    for name in sorted({name for name, _ in found}):
        table.add(f'speed of "{name}" while its pages are counted',
                  statistics.median(found[name, True]) * 1e4, statistics.median(found[name, False]) * 1e4, least=-10)


def convergence(options, directory, table):
    """A guest that writes four times what may be sent."""
    words = bare('demo', 'set=48M rate=64M beat=5', '128M')
    for name, capability, parameters in (
            ('alone', None, {}), ('auto-converge', 'auto-converge', {'cpu-throttle-initial': 99}),
            ('dirty-limit', 'dirty-limit', {'vcpu-dirty-limit': 4})):
        uri = f'unix:{directory}/{name}.sock'
        source = VMM(options.words, f'{name}-source', directory, words)
        destination = None
        try:
            source.serial.wait(r'^demo ready', 120)
            destination = VMM(options.words, f'{name}-there', directory, words + ['-incoming', uri])
            if capability:
                source.qmp.call('migrate-set-capabilities', capabilities=[{'capability': capability, 'state': True}])
            source.qmp.call('migrate-set-parameters', **{'max-bandwidth': 16 * MIB, 'downtime-limit': 100, **parameters})
            source.qmp.call('migrate', uri=uri)
            began, info = time.monotonic(), {}
            while info.get('status') not in ('completed', 'failed') and time.monotonic() - began < 30:
                info = source.qmp.call('query-migrate')
                time.sleep(0.05)
            passes, arrived = info['ram']['dirty-sync-count'], info['status'] == 'completed'
            print(f"     64 MiB/s dirtied, 16 MiB/s sent, {name}: {info['status']} after {passes} passes, "
                  f"{info.get('total-time', 0)} ms, downtime {info.get('downtime', '-')} ms", flush=True)
            table.missed += arrived != bool(capability)
            table.rows.append({'what': f'convergence, {name}', 'good': arrived == bool(capability), 'info': info})
        finally:
            for vmm in (source, destination):
                if vmm:
                    vmm.kill()


PARTS = {'rates': rates, 'linux': linux, 'limits': limits, 'speed': speed, 'convergence': convergence}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--binary', default=f'{ROOT}/.build/release/martlet')
    parser.add_argument('--linux', default=f'{ROOT}/.guest', help='folder with Image and initramfs.gz')
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--only', default='', help='a regular expression: ' + ', '.join(PARTS))
    parser.add_argument('--json', default='')
    parser.add_argument('--markdown', default='', help='write the table to this file')
    options = parser.parse_args()
    options.words = binary_words(options.binary)
    directory = tempfile.mkdtemp(prefix='martlet-dirty-')
    table = Table()
    try:
        for name, part in PARTS.items():
            if re.search(options.only, name):
                part(options, directory, table)
    except Failure as failure:
        print(f'dirty: {failure}', file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if options.json:
        with open(options.json, 'w') as f:
            json.dump(table.rows, f, indent=1)
    if options.markdown:
        with open(options.markdown, 'w') as f:
            f.write(markdown(table.rows))
    print(f'{len(table.rows)} figures, {table.missed} missed')
    return 1 if table.missed else 0


if __name__ == '__main__':
    sys.exit(main())
