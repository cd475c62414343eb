# Martlet. `make help` lists what is here. Everything that the targets need on a Debian 12 with Swift is installed
# by `deps`; elsewhere it says what is missing.

PREFIX ?= /usr/local
DESTDIR ?=
GUEST ?= embedded
KERNEL ?=
INITRD ?=
RUNS ?= 5
MOVES ?= 100
HARTS ?= 1,2,4
SWIFT ?= swift
BINARY ?= .build/release/martlet
QEMU10 ?= .qemu/10.0.2
QEMU_TRIXIE ?= .qemu/trixie
BUILDFLAGS ?=
TESTFLAGS ?=
E2E ?= yes
TARGET ?=
SECONDS ?= 60

help:
	@echo 'make demo               build, then migrate a running self-checking guest between two processes'
	@echo 'make demo GUEST=linux   the same with the Linux kernel of Debian (KERNEL= INITRD= for your own)'
	@echo 'make build              .build/release/martlet'
	@echo 'make test               what CI runs: format, guests, all tests'
	@echo 'make bench              figures beside QEMU 10.0.2, into Documentation/Benchmarks.md (RUNS=5)'
	@echo 'make dirty              how exactly dirty rates are measured and limits are kept, into Documentation/DirtyRate.md'
	@echo 'make cuts               the connection harmed at every place of a migration (some quarter of an hour)'
	@echo 'make soak               Debian moved 100 times under load, into Documentation/Soak.md (MOVES= HARTS=)'
	@echo 'make test-interop       Debian moved to and from QEMU 7.2, 10.0.2 and 10.0.13, into Documentation/Compatibility.md'
	@echo 'make test-libvirt       an unmodified libvirt starts, saves and moves Debian (as root; fetches Debian'"'"'s libvirt)'
	@echo 'make docs               the libraries'"'"' documentation, into .build/docs, with its links checked'
	@echo 'make fuzz TARGET=       a fuzz target for SECONDS=60, see Documentation/Fuzzing.md'
	@echo 'make install PREFIX=    program, manual page, shell completions (DESTDIR= too)'
	@echo 'make deps               packages that the above need (Debian)'
	@echo 'make clean              remove what was built'

deps:
	@Scripts/install-deps.sh

# Swift's libraries go into the program, so that it runs where no Swift is installed.
build: deps
	$(SWIFT) build -c release --product martlet --static-swift-stdlib $(BUILDFLAGS)

lint:
	$(SWIFT) format lint --strict --recursive Sources Tests Package.swift

guests:
	@Scripts/check-guests.sh

# The end-to-end tests run the release build: a debug build is far too slow to be a computer. E2E=no leaves them out.
# With QEMU 10.0.2 at hand (make peer) they move guests to it and back, too. Debian comes from Debian's archive, once;
# it moves between two Martlets, and between Martlet and the QEMU of this system when that is 7.2 or 10.0. What cannot be
# had for that is said, and its moves are left out.
test: deps lint guests build
	$(SWIFT) build --build-tests $(TESTFLAGS)
	MARTLET_BINARY='$(if $(filter yes,$(E2E)),$(abspath $(BINARY)))' $(SWIFT) test --skip-build $(TESTFLAGS)
ifeq ($(E2E),yes)
	Scripts/soak.py --binary '$(BINARY)' --moves 10 --harts 1,2 --transport unix+tcp --optional
	Scripts/interop.py --binary '$(BINARY)' --harts 1,4 --short --optional
	Scripts/clients.py --binary '$(BINARY)' --optional
endif

demo: build
	@Scripts/demo.py --binary '$(BINARY)' --guest '$(GUEST)' --kernel '$(KERNEL)' --initrd '$(INITRD)'

linux-guest: deps
	@Scripts/fetch-linux-guest.sh .guest

peer:
	Scripts/install-qemu-10.sh '$(QEMU10)'

peers: peer
	Scripts/install-qemu-10.sh '$(QEMU_TRIXIE)' trixie

# All crossings between Martlet and three releases of QEMU, and the table that comes of them.
test-interop: build linux-guest peers
	Scripts/interop.py --binary '$(BINARY)' --linux .guest --round-trips 20 --table --peer qemu-system-riscv64 \
	    --peer '$(QEMU10)/bin/qemu-system-riscv64' --peer '$(QEMU_TRIXIE)/bin/qemu-system-riscv64'

# Debian's libvirt, unmodified, with Martlet for its emulator. Needs root, for mounts that only it sees. Installs libvirt,
# which no other target needs.
test-libvirt: build linux-guest
	@Scripts/install-deps.sh libvirt
	Scripts/libvirt.py --binary '$(BINARY)' --linux .guest --harts 2

docs:
	$(SWIFT) build $(TESTFLAGS)
	@Scripts/check-docs.sh .build/docs

soak: build linux-guest
	Scripts/soak.py --binary '$(BINARY)' --moves '$(MOVES)' --harts '$(HARTS)' --json .build/soak.json \
	    --markdown Documentation/Soak.md

dirty: build linux-guest
	Scripts/dirty.py --binary '$(BINARY)' --linux .guest --json .build/dirty.json --markdown Documentation/DirtyRate.md

cuts: build
	Scripts/cuts.py --binary '$(BINARY)' --json .build/cuts.json

bench: build linux-guest peer
	Benchmarks/bench.py --binary '$(BINARY)' --peer '$(QEMU10)/bin/qemu-system-riscv64' --runs '$(RUNS)' \
	    --linux .guest --json .build/bench.json --markdown Documentation/Benchmarks.md

fuzz:
	@[ -n '$(TARGET)' ] || { echo 'make fuzz TARGET=stream|workbench|devices|qmp|options|qcow2 SECONDS=60' >&2; exit 1; }
	Scripts/fuzz.sh '$(TARGET)' '$(SECONDS)'

install:
	@[ -x '$(BINARY)' ] || { echo 'make install: no $(BINARY): run make build first' >&2; exit 1; }
	install -D -s -m 755 '$(BINARY)' '$(DESTDIR)$(PREFIX)/bin/martlet'
	install -D -m 644 Documentation/martlet.1 '$(DESTDIR)$(PREFIX)/share/man/man1/martlet.1'
	install -d '$(DESTDIR)$(PREFIX)/share/bash-completion/completions' '$(DESTDIR)$(PREFIX)/share/zsh/site-functions' \
	    '$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d'
	'$(BINARY)' --generate-completion-script bash > '$(DESTDIR)$(PREFIX)/share/bash-completion/completions/martlet'
	'$(BINARY)' --generate-completion-script zsh > '$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_martlet'
	'$(BINARY)' --generate-completion-script fish > '$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/martlet.fish'

clean:
	$(SWIFT) package clean
	rm -rf .guest .qemu

.PHONY: help deps build lint guests test demo linux-guest peer peers test-interop test-libvirt docs soak dirty cuts bench fuzz install clean
