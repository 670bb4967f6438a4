# make            build everything          make check   all tests and linters (root: namespaces too)
# make demo       see it work               make bench   figures as JSON lines
# make install    PREFIX=/usr/local DESTDIR=
# V=1 shows commands; SAN=1 builds with ASan and UBSan into build/san; CC=clang works too.

VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build$(if $(SAN),/san)$(if $(filter clang%,$(CC)),/clang)
CFLAGS  ?= -O2 -g
Q       := $(if $(V),,@)

PKGS    := libuv libsodium nettle jansson
WARN    := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Werror
SANFLAGS := $(if $(SAN),-fsanitize=address$(,)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
,       := ,
CPPFLAGS += -Ilib -D_GNU_SOURCE -DNK_VERSION='"$(VERSION)"' -DNK_DATADIR='"$(PREFIX)/share/natkit"' $(shell pkg-config --cflags $(PKGS))
ALL_CFLAGS = -std=c17 $(WARN) -fvisibility=hidden -fPIC $(CFLAGS) $(SANFLAGS)
ALL_LDFLAGS = $(LDFLAGS) $(SANFLAGS)
LIBS    := $(shell pkg-config --libs $(PKGS)) -lm

LIB_SRC := $(sort $(wildcard lib/base/*.c lib/wire/*.c lib/core/*.c lib/core/*/*.c lib/io/*.c lib/face/*.c lib/*.c))
SIM_SRC := $(sort $(wildcard lib/sim/*.c))
CMDS    := $(notdir $(patsubst %/,%,$(sort $(dir $(wildcard cmd/*/*.c)))))
CMD_SRC := $(sort $(wildcard cmd/*/*.c))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
SIMT_SRC := $(sort $(wildcard tests/sim/test_*.c))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
TOOL_SRC := $(sort $(wildcard tests/tools/*.c))

obj      = $(patsubst %.c,$(BUILD)/%.o,$(1))
LIB_OBJ := $(call obj,$(LIB_SRC))
SIM_OBJ := $(call obj,$(SIM_SRC))
BINS    := $(addprefix $(BUILD)/bin/,$(CMDS))
UNITS   := $(patsubst tests/%.c,$(BUILD)/tests/%,$(UNIT_SRC) $(SIMT_SRC))
TOOLS   := $(patsubst tests/%.c,$(BUILD)/tests/%,$(TOOL_SRC))

.PHONY: all lib tests tools check demo bench accept truth lint fuzz install uninstall deps clean format
all: $(BINS) lib
lib: $(BUILD)/libnatkit.a $(BUILD)/libnatkit.so
tests: $(UNITS)
tools: $(TOOLS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $<")
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libnatkit.a: $(LIB_OBJ)
	$(if $(V),,@echo "  AR    $@")
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/libnatkit.so: $(LIB_OBJ)
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) -shared -Wl,-soname,libnatkit.so.0 $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/libnatsim.a: $(SIM_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

define link_cmd
$(BUILD)/bin/$(1): $(call obj,$(wildcard cmd/$(1)/*.c)) $(BUILD)/libnatkit.a
	@mkdir -p $$(@D)
	$(if $(V),,@echo "  LD    $$@")
	$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(LIBS)
endef
$(foreach c,$(CMDS),$(eval $(call link_cmd,$(c))))

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/libnatsim.a $(BUILD)/libnatkit.a
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(BUILD)/libnatsim.a $(BUILD)/libnatkit.a $(LIBS) -lcmocka

.SECONDARY:
-include $(patsubst %.o,%.d,$(LIB_OBJ) $(SIM_OBJ) $(call obj,$(CMD_SRC) $(UNIT_SRC) $(SIMT_SRC) $(TOOL_SRC)))

clean:
	rm -rf build
