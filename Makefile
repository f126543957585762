# SPDX-License-Identifier: GPL-2.0
# iser_tgt: make help

KVER ?=
# KDIR: any kernel's build directory. KVER: one whose headers this host has installed, or a kernel of Debian (tools/testing/vm/lines), which is
# fetched with its compiler into the cache. Neither: the running kernel.
ifeq ($(KDIR),)
FOREIGN := $(if $(KVER),$(if $(wildcard /lib/modules/$(KVER)/build/Makefile),,$(KVER)))
REL := $(or $(KVER),$(shell uname -r))
KDIR := /lib/modules/$(REL)/build
else
# include/config/kernel.release of Debian's 6.1 has its version there, not the release
REL := $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h 2>/dev/null)
endif

# where the system's Python, which targetcli runs with, looks for what the administrator installs
PYTHON_DIR ?= $(shell /usr/bin/python3 -c 'import site; print(site.getsitepackages()[0])' 2>/dev/null)

BUILD := build/$(REL)
VM := tools/testing/vm
Q := $(if $(V),,@)

export KVER

.PHONY: all links module test-module cover-module run shell check check-all check-debug check-unit faults ha fuzz fuzz-kernel bench bench-speed bench-processors bench-multipath bench-locks bench-profile bench-memory bench-chart lint upstream deb conformance-table install install-ha install-module install-tools uninstall uninstall-ha uninstall-module uninstall-tools clean help crowds soak

all: module

ifneq ($(FOREIGN),)
module:
	$(Q)$(VM)/build-module $(FOREIGN)

test-module:
	$(Q)$(VM)/build-module $(FOREIGN) test
else
# Each kernel has a build directory of links to the sources, so that the objects of two kernels never meet.
links:
	$(if $(wildcard $(KDIR)/Makefile),,$(error kernel headers are missing: apt-get install linux-headers-$(REL)))
	$(Q)mkdir -p $(BUILD)
	$(Q)find $(BUILD) -xtype l -delete
	$(Q)cp -rsfu $(CURDIR)/Kbuild $(CURDIR)/drivers $(BUILD)/

module: links
	$(Q)$(MAKE) --no-print-directory -C $(KDIR) M=$(CURDIR)/$(BUILD) $(KARGS) modules
	$(Q)ln -sf drivers/iser_target/iser_tgt.ko $(BUILD)/iser_tgt.ko
	@echo "built $(BUILD)/iser_tgt.ko"

# what the tests load into their guests besides
test-module: links
	$(Q)mkdir -p $(BUILD)/event
	$(Q)cp -rsfu $(CURDIR)/$(VM)/event/. $(BUILD)/event/
	$(Q)$(MAKE) --no-print-directory -C $(KDIR) M=$(CURDIR)/$(BUILD)/event modules
	$(if $(HAS_KUNIT),$(Q)$(MAKE) --no-print-directory -C $(KDIR) M=$(CURDIR)/$(BUILD)/$(KUNIT_TESTS) CONFIG_ISER_TARGET_KUNIT_TEST=m $(KUNIT_ARGS) modules)

# for fuzzing: cover.ko, and an iser_tgt.ko that calls it at each basic block; in a build directory of their own
cover-module: BUILD := build/$(REL)-cover
cover-module: links
	$(Q)mkdir -p $(BUILD)/cover
	$(Q)cp -rsfu $(CURDIR)/$(VM)/cover/. $(BUILD)/cover/
	$(Q)$(MAKE) --no-print-directory -C $(KDIR) M=$(CURDIR)/$(BUILD)/cover modules
	$(Q)$(MAKE) --no-print-directory -C $(KDIR) M=$(CURDIR)/$(BUILD) KBUILD_EXTRA_SYMBOLS=$(CURDIR)/$(BUILD)/cover/Module.symvers \
		'KCFLAGS=$(KCFLAGS) -fsanitize-coverage=trace-pc' modules

# KUNIT: what vm/build-kunit made, for a kernel that lacks KUnit. With neither the suites are not built.
KUNIT_TESTS := drivers/iser_target/iscsi/tests
HAS_KUNIT = $(KUNIT)$(shell grep -s '^CONFIG_KUNIT=' $(KDIR)/include/config/auto.conf)
KUNIT_ARGS = $(if $(KUNIT),KBUILD_EXTRA_SYMBOLS=$(KUNIT)/Module.symvers 'KCFLAGS=$(KCFLAGS) -include $(CURDIR)/$(VM)/kunit/absent.h')
endif

run:
	$(Q)$(VM)/demo run

shell:
	$(Q)$(VM)/demo shell

check:
	$(Q)$(VM)/check

# everything on every kernel and link
check-all:
	$(Q)ALL=1 INTEGRITY_SECONDS=$(or $(INTEGRITY_SECONDS),8) $(VM)/check

check-debug:
	$(Q)KVER=debug $(VM)/check

# 10 000 sessions, 64 at a time
crowds:
	$(Q)MANY_SESSIONS=$(or $(MANY_SESSIONS),10000) MANY_PARALLEL=$(or $(MANY_PARALLEL),64) TEST=many LINK=$(or $(LINK),rxe) $(VM)/check

