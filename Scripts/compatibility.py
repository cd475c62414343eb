"""The table of what is compatible with what: made of crossings that were seen, kept as a resource of the program and as
a page of the documentation."""
import json
import os

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RESOURCE = f'{ROOT}/Sources/martlet/Resources/compatibility.json'
PAGE = f'{ROOT}/Documentation/Compatibility.md'
HEAD = '''# Compatibility

<!-- Written by `make test-interop`; `martlet compat` prints the same. -->

A Debian guest that works (memory rewritten and checked, a disk, a network, a virtio port, its console) was moved between
Martlet and QEMU's `qemu-system-riscv64 -M virt`. At each crossing the paused guest's memory was compared byte for byte
on both sides. Guests that crossed in a file were written again before they ran: every page of every RAM block and every
value of every device was what it had been, but for what `may_differ` in `Scripts/interop.py` names. Then everything in
the guest had to go on without a gap. Every line below is what these runs have seen.
'''
TAIL = '''
`dialect` is the setting of the source, which a Martlet needs to know to write what that QEMU can read.
`compress`, `multifd` and `xbzrle` among the transports are capabilities, `tls` is TLS; each of these over a unix socket.
A guest leaves QEMU 7.2 paused, because that QEMU loses pages which a running guest writes late.
QEMU up to 10.0.10 loses the timers of a guest that arrives; Martlet wakes the guest with an early timer interrupt.
'''


# Members of a row that list what was seen.
SEEN = 'harts', 'transports', 'virtio'


class Table:
    """Rows by sender and receiver."""

    def __init__(self, martlet):
        self.martlet = martlet
        self.rows = {}
        self.peers = {}
        self.journeys = []

    def saw(self, sender, receiver, harts, transport, face):
        for program in (sender, receiver):
            if not program.is_martlet:
                self.peers[program.name] = program.release
        row = self.rows.setdefault((sender.name, receiver.name), {
            'from': sender.name, 'to': receiver.name, 'dialect': receiver.dialect if sender.is_martlet else None,
            'guest': 'paused' if sender.moves_paused else 'running', 'round-trips': 0} | {name: [] for name in SEEN})
        for name, value in zip(SEEN, (harts, transport, face)):
            if value not in row[name]:
                row[name] = sorted(row[name] + [value])

    def saw_round_trips(self, peer, count):
        for row in self.rows.values():
            if peer.name in (row['from'], row['to']):
                row['round-trips'] = count

    def saw_journey(self, programs):
        self.journeys.append(programs)

    def write(self):
        """Adds what was seen this time to what is there."""
        old = {}
        if os.path.exists(RESOURCE):
            with open(RESOURCE) as f:
                old = json.load(f)
        rows = dict(self.rows)
        for before in old.get('rows', []):
            row = rows.setdefault((before['from'], before['to']), before)
            for name in SEEN:
                row[name] = sorted(set(row[name] + before[name]))
            row['round-trips'] = max(row['round-trips'], before['round-trips'])
        peers = old.get('peers', {}) | self.peers
        order = sorted(rows, key=lambda key: tuple(version_key(name) for name in key))
        table = {'martlet': self.martlet.release, 'peers': {name: peers[name] for name in sorted(peers, key=version_key)},
                 'rows': [rows[key] for key in order], 'journeys': self.journeys or old.get('journeys', [])}
        os.makedirs(os.path.dirname(RESOURCE), exist_ok=True)
        with open(RESOURCE, 'w') as f:
            json.dump(table, f, indent=1)
            f.write('\n')
        with open(PAGE, 'w') as f:
            f.write(page(table))


def version_key(name):
    return [int(part) for part in name.split()[-1].split('.') if part.isdigit()]


def page(table):
    def cell(value):
        return ', '.join(map(str, value)) if isinstance(value, list) else '–' if value in (None, 0) else str(value)
    columns = ('from', 'to', 'dialect', 'guest', 'harts', 'transports', 'virtio', 'round-trips')
    lines = [HEAD, '| ' + ' | '.join(columns) + ' |', '|' + '---|' * len(columns)]
    lines += ['| ' + ' | '.join(cell(row[column]) for column in columns) + ' |' for row in table['rows']]
    if table['journeys']:
        lines += ['', "Releases of QEMU that refuse each other's streams meet over Martlet:", '']
        lines += [f"- {' → '.join(journey)}" for journey in table['journeys']]
    lines += [TAIL, 'Versions: ' + '; '.join([table['martlet']] + list(table['peers'].values())) + '.', '']
    return '\n'.join(lines)
