#!/usr/bin/env python3
"""The connection of a migration is harmed at every place that matters, and afterwards the guest runs once: at the
source, at the destination, or nowhere and both sides say so. Never twice. Its memory is whole wherever it runs, its
disk is locked by whoever runs it, and when it stayed at the source a second attempt succeeds.

    Scripts/cuts.py [--binary .build/release/martlet] [--quick] [--modes hand-over,qemu,plain]
                    [--faults rst,fin,stall,late] [--random 500] [--json FILE]

Modes: `hand-over` is two Martlets with return-path; `qemu` is the same with each taking the other for a QEMU (the
proxy hides it); `plain` is without return-path. Faults: rst and fin end the connection, stall lets nothing more
pass, late is a stall whose bytes arrive when the source has given up. Places: after every item of the stream, each of
the last 300 bytes, random ones, and each byte of the return path. --destination names another program for that
side. With --binary a QEMU and --count this measures how often QEMU loses a guest or has it run twice."""
import argparse
import json
import os
import queue
import random
import re
import shutil
import signal
import sys
import tempfile
import threading
import time

from stream_proxy import Cut, Proxy
from vmm import Failure, VMM, binary_words

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODES = ('hand-over', 'qemu', 'plain')
FAULTS = ('rst', 'fin', 'stall', 'late')
OUTCOMES = ('source runs', 'destination runs', 'destination runs, source in doubt', 'none runs, in doubt',
            'none runs, not confirmed', 'not reached', 'RUNS TWICE', 'LOST', 'WRONG')
BAD = OUTCOMES[-3:]
ENDED = ('completed', 'failed', 'cancelled')
# The source waits this long for the destination before it says that it is in doubt, the destination twice as long.
PATIENCE = 30


class Wrong(Exception):
    """What must not be; `kind` is one of BAD."""

    def __init__(self, text, kind='WRONG'):
        super().__init__(text)
        self.kind = kind


class Side:
    """A VMM with the small guest, at work or waiting for it."""
    count = 0
    all = []

    def __init__(self, program, options, directory, disk, incoming=False):
        Side.count += 1
        words = ['-M', 'virt', '-m', options.memory, '-smp', '1', '-nodefaults', '-display', 'none', '-bios', 'none',
                 '-kernel', f'{ROOT}/Guests/demo/demo.bin', '-append', f'set={options.set} rate=0 beat=0 sleep={options.sleep}',
                 '-drive', f'if=none,id=disk,format=raw,file={disk}', '-device', 'virtio-blk-device,drive=disk']
        if incoming:
            words += ['-incoming', 'tcp:127.0.0.1:0']
        self.vmm = VMM(program, f'vm{Side.count}', directory, words)
        Side.all.append(self)
        self.qmp = self.vmm.qmp
        self.seen = 0
        self.set('events', True)
        if incoming:
            self.port = int(self.info()['socket-address'][0]['port'])
        else:
            self.vmm.serial.wait('demo ready', 120)

    def set(self, capability, state):
        self.qmp.call('migrate-set-capabilities', capabilities=[{'capability': capability, 'state': state}])

    def info(self):
        return self.qmp.call('query-migrate')

    def status(self):
        return self.qmp.call('query-status')['status']

    def settled(self):
        """The status once the end of a migration has been dealt with; a QEMU reports the end first."""
        end = time.monotonic() + 5
        while (status := self.status()) == 'finish-migrate' and time.monotonic() < end:
            time.sleep(0.01)
        return status

    def alive(self):
        return self.vmm.process.poll() is None

    def gone(self, seconds):
        """Whether the process ends within that time."""
        end = time.monotonic() + seconds
        while self.alive() and time.monotonic() < end:
            time.sleep(0.01)
        return not self.alive()

    def forget_events(self):
        with self.qmp.lock:
            self.seen = len(self.qmp.events)

    def wait_end(self, seconds):
        """The end of a migration since `forget_events`, None when it does not come; 'gone' when the process did."""
        found = []

        def is_over():
            found[:] = [e['data']['status'] for _, e in self.qmp.events[self.seen:]
                        if e['event'] == 'MIGRATION' and e['data']['status'] in ENDED]
            return found or 'closed' in self.qmp.answers

        with self.qmp.lock:
            self.qmp.lock.wait_for(is_over, seconds)
        return found[0] if found else None if self.alive() else 'gone'

    def listen_again(self):
        """A destination that failed waits anew."""
        self.qmp.call('migrate-incoming', uri='tcp:127.0.0.1:0')
        self.port = int(self.info()['socket-address'][0]['port'])

    def verify(self):
        start = len(self.vmm.serial.lines)
        self.vmm.serial.send('v')
        verdict = self.vmm.serial.wait('verdict .*', 120, start=start)[1].group(0)
        if not verdict.startswith('verdict ok'):
            raise Wrong(f'memory is damaged: {verdict}')

    def has_run(self):
        """Whether it ran since `forget_events`, as its events tell."""
        with self.qmp.lock:
            return any(e['event'] == 'RESUME' for _, e in self.qmp.events[self.seen:])

    def end(self):
        self.vmm.kill()
        if self in Side.all:
            Side.all.remove(self)
        for name in ('qmp', 'tty', 'log'):
            path = self.vmm.log.name[:-3] + name
            try:
                os.unlink(path)
            except OSError:
                pass


