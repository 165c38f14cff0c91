# The verbs. `make help` lists them; nothing that belongs to a step is here.
#
#   V=1            shows the commands
#   ROOTFS=debian  gives step 3 a real Debian as its disk

STEPS    := $(patsubst %/Makefile,%,$(wildcard step*/Makefile extensions/*/Makefile))
Q        := $(if $(V),,@)
QUIETLY  := $(if $(V),,-s)
WITH_KVM := tests/lab/with-kvm
KERNEL   := build/linux/bzImage
STEP7    := extensions/step7-net
STEP8    := extensions/step8-pci
DISK     := build/rootfs$(ROOTFS:%=-%).ext4

MAKEFLAGS += --no-print-directory

all: $(STEPS) ## the three VMMs and the extensions (needs a C compiler and NASM)

$(STEPS):
	$(Q)$(MAKE) $(QUIETLY) -C $@

run: run-3 ## boot Linux from a disk on your own VMM

run-1: tools ## step 1: hello from 16-bit code
	$(Q)$(MAKE) $(QUIETLY) step1-hello
	$(Q)$(WITH_KVM) step1-hello/step1-hello

run-2: guests ## step 2: Linux with an initramfs, to a shell
	$(Q)$(MAKE) $(QUIETLY) step2-initramfs
	@echo "To leave: poweroff in the guest, or Ctrl-A x at any time."
	$(Q)$(WITH_KVM) step2-initramfs/step2-initramfs $(KERNEL)-initramfs

run-3: disk ## step 3: Linux from a disk, to a login (ROOTFS=debian: a real Debian)
	$(Q)$(MAKE) $(QUIETLY) step3-virtio
	@echo "To leave: poweroff in the guest, or Ctrl-A x at any time."
	$(Q)$(WITH_KVM) step3-virtio/step3-virtio -d $(DISK) $(KERNEL)

# By number, or an extension by its name; and what it boots
STAGE = $(or $(filter step$*-% extensions/step$*-% extensions/$*,$(STEPS)), \
	$(error There is no step $*))
GUEST = $(if $(wildcard $(STAGE)/virtio-blk.c),-d $(DISK) $(KERNEL), \
	$(if $(wildcard $(STAGE)/boot.c),$(KERNEL)-initramfs))

run-%: guests disk ## an extension (run-4, run-irqchip), or a stage of your own
	$(Q)$(MAKE) $(QUIETLY) $(STAGE)
	@echo "To leave: poweroff in the guest, or Ctrl-A x at any time."
	$(Q)$(WITH_KVM) $(STAGE)/$(notdir $(STAGE)) $(GUEST)

NET_DISK := build/rootfs-net.ext4

run-7: guests disk net-disk ## step 7: with a network (port 8080 here is the guest's 80)
	$(Q)$(MAKE) $(QUIETLY) $(STEP7)
	@echo "To leave: poweroff in the guest, or Ctrl-A x at any time."
	$(Q)LAB_NET=1 $(WITH_KVM) $(STEP7)/with-passt -t 8080:80 \
		$(STEP7)/step7-net -r -d $(NET_DISK) $(KERNEL)

net-disk: kernel
	$(Q)tests/lab/setup net
	$(Q)$(STEP7)/rootfs/build

# Which release, and which of its kernels: cloud or generic
DEBIAN := stable
FLAVOUR := cloud
SYSTEM = build/debian-$(DEBIAN)

run-8: tools system ## step 8: a Debian as it comes (DEBIAN=trixie FLAVOUR=generic)
	$(Q)$(MAKE) $(QUIETLY) $(STEP8)
	@echo "To leave: poweroff in the guest, or Ctrl-A x at any time."
	$(Q)LAB_NET=1 LAB_MEM=2048 $(WITH_KVM) $(STEP8)/with-passt \
		$(STEP8)/step8-pci -m 1024 -s 4 -r -d $(SYSTEM).img \
		-i $(SYSTEM)/initrd-$(FLAVOUR) -c "console=ttyS0 root=/dev/vda1" \
		$(SYSTEM)/vmlinuz-$(FLAVOUR)

system: tools
	$(Q)tests/lab/setup debian net
	$(Q)$(STEP8)/rootfs/build-distribution $(DEBIAN)

test: ## everything needed, then the whole suite
	$(Q)tests/run

test-all: ## the suite and its long tests
	$(Q)$(MAKE) disk ROOTFS=debian
	$(Q)tests/stock-kernels
	$(Q)$(MAKE) test-vtx
	$(Q)KILLS=100 FUZZ_TIME=60 EXERCISES=all tests/run \
		tests/host/*.bats tests/host/long/*.bats tests/*.bats tests/long/*.bats

test-vtx: guests disk ## the steps on an emulated Intel machine
	$(Q)tests/lab/setup vtx
	$(Q)tests/vtx/run

bench: ## speed against QEMU, in reproducible numbers (NATIVE=1, PEER='lkvm run ...')
	$(Q)tests/bench/run

test-bench: bench ## the benchmark, and whether its goals are met
	$(Q)tests/bench/goals

doctor: ## what this machine can do, and how to mend the rest
	$(Q)tests/lab/doctor

lab: guests ## a shell on the emulated machine with KVM, in this directory
	$(Q)tests/lab/setup lab
	$(Q)tests/lab/lab

# Both these, and all others, by the rule that follows
diff-2: ## what step 2 changes in step 1
diff-3: ## what step 3 changes in step 2
diff-%: ## the same for any other; FROM=2 names the one before
	$(Q)docs/tools/step-diff $* $(FROM)

tutorial: ## build/tutorial: the book as a git history, one commit a section
	$(Q)docs/tools/tutorial

docs-check: guests disk net-disk ## replay the book: its code, its builds, its consoles
	$(Q)tests/lab/setup lab workshop net
	$(Q)docs/tools/check

book: ## build/book: the book as a web site, to read without network
	$(Q)tests/lab/setup book
	$(Q)docs/tools/web/build

book-serve: book ## the same at http://localhost:8000/ (PORT=8000)
	$(Q)python3 -m http.server --bind 127.0.0.1 --directory build/book \
		$(or $(PORT),8000)

exercise: ## N=2.3 DIR=~/vmm: a step to work on, without some of its functions
	$(Q)tests/lab/setup build workshop
	$(Q)tests/exercises/exercise make "$(N)" "$(DIR)"

hint: ## N=2.3 RUNG=1: a hint: the idea (1), the specification (2), pseudocode (3)
	$(Q)tests/exercises/exercise hint "$(N)" "$(RUNG)"

grade: guests disk ## N=2.3 DIR=~/vmm, or STEP=2 DIR=...: judge it by the tests
	$(Q)tests/lab/setup workshop
	$(Q)tests/exercises/grade "$(or $(N),$(STEP))" "$(DIR)"

exercises-check: ## each exercise: fails as given, passes when solved
	$(Q)tests/run tests/host/exercises.bats tests/host/long/exercises.bats \
		tests/exercises.bats tests/long/exercises.bats

new-step: ## FROM=3 NAME=9-mine: a stage of your own, to build, run, diff and test
	$(Q)tests/exercises/new-step "$(FROM)" "$(NAME)"

offline: guests disk all ## one archive for machines without network
	$(Q)tests/lab/setup lab
	$(Q)tests/lab/initramfs
	$(Q)tests/lab/offline

fuzz: ## fuzz the devices and the loader (TIME=600 seconds for each)
	$(Q)tests/lab/setup test
	$(Q)$(MAKE) $(QUIETLY) -C tests/fuzz long
	$(Q)$(MAKE) $(QUIETLY) -C tests/fuzz long BUILD=../../build/fuzz/step4 \
		STEP=../../extensions/step4-long-mode
	$(Q)$(MAKE) $(QUIETLY) -C tests/fuzz long BUILD=../../build/fuzz/irqchip \
		STEP=../../extensions/irqchip
	$(Q)$(MAKE) $(QUIETLY) -C tests/fuzz long BUILD=../../build/fuzz/step7 \
		STEP=../../extensions/step7-net
	$(Q)$(MAKE) $(QUIETLY) -C tests/fuzz long BUILD=../../build/fuzz/step8 \
		STEP=../../extensions/step8-pci

clean: ## remove the VMMs (the kernel and the disks stay)
	$(Q)rm -rf $(foreach step,$(STEPS), \
		$(step)/$(notdir $(step)) build/$(notdir $(step))) \
		build/guest build/unit build/fuzz build/static build/exercises \
		build/grade

distclean: clean ## remove everything that was made
	$(Q)rm -rf build

help: ## this table
	@awk -F ':.*## ' '/^[a-z0-9%-]+:.*## / \
		{ printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Missing packages, and what the guests are made of. These know by themselves
# what is there and up to date.
tools:
	$(Q)tests/lab/setup build

# Where build/offline is, they came along (make offline).
guests: kernel
ifeq ($(wildcard build/offline),)
	$(Q)common/linux/build
endif

kernel: tools
ifeq ($(wildcard build/offline),)
	$(Q)tests/lab/setup kernel guests
	$(Q)common/linux/build plain
endif

disk: kernel
ifneq ($(wildcard build/offline),)
else ifeq ($(ROOTFS),debian)
	$(Q)tests/lab/setup debian
	$(Q)step3-virtio/rootfs/build-debian
else
	$(Q)step3-virtio/rootfs/build
endif

.PHONY: all $(STEPS) run run-1 run-2 run-3 test test-all test-vtx bench \
	test-bench doctor lab tutorial docs-check book book-serve exercise hint grade \
	exercises-check new-step offline fuzz clean distclean help tools guests \
	kernel disk net-disk run-7 run-8 system
