# Crash points of a hub's store in PostgreSQL (tests/pgcrash/README.md). Included by the Makefile.
PGCRASH_SRC  := $(wildcard tests/pgcrash/*.c) $(filter-out tests/crash/main.c tests/crash/stop.c,$(CRASH_SRC))
PGCRASH_WRAP := $(SIM_WRAP) -Wl,--wrap=PQsendQuery,--wrap=PQsendPrepare,--wrap=PQsendQueryPrepared,--wrap=PQputCopyData,--wrap=PQputCopyEnd,--wrap=PQgetResult,--wrap=PQconsumeInput,--wrap=PQisBusy,--wrap=PQconnectStartParams,--wrap=PQconnectPoll,--wrap=poll
$(BUILD)/pgcrash: $(PGCRASH_SRC) $(wildcard tests/pgcrash/*.h tests/crash/*.h) $(wildcard tests/counted/room*.h) $(CRASH_APP) $(OBJ)
	@echo "  LINK  $@"
	$(Q)$(CC) $(filter-out -MMD -MP,$(FLAGS)) -o $@ $(PGCRASH_SRC) $(CRASH_APP) $(OBJ) $(LDFLAGS) $(PGCRASH_WRAP) $(LIBS)

# A slice with every commit another; all of it is an hour.
PGCRASH_STEP ?= 200
.PHONY: pgcrash pgcrash-check
pgcrash-check: $(BUILD)/pgcrash
	@$(BUILD)/pgcrash --step $(PGCRASH_STEP) --seed $$(git rev-list --count HEAD 2>/dev/null || echo 1)
pgcrash: $(BUILD)/pgcrash
	@$(BUILD)/pgcrash --list --seed $$(git rev-list --count HEAD 2>/dev/null || echo 1)
