/// What `martlet run --help` prints.
let runHelp = """
    OVERVIEW: Run a riscv64 `virt` guest.

    USAGE: martlet run [option ...]

    The options are those of qemu-system-riscv64 -M virt. Sizes take K, M, G, T.

    MACHINE
      -M virt[,aclint=on][,dumpdtb=FILE]  the board; dumpdtb writes its device tree and exits
      -cpu rv64                           the hart
      -smp N                              1 to 8 harts (1)
      -m SIZE                             RAM, in MiB without a suffix (128M)
      -name NAME, -uuid UUID              what query-name and query-uuid answer
      -global virtio-mmio.force-legacy=false   virtio 1.0 on the mmio slots

    BOOT
      -bios default|none|FILE             firmware, raw or ELF (default: OpenSBI, where the system has it)
      -kernel FILE -initrd FILE -append TEXT
      -drive if=pflash,file=FILE,format=raw

    CONSOLE AND CONTROL
      -serial none|stdio|pty|file:PATH|unix:PATH[,server=on,wait=off]|tcp:HOST:PORT[,...]|chardev:ID
      -chardev null|stdio|pty|file|socket,id=ID,...
      -qmp unix:PATH,server=on,wait=off   a QMP monitor; any number of them
      -mon chardev=ID,mode=control
      -monitor none, -display none, -nographic, -nodefaults
      -S                                  do not start the harts; `cont` does
      -incoming URI|defer                 wait for a migration
      -daemonize, -pidfile FILE

    DEVICES (virtio, on the eight mmio slots)
      -drive file=FILE,format=raw,if=none,id=ID   -blockdev driver=file|raw,node-name=ID,...
      -netdev user|socket|tap,id=ID,...
      -device virtio-blk-device,drive=ID    -device virtio-net-device,netdev=ID[,mac=MAC]
      -device virtio-rng-device             -device virtio-balloon-device
      -device virtio-serial-device          -device virtconsole,chardev=ID

    EXAMPLES
      martlet run -m 512M -kernel Image -initrd initramfs.gz -append console=ttyS0
      martlet run -m 1G -smp 4 -nographic -kernel Image -append 'console=ttyS0 root=/dev/vda' \\
          -drive file=disk.img,format=raw,if=none,id=d0 -device virtio-blk-device,drive=d0 \\
          -netdev user,id=n0 -device virtio-net-device,netdev=n0 -qmp unix:vm.sock,server=on,wait=off
      martlet run -m 1G -smp 4 -incoming tcp:0:4444 ...   the same options: the guest arrives there
    """
