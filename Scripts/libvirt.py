#!/usr/bin/env python3
"""Martlet with an unmodified libvirt in the driver's seat: one or two private libvirtd, a Debian guest, virsh.

Each libvirtd runs in a mount namespace of its own, in which its directories (/etc/libvirt, /run, /var/lib/libvirt, …) are
folders of a temporary directory: the system's own libvirt, if it has one, is not touched. Needs root, libvirtd, virsh,
openssl, and the guest of Scripts/fetch-linux-guest.sh. Exit status 3 when something of that is not there.

The guest counts, rewrites and checks memory, and writes and reads back its disk. All that it prints is looked through: a
complaint of its own or of its kernel fails the step in which it comes, and so does a count that does not grow.
"""
import argparse, json, os, re, select, shutil, signal, subprocess, sys, tempfile, threading, time

from soak import Judge, TROUBLE

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

LIBVIRTD_CONF = '''auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_group = "root"
host_uuid = "{uuid}"
log_filters = "1:qemu.qemu_monitor 1:qemu.qemu_capabilities 1:qemu.qemu_migration 3:*"
log_outputs = "1:file:{log}"
'''
QEMU_CONF = '''user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
migration_port_min = {first}
migration_port_max = {last}
default_tls_x509_cert_dir = "{pki}"
migrate_tls_x509_verify = 1
'''
# A certificate for both ends of a move, and for any end of a name. RSA: libvirt's emulators ask for key encipherment.
CERTIFICATES = '''
set -e
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=martlet-test-ca -keyout ca-key.pem -out ca-cert.pem
openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server-key.pem -out request.pem
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\nkeyUsage=digitalSignature,keyEncipherment\\n' > extensions
printf 'extendedKeyUsage=serverAuth,clientAuth\\nbasicConstraints=CA:FALSE\\n' >> extensions
openssl x509 -req -in request.pem -CA ca-cert.pem -CAkey ca-key.pem -CAcreateserial -days 2 -extfile extensions \\
    -out server-cert.pem
cp server-cert.pem client-cert.pem
cp server-key.pem client-key.pem
'''
DOMAIN = '''<domain type='qemu'>
  <name>{name}</name><uuid>{uuid}</uuid>
  <memory unit='MiB'>{memory}</memory><vcpu>{harts}</vcpu>
  <os><type arch='riscv64' machine='virt'>hvm</type>
    <kernel>{kernel}</kernel><initrd>{initrd}</initrd><cmdline>console=ttyS0 panic=-1 {words}</cmdline></os>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
  <devices>
    <emulator>{emulator}</emulator>
    <disk type='file' device='disk'><driver name='qemu' type='raw' cache='none'/><source file='{disk}'/>
      <target dev='vda' bus='virtio'/></disk>
    <serial type='pty'><target port='0'/></serial>
    <console type='pty'><target type='serial' port='0'/></console>
    <controller type='usb' model='none'/>
    <memballoon model='virtio'/>
  </devices>
</domain>
'''
GUEST = '11111111-0000-4000-8000-00000000000{}'


class Failure(Exception):
    pass


