# Fältbok. `make` builds the three programs; `make demo`, `make run` and
# `make check` first see to it that the machine has what they need.
#   V=1 shows commands   SAN=1 builds aside with ASan and UBSan   COV=1 counts what is run   CC=clang works

PKGS     := libsodium libuv sqlite3 jansson libutf8proc libzip expat libqrencode libwebsockets openssl libpq $(shell pkg-config --exists msgpack-c && echo msgpack-c || echo msgpack)
BUILD    := build$(if $(SAN),/san)$(if $(FUZZ),/fuzz)$(if $(COV),/cov)
CFLAGS   ?= $(if $(COV),-O1 -g --coverage -fprofile-update=atomic,-O2 -g)
HARDEN   := -fstack-protector-strong -fPIE $(if $(SAN)$(FUZZ),,-D_FORTIFY_SOURCE=2)
FLAGS     = -std=gnu11 -Isrc -Iinclude -MMD -MP -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Werror \
            -DFALTBOK_VERSION='"$(VERSION)"' -ffile-prefix-map=$(CURDIR)=. \
            $(shell pkg-config --cflags $(PKGS)) $(HARDEN) $(CFLAGS) \
            $(if $(SAN),-fsanitize=address -fsanitize=undefined -fno-sanitize-recover=all)
LIBS      = -Wl,--as-needed $(shell pkg-config --libs $(PKGS)) -lm -lpthread
LDFLAGS  += -pie -Wl,-z,relro,-z,now $(if $(SAN),-fsanitize=address -fsanitize=undefined) $(if $(COV),--coverage)
VERSION  := 0.1.0
SAY       = @echo "  $(1)  $@"
Q        := $(if $(V),,@)
CORES    := $(shell nproc 2>/dev/null || echo 1)
# For a make that is called: as many at once as there are cores, or what a make above has given.
JOBS      = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(CORES))