class Lane:
    """One attempt after the other, with a proxy of its own; a guest that stays is the next one's source."""

    def __init__(self, options, directory, seed):
        self.options, self.directory = options, directory
        self.random = random.Random(seed)
        self.seed, self.disks = seed, 0
        self.ours = binary_words(options.binary)
        self.theirs = binary_words(options.destination or options.binary)
        self.proxy = Proxy()
        self.here = self.there = None

    def close(self):
        self.proxy.finish()
        for side in (self.here, self.there):
            if side:
                side.end()
        self.here = self.there = None

    def prepare(self):
        if self.here is None:
            # A disk of its own: that of a guest that was killed may be locked for a moment yet.
            self.disks += 1
            self.disk = f'{self.directory}/disk{self.seed}-{self.disks}.img'
            with open(self.disk, 'wb') as file:
                file.truncate(64 << 10)
            if self.there:
                self.there.end()
                self.there = None
            self.here = Side(self.ours, self.options, self.directory, self.disk)
        if self.there is None:
            self.there = Side(self.theirs, self.options, self.directory, self.disk, incoming=True)
        for side in (self.here, self.there):
            side.forget_events()

    def begin(self, mode, cut):
        self.prepare()
        self.here.set('return-path', mode != 'plain')
        self.here.qmp.call('migrate-set-parameters', **{'max-bandwidth': self.options.bandwidth, 'downtime-limit': 20})
        self.proxy.arm(self.there.port, cut, disguise=mode == 'qemu')
        self.here.qmp.call('migrate', uri=f'tcp:127.0.0.1:{self.proxy.port}')

    def recorded(self, mode):
        """The stream of an attempt that nobody harms: lengths and the ends of all items."""
        self.begin(mode, None)
        if self.here.wait_end(120) != 'completed':
            raise Failure(f'the migration without a cut: {self.here.info()}')
        if self.there.wait_end(120) != 'completed':
            raise Failure(f'the migration without a cut: {self.there.info()}')
        self.there.verify()
        self.proxy.finish()
        stream, back = bytes(self.proxy.record[0]), bytes(self.proxy.record[1])
        parser = self.proxy.parser
        self.advance()
        return stream, back, list(parser.boundaries), parser.memory_end

    def advance(self):
        """The destination has the guest: it is the next source, when it is of the same kind."""
        self.here.end()
        if self.options.destination:
            self.there.end()
            self.here = None
        else:
            self.here = self.there
        self.there = None

    # One attempt

    def attempt(self, mode, cut):
        """Outcome and what was said."""
        self.begin(mode, cut)
        said = {}
        try:
            return self.judge(mode, cut, said), said
        except (Wrong, Failure) as wrong:
            said['wrong'] = str(wrong)
            for name, side in (('source', self.here), ('destination', self.there)):
                try:
                    said[name] = {'status': side.status(), 'migration': side.info(), 'said': side.vmm.said()[-500:]}
                except (Failure, ValueError, AttributeError) as error:
                    said[name] = str(error)
            self.close()
            return getattr(wrong, 'kind', 'WRONG'), said

    def judge(self, mode, cut, said):
        here, there, proxy = self.here, self.there, self.proxy
        end = self.source_end(cut, said)
        # Without a return path a QEMU does not wait until its bytes have gone anywhere.
        if not proxy.was_cut.wait(1 if end == 'completed' else 0):
            if end != 'completed':
                raise Wrong(f'{end} without a cut: {here.info()}')
            return self.arrived('not reached')
        info = here.info()
        said['source says'] = info.get('error-desc', '')
        if end == 'failed' and not said['source says']:
            raise Wrong('the source does not say why it failed')
        if cut.fault == 'late':
            proxy.heal()
        there_end = self.destination_end(cut, said)
        here_runs = here.settled() == 'running'
        there_runs = there_end != 'gone' and there.status() == 'running'
        if here_runs and there_runs:
            raise Wrong('it runs at both sides', 'RUNS TWICE')
        if there_runs:
            doubt = 'in doubt' in said['source says']
            if end != 'completed' and not doubt:
                raise Wrong('it runs at the destination and the source says that it failed')
            if doubt:
                # The operator's wrong word: the disk tells.
                self.refused(lambda: here.qmp.call('cont'), 'Failed to get', 'it was told to run at both sides')
            return self.arrived('destination runs, source in doubt' if doubt else 'destination runs')
        if there_end == 'completed' and here_runs and self.options.count:
            # A QEMU that did not get the disk's lock back in time: it stands, the source runs on.
            said['held back'] = True
            proxy.finish()
            there.end()
            self.there = None
            return 'source runs'
        if there_end == 'completed':
            raise Wrong('the destination completed and does not run')
        if there_end != 'gone' and there.has_run():
            raise Wrong('the destination ran')
        if here_runs:
            if end == 'completed':
                raise Wrong('the source completed and runs')
            here.verify()
            self.again()
            return 'source runs'
        if here.status() != 'postmigrate':
            raise Wrong('the source neither runs nor has given up')
        if end == 'completed' and 'nothing confirms' not in said['source says']:
            raise Wrong('it runs nowhere and the source says that it completed', 'LOST')
        if end == 'failed' and 'in doubt' not in said['source says']:
            raise Wrong('it runs nowhere and the source does not say so', 'LOST')
        # The operator's word.
        here.qmp.call('cont')
        here.verify()
        self.again()
        return 'none runs, not confirmed' if end == 'completed' else 'none runs, in doubt'

    def refused(self, command, text, otherwise):
        try:
            command()
        except Failure as refusal:
            if text not in str(refusal):
                raise Wrong(f'refused with: {refusal}')
            return
        raise Wrong(otherwise)

    def source_end(self, cut, said):
        """How the source ended; in a stall it is asked, and cancelled where that is possible."""
        here, proxy = self.here, self.proxy
        if cut.fault in ('rst', 'fin'):
            end = here.wait_end(PATIENCE * 2 + 60)
            if end is None:
                raise Wrong(f'the source does not end: {here.info()}')
            return end
        start = time.monotonic()
        while not proxy.was_cut.wait(0.1):
            if here.wait_end(0) or time.monotonic() - start > 60:
                return here.wait_end(60)
        end = here.wait_end(self.random.choice((0.05, 0.3)))
        if end:
            return end
        state = here.status()
        # With the guest stopped the source gives up by itself; half of the attempts see to that.
        if state == 'running' or self.random.random() < 0.5:
            said['asked'] = state
            try:
                here.qmp.call('migrate_cancel')
                end = here.wait_end(60)
                if end not in ('cancelled', 'completed'):
                    raise Wrong(f'cancelled in {state}, and it is {end}')
                if end == 'cancelled' and here.status() != 'running':
                    raise Wrong('cancelled, and the guest does not run')
                return end
            except Failure as refusal:
                said['refusal'] = str(refusal)
                if 'is being handed over' not in said['refusal']:
                    raise Wrong(f'cancel was refused with: {refusal}')
        end = here.wait_end(PATIENCE + 60)
        if end is None:
            raise Wrong(f'the source waits without end: {here.info()}')
        return end

    def destination_end(self, cut, said):
        there, proxy = self.there, self.proxy
        end = there.wait_end(1.5 if cut.fault == 'stall' else 60)
        if end is None and cut.fault == 'stall':
            if there.status() == 'running':
                raise Wrong('the destination runs and its migration is under way')
            info = there.info()
            said['destination waits'] = info.get('error-desc', '')
            if info.get('status') == 'active' and not self.options.destination and \
                    not said['destination waits'].startswith('Waiting for '):
                raise Wrong(f'the destination does not say what it waits for: {info}')
            # For ever, or as long as it waits for the hand-over; the connection's end is its word.
            proxy.finish()
            end = there.wait_end(30)
        if end is None and there.info().get('status') == 'setup':
            # The connection never got to it.
            said['destination'] = 'setup'
            return 'failed'
        if end is None:
            raise Wrong(f'the destination does not end: {there.info()}')
        # A QEMU ends with its failure.
        if end == 'failed' and (self.options.count or self.options.destination) and there.gone(2):
            return 'gone'
        if end == 'failed':
            said['destination says'] = there.info().get('error-desc', '')
            if not said['destination says']:
                raise Wrong('the destination does not say why it failed')
        return end

    def arrived(self, outcome):
        if self.there.wait_end(30) != 'completed':
            raise Wrong(f'the destination: {self.there.info()}')
        if self.there.status() != 'running':
            raise Wrong('completed, and the guest does not run')
        self.there.verify()
        self.proxy.finish()
        self.advance()
        return outcome

    def again(self):
        """The second attempt, over a connection that nobody harms: at the destination that failed, or a new one."""
        self.proxy.finish()
        if not self.options.again:
            self.there.end()
            self.there = None
            return
        if not self.there.alive() or self.random.random() < 0.5 or self.options.destination:
            self.there.end()
            self.there = None
        elif self.there.info().get('status') == 'failed':
            self.there.listen_again()
        self.prepare()
        self.here.qmp.call('migrate-set-parameters', **{'max-bandwidth': 1 << 40})
        self.here.qmp.call('migrate', uri=f'tcp:127.0.0.1:{self.there.port}')
        if self.here.wait_end(60) != 'completed' or self.there.wait_end(60) != 'completed':
            raise Wrong(f'the second attempt: {self.here.info()}, {self.there.info()}')
        self.there.verify()
        self.advance()