class Libvirt:
    """A libvirtd of our own."""

    def __init__(self, work, name, ports):
        self.work, self.name = os.path.join(work, name), name
        for folder in ('etc', 'run', 'lib', 'cache', 'log'):
            os.makedirs(os.path.join(self.work, folder), exist_ok=True)
        self.log = os.path.join(self.work, 'log', 'libvirtd.log')
        # Two of one number would take each other for one host.
        uuid = f'aaaaaaaa-1111-4111-8111-{ports[0]:012d}'
        with open(os.path.join(self.work, 'etc', 'libvirtd.conf'), 'w') as out:
            out.write(LIBVIRTD_CONF.format(uuid=uuid, log='/var/log/libvirt/libvirtd.log'))
        with open(os.path.join(self.work, 'etc', 'qemu.conf'), 'w') as out:
            out.write(QEMU_CONF.format(first=ports[0], last=ports[1], pki=os.path.join(work, 'pki')))
        self.uri = f'qemu+unix:///system?socket={self.work}/run/libvirt/libvirt-sock'
        self.process = None

    def start(self):
        binds = {'etc': '/etc/libvirt', 'run': '/run', 'lib': '/var/lib/libvirt', 'cache': '/var/cache/libvirt',
                 'log': '/var/log/libvirt'}
        script = 'set -e\nmount --make-rprivate /\n'
        for folder, place in binds.items():
            script += f'mkdir -p {place}\nmount --bind {self.work}/{folder} {place}\n'
        # Without a PATH to the emulators that the system has, which it would ask all, at each start.
        script += 'PATH=/usr/sbin:/sbin exec libvirtd'
        self.process = subprocess.Popen(
            ['unshare', '--mount', 'sh', '-c', script], stdin=subprocess.DEVNULL,
            stdout=open(os.path.join(self.work, 'log', 'stdout'), 'ab'), stderr=subprocess.STDOUT)
        wait(f'libvirtd {self.name}', 60, lambda: self.virsh('list', check=False)[0] == 0)

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def virsh(self, *words, check=True, timeout=180):
        """Runs virsh; its status and what it printed."""
        command = ['virsh', '-q', '-c', self.uri, *words]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f'virsh {" ".join(words)}: no answer within {timeout} s')
        text = (done.stdout + done.stderr).strip()
        if check and done.returncode:
            raise Failure(f'virsh {" ".join(words)}: {text}\n{self.last_words()}')
        return done.returncode, text

    def domain_log(self, domain):
        try:
            with open(os.path.join(self.work, 'log', 'qemu', f'{domain}.log')) as text:
                return text.read()
        except OSError:
            return ''

    def last_words(self):
        """The end of every domain's log: what the program said."""
        folder = os.path.join(self.work, 'log', 'qemu')
        names = os.listdir(folder) if os.path.isdir(folder) else []
        return '\n'.join(f'--- {name}\n' + '\n'.join(self.domain_log(name[:-4]).splitlines()[-6:]) for name in names)

    def state(self, domain):
        return self.virsh('domstate', domain)[1]

    def clean(self):
        for domain in self.virsh('list', '--name', check=False)[1].split():
            self.virsh('destroy', domain, check=False)
        self.stop()
        # What a libvirtd that did not answer has left.
        folder = os.path.join(self.work, 'run', 'libvirt', 'qemu')
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            if name.endswith('.pid') and not name.startswith('driver'):
                try:
                    with open(os.path.join(folder, name)) as text:
                        os.kill(int(text.read()), signal.SIGKILL)
                except (OSError, ValueError):
                    pass


class Story:
    """All that the guest has printed, at one console after the other; what was printed between two of them is lost."""
    counters = {name: Judge.counters[name] for name in ('tick', 'pages', 'block')}

    def __init__(self, path):
        self.file = open(path, 'w')
        self.lock = threading.Lock()
        self.values = dict.fromkeys(self.counters, 0)
        self.rest, self.last, self.trouble = '', [], None

    def cut(self):
        """Another console: the line that the last one began has no end."""
        with self.lock:
            self.rest = ''
            self.file.write('\n--- another console\n')

    def add(self, text):
        with self.lock:
            self.file.write(text)
            self.file.flush()
            *lines, self.rest = (self.rest + text.replace('\r', '')).split('\n')
            for line in lines:
                self.judge(line)
            self.last = (self.last + lines)[-12:]

    def judge(self, line):
        if TROUBLE.search(line):
            self.trouble = self.trouble or f'the guest says: {line}'
        # One that boots counts from 1.
        if 'GUEST UP' in line:
            self.values = dict.fromkeys(self.counters, 0)
        for name, expression in self.counters.items():
            if match := expression.search(line):
                number, last = int(match.group(1)), self.values[name]
                if number <= last:
                    self.trouble = self.trouble or f'{name} {number} came after {last}'
                self.values[name] = number

    def check(self):
        """Throws what has gone wrong since the last look."""
        with self.lock:
            trouble, self.trouble = self.trouble, None
        if trouble:
            raise Failure(trouble)


