#!/usr/bin/env python3
"""Boots a guest, moves it live to a second process while it works, and lets the guest itself say whether it survived.

    Scripts/demo.py [--binary .build/release/martlet] [--guest embedded|linux] [--kernel F --initrd F]

Any program with qemu-system-riscv64's options can take the part of Martlet (--binary qemu-system-riscv64), and
--destination lets two programs meet. Exit status 0 when the guest arrived and found nothing wrong."""
import argparse
import os
import re
import shutil
import sys
import tempfile
import time

from vmm import Failure, NoArchive, VMM, binary_words, fetch_linux_guest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TERMINAL = sys.stdout.isatty()


def size(n):
    for unit in ('B', 'KiB', 'MiB', 'GiB'):
        if n < 1024 or unit == 'GiB':
            return f'{n:.0f} {unit}' if unit == 'B' else f'{n:.1f} {unit}'
        n /= 1024


def bar(info):
    ram = info.get('ram') or {}
    total, left = ram.get('total', 0), ram.get('remaining', 0)
    share = 1 - left / total if total else 0
    if info.get('status') == 'completed':
        share = 1
    width = 28
    full = int(share * width)
    return (f"[{'#' * full}{'.' * (width - full)}] {share * 100:5.1f} %  {info.get('status', '?'):<12}"
            f" sent {size(ram.get('transferred', 0)):>10}  left {size(left):>10}"
            f"  {ram.get('mbps', 0) / 8:7.1f} MB/s  pass {ram.get('dirty-sync-count', 0)}")


def show(text, last=False):
    if TERMINAL:
        sys.stdout.write('\r\x1b[K' + text + ('\n' if last else ''))
    elif last:
        sys.stdout.write(text + '\n')
    sys.stdout.flush()


def linux_guest(options):
    kernel, initrd = options.kernel, options.initrd
    if kernel and initrd:
        for file in (kernel, initrd):
            if not os.path.exists(file):
                raise Failure(f'no file {file}')
        return kernel, initrd
    if kernel or initrd:
        raise Failure('KERNEL= and INITRD= are wanted together')
    folder = f'{ROOT}/.guest'
    try:
        fetch_linux_guest(folder)
    except NoArchive as failure:
        raise Failure(f"{failure}\nbring a riscv64 kernel and an initramfs made of Guests/linux:\n"
                      "  make demo GUEST=linux KERNEL=path INITRD=path")
    return f'{folder}/Image', f'{folder}/initramfs.gz'


def guest_options(options):
    if options.guest == 'embedded':
        return (['-M', 'virt', '-m', '128M', '-smp', '1', '-nodefaults', '-display', 'none', '-bios', 'none',
                 '-kernel', f'{ROOT}/Guests/demo/demo.bin', '-append', 'set=48M rate=24M beat=5'],
                r'^demo ready', r'^beat (\d+)$', r'^(corrupt|trap|demo:) .*')
    if options.guest == 'linux':
        kernel, initrd = linux_guest(options)
        return (['-M', 'virt', '-m', '256M', '-smp', str(options.harts), '-nodefaults', '-display', 'none',
                 '-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0 panic=-1 dirty=32:16'],
                r'tick 3 ', r'tick (\d+) ', r'CORRUPT|Kernel panic|Oops|BUG:')
    raise Failure(f'no guest "{options.guest}": embedded or linux')


