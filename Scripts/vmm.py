"""A VMM process driven from outside: QMP over a unix socket, the serial port over another, processor time and memory
from /proc. Works with any program that takes qemu-system-riscv64's options. Python's standard library only."""
import json
import os
import re
import shlex
import socket
import subprocess
import threading
import time


# Seconds for an answer of a process, however busy the machine is.
PATIENCE = 120


class Failure(Exception):
    """Something a person should read: the VMM's own words where there are any."""


class NoArchive(Failure):
    """There is no Debian archive here to take a guest from."""


def fetch_linux_guest(folder):
    """Makes the Linux guest in `folder`, unless it is there already."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'fetch-linux-guest.sh')
    status = subprocess.run([script, folder], stdout=subprocess.DEVNULL).returncode
    if status:
        raise (NoArchive if status == 3 else Failure)('cannot fetch the Linux guest, as said above')


class QMP:
    def __init__(self, path, process, seconds=PATIENCE):
        self.sock = connect(path, process, seconds)
        self.file = self.sock.makefile('rb')
        self.ids = 0
        self.answers = {}
        self.events = []
        self.lock = threading.Condition()
        self.greeting = json.loads(self.file.readline())['QMP']
        threading.Thread(target=self._read, daemon=True).start()
        self.call('qmp_capabilities')

    def _read(self):
        try:
            for line in self.file:
                message = json.loads(line)
                with self.lock:
                    if 'event' in message:
                        self.events.append((time.monotonic(), message))
                    else:
                        self.answers[message.get('id')] = message
                    self.lock.notify_all()
        except (OSError, ValueError):
            pass
        with self.lock:
            self.answers['closed'] = True
            self.lock.notify_all()

    def call(self, command, seconds=PATIENCE, **arguments):
        with self.lock:
            self.ids += 1
            number = self.ids
        request = {'execute': command, 'id': number}
        if arguments:
            request['arguments'] = arguments
        try:
            self.sock.sendall(json.dumps(request).encode() + b'\n')
        except OSError as error:
            raise Failure(f'{command}: {error}')
        with self.lock:
            if not self.lock.wait_for(lambda: number in self.answers or 'closed' in self.answers, seconds):
                raise Failure(f'{command}: no answer in {seconds} s')
            if number not in self.answers:
                raise Failure(f'{command}: the QMP connection was closed')
            answer = self.answers.pop(number)
        if 'error' in answer:
            raise Failure(f"{command}: {answer['error']['desc']}")
        return answer['return']

    def event(self, name, since=0.0):
        """When an event of that name arrived, or None."""
        with self.lock:
            return next((at for at, e in self.events if e['event'] == name and at >= since), None)


def connect(path, process, seconds):
    end = time.monotonic() + seconds
    while True:
        s = socket.socket(socket.AF_UNIX)
        try:
            s.connect(path)
            return s
        except OSError:
            s.close()
        if process.poll() is not None:
            raise Failure('the VMM ended before it could be reached')
        if time.monotonic() > end:
            raise Failure(f'no answer at {os.path.basename(path)} in {seconds} s')
        time.sleep(0.005)


class Serial:
    """What the guest prints, each complete line with the time it arrived. Takes a connected socket."""

    def __init__(self, sock):
        self.sock = sock
        self.lines = []
        self.rest = b''
        self.lock = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            try:
                data = self.sock.recv(65536)
            except OSError:
                return
            at = time.monotonic()
            if not data:
                return
            with self.lock:
                *whole, self.rest = (self.rest + data).split(b'\n')
                self.lines += [(at, line.decode(errors='replace').strip('\r')) for line in whole]
                self.lock.notify_all()

    def send(self, text):
        try:
            self.sock.sendall(text.encode())
        except OSError:
            pass

    def wait(self, pattern, seconds, start=0):
        """The first line from number `start` on that matches: (time, match)."""
        expression = re.compile(pattern)
        end = time.monotonic() + seconds
        seen = start
        with self.lock:
            while True:
                while seen < len(self.lines):
                    at, line = self.lines[seen]
                    seen += 1
                    match = expression.search(line)
                    if match:
                        return at, match
                left = end - time.monotonic()
                if left <= 0:
                    raise Failure(f'the guest did not print "{pattern}" in {seconds} s; last: '
                                  + ' | '.join(line for _, line in self.lines[-4:]))
                self.lock.wait(min(left, 0.5))

    def first_beat(self, pattern, after):
        expression = re.compile(pattern)
        with self.lock:
            return next((at for at, line in self.lines if at > after and expression.search(line)), None)


class VMM:
    """A process with QMP and, by default, a serial port of its own. `descriptors` are left open for it."""

    def __init__(self, binary, name, directory, arguments, qmp=True, serial=True, descriptors=()):
        self.name = name
        self.log = open(f'{directory}/{name}.log', 'w+')
        command = list(binary) + arguments
        for path in (f'{directory}/{name}.qmp', f'{directory}/{name}.tty'):
            if os.path.exists(path):
                os.unlink(path)
        if qmp:
            command += ['-qmp', f'unix:{directory}/{name}.qmp,server=on,wait=off']
        if serial:
            command += ['-serial', f"unix:{directory}/{name}.tty,server=on,wait={'off' if qmp else 'on'}"]
        # A guest that starts at once could print before the port is connected: hold it, by -S or by the port's wait.
        waits = qmp and serial and '-incoming' not in arguments
        if waits:
            command += ['-S']
        self.command = command
        self.started = time.monotonic()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        pass_fds=descriptors)
        try:
            self.serial = Serial(connect(f'{directory}/{name}.tty', self.process, PATIENCE)) if serial else None
            self.qmp = QMP(f'{directory}/{name}.qmp', self.process) if qmp else None
            if waits:
                self.qmp.call('cont')
        except Failure as failure:
            self.kill()
            raise Failure(f'{name}: {failure}\n  {shlex.join(command)}\n  {self.said()}')

    def said(self):
        with open(self.log.name) as log:
            return log.read().strip()[-2000:]

    def cpu(self):
        """Processor seconds used so far, all threads, user and system."""
        with open(f'/proc/{self.process.pid}/stat') as f:
            fields = f.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def peak_memory(self):
        """Largest resident set so far, in bytes."""
        with open(f'/proc/{self.process.pid}/status') as f:
            return next(int(line.split()[1]) * 1024 for line in f if line.startswith('VmHWM'))

    def memory_beside(self, guest):
        """Resident bytes of all mappings that are smaller than the guest's RAM of `guest` bytes."""
        resident = size = 0
        with open(f'/proc/{self.process.pid}/smaps') as f:
            for line in f:
                if line.startswith('Size:'):
                    size = int(line.split()[1]) << 10
                elif line.startswith('Rss:') and size < guest:
                    resident += int(line.split()[1]) << 10
        return resident

    def descriptors(self):
        """How many file descriptors are open."""
        return len(os.listdir(f'/proc/{self.process.pid}/fd'))

    def quit(self, seconds=PATIENCE):
        """Ends the process by QMP; its exit status."""
        try:
            self.qmp.call('quit')
        except Failure:
            pass  # The connection may be closed before the answer.
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f'{self.name} does not quit')

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()


def binary_words(text):
    """A program given as one text, perhaps with words of its own after it."""
    return shlex.split(text)