class Console:
    """A domain's serial line, read from its terminal all the time."""

    def __init__(self, libvirt, domain, story):
        self.path = libvirt.virsh('ttyconsole', domain)[1]
        self.end = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        subprocess.run(['stty', '-F', self.path, 'raw', '-echo'], check=True)
        self.story = story
        self.story.cut()
        self.text, self.lock, self.is_closed = '', threading.Lock(), False
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def read(self):
        while not self.is_closed:
            if not select.select([self.end], [], [], 0.1)[0]:
                continue
            try:
                text = os.read(self.end, 65536).decode(errors='replace')
            except OSError:
                text = ''
            if not text:
                time.sleep(0.05)  # The program is gone.
                continue
            self.story.add(text)
            with self.lock:
                self.text += text

    def wait(self, pattern, seconds=120):
        """Waits for text that has not been seen yet; what matched is taken out."""
        def look():
            self.story.check()
            with self.lock:
                found = re.search(pattern, self.text)
                if found:
                    self.text = self.text[found.end():]
            return found
        return wait(f"'{pattern}' at the console", seconds, look, lambda: self.text[-400:])

    def forget(self):
        time.sleep(0.2)  # For what is on its way.
        with self.lock:
            self.text = ''

    def type(self, line):
        os.write(self.end, line.encode() + b'\n')

    def goes_on(self):
        """The guest runs: it counts on without a gap, and memory and disk are worked on from where they were."""
        before = dict(self.story.values)
        self.forget()
        last = None
        for _ in range(2):
            number = int(self.wait(r'tick (\d+) ').group(1))
            if last is not None and number != last + 1:
                raise Failure(f'the guest counted from {last} to {number}')
            last = number

        def look():
            self.story.check()
            return all(self.story.values[name] > before[name] for name in before)
        wait('all of the guest to go on', 120, look, lambda: f'from {before} to {self.story.values}')

    def close(self):
        if not self.is_closed:
            self.is_closed = True
            self.reader.join()
            os.close(self.end)


def wait(what, seconds, look, more=lambda: ''):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise Failure(f'{what}: not within {seconds} s {more()}')