# SOAK_SECONDS=n (3600), SOAK_SEED=n
soak:
	$(Q)TEST=soak LINK=$(or $(LINK),rxe) $(VM)/check

check-unit:
	$(Q)$(VM)/deps
	$(Q)$(VM)/in-root unit $(MAKE) --no-print-directory -C tools/testing/unit check

# FAULT_ROUNDS: how often each fault
faults:
	$(Q)FAULT_ROUNDS=$(or $(FAULT_ROUNDS),20) TEST=faults- $(VM)/check

# HA_ROUNDS: how many planned moves, power cuts, cable pulls, stops of Pacemaker and split brains, or one number. HA_FABRIC=iscsi: LIO's iSCSI over
# TCP with ClusterLabs' agents
ha: HA_ROUNDS ?= 50,50,20,20,5
ha:
	$(Q)HA_ROUNDS=$(HA_ROUNDS) TEST=failover $(VM)/check

# SECONDS=n for each of the fuzzers
fuzz:
	$(Q)$(VM)/deps
	$(Q)$(VM)/in-root unit $(MAKE) --no-print-directory -C tools/testing/fuzz fuzz $(if $(SECONDS),SECONDS=$(SECONDS))

# SECONDS=n (600), SEED=n: random PDUs and random changes of the configuration, on the debug kernel
fuzz-kernel:
	$(Q)$(if $(SECONDS),FUZZ_SECONDS=$(SECONDS)) $(if $(SEED),FUZZ_SEED=$(SEED)) KVER=debug LINK=rxe TEST=fuzz- $(VM)/check

# all parts, on one page; KVER, PEERS, POINTS, SESSIONS, FULL, PARTS, ... : Documentation/performance.md
bench:
	$(Q)tools/testing/bench/bench all

bench-speed bench-processors bench-multipath bench-locks bench-profile bench-memory bench-chart:
	$(Q)tools/testing/bench/bench $(@:bench-%=%)

lint:
	$(Q)$(VM)/lint

# DIR: a Linux tree; OUT: where the patches are to be written
upstream:
	$(Q)tools/upstream/series "$(DIR)" "$(OUT)"

# Documentation/conformance.md from the rules and tools/testing/conformance/requirements
conformance-table:
	$(Q)mkdir -p build
	$(Q)tools/testing/conformance/requirements/table page >build/conformance.md
	$(Q)cp build/conformance.md Documentation/conformance.md

install: install-module install-tools

install-module: module
	$(Q)$(MAKE) --no-print-directory -C $(KDIR) M=$(CURDIR)/$(BUILD) INSTALL_MOD_DIR=updates modules_install
	depmod $(REL)

# below PREFIX, except the plug-in, which Python must find
PREFIX ?= /usr/local
TOOLS := iser-tgt-clear iser-tgt-doctor iser-tgt-exporter iser-tgt-move iser-tgt-reload iser-tgt-top
DROP_INS := rtslib-fb-targetctl.service.d target.service.d
COMPLETION := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
UNITS := iser-tgt-exporter.service iser-tgt-textfile.service iser-tgt-textfile.timer
MAN := iser_tgt.4 iser-tgt-clear.8 iser-tgt-doctor.8 iser-tgt-exporter.8 iser-tgt-move.8 iser-tgt-reload.8 iser-tgt-top.8 targetcli-iser.7

