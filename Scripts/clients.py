#!/usr/bin/env python3
"""Clients that are not ours move a guest that checks itself: the Python package qemu.qmp, and a shell with socat.

    Scripts/clients.py [--binary .build/release/martlet] [--environment .build/clients]

qemu.qmp is installed from PyPI into a virtual environment (--environment) when it is not there; --optional leaves its
part out where that cannot be done, and says so."""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vmm import Failure, VMM, binary_words  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Runs in the virtual environment: all that it knows of Martlet is the path of a socket.
CLIENT = '''
import asyncio, sys
from qemu.qmp import EventListener, ExecuteError, QMPClient

async def main(source, destination, uri):
    here, there = QMPClient('here'), QMPClient('there')
    await here.connect(source)
    await there.connect(destination)
    try:
        await here.execute('no-such-command')
        sys.exit('an unknown command was taken')
    except ExecuteError as error:
        assert error.error_class == 'CommandNotFound', error
    for client in (here, there):
        await client.execute('migrate-set-capabilities', {'capabilities': [
            {'capability': 'events', 'state': True}, {'capability': 'return-path', 'state': True}]})
    await there.execute('migrate-incoming', {'uri': uri})
    statuses = []
    with here.listener('MIGRATION') as listener:
        await here.execute('migrate', {'uri': uri})
        async for event in listener:
            statuses.append(event['data']['status'])
            if statuses[-1] in ('completed', 'failed'):
                break
    info = await here.execute('query-migrate')
    there_state = await there.execute('query-status')
    print(' '.join(statuses), 'downtime', info.get('downtime'), 'ms, there:', there_state['status'])
    assert statuses[-1] == 'completed' and info['status'] == 'completed' and there_state['running'], (info, there_state)
    await here.execute_msg(here.make_execute_msg('query-name'))
    await here.disconnect()
    await there.disconnect()

asyncio.run(main(*sys.argv[1:]))
'''


def environment(folder):
    """The Python that has qemu.qmp; None when it cannot be had."""
    python = f'{folder}/bin/python3'
    has_it = [python, '-c', 'import qemu.qmp']
    if os.path.exists(python) and subprocess.run(has_it, stderr=subprocess.DEVNULL).returncode == 0:
        return python
    for command in ([sys.executable, '-m', 'venv', folder], [python, '-m', 'pip', '-q', 'install', 'qemu.qmp']):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print('clients: no qemu.qmp: ' + ((done.stderr or done.stdout).strip().splitlines() or ['?'])[-1])
            return None
    return python


def moved(binary, name, command):
    """A guest of ours, moved by `command(source's socket, destination's socket, uri)`."""
    directory = tempfile.mkdtemp(prefix='martlet-clients-')
    arguments = ['-M', 'virt', '-m', '64M', '-smp', '1', '-nodefaults', '-display', 'none', '-bios', 'none', '-kernel',
                 f'{ROOT}/Guests/demo/demo.bin', '-append', 'set=8M rate=16M beat=10']
    vmms = []
    try:
        source = VMM(binary, 'source', directory, arguments)
        vmms.append(source)
        source.serial.wait(r'^demo ready', 120)
        destination = VMM(binary, 'destination', directory, arguments + ['-incoming', 'defer'])
        vmms.append(destination)
        words = command(f'{directory}/source.qmp', f'{directory}/destination.qmp', f'unix:{directory}/move.sock',
                        destination)
        done = subprocess.run(words, capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise Failure(f'{name}: {done.stdout}{done.stderr}')
        destination.serial.wait(r'^beat \d+$', 120)
        destination.serial.send('v')
        _, verdict = destination.serial.wait(r'^verdict (ok|BAD).*', 120)
        if verdict.group(1) != 'ok':
            raise Failure(f'{name}: the guest was harmed: {verdict.group(0)}')
        print(f"clients: {name}: {' '.join(done.stdout.split())}; the guest says: {verdict.group(0)}")
    finally:
        for vmm in vmms:
            vmm.kill()
        shutil.rmtree(directory, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--binary', default=f'{ROOT}/.build/release/martlet')
    parser.add_argument('--environment', default=f'{ROOT}/.build/clients')
    parser.add_argument('--optional', action='store_true')
    options = parser.parse_args()
    binary = binary_words(options.binary)

    def with_socat(source, _, uri, destination):
        destination.qmp.call('migrate-incoming', uri=uri)
        return [f'{ROOT}/Scripts/migrate-with-socat.sh', source, uri]

    try:
        moved(binary, 'socat', with_socat)
        python = environment(options.environment)
        if python:
            moved(binary, 'qemu.qmp', lambda source, destination, uri, _: [
                python, '-c', CLIENT, source, destination, uri])
        elif not options.optional:
            return 1
    except Failure as failure:
        print(f'clients: {failure}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