SRC      := $(filter-out src/app/%,$(wildcard src/*/*.c))
OBJ      := $(SRC:%.c=$(BUILD)/%.o) $(BUILD)/web/assets.o
NODE_OBJ := $(filter-out $(BUILD)/src/sim/% $(BUILD)/src/pg/%,$(OBJ))
HUB_LAYERS   := base codec crypto log org sync link peer store pg hub net
AUDIT_LAYERS := base codec crypto log org sync link peer store audit net
objects_of = $(patsubst %.c,$(BUILD)/%.o,$(foreach l,$(1),$(wildcard src/$(l)/*.c)))

PROGRAMS := $(BUILD)/faltbok $(BUILD)/faltbok-hub $(BUILD)/faltbok-audit
APP_COMMON := $(patsubst %.c,$(BUILD)/%.o,$(filter-out src/app/faltbok%.c src/app/node_%.c src/app/hub_%.c src/app/audit_%.c,$(wildcard src/app/*.c)))
APP_HUB  := $(patsubst %.c,$(BUILD)/%.o,$(wildcard src/app/hub_*.c))
APP_AUDIT := $(patsubst %.c,$(BUILD)/%.o,$(wildcard src/app/audit_*.c))
APP_NODE := $(patsubst %.c,$(BUILD)/%.o,$(filter-out src/app/node_library.c,$(wildcard src/app/node_*.c)))
LIBRARY  := $(BUILD)/libfaltbok.a

.PHONY: all
all: $(PROGRAMS) $(LIBRARY)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(if $(COV),-Itests/coverage) $(FLAGS) -c -o $@ $<

$(BUILD)/faltbok: $(BUILD)/src/app/faltbok.o $(APP_COMMON) $(APP_NODE) $(NODE_OBJ)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/faltbok-hub: $(BUILD)/src/app/faltbok-hub.o $(APP_COMMON) $(APP_HUB) $(call objects_of,$(HUB_LAYERS))
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/faltbok-audit: $(BUILD)/src/app/faltbok-audit.o $(APP_COMMON) $(APP_AUDIT) $(call objects_of,$(AUDIT_LAYERS))
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/src/app/node_builtin.o: packaging/profiles/radrum.json packaging/practice/examples.jsonl

# The page: built by npm from its lock file (PAGE=no: without it), then put into the program.
UI       := src/web/ui
PAGE     ?= $(if $(wildcard $(UI)/package.json),yes,no)
DIST     := $(if $(filter no,$(PAGE)),src/web/plain,$(UI)/dist)
$(UI)/dist/index.html: $(shell find $(UI) \( -name node_modules -o -name dist \) -prune -o -type f -print 2>/dev/null) tools/page
	@echo "  PAGE  $@"
	$(Q)tools/page
$(BUILD)/web/assets.c: $(DIST)/index.html tools/embed
	@mkdir -p $(@D)
	@echo "  EMBED $(DIST)"
	$(Q)rm -f $(@D)/*.gz && tools/embed $(DIST) $(@D) >$@.new && mv $@.new $@
$(BUILD)/web/assets.o: $(BUILD)/web/assets.c src/web/web_internal.h
	$(Q)$(CC) $(FLAGS) -c -o $@ $<

# What include/faltbok.h promises, for other programs.
$(LIBRARY): $(BUILD)/src/app/node_library.o $(NODE_OBJ)
	@echo "  AR    $@"
	$(Q)rm -f $@ && ar rcs $@ $^

# ---- tests: each suite ends with its closing line ----

# A suite is a target of its own, PATH.run: `make -j2 -O unit cli` runs several side by side and prints each whole.

# Unit tests: tests/unit/test_X.c is one cmocka program over all layers.
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
$(BUILD)/tests/test_%: tests/unit/test_%.c $(OBJ)
	@mkdir -p $(@D)
	@echo "  TEST  $@"
	$(Q)$(CC) $(FLAGS) -Itests/unit -o $@ $< $(OBJ) $(LDFLAGS) $(LIBS) -lcmocka

# Fuzz targets, compiled with the product's code: replayed over their corpora by
# any compiler, and run by libFuzzer with `make fuzz`.
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
REPLAY := $(FUZZ_TARGETS:%=$(BUILD)/tests/replay_%)
$(BUILD)/tests/replay_%: tests/fuzz/%.c tests/fuzz/replay.c $(OBJ)
	@mkdir -p $(@D)
	@echo "  FUZZ  $@"
	$(Q)$(CC) $(FLAGS) -Itests/unit -o $@ $< tests/fuzz/replay.c $(OBJ) $(LDFLAGS) -Wl,--wrap=err_set,--wrap=err_plain $(LIBS)

CLI := $(wildcard tests/cli/[0-9]*.sh)
.PHONY: unit replay cli $(UNIT:%=%.run) $(CLI:%=%.run)
unit: $(UNIT:%=%.run)
$(UNIT:%=%.run): %.run: %
	@echo "== $<"; $<
cli: $(CLI:%=%.run)
$(CLI:%=%.run): %.run: % all
	@echo "== $<"; $< $(BUILD)
replay: $(REPLAY)
	@for t in $(FUZZ_TARGETS); do $(BUILD)/tests/replay_$$t tests/fuzz/corpus/$$t || exit 1; done >$(BUILD)/replay.out; rc=$$?; cat $(BUILD)/replay.out; exit $$rc
	@awk '{ for (i = 2; i < NF; i++) { if ($$i == "malformed") bad += $$(i - 1); if ($$i ~ /^passed/) all += $$(i - 1) } } \
		END { print all " inputs replayed, " bad " of them malformed, of 3000"; exit bad < 3000 }' $(BUILD)/replay.out

# tools/fuzz-build makes them twice: with sanitizers, which see more, and without, which is ten times as fast.
FUZZ_LINK ?= fuzzer,address,undefined
.PHONY: fuzz-objects
fuzz-objects: $(OBJ)
$(BUILD)/tests/fuzz_%: tests/fuzz/fuzz_%.c $(OBJ)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) -fsanitize=$(FUZZ_LINK) -Itests/unit -o $@ $< $(OBJ) $(LDFLAGS) $(LIBS)

# MINUTES of libFuzzer on each target; finds stay in build/fuzz/.
MINUTES ?= 1
.PHONY: fuzz
fuzz:
	@tools/fuzz $(MINUTES) $(FUZZ_TARGETS)

-include tests/sim/rules.mk
-include tests/counted/rules.mk
-include tests/crash/rules.mk
-include tests/pgcrash/rules.mk
-include tests/bench/rules.mk
-include tests/second/rules.mk
-include tests/universes/rules.mk
-include src/web/ui/rules.mk
-include tests/ui/rules.mk
-include tests/chaos/rules.mk
-include tests/coverage/rules.mk

.PHONY: check-models check-layers check-hands check-absence check-quotes check-page check-clang
check-layers:
	@awk -f tools/check-layers.awk tools/layers $$(find src -name '*.[ch]') && echo "layers hold"
check-hands: $(OBJ)
	@tools/check-hands $(BUILD)
check-absence: all
	@tools/check-absence $(BUILD)
check-models: # minutes: not part of `check`
	@tools/setup models
	@tools/check-models $(BUILD)
	@tools/check-proofs $(BUILD)
check-quotes:
	@tools/check-quotes
# The warnings of the other compiler, over every source.
check-clang:
	@echo $(wildcard src/*/*.c) | xargs -n 1 -P $(CORES) clang -fsyntax-only $(filter-out -MMD -MP,$(FLAGS)) && echo "clang: no warning"

# ---- what people type ----

.PHONY: demo run check test check-page
run:
	@tools/setup
	@$(MAKE) --no-print-directory $(JOBS) all
	@tools/run $(BUILD)
# The page's files as a browser fetches them: compressed, all together at most 250 KB.
check-page: $(BUILD)/web/assets.c
	@cat $(BUILD)/web/*.gz | wc -c | awk '{ print "page: " $$1 " bytes compressed, of 256000"; exit $$1 > 256000 }'
demo:
	@tools/setup
	@$(MAKE) --no-print-directory $(JOBS) all
	@tools/demo $(BUILD)
check:
	@tools/setup check
	@$(MAKE) --no-print-directory test
# What is to be built is built first; then the suites run, as many side by side as there are cores, those that last longest in front.
# One that fails does not keep the others from telling.
SUITES := ui-check chaos-check sim-check san-unit counted pgcrash-check cli unit second universes replay check-clang \
	check-hands check-absence check-quotes check-vectors check-faults check-catalogues ui-unit
test: check-layers
	@$(MAKE) --no-print-directory $(JOBS) all man built
	@$(MAKE) --no-print-directory $(JOBS) -O -k $(SUITES)
	@echo "every suite passed"

.PHONY: san-unit
san-unit:
	@$(MAKE) --no-print-directory $(JOBS) SAN=1 unit
.PHONY: built built-unit
built-unit: $(UNIT)
built: $(UNIT) $(REPLAY) $(BUILD)/sim $(SIM_TESTS) $(BUILD)/counted $(BUILD)/crash $(BUILD)/pgcrash $(CHAOS_TOOLS) $(BUILD)/second/second.mjs $(BUILD)/tests/universes sims
	@$(MAKE) --no-print-directory $(JOBS) SAN=1 built-unit
MAN := $(patsubst packaging/man/%.scd,$(BUILD)/man/%,$(wildcard packaging/man/*.scd))
$(BUILD)/man/%: packaging/man/%.scd
	@mkdir -p $(@D)
	$(Q)scdoc <$< >$@
.PHONY: man
man: $(MAN)

PREFIX ?= /usr/local
.PHONY: install
install: all man
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/man/man1 $(MAN)
	install -D -m 0755 -t $(DESTDIR)$(PREFIX)/bin $(PROGRAMS)
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/include include/faltbok.h
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/lib $(LIBRARY)
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/faltbok/profiles packaging/profiles/*.json

.PHONY: clean
clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