install-tools:
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PYTHON_DIR)
	install -m 755 $(TOOLS:%=configfs/%) $(DESTDIR)$(PREFIX)/sbin/
	configfs/rtslib/install $(DESTDIR)$(PYTHON_DIR)
	install -d $(DESTDIR)$(PYTHON_DIR)/iser_tgt_observe
	install -m 644 configfs/observe/iser_tgt_observe/*.py $(DESTDIR)$(PYTHON_DIR)/iser_tgt_observe/
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/share/iser-tgt/prometheus
	for unit in $(UNITS); do sed 's|/usr/sbin/|$(PREFIX)/sbin/|' configfs/observe/$$unit | install -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit; done
	install -m 644 configfs/observe/prometheus-rules.yml configfs/observe/grafana-dashboard.json $(DESTDIR)$(PREFIX)/share/iser-tgt/prometheus/
	install -d $(DESTDIR)$(PREFIX)/share/iser-tgt/convert $(DESTDIR)$(PREFIX)/share/iser-tgt/examples
	install -m 755 configfs/convert/* $(DESTDIR)$(PREFIX)/share/iser-tgt/convert/
	install -m 755 configfs/examples/* $(DESTDIR)$(PREFIX)/share/iser-tgt/examples/
	install -D -m 644 configfs/completion/iser-tgt-clear $(COMPLETION)/iser-tgt-clear
	for tool in $(filter-out iser-tgt-clear,$(TOOLS)); do ln -sf iser-tgt-clear $(COMPLETION)/$$tool; done
	install -D -m 644 configfs/boot/modules-load.conf $(DESTDIR)$(PREFIX)/lib/modules-load.d/iser_tgt.conf
	for dir in $(DROP_INS); do install -D -m 644 configfs/boot/targetctl.conf $(DESTDIR)$(PREFIX)/lib/systemd/system/$$dir/iser-tgt.conf; done
	for page in $(MAN); do install -D -m 644 Documentation/man/$$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$$page; done

# the cluster agents, where Pacemaker and drbd-reactor look for them
OCF_ROOT ?= /usr/lib/ocf
AGENTS := iSERTarget iSERLogicalUnit iSERGate

install-ha:
	install -d $(DESTDIR)$(OCF_ROOT)/resource.d/iser-tgt
	install -m 755 $(AGENTS:%=configfs/ocf/%) $(DESTDIR)$(OCF_ROOT)/resource.d/iser-tgt/
	install -D -m 644 configfs/ocf/functions $(DESTDIR)$(OCF_ROOT)/lib/iser-tgt/functions
	install -m 755 configfs/ocf/fence-peer $(DESTDIR)$(OCF_ROOT)/lib/iser-tgt/

uninstall: uninstall-module uninstall-tools uninstall-ha

uninstall-module:
	find /lib/modules/$(REL)/updates -name 'iser_tgt.ko*' -delete
	-rmdir -p --ignore-fail-on-non-empty /lib/modules/$(REL)/updates/drivers/iser_target
	depmod $(REL)

uninstall-tools:
	configfs/rtslib/install --remove $(DESTDIR)$(PYTHON_DIR)
	rm -rf $(DESTDIR)$(PREFIX)/share/iser-tgt $(DESTDIR)$(PYTHON_DIR)/iser_tgt_observe
	rm -f $(UNITS:%=$(DESTDIR)$(PREFIX)/lib/systemd/system/%)
	rm -f $(TOOLS:%=$(DESTDIR)$(PREFIX)/sbin/%) $(TOOLS:%=$(COMPLETION)/%) $(DESTDIR)$(PREFIX)/lib/modules-load.d/iser_tgt.conf
	for dir in $(DROP_INS); do d=$(DESTDIR)$(PREFIX)/lib/systemd/system/$$dir; rm -f $$d/iser-tgt.conf; [ ! -d $$d ] || rmdir --ignore-fail-on-non-empty $$d; done
	for page in $(MAN); do rm -f $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$$page; done

uninstall-ha:
	rm -rf $(DESTDIR)$(OCF_ROOT)/resource.d/iser-tgt $(DESTDIR)$(OCF_ROOT)/lib/iser-tgt

deb:
	$(Q)tools/build-deb

clean:
	rm -rf build
	$(Q)for dir in unit fuzz conformance integrity; do \
		[ ! -f tools/testing/$$dir/Makefile ] || $(MAKE) --no-print-directory -C tools/testing/$$dir clean; done

help:
	@echo 'make               build iser_tgt.ko for the running kernel, for KDIR=DIR, or for a kernel of Debian: KVER=7.3|6.12-deb13|6.12|6.1|testing|sid|RELEASE'
	@echo 'make run           see it work: boots a virtual machine, exports a disk over iSER, logs in, writes, verifies, measures'
	@echo 'make shell         the same machine, left to you with the target up'
	@echo 'make check         all tests, on each kernel and link where they can differ; KVER=7.3|6.12|6.1 LINK=rxe|siw TEST=NAME select'
	@echo 'make check-all     all tests on every kernel and link: hours'
	@echo 'make check-debug   the tests under a kernel with KASAN, lockdep and more, and one that looks for leaks; LINK= TEST= select'
	@echo 'make crowds        10 000 sessions, 64 at a time; MANY_SESSIONS= MANY_PARALLEL='
	@echo 'make soak          an hour of verified I/O under random faults; SOAK_SECONDS= SOAK_SEED='
	@echo 'make check-unit    only the tests that need no kernel'
	@echo 'make faults        each fault 20 times (FAULT_ROUNDS) at random moments of verified I/O; a table at the end of each log'
	@echo 'make ha            a cluster of two gateways moves and loses power under verified I/O; HA_ROUNDS= (also cables, Pacemaker, split brain) HA_SEED='
	@echo 'make fuzz          the fuzzers of the protocol, five minutes each; SECONDS='
	@echo 'make fuzz-kernel   random PDUs, guided by coverage, and random changes of the configuration, on the debug kernel; SECONDS= SEED='
	@echo 'make bench         all that is measured beside the kernel'\''s own targets, on one page; its parts: bench-speed, bench-processors,'
	@echo '                   bench-multipath, bench-locks, bench-profile, bench-memory; bench-chart: the chart of performance.md'
	@echo 'make lint          checkpatch, sparse, W=1 with gcc and clang, shellcheck'
	@echo 'make conformance-table   Documentation/conformance.md, from the rules and the requirements in tools/testing/conformance'
	@echo 'make upstream      the driver as a series of patches for the Linux tree in DIR=, in build/upstream'
	@echo 'make deb           Debian packages, in build/deb'
	@echo 'make install       install the module for the kernel it is built for, and what makes targetcli know it; make uninstall removes them'
	@echo 'make install-ha    install the cluster agents ocf:iser-tgt:*; make uninstall removes them as well'
	@echo 'make clean         remove all that was built (the test machine itself stays in ~/.cache/iser_tgt)'