class Trial:
    def __init__(self, options, work):
        self.options, self.work = options, work
        self.here = Libvirt(work, 'a', (49152, 49161))
        self.there = None
        self.results = []
        self.story = Story(os.path.join(work, 'console.log'))
        os.mkdir(os.path.join(work, 'pki'))
        subprocess.run(['sh', '-c', CERTIFICATES], cwd=os.path.join(work, 'pki'), check=True, capture_output=True)
        self.disk = os.path.join(work, 'disk.raw')
        with open(self.disk, 'wb') as disk:
            disk.truncate(64 << 20)
        self.xml = os.path.join(work, 'guest.xml')
        with open(self.xml, 'w') as out:
            out.write(DOMAIN.format(
                name='guest', uuid=GUEST.format(1), memory=options.memory, harts=options.harts,
                kernel=os.path.join(options.linux, 'Image'), initrd=os.path.join(options.linux, 'initramfs.gz'),
                words='tick=1 dirty=16:8 blk=1', emulator=options.binary, disk=self.disk))

    def step(self, name, body):
        begin = time.monotonic()
        try:
            said = body()
            self.story.check()
            verdict = 'ok'
        except Failure as failure:
            said = '\n    '.join([str(failure), 'The console\'s last lines:'] + self.story.last)
            verdict = 'FAILED'
        print(f'{verdict:7}{name:34}{time.monotonic() - begin:6.1f} s  {said or ""}', flush=True)
        self.results.append((name, verdict))
        return verdict == 'ok'

    # ---- One libvirt

    def life(self):
        here = self.here
        virsh = here.virsh

        def capabilities():
            text = virsh('domcapabilities', '--emulatorbin', self.options.binary, '--arch', 'riscv64',
                         '--machine', 'virt', '--virttype', 'qemu')[1]
            if "<machine>virt</machine>" not in text:
                raise Failure(text[:400])

        def start():
            virsh('define', self.xml)
            virsh('start', 'guest')
            self.console = Console(here, 'guest', self.story)
            self.console.wait('GUEST UP')

        def typed():
            self.console.type('echo sum $((40 + 2))')
            self.console.wait(r'sum 42')

        def suspend():
            virsh('suspend', 'guest')
            if here.state('guest') != 'paused':
                raise Failure(here.state('guest'))
            self.console.forget()
            time.sleep(2.5)
            if 'tick' in self.console.text:
                raise Failure('the guest runs on')

        def resume():
            virsh('resume', 'guest')
            self.console.goes_on()

        def reset():
            virsh('reset', 'guest')
            self.console.wait('GUEST UP')
            self.console.goes_on()

        def statistics():
            disk = virsh('domblkstat', 'guest', 'vda')[1]
            if 'rd_bytes' not in disk:
                raise Failure(disk)
            virsh('domblkinfo', 'guest', 'vda')
            memory = virsh('dommemstat', 'guest')[1]
            if 'actual' not in memory:
                raise Failure(memory)
            harts = virsh('vcpuinfo', 'guest')[1]
            if harts.count('VCPU:') != self.options.harts:
                raise Failure(harts)
            virsh('domstats', 'guest')
            return ' '.join(memory.split())[:100]

        def balloon():
            def actual():
                return int(re.search(r'actual (\d+)', virsh('dommemstat', 'guest')[1]).group(1))
            virsh('setmem', 'guest', f'{self.options.memory - 32}M', '--live')
            wait('the balloon', 60, lambda: actual() <= (self.options.memory - 31) << 10, lambda: str(actual()))
            virsh('setmem', 'guest', f'{self.options.memory}M', '--live')
            wait('the balloon', 60, lambda: actual() == self.options.memory << 10, lambda: str(actual()))

        def reconnect():
            here.stop()
            self.console.goes_on()
            here.start()
            if here.state('guest') != 'running':
                raise Failure(here.state('guest'))
            self.console.goes_on()

        def monitor():
            text = virsh('qemu-monitor-command', 'guest', '--hmp', 'info status')[1]
            if 'VM status: running' not in text:
                raise Failure(text)
            text = virsh('qemu-monitor-command', 'guest', '{"execute": "query-version"}')[1]
            if 'martlet' not in text:
                raise Failure(text)

        def figures():
            virsh('migrate-setspeed', 'guest', '100')
            if virsh('migrate-getspeed', 'guest')[1] != '100':
                raise Failure('migrate-getspeed')
            virsh('migrate-setmaxdowntime', 'guest', '250', check=False)
            if virsh('migrate-getmaxdowntime', 'guest')[1] not in ('300', '250'):
                raise Failure(virsh('migrate-getmaxdowntime', 'guest')[1])
            virsh('domjobinfo', 'guest')

        def dirty_rate():
            virsh('domdirtyrate-calc', 'guest', '--seconds', '1')
            def look():
                text = virsh('domstats', 'guest', '--dirtyrate')[1]
                return re.search(r'megabytes_per_second=(\d+)', text)
            rate = int(wait('the dirty rate', 30, look).group(1))
            if rate == 0:
                raise Failure('nothing was dirty of a guest that writes')
            return f'{rate} MB/s'

        def save():
            self.file = os.path.join(self.work, 'saved')
            self.console.goes_on()
            virsh('save', 'guest', self.file)
            if here.state('guest') != 'shut off':
                raise Failure(here.state('guest'))
            self.console.close()
            return f'{os.path.getsize(self.file) >> 20} MiB'

        def restore():
            virsh('restore', self.file)
            self.console = Console(here, 'guest', self.story)
            self.console.goes_on()
            self.console.type('echo still $((6 * 7))')
            self.console.wait('still 42')

        def managed_save():
            virsh('managedsave', 'guest')
            self.console.close()
            virsh('start', 'guest')
            self.console = Console(here, 'guest', self.story)
            self.console.goes_on()

        def shutdown():
            # The board has no power button: the request is sent, and the guest powers itself off.
            virsh('shutdown', 'guest')
            self.console.type('poweroff -f')
            wait('the guest to end', 60, lambda: here.state('guest') == 'shut off')
            self.console.close()

        def destroy():
            virsh('start', 'guest')
            virsh('destroy', 'guest')
            if here.state('guest') != 'shut off':
                raise Failure(here.state('guest'))
            virsh('undefine', 'guest')

        steps = [('probe', capabilities), ('define, start', start), ('console', typed), ('suspend', suspend),
                 ('resume', resume), ('reset', reset), ('statistics', statistics), ('balloon', balloon),
                 ('libvirtd restarts', reconnect), ('monitor pass-through', monitor), ('figures', figures),
                 ('domdirtyrate-calc', dirty_rate), ('save', save), ('restore', restore), ('managedsave, start', managed_save),
                 ('shutdown', shutdown), ('destroy, undefine', destroy)]
        for name, body in steps:
            if not self.step(name, body) and name in ('probe', 'define, start', 'restore'):
                return

    # ---- Two of them

    def moves(self):
        here, there = self.here, Libvirt(self.work, 'b', (49162, 49171))
        self.there = there

        def begin():
            there.start()
            here.virsh('define', self.xml)
            here.virsh('start', 'guest')
            with Console(here, 'guest', self.story) as console:
                console.wait('GUEST UP')

        def move(*flags, uri=None, during=None):
            """The guest goes to the other side, with virsh's `flags`; `during` is looked at while it goes."""
            def body():
                source, target = self.sides
                command = ['migrate', '--live', '--unsafe', *flags, 'guest', target.uri]
                if '--tunnelled' not in flags:
                    command.append(uri or 'tcp://127.0.0.1')
                with Console(source, 'guest', self.story) as console:
                    console.goes_on()
                    if during:
                        self.moved = []
                        mover = threading.Thread(
                            target=lambda: self.moved.append(source.virsh(*command, check=False)))
                        mover.start()
                        try:
                            wait('the move to begin', 60,
                                 lambda: 'Unbounded' in source.virsh('domjobinfo', 'guest', check=False)[1])
                            during(source)
                        except Failure:
                            source.virsh('domjobabort', 'guest', check=False)
                            raise
                        finally:
                            mover.join()
                        status, text = self.moved[0]
                        if status:
                            raise Failure(text)
                    else:
                        source.virsh(*command)
                with Console(target, 'guest', self.story) as console:
                    console.goes_on()
                    console.type('echo arrived $((1 + 1))')
                    console.wait('arrived 2')
                if source.virsh('domstate', 'guest', check=False)[1] == 'running':
                    raise Failure('the guest still runs at the source')
                self.sides = [target, source]
                job = source.virsh('domjobinfo', 'guest', '--completed', check=False)[1]
                return ' '.join(re.findall(r'(?:Time elapsed|Total downtime): +\d+ ms|Data total: +[0-9.]+ \w+', job))
            return body

        def ask(source, command):
            return json.loads(source.virsh('qemu-monitor-command', 'guest', json.dumps({'execute': command}))[1])['return']

        def proven(*flags, uri=None, capability=None, parameters=None):
            """A move that is slow until the source's program was seen to have this on. True is for any value."""
            def look(source):
                def is_on():
                    on = [each['capability'] for each in ask(source, 'query-migrate-capabilities') if each['state']]
                    have = ask(source, 'query-migrate-parameters')
                    return (ask(source, 'query-migrate').get('status') == 'active' and capability in [None] + on
                            and all(value in (have.get(name), bool(have.get(name)))
                                    for name, value in (parameters or {}).items()))
                wait(f"{' '.join(flags)} to be on at the source", 30, is_on)
                hurry(source)

            def body():
                slow(self.sides[0])
                return move(*flags, uri=uri, during=look)()
            return body

        def hurry(source):
            """A move that would take minutes, told to hurry while it goes."""
            job = source.virsh('domjobinfo', 'guest')[1]
            if 'Memory remaining' not in job:
                raise Failure(job)
            source.virsh('migrate-setmaxdowntime', 'guest', '400')
            source.virsh('migrate-setspeed', 'guest', '0')

        def slow(source):
            source.virsh('migrate-setspeed', 'guest', '2')

        def abort():
            source, target = self.sides
            slow(source)
            mover = threading.Thread(target=lambda: self.moved.append(source.virsh(
                'migrate', '--live', '--unsafe', 'guest', target.uri, 'tcp://127.0.0.1', check=False)))
            self.moved = []
            mover.start()
            wait('the move to begin', 60,
                 lambda: 'Unbounded' in source.virsh('domjobinfo', 'guest', check=False)[1])
            time.sleep(1)
            source.virsh('domjobabort', 'guest')
            mover.join()
            source.virsh('migrate-setspeed', 'guest', '0')
            if not self.moved[0][0]:
                raise Failure('the move was made')
            if source.state('guest') != 'running':
                raise Failure(source.state('guest'))
            with Console(source, 'guest', self.story) as console:
                console.goes_on()
            return self.moved[0][1].splitlines()[0]

        if not self.step('two libvirtd, start', begin):
            return
        self.sides = [here, there]
        socket = os.path.join(self.work, 'move.sock')
        self.step('migrate --live', move())
        self.step('migrate --live, back', move())
        self.step('migrate --p2p', move('--p2p'))
        self.step('migrate --p2p --tunnelled', move('--p2p', '--tunnelled'))
        self.step('migrate over a Unix socket', move(uri=f'unix://{socket}'))
        self.step('migrate --auto-converge', proven('--auto-converge', capability='auto-converge'))
        self.step('migrate --compressed xbzrle',
                  proven('--compressed', '--comp-methods', 'xbzrle', capability='xbzrle'))
        self.step('migrate --parallel', proven('--parallel', '--parallel-connections', '3', capability='multifd',
                                               parameters={'multifd-channels': 3}))
        self.step('migrate --tls', proven('--tls', uri='tcp://localhost', parameters={'tls-creds': True}))
        self.step('migrate --tls --parallel', proven('--tls', '--parallel', uri='tcp://localhost', capability='multifd',
                                                     parameters={'tls-creds': True}))
        self.step('migrate, domjobabort', abort)
        if self.step('migrate-setspeed', lambda: slow(self.sides[0])):
            self.step('migrate, limits raised on the way', move(during=hurry))
        self.step('destroy', lambda: (self.sides[0].virsh('destroy', 'guest'), None)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--binary', default=os.path.join(ROOT, '.build/release/martlet'))
    parser.add_argument('--linux', default=os.path.join(ROOT, '.guest'))
    parser.add_argument('--memory', type=int, default=160)
    parser.add_argument('--harts', type=int, default=1)
    parser.add_argument('--only', choices=['life', 'moves'])
    parser.add_argument('--keep', action='store_true', help='leave the folder with the logs')
    options = parser.parse_args()
    options.binary, options.linux = os.path.abspath(options.binary), os.path.abspath(options.linux)
    missing = [name for name in ('libvirtd', 'virsh', 'unshare', 'openssl') if not shutil.which(name)]
    missing += [path for path in (options.binary, os.path.join(options.linux, 'Image')) if not os.path.exists(path)]
    if os.geteuid() != 0:
        missing.append('root')
    if missing:
        print('libvirt: not run, as there is no ' + ', no '.join(missing))
        return 3
    work = tempfile.mkdtemp(prefix='martlet-libvirt-')
    trial = Trial(options, work)
    try:
        trial.here.start()
        if options.only != 'moves':
            trial.life()
        if options.only != 'life':
            trial.moves()
    finally:
        for libvirt in (trial.here, trial.there):
            if libvirt:
                libvirt.clean()
        if options.keep:
            print('logs:', work)
        else:
            shutil.rmtree(work, ignore_errors=True)
    failed = [name for name, verdict in trial.results if verdict != 'ok']
    print(f'{len(trial.results) - len(failed)} of {len(trial.results)} steps')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
