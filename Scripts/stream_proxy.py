"""A TCP proxy that follows a migration stream and harms the connection at a place of that stream: after so many bytes,
after a section, or so many bytes after the memory's last section. Python's standard library only."""
import select
import socket
import struct
import threading

PAGE = 4096


class StreamParser:
    """Where the sections of memory end, as bytes go by. Devices have no length on the wire, so after the last
    section of memory it only counts."""

    def __init__(self):
        self.position = 0      # of the first byte in `rest`
        self.rest = b''
        self.step = self._header
        self.boundaries = []   # ends of the items so far
        self.memory_end = None

    def feed(self, data):
        """Takes bytes; returns the ends of items among them, as positions in the stream."""
        if self.memory_end is not None:
            return []
        self.rest += data
        known = len(self.boundaries)
        at = 0
        while self.memory_end is None and (used := self.step(at)):
            at += used
        self.position += at
        self.rest = self.rest[at:]
        return self.boundaries[known:]

    def _end(self, at):
        self.boundaries.append(self.position + at)

    def _has(self, at, count):
        return len(self.rest) - at >= count

    def _header(self, at):
        if not self._has(at, 13):
            return 0
        length = struct.unpack_from('>I', self.rest, at + 9)[0]
        if not self._has(at, 13 + length):
            return 0
        self._end(at + 8)
        self._end(at + 13 + length)
        self.step = self._item
        return 13 + length

    def _item(self, at):
        if not self._has(at, 6):
            return 0
        kind = self.rest[at]
        if kind == 5:  # a subsection of the configuration: bits of the target page
            if not self._has(at, 2 + self.rest[at + 1] + 8):
                return 0
            used = 2 + self.rest[at + 1] + 8
            self._end(at + used)
            return used
        if kind == 8:
            length = struct.unpack_from('>H', self.rest, at + 3)[0]
            if not self._has(at, 5 + length):
                return 0
            self._end(at + 5 + length)
            return 5 + length
        if kind == 1:
            used = 6 + self.rest[at + 5] + 8
            if not self._has(at, used):
                return 0
        elif kind in (2, 3):
            used = 5
        else:
            raise ValueError(f'item {kind} at {self.position + at} before the end of memory')
        self.is_last = kind == 3
        self.step = self._record
        return used

    def _record(self, at):
        rest = self.rest
        start = at
        while True:
            if len(rest) - at < 8:
                return at - start
            header = struct.unpack_from('>Q', rest, at)[0]
            flags = header & (PAGE - 1)
            if flags & 0x10:
                self.step = self._footer
                return at + 8 - start
            used = 8
            if flags & 0x4:
                left = header - flags
                while left:
                    if len(rest) - at <= used or len(rest) - at < used + 1 + rest[at + used] + 8:
                        return at - start
                    used += 1 + rest[at + used] + 8
                    left -= struct.unpack_from('>Q', rest, at + used - 8)[0]
            elif flags & 0xA:
                if not flags & 0x20:
                    if len(rest) - at <= used:
                        return at - start
                    used += 1 + rest[at + used]
                used += PAGE if flags & 8 else 1
            elif not flags & 0x200:
                raise ValueError(f'record {header:#x} at {self.position + at}')
            if len(rest) - at < used:
                return at - start
            at += used

    def _footer(self, at):
        if not self._has(at, 5):
            return 0
        self._end(at + 5)
        if self.is_last:
            self.memory_end = self.position + at + 5
        self.step = self._item
        return 5


class Cut:
    """A place and what happens there.

    `place` is ('at', n): n bytes have passed; ('item', k): item k before the devices has; ('tail', n): n bytes after
    the memory's last section have; ('back', n): n bytes of the return path have. `fault`: rst, fin, stall or late
    (a stall whose bytes arrive after all, when everybody has given up)."""

    def __init__(self, place, fault):
        self.place, self.fault = place, fault

    def __str__(self):
        return f'{self.fault} {self.place[0]} {self.place[1]}'


