# make            build everything          make check   all tests and linters (root: namespaces too)
# make demo       see it work               make bench   figures as JSON lines
# make install    PREFIX=/usr/local DESTDIR=                 make accept  the full promises, 90 minutes
# make deps       fetch what is missing (root)               make lint    and lint-tidy, lint-format ...
# make truth      natprobe behind every NAT, natpunch between all pairs, keepalives for a year, stacks, 50 minutes; SEEDS=10: a tenth
# V=1 shows commands; SAN=1 builds with ASan and UBSan into build/san; CC=clang works too.

VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build$(if $(SAN),/san)$(if $(filter clang%,$(CC)),/clang)
CFLAGS  ?= -O2 -g
Q       := $(if $(V),,@)

PKGS    := libuv libsodium nettle jansson miniupnpc
CMD_PKGS := libqrencode libpcap libmicrohttpd
pkg      = $(shell pkg-config $(1) 2>/dev/null)
PKG_CFLAGS := $(call pkg,--cflags $(PKGS))
WARN    := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Werror
,       := ,
SANFLAGS := $(if $(SAN),-fsanitize=address$(,)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
CPPFLAGS += -Ilib -D_GNU_SOURCE -DNK_VERSION='"$(VERSION)"' -DNK_DATADIR='"$(PREFIX)/share/natkit"' $(PKG_CFLAGS)
ALL_CFLAGS = -std=c17 $(WARN) -fvisibility=hidden -fPIC $(CFLAGS) $(SANFLAGS)
ALL_LDFLAGS = $(LDFLAGS) $(SANFLAGS)
LIBS    := $(call pkg,--libs $(PKGS)) -lm

SOVERSION := 0
LIB_SRC := $(sort $(wildcard lib/base/*.c lib/wire/*.c lib/core/*.c lib/core/*/*.c lib/io/*.c lib/face/*.c lib/desk/*.c lib/*.c))
SIM_SRC := $(sort $(wildcard lib/sim/*.c))
CMDS    := $(notdir $(patsubst %/,%,$(sort $(dir $(wildcard cmd/*/*.c)))))
CMD_SRC := $(sort $(wildcard cmd/*/*.c))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
SIMT_SRC := $(sort $(wildcard tests/sim/test_*.c))
TRUTH_SRC := $(filter-out $(SIMT_SRC),$(sort $(wildcard tests/sim/*.c)))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
TOOL_SRC := $(sort $(wildcard tests/tools/*.c))
KERNEL_SRC := $(sort $(wildcard tests/kernel/*.c))
FLEET_SRC := $(sort $(wildcard tests/speed/fleet_*.c))
SPEED_SRC := $(filter-out $(FLEET_SRC),$(sort $(wildcard tests/speed/*.c)))

obj      = $(patsubst %.c,$(BUILD)/%.o,$(1))
LIB_OBJ := $(call obj,$(LIB_SRC))
SIM_OBJ := $(call obj,$(SIM_SRC))
BINS    := $(addprefix $(BUILD)/bin/,$(CMDS))
UNITS   := $(patsubst tests/%.c,$(BUILD)/tests/%,$(UNIT_SRC) $(SIMT_SRC))
TOOLS   := $(patsubst tests/%.c,$(BUILD)/tests/%,$(TOOL_SRC) $(SPEED_SRC))
NAT_SCRIPT := $(BUILD)/tests/kernel/nat_script
# An ICE agent to race against; left out where there is no compiler for Go, or no pion.
GO_CODE := /usr/share/gocode
ICE_PION := $(if $(and $(shell command -v go),$(wildcard $(GO_CODE)/src/github.com/pion/ice)),$(BUILD)/tests/peers/ice_pion)
TRUTH   := $(addprefix $(BUILD)/tests/sim/,truth pairs alive thirty stacks)
TRUTH_OBJ := $(call obj,$(filter-out $(TRUTH:$(BUILD)/%=%.c),$(TRUTH_SRC)))

.PHONY: all lib tests tools racers check demo bench accept truth lint fuzz install install-files install-texts uninstall deps clean format
all: $(BINS) lib
lib: $(BUILD)/libnatkit.a $(BUILD)/libnatkit.so
tests: $(UNITS) $(TRUTH) $(NAT_SCRIPT)
tools: $(TOOLS)
racers: $(ICE_PION)

# Other flags than last time (another PREFIX, say) mean building anew.
FLAGS := $(CC) $(CPPFLAGS) $(ALL_CFLAGS)
ifneq ($(file <$(BUILD)/flags),$(FLAGS))
$(shell mkdir -p $(BUILD))$(file >$(BUILD)/flags,$(FLAGS))
endif

# Whoever lacks a library is told so before a compiler says it in its own way.
.PHONY: libraries
libraries:
	$(Q)pkg-config --print-errors --exists $(PKGS) $(CMD_PKGS) || \
		{ echo '"sudo make deps" installs what is missing' >&2; exit 1; }

$(BUILD)/%.o: %.c $(BUILD)/flags | libraries
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $<")
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libnatkit.a: $(LIB_OBJ)
	$(if $(V),,@echo "  AR    $@")
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/libnatkit.so: $(LIB_OBJ)
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) -shared -Wl,-soname,libnatkit.so.$(SOVERSION) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/libnatsim.a: $(SIM_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

define link_cmd
$(BUILD)/bin/$(1): $(call obj,$(wildcard cmd/$(1)/*.c)) $(BUILD)/libnatkit.a
	@mkdir -p $$(@D)
	$(if $(V),,@echo "  LD    $$@")
	$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$(filter %.o,$$^) $$(filter %natsim.a,$$^) $(BUILD)/libnatkit.a $$(LIBS)
endef
$(foreach c,$(CMDS),$(eval $(call link_cmd,$(c))))

# This one draws QR codes.
$(BUILD)/bin/natpunch: LIBS += $(call pkg,--libs libqrencode)

# This one sends raw packets, and looks at them.
$(BUILD)/bin/natkeepalive: LIBS += -lnet $(call pkg,--libs libpcap)

# This one looks at packets.
$(BUILD)/bin/natmap: LIBS += $(call pkg,--libs libpcap)

# This one serves its counters over HTTP.
$(BUILD)/bin/natbroker: LIBS += $(call pkg,--libs libmicrohttpd)

# This one has the virtual world in it.
$(BUILD)/bin/natsim: $(BUILD)/libnatsim.a

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/libnatsim.a $(BUILD)/libnatkit.a
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %/libtruth.a,$^) $(BUILD)/libnatsim.a $(BUILD)/libnatkit.a $(LIBS) -lcmocka

# Many hosts at once before one server.
$(BUILD)/tests/speed/fleet: $(call obj,$(FLEET_SRC))

# What plays natprobe and natpunch behind the zoo, in part or as a whole.
$(filter $(BUILD)/tests/sim/%,$(UNITS)) $(TRUTH): $(BUILD)/tests/sim/libtruth.a
$(BUILD)/tests/sim/libtruth.a: $(TRUTH_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# The model against the kernel.
$(NAT_SCRIPT): $(call obj,$(KERNEL_SRC)) $(BUILD)/tests/sim/libtruth.a

# These look at parts of a command.
$(BUILD)/tests/unit/test_report: $(call obj,$(addprefix cmd/natprobe/,advice.c report.c report_json.c report_svg.c report_text.c))
$(BUILD)/tests/unit/test_names: $(call obj,$(addprefix cmd/natsim/,names.c topology.c))
$(BUILD)/tests/unit/test_topology: $(call obj,$(addprefix cmd/natsim/,link_text.c node_text.c topology.c topology_allot.c topology_read.c))
$(BUILD)/tests/unit/test_worlds: $(call obj,cmd/natsim/worlds.c)
$(BUILD)/tests/unit/test_punch_files: $(call obj,$(addprefix cmd/natpunch/,beliefs_file.c broker.c contacts.c environment.c identity_file.c link_file.c seen_file.c))
$(BUILD)/tests/unit/test_natkeepalive: $(call obj,$(addprefix cmd/natkeepalive/,exec.c report.c report_json.c report_text.c watch.c words.c))
$(BUILD)/tests/unit/test_natmap_report: $(call obj,$(addprefix cmd/natmap/,map_draw.c map_report_json.c map_report_svg.c map_report_text.c map_svg_row.c map_words.c quotes.c))
$(BUILD)/tests/unit/test_beliefs_learn: $(call obj,cmd/natpunch/beliefs_learn.c)
$(BUILD)/tests/unit/test_stats_text: $(call obj,cmd/natbroker/stats_text.c)

$(BUILD)/tests/peers/ice_pion: tests/peers/ice_pion.go
	@mkdir -p $(@D)
	$(Q)GO111MODULE=off GOPATH=$(GO_CODE) GOCACHE=$(abspath $(BUILD))/go go build -o $@ $<

$(BUILD)/tests/tools/%: $(BUILD)/tests/tools/%.o
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $<

# What is installed: one object in which only the nk_ names are global.
$(BUILD)/public/libnatkit.a: $(LIB_OBJ)
	@mkdir -p $(@D)
	$(Q)$(LD) -r -o $(@D)/natkit.o $^
	$(Q)objcopy --localize-hidden $(@D)/natkit.o
	$(Q)rm -f $@ && $(AR) rcs $@ $(@D)/natkit.o

PARALLEL := $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc)) --no-print-directory

# Tests; root fetches first what they need, others are told what that is. Processor-bound suites run one per processor;
# those in the lab mostly wait.
check:
	$(Q).ci/deps build lab bench test || test "$$(id -u)" -ne 0
	+$(Q)$(MAKE) $(PARALLEL) SAN=1 all tests tools
	$(Q)NATKIT_BUILD=$(CURDIR)/build/san tests/run -n -j 2 tests/layers.sh tests/lint tests/options.sh \
		tests/install.sh tests/mutants/mutants \
		$(addprefix build/san/,$(UNITS:$(BUILD)/%=%)) -j 6 $(NAT_SCRIPT:$(BUILD)/%=build/san/%) \
		$(sort $(wildcard tests/lab/*.bats))

lint:
	$(Q)tests/run tests/layers.sh tests/lint

# The same checks by name: make lint-tidy, make lint-shellcheck ...
lint-%:
	$(Q)tests/lint $*

format:
	clang-format -i $(shell git ls-files '*.[ch]')

# These three build first; as root they also fetch what is missing. What bench prints is for programs.
RACE_DEPS = $(Q)test "$$(id -u)" -ne 0 || .ci/deps race || echo 'no pion to race against' >&2
demo bench accept: export NATKIT_BUILD = $(CURDIR)/build
demo:
	$(Q).ci/deps build lab
	+$(Q)$(MAKE) -s $(PARALLEL) all tools >&2
	$(Q)tests/lab/private.sh tests/lab/demo
	$(Q)tests/lab/private.sh tests/lab/demo_pair
	$(Q)tests/lab/private.sh tests/lab/demo_map

bench:
	$(RACE_DEPS)
	+$(Q)$(MAKE) -s $(PARALLEL) all tools racers $(TRUTH) >&2
	$(Q)tests/lab/private.sh tests/lab/bench

accept:
	$(RACE_DEPS)
	+$(Q)$(MAKE) -s $(PARALLEL) all tools racers $(TRUTH) $(NAT_SCRIPT) >&2
	$(Q)tests/accept/run

# natprobe behind every NAT of the zoo: what it says, and what is so. natpunch between all pairs of
# NATs: who connects, and how. Keepalives behind every NAT: what they cost, and what is lost all the
# same. Stacks of NATs: which hops keep state, and how long. SEEDS=100 is all tables whole, and the third a year long.
SEEDS ?= 100
truth:
	+$(Q)$(MAKE) -s $(PARALLEL) $(TRUTH)
	$(Q)status=0; $(BUILD)/tests/sim/truth --seeds $(SEEDS) --json $(BUILD)/truth.json || status=$$?; \
		$(BUILD)/tests/sim/pairs --seeds $$((($(SEEDS) + 4) / 5)) --json $(BUILD)/pairs.json \
			--svg $(BUILD)/pairs.svg || status=$$?; \
		$(BUILD)/tests/sim/alive --days $$((($(SEEDS) * 73 + 19) / 20)) --json $(BUILD)/alive.json \
			--svg $(BUILD)/alive.svg || status=$$?; \
		$(BUILD)/tests/sim/stacks --runs $$(($(SEEDS) * 20)) --json $(BUILD)/stacks.json || status=$$?; \
		exit $$status

deps:
	$(Q).ci/deps build lab bench test

# Split in two so that "sudo make install" works on a bare machine; packages set DESTDIR.
install:
	$(if $(DESTDIR),,$(Q).ci/deps build)
	+$(Q)$(MAKE) $(PARALLEL) install-files

INSTALL ?= install
at      = $(DESTDIR)$(PREFIX)
manuals = $(wildcard man/*.$(1))
placed  = sed 's|/usr/local|$(PREFIX)|g' $1 >$(at)/$2/$(notdir $1) && chmod 644 $(at)/$2/$(notdir $1) || exit;
install-files: all $(BUILD)/public/libnatkit.a install-texts
	$(INSTALL) -d $(at)/bin $(at)/lib/pkgconfig $(at)/include \
		$(at)/share/bash-completion/completions $(at)/share/zsh/site-functions \
		$(at)/share/fish/vendor_completions.d
	$(INSTALL) $(BINS) $(at)/bin
	$(INSTALL) -m 644 $(BUILD)/public/libnatkit.a $(at)/lib
	$(INSTALL) $(BUILD)/libnatkit.so $(at)/lib/libnatkit.so.$(VERSION)
	ln -sf libnatkit.so.$(VERSION) $(at)/lib/libnatkit.so.$(SOVERSION)
	ln -sf libnatkit.so.$(SOVERSION) $(at)/lib/libnatkit.so
	$(INSTALL) -m 644 lib/natkit.h $(at)/include
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' natkit.pc.in >$(at)/lib/pkgconfig/natkit.pc
	$(INSTALL) -m 644 $(wildcard completions/bash/*) $(at)/share/bash-completion/completions
	$(INSTALL) -m 644 $(wildcard completions/zsh/*) $(at)/share/zsh/site-functions
	$(INSTALL) -m 644 $(wildcard completions/fish/*) $(at)/share/fish/vendor_completions.d
	$(if $(DESTDIR),,ldconfig || true)

# Manuals and units name the files that they speak of where they are installed.
install-texts:
	$(INSTALL) -d $(at)/share/natkit/natsim $(at)/share/man/man1 $(at)/share/man/man7 $(at)/share/man/man8 \
		$(at)/lib/systemd/system
	$(foreach s,1 7 8,$(foreach m,$(call manuals,$s),$(call placed,$m,share/man/man$s)))
	$(foreach u,$(wildcard share/*.service),$(call placed,$u,lib/systemd/system))
	$(INSTALL) -m 644 $(wildcard share/*.conf share/*.json share/*.example) $(at)/share/natkit
	$(INSTALL) -m 644 $(wildcard share/natsim/*.json) $(at)/share/natkit/natsim

uninstall:
	rm -f $(addprefix $(at)/bin/,$(CMDS)) $(at)/include/natkit.h $(at)/lib/libnatkit.* \
		$(at)/lib/pkgconfig/natkit.pc \
		$(foreach s,1 7 8,$(addprefix $(at)/share/man/man$s/,$(notdir $(call manuals,$s)))) \
		$(addprefix $(at)/share/bash-completion/completions/,$(notdir $(wildcard completions/bash/*))) \
		$(addprefix $(at)/share/zsh/site-functions/,$(notdir $(wildcard completions/zsh/*))) \
		$(addprefix $(at)/share/fish/vendor_completions.d/,$(notdir $(wildcard completions/fish/*))) \
		$(addprefix $(at)/lib/systemd/system/,$(notdir $(wildcard share/*.service)))
	rm -rf $(at)/share/natkit
	$(if $(DESTDIR),,ldconfig || true)

# Fuzzing needs clang. FUZZ_SECONDS for each target; 0 only runs the corpus. The corpus grows in build/fuzz.
FUZZ_SECONDS ?= 30
FUZZ_DIR   := build/fuzz
FUZZ_SAN   := address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_LIB   := $(patsubst %.c,$(FUZZ_DIR)/%.o,$(filter lib/base/% lib/wire/% lib/core/% \
	lib/sim/packet% lib/sim/fragments%,$(LIB_SRC) $(SIM_SRC)))
FUZZERS    := $(patsubst tests/fuzz/%.c,$(FUZZ_DIR)/%,$(FUZZ_SRC))

$(FUZZ_DIR)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  FUZZCC $<")
	$(Q)clang $(CPPFLAGS) -std=c17 $(WARN) -O1 -g -fsanitize=fuzzer-no-link,$(FUZZ_SAN) -MMD -MP -c -o $@ $<

$(FUZZ_DIR)/fuzz_%: $(FUZZ_DIR)/tests/fuzz/fuzz_%.o $(FUZZ_LIB)
	$(if $(V),,@echo "  LD    $@")
	$(Q)clang -fsanitize=fuzzer,$(FUZZ_SAN) -o $@ $^ $(LIBS)

$(FUZZ_DIR)/fuzz_stats: $(FUZZ_DIR)/cmd/natbroker/stats_text.o

fuzz: $(FUZZERS)
	@for f in $(notdir $^); do \
		name=$${f#fuzz_}; corpus=$(FUZZ_DIR)/corpus/$$name; log=$(FUZZ_DIR)/$$f.log; \
		mkdir -p $$corpus && cp tests/fuzz/seeds/$$name/* $$corpus/ && \
		$(FUZZ_DIR)/$$f $(if $(filter 0,$(FUZZ_SECONDS)),-runs=0,-max_total_time=$(FUZZ_SECONDS)) \
			-max_len=4096 -timeout=10 -print_final_stats=1 -artifact_prefix=$(FUZZ_DIR)/$$f- \
			$$corpus >$$log 2>&1 || { tail -n 80 $$log; exit 1; }; \
		echo "  FUZZ  $$name: $$(sed -n 's/^stat::number_of_executed_units: *//p' $$log) runs," \
			"$$(ls $$corpus | wc -l) inputs kept"; \
	done

.SECONDARY:
-include $(patsubst %.o,%.d,$(LIB_OBJ) $(SIM_OBJ) $(call obj,$(CMD_SRC) $(UNIT_SRC) $(SIMT_SRC) $(TRUTH_SRC) $(TOOL_SRC) $(KERNEL_SRC) $(SPEED_SRC) $(FLEET_SRC)))
-include $(FUZZ_LIB:.o=.d) $(FUZZ_DIR)/cmd/natbroker/stats_text.d $(patsubst %.c,$(FUZZ_DIR)/%.d,$(FUZZ_SRC))

clean:
	rm -rf build
