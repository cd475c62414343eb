#!/usr/bin/env python3
"""Martlet with an unmodified libvirt in the driver's seat: one or two private libvirtd, a Debian guest, virsh.

Each libvirtd runs in a mount namespace of its own, in which its directories (/etc/libvirt, /run, /var/lib/libvirt, …) are
folders of a temporary directory: the system's own libvirt, if it has one, is not touched. Needs root, libvirtd, virsh,
and the guest of Scripts/fetch-linux-guest.sh. Exit status 3 when something of that is not there.
"""
import argparse, json, os, re, select, shutil, signal, subprocess, sys, tempfile, time

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
        uuid = f'aaaaaaaa-1111-4111-8111-00000000000{ports[0] % 10}'
        with open(os.path.join(self.work, 'etc', 'libvirtd.conf'), 'w') as out:
            out.write(LIBVIRTD_CONF.format(uuid=uuid, log='/var/log/libvirt/libvirtd.log'))
        with open(os.path.join(self.work, 'etc', 'qemu.conf'), 'w') as out:
            out.write(QEMU_CONF.format(first=ports[0], last=ports[1]))
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


class Console:
    """A domain's serial line, read from its terminal."""

    def __init__(self, libvirt, domain):
        self.path = libvirt.virsh('ttyconsole', domain)[1]
        self.end = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        subprocess.run(['stty', '-F', self.path, 'raw', '-echo'], check=True)
        self.text = ''

    def read(self, seconds=0.2):
        if select.select([self.end], [], [], seconds)[0]:
            try:
                self.text += os.read(self.end, 65536).decode(errors='replace')
            except (BlockingIOError, OSError):
                time.sleep(0.05)

    def wait(self, pattern, seconds=120):
        """Waits for text that has not been seen yet; what matched is taken out."""
        def look():
            self.read()
            found = re.search(pattern, self.text)
            if found:
                self.text = self.text[found.end():]
            return found
        return wait(f"'{pattern}' at the console", seconds, look, lambda: self.text[-400:])

    def forget(self):
        for _ in range(20):
            before = len(self.text)
            self.read(0.02)
            if len(self.text) == before:
                break
        self.text = ''

    def type(self, line):
        os.write(self.end, line.encode() + b'\n')

    def ticks(self, count=2):
        """The guest runs: it counts on without a gap."""
        self.forget()
        last = None
        for _ in range(count):
            number = int(self.wait(r'tick (\d+) ').group(1))
            if last is not None and number != last + 1:
                raise Failure(f'the guest counted from {last} to {number}')
            last = number
        return last

    def close(self):
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
        self.disk = os.path.join(work, 'disk.raw')
        with open(self.disk, 'wb') as disk:
            disk.truncate(64 << 20)
        self.xml = os.path.join(work, 'guest.xml')
        with open(self.xml, 'w') as out:
            out.write(DOMAIN.format(
                name='guest', uuid=GUEST.format(1), memory=options.memory, harts=options.harts,
                kernel=os.path.join(options.linux, 'Image'), initrd=os.path.join(options.linux, 'initramfs.gz'),
                words='tick=1', emulator=options.binary, disk=self.disk))

    def step(self, name, body):
        begin = time.monotonic()
        try:
            said = body()
            verdict = 'ok'
        except Failure as failure:
            said, verdict = str(failure), 'FAILED'
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
            self.console = Console(here, 'guest')
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
            self.console.read(0.1)
            if 'tick' in self.console.text:
                raise Failure('the guest runs on')

        def resume():
            virsh('resume', 'guest')
            self.console.ticks()

        def reset():
            virsh('reset', 'guest')
            self.console.wait('GUEST UP')
            self.console.ticks()

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
            self.console.ticks()
            here.start()
            if here.state('guest') != 'running':
                raise Failure(here.state('guest'))
            self.console.ticks()

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

        def save():
            self.file = os.path.join(self.work, 'saved')
            self.last = self.console.ticks()
            virsh('save', 'guest', self.file)
            if here.state('guest') != 'shut off':
                raise Failure(here.state('guest'))
            self.console.close()
            return f'{os.path.getsize(self.file) >> 20} MiB'

        def restore():
            virsh('restore', self.file)
            self.console = Console(here, 'guest')
            self.console.ticks()
            self.console.type('echo still $((6 * 7))')
            self.console.wait('still 42')

        def managed_save():
            virsh('managedsave', 'guest')
            self.console.close()
            virsh('start', 'guest')
            self.console = Console(here, 'guest')
            self.console.ticks()

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
                 ('save', save), ('restore', restore), ('managedsave, start', managed_save),
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
            console = Console(here, 'guest')
            console.wait('GUEST UP')
            console.close()

        def move(source, target, *flags, uri=None):
            def body():
                last = None
                console = Console(source, 'guest')
                last = console.ticks()
                console.close()
                source.virsh('migrate', '--live', '--unsafe', '--verbose', *flags, 'guest', target.uri,
                             uri or 'tcp://127.0.0.1')
                console = Console(target, 'guest')
                now = console.ticks()
                console.type('echo arrived $((1 + 1))')
                console.wait('arrived 2')
                console.close()
                if now <= last:
                    raise Failure(f'the guest counted {last} before and {now} after')
                if 'shut off' not in source.virsh('domstate', 'guest', check=False)[1]:
                    raise Failure('the guest still runs at the source')
                return source.virsh('domjobinfo', 'guest', '--completed', check=False)[1].split('\n')[1:2]
            return body

        if not self.step('two libvirtd, start', begin):
            return
        self.step('migrate --live', move(here, there))
        self.step('migrate --live back', move(there, here))
        self.step('migrate --live --p2p', move(here, there, '--p2p'))
        self.step('migrate --p2p --tunnelled', move(there, here, '--p2p', '--tunnelled'))
        socket = os.path.join(self.work, 'move.sock')
        self.step('migrate over a Unix socket',
                  move(here, there, uri=f'unix://{socket}'))
        self.step('destroy', lambda: (there.virsh('destroy', 'guest'), None)[1])


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
    missing = [name for name in ('libvirtd', 'virsh', 'unshare') if not shutil.which(name)]
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