class Proxy:
    """Listens on a port of its own and passes one connection at a time on."""

    def __init__(self):
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.thread = None

    def arm(self, target, cut=None, disguise=False):
        """Prepares for the next connection, to port `target`. With `disguise` neither side learns that the other is
        a Martlet: both take it for a QEMU. Without `cut` nothing is harmed and what went by is recorded."""
        self.finish()
        self.target, self.cut, self.disguise = target, cut, disguise
        self.parser = StreamParser()
        self.passed = [0, 0]
        self.record = [bytearray(), bytearray()]
        self.was_cut = threading.Event()
        self.release = threading.Event()
        self.delivers = False
        self.pair = None
        self.stopped = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def heal(self):
        """Ends a stall: all that was held arrives."""
        self.delivers = True
        self.release.set()

    def finish(self):
        """Ends the connection, if there is one."""
        if self.thread:
            self.stopped = True
            self.release.set()
            self.thread.join(20)
            self.thread = None

    def _run(self):
        try:
            self.listener.settimeout(0.2)
            while True:
                try:
                    near, _ = self.listener.accept()
                    break
                except socket.timeout:
                    if self.stopped:
                        return
            near.settimeout(None)
            try:
                far = socket.create_connection(('127.0.0.1', self.target))
            except OSError:
                near.close()
                return
            for s in (near, far):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.pair = (near, far)
            try:
                self._pass(near, far)
            except OSError:
                pass
            for s in (near, far):
                s.close()
        except Exception as error:  # a bug of ours must not look like a cut
            self.error = error
            raise

    def _pass(self, near, far):
        if self.cut and self.cut.place == ('at', 0) and not self._harm(near, far, b'', 0):
            return
        ended = [False, False]
        while not all(ended) and not self.stopped:
            readable, _, _ = select.select([s for s, e in ((near, ended[0]), (far, ended[1])) if not e], [], [], 0.2)
            for source, target, way in ((near, far, 0), (far, near, 1)):
                if source not in readable:
                    continue
                data = source.recv(1 << 16)
                if not data:
                    ended[way] = True
                    target.shutdown(socket.SHUT_WR)
                    continue
                if self.disguise:
                    data = data.replace(b'\0\2\0\4MARL', b'\0\2\0\4QEMU') if way == 0 else \
                        data.replace(b'\0\2\0\4QEMU', b'\0\2\0\4MARL')
                if not self._forward(data, target, way, near, far):
                    return

    def _forward(self, data, target, way, near, far):
        """False when the connection was ended."""
        end = self._place(data, way)
        if end is None:
            target.sendall(data)
            self._count(data, way)
            return True
        head, rest = data[:end], data[end:]
        if head:
            target.sendall(head)
            self._count(head, way)
        return self._harm(near, far, rest, way)

    def _count(self, data, way):
        self.passed[way] += len(data)
        if not self.cut:
            self.record[way] += data

    def _place(self, data, way):
        """How many of the bytes pass before the cut, None: all of them and no cut."""
        new = self.parser.feed(data) if way == 0 else []
        if not self.cut or self.was_cut.is_set():
            return None
        kind, number = self.cut.place
        start = self.passed[way]
        if kind == 'back':
            wanted = number if way == 1 else None
        elif way == 1:
            return None
        elif kind == 'at':
            wanted = number
        elif kind == 'tail':
            wanted = None if self.parser.memory_end is None else self.parser.memory_end + number
        else:
            count = len(self.parser.boundaries)
            wanted = self.parser.boundaries[number] if number < count and count - len(new) <= number else None
        return None if wanted is None or wanted > start + len(data) else max(0, wanted - start)

    def _harm(self, near, far, rest, way):
        """Does what the cut says; True when the connection goes on."""
        fault = self.cut.fault
        self.was_cut.set()
        if fault == 'rst':
            for s in (near, far):
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                s.close()
            return False
        if fault == 'fin':
            for s in (near, far):
                s.shutdown(socket.SHUT_WR)
            open_ones = [near, far]
            while open_ones and not self.stopped:
                for s in select.select(open_ones, [], [], 0.2)[0]:
                    try:
                        if not s.recv(1 << 16):
                            open_ones.remove(s)
                    except OSError:
                        open_ones.remove(s)
            return False
        self.release.wait()
        if not self.delivers:
            return False
        target = far if way == 0 else near
        if rest:
            target.sendall(rest)
            self._count(rest, way)
        return True