def places(stream, back, items, memory_end, options, rng):
    """All places to cut at."""
    found = [('at', 0), ('at', 1), ('at', 8)] + [('item', k) for k in range(len(items))]
    total = len(stream)
    tail = stream[memory_end:]
    # Devices follow one another with rising numbers: a footer and the next header, or the end mark.
    for match in re.finditer(rb'\x7e(....)(?=\x04(....)|\x00)', tail, re.DOTALL):
        number = int.from_bytes(match.group(1), 'big')
        if match.group(2) is None or int.from_bytes(match.group(2), 'big') == number + 1:
            if number < 4096:
                found.append(('tail', match.end()))
    found += [('tail', n) for n in range(max(0, len(tail) - 300), len(tail) + 1)]
    for _ in range(options.random):
        n = rng.randrange(total)
        found.append(('at', n) if n < memory_end else ('tail', n - memory_end))
    found += [('back', n) for n in range(len(back) + 1)] if back else []
    found = list(dict.fromkeys(found))
    if options.quick:
        last = [p for p in found if p[0] == 'tail' and p[1] >= len(tail) - 30]
        path = [p for p in found if p[0] == 'back']
        others = [p for p in found if p not in last and p not in path]
        found = rng.sample(others, 10) + rng.sample(last, 6) + rng.sample(path, min(4, len(path)))
    return found