def run(options, directory):
    arguments, ready, beat, trouble = guest_options(options)
    there = f'unix:{directory}/move.sock'
    print(f"guest        {'Debian Linux, one tick a second, rewriting and checking 32 MiB' if options.guest == 'linux' else 'demo.bin: 48 MiB of pages, 24 MiB of them rewritten and checked each second'}")
    source = destination = None
    try:
        source = VMM(binary_words(options.binary), 'source', directory, arguments)
        version = source.qmp.greeting['version']['qemu']
        print(f"source       pid {source.process.pid}, {options.binary} (QMP of {version['major']}.{version['minor']}.{version['micro']})", flush=True)
        up, _ = source.serial.wait(ready, options.patience)
        print(f'             guest at work {up - source.started:.1f} s after the start')
        destination = VMM(binary_words(options.destination or options.binary), 'destination', directory,
                          arguments + ['-incoming', there])
        print(f'destination  pid {destination.process.pid}, waiting')
        source.serial.wait(beat, 20, start=len(source.serial.lines))
        time.sleep(1)

        source.qmp.call('migrate-set-parameters', **{'max-bandwidth': options.bandwidth << 20})
        began = time.monotonic()
        source.qmp.call('migrate', uri=there)
        while True:
            info = source.qmp.call('query-migrate')
            if info.get('status') in ('completed', 'failed', 'cancelled'):
                break
            show('moving       ' + bar(info))
            if time.monotonic() - began > options.patience:
                raise Failure('the migration does not end: ' + bar(info))
            time.sleep(0.05)
        show('moved        ' + bar(info), last=True)
        if info['status'] != 'completed':
            raise Failure(f"the migration ended as {info['status']}: {info.get('error-desc', 'no reason given')}")
        try:
            arrived, first = destination.serial.wait(beat, 10)
        except Failure:
            raise Failure('no sign of life of the guest at the destination: ' + destination.said())
        gone = [(at, line) for at, line in source.serial.lines if at < arrived]
        beats = [(at, int(m.group(1))) for at, line in gone if (m := re.search(beat, line))]
        last_at, last_number = beats[-1]
        # The guest may have moved in the middle of a line: its start is here, its end over there.
        joined = re.search(beat, source.serial.rest.decode(errors='replace') + destination.serial.lines[0][1])
        lost = int((joined or first).group(1)) - last_number - 1
        print(f"downtime     {info.get('downtime', '?')} ms by the source's account; "
              f'{(arrived - last_at) * 1000:.0f} ms between the last beat here and the first there')
        print(f"total time   {info.get('total-time', '?')} ms")
        if lost:
            raise Failure(f'the beats do not join: {last_number} at the source, {first.group(1)} at the destination')

        if options.guest == 'embedded':
            time.sleep(1)
            destination.serial.send('v')
            _, verdict = destination.serial.wait(r'^verdict (ok|BAD).*', 60)
            said, good = verdict.group(0), verdict.group(1) == 'ok'
        else:
            _, verdict = destination.serial.wait(r'dirty (pass \d+ pages \d+ rate \d+ MiB/s ok|CORRUPT.*)', 20,
                                                 start=len(destination.serial.lines))
            destination.serial.wait(beat, 20, start=len(destination.serial.lines))
            said, good = verdict.group(0), 'ok' in verdict.group(0)
        bad = [line for vmm in (source, destination) for _, line in vmm.serial.lines if re.search(trouble, line)]
        print(f'the guest    {said}')
        for line in bad:
            print(f'             {line}')
        if not good or bad:
            raise Failure('the guest was harmed')
        print('             it works on at the destination, and every page holds what it last wrote there')
        destination.qmp.call('quit')
        source.qmp.call('quit')
        for vmm in (source, destination):
            vmm.process.wait(10)
    except Failure as failure:
        said = '\n'.join(f'  {v.name}: {v.said()}' for v in (source, destination) if v and not v.log.closed and v.said())
        raise Failure(str(failure) + ('\n' + said if said else ''))
    finally:
        for vmm in (source, destination):
            if vmm:
                vmm.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--binary', default=f'{ROOT}/.build/release/martlet', help='program to run, with words after it if need be')
    parser.add_argument('--destination', default='', help='another program for the destination')
    parser.add_argument('--guest', default='embedded', help='embedded or linux')
    parser.add_argument('--kernel', default='', help='a riscv64 Linux kernel of your own')
    parser.add_argument('--initrd', default='', help='an initramfs made of Guests/linux')
    parser.add_argument('--harts', type=int, default=2, help='harts of the Linux guest')
    parser.add_argument('--bandwidth', type=int, default=64, help='limit in MiB/s, so that there is something to watch')
    parser.add_argument('--patience', type=int, default=90, help='seconds before giving up on a step')
    options = parser.parse_args()
    # A socket's path has to be short, so not below the build folder.
    directory = tempfile.mkdtemp(prefix='martlet-demo-')
    try:
        run(options, directory)
    except Failure as failure:
        show('')
        print(f'demo failed: {failure}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
