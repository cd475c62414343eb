"""The other end of a guest's network cable, for `-netdev socket,listen=`: a host at 10.0.2.2 that leases 10.0.2.15 by
DHCP, answers ARP, and sends UDP datagrams back to where they come from. It outlives the processes that a guest moves
through; unlike `-netdev user` it adds no section of its own to QEMU's stream. Python's standard library only."""
import ipaddress
import socket
import struct
import threading
import time

HERE = ipaddress.ip_address('10.0.2.2').packed
GUEST = ipaddress.ip_address('10.0.2.15').packed
MAC = bytes.fromhex('525500000202')
ARP, IPV4, UDP, DHCP_SERVER, DHCP_CLIENT = 0x806, 0x800, 17, 67, 68


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def udp_packet(source, source_port, target, target_port, payload):
    udp = struct.pack('!HHHH', source_port, target_port, 8 + len(payload), 0) + payload
    head = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(udp), 0, 0, 64, UDP, 0, source, target)
    return head[:10] + struct.pack('!H', checksum(head)) + head[12:] + udp


def dhcp_answer(request):
    """What a server says to DISCOVER and REQUEST; nothing to anything else."""
    options, at = {}, 240
    while at + 1 < len(request) and request[at] != 255:
        if request[at] == 0:
            at += 1
            continue
        options[request[at]] = request[at + 2:at + 2 + request[at + 1]]
        at += 2 + request[at + 1]
    kind = {b'\1': b'\2', b'\3': b'\5'}.get(options.get(53))
    if not kind:
        return None
    head = struct.pack('!BBBB4sHH4s4s4s4s', 2, 1, 6, 0, request[4:8], 0, 0, bytes(4), GUEST, HERE, bytes(4))
    answer = head + request[28:44] + bytes(192) + bytes.fromhex('63825363')
    for code, value in ((53, kind), (54, HERE), (51, struct.pack('!I', 86400)), (1, bytes([255, 255, 255, 0]))):
        answer += bytes([code, len(value)]) + value
    return answer + b'\xff'


def answer(frame):
    """The frame that comes back for this one, or None."""
    sender, kind = frame[6:12], struct.unpack('!H', frame[12:14])[0]
    if kind == ARP and frame[20:22] == b'\0\1' and frame[38:42] == HERE:
        body = frame[14:20] + b'\0\2' + MAC + HERE + frame[22:32]
        return sender + MAC + frame[12:14] + body
    if kind != IPV4 or len(frame) < 42 or frame[23] != UDP:
        return None
    start = 14 + (frame[14] & 15) * 4
    source_port, target_port, length = struct.unpack('!HHH', frame[start:start + 6])
    payload = frame[start + 8:start + length]
    if target_port == DHCP_SERVER:
        payload = dhcp_answer(payload)
        packet = payload and udp_packet(HERE, DHCP_SERVER, b'\xff' * 4, DHCP_CLIENT, payload)
    else:
        packet = udp_packet(HERE, target_port, frame[26:30], source_port, payload) if frame[30:34] == HERE else None
    return packet and sender + MAC + frame[12:14] + packet


class Wire:
    """Plugged into one process after the other."""

    def __init__(self):
        self.sock = None

    def plug(self, port):
        """Connects to a process that listens at this port of the loopback device, and leaves the one before."""
        self.unplug()
        self.sock = socket.create_connection(('127.0.0.1', port), 20)
        self.sock.settimeout(None)
        threading.Thread(target=self._serve, args=(self.sock,), daemon=True).start()

    def unplug(self):
        if self.sock:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self.sock = None

    def _serve(self, sock):
        with sock, sock.makefile('rb') as stream:
            try:
                while len(head := stream.read(4)) == 4:
                    frame = stream.read(struct.unpack('!I', head)[0])
                    back = answer(frame) if len(frame) >= 14 else None
                    if back:
                        back += bytes(max(0, 60 - len(back)))
                        sock.sendall(struct.pack('!I', len(back)) + back)
            except OSError:
                pass