def work(jobs, results, options, directory, seed):
    lane = Lane(options, directory, seed)
    try:
        while True:
            try:
                mode, place, fault = jobs.get_nowait()
            except queue.Empty:
                return
            began = time.monotonic()
            try:
                outcome, said = lane.attempt(mode, Cut(place, fault))
            except Exception as error:  # reported with the place, and the other attempts go on
                outcome, said = 'WRONG', {'wrong': f'{type(error).__name__}: {error}'}
                lane.close()
            results.put({'mode': mode, 'fault': fault, 'place': f'{place[0]} {place[1]}', 'outcome': outcome,
                         'seconds': round(time.monotonic() - began, 2), **said})
    finally:
        lane.close()


def table(results, options):
    lines = ['| mode | fault | cuts | ' + ' | '.join(OUTCOMES) + ' |', '|' + '---|' * (3 + len(OUTCOMES))]
    for mode in options.modes.split(','):
        for fault in options.faults.split(','):
            mine = [r for r in results if r['mode'] == mode and r['fault'] == fault]
            if mine:
                counts = [sum(r['outcome'] == o for r in mine) for o in OUTCOMES]
                lines.append(f'| {mode} | {fault} | {len(mine)} | ' + ' | '.join(map(str, counts)) + ' |')
    return '\n'.join(lines)


def run(options, directory):
    rng = random.Random(options.seed)
    jobs = []
    scout = Lane(options, directory, 0)
    try:
        for mode in options.modes.split(','):
            stream, back, items, memory_end = scout.recorded(mode)
            found = places(stream, back, items, memory_end, options, rng)
            print(f'{mode}: {len(stream)} bytes, {len(items)} items before {len(stream) - memory_end} bytes of devices '
                  f'and end, {len(back)} bytes back; {len(found)} places', flush=True)
            jobs += [(mode, place, fault) for fault in options.faults.split(',') for place in found]
    finally:
        scout.close()
    results, began = [], time.monotonic()
    waiting = queue.Queue()
    # Stalls are mostly waiting, and many lanes wait at once.
    groups = [([j for j in jobs if j[2] in ('rst', 'fin')], options.lanes),
              ([j for j in jobs if j[2] not in ('rst', 'fin')], options.stalled)]
    for group, lanes in groups:
        rng.shuffle(group)
        todo = queue.Queue()
        for job in group:
            todo.put(job)
        threads = [threading.Thread(target=work, daemon=True, args=(todo, waiting, options, directory, options.seed + n))
                   for n in range(min(lanes, len(group)))]
        for thread in threads:
            thread.start()
        for done in range(len(group)):
            result = waiting.get()
            results.append(result)
            if result['outcome'] in BAD and not options.count:
                print(result['outcome'] + ' ' + json.dumps(result), flush=True)
            if done % 100 == 99:
                print(f'{done + 1} of {len(group)} after {time.monotonic() - began:.0f} s', flush=True)
        for thread in threads:
            thread.join(60)
    print(table(results, options))
    if options.json:
        with open(options.json, 'w') as file:
            json.dump({'seed': options.seed, 'table': table(results, options), 'results': results}, file, indent=1)
    wrong = sum(r['outcome'] in BAD for r in results)
    print(f'{len(results)} cuts in {time.monotonic() - began:.0f} s, {wrong} of them wrong')
    return 1 if wrong and not options.count else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--binary', default=f'{ROOT}/.build/release/martlet')
    parser.add_argument('--destination', default='', help='another program for the destination')
    parser.add_argument('--modes', default=','.join(MODES))
    parser.add_argument('--faults', default=','.join(FAULTS))
    parser.add_argument('--quick', action='store_true', help='twenty places of each kind')
    parser.add_argument('--count', action='store_true', help='whatever comes out is counted and none of it an error')
    parser.add_argument('--no-again', dest='again', action='store_false', help='no second attempts')
    parser.add_argument('--random', type=int, default=500, help='random places')
    parser.add_argument('--lanes', type=int, default=4, help='attempts at a time')
    parser.add_argument('--stalled', type=int, default=32, help='stalled attempts at a time')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--memory', default='6M')
    parser.add_argument('--set', default='256K', help="the guest's working set")
    parser.add_argument('--sleep', type=int, default=1, help='0 for a QEMU, which loses the timer of a guest that sleeps')
    parser.add_argument('--bandwidth', type=int, default=4 << 20, help='bytes a second, so that memory has parts')
    parser.add_argument('--json', default='', help='file for all outcomes')
    options = parser.parse_args()
    directory = tempfile.mkdtemp(prefix='martlet-cuts-')
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return run(options, directory)
    except Failure as failure:
        print(f'cuts failed: {failure}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        for side in list(Side.all):
            side.vmm.kill()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == '__main__':
    sys.exit(main())
