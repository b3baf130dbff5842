# make bench: figures as a table and as build/bench.json. No test passes or fails on a time.
$(BUILD)/tests/bench: tests/bench/bench.c tests/bench/load.c tests/bench/figures.c tests/bench/floors.c tests/bench/report.c tests/bench/serving.c tests/bench/live.c tests/bench/slow_wire.c tests/bench/bench_org.c tests/bench/bench_keys.c tests/bench/bench.h $(OBJ)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) -D_GNU_SOURCE -Itests/bench -o $@ $(filter %.c,$^) $(OBJ) $(LDFLAGS) $(LIBS)

CASES ?= 10000
.PHONY: bench
bench:
	@tools/setup check
	@$(MAKE) --no-print-directory all $(BUILD)/tests/bench
	@$(BUILD)/tests/bench $(CASES)

# The store alone, for profiling.
$(BUILD)/tests/bench_store: tests/bench/bench_store.c $(OBJ)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) -D_GNU_SOURCE -Itests/unit -o $@ $< $(OBJ) $(LDFLAGS) $(LIBS) -lcmocka
.PHONY: bench-store
bench-store: $(BUILD)/tests/bench_store
	@$(BUILD)/tests/bench_store

# Eight nodes as eight processes.
$(BUILD)/tests/processes: tests/bench/processes.c tests/bench/load.c tests/bench/figures.c tests/bench/bench.h $(OBJ)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) -D_GNU_SOURCE -Itests/bench -o $@ $(filter %.c,$^) $(OBJ) $(LDFLAGS) $(LIBS)
.PHONY: bench-processes
bench-processes: $(BUILD)/tests/processes $(BUILD)/faltbok
	@$(BUILD)/tests/processes

# A hub under load, as a process of its own: strangers at its door, and many organisations.
$(BUILD)/tests/hub_bench: tests/bench/hub_bench.c tests/bench/flood.c tests/bench/flood.h tests/bench/load.c tests/bench/figures.c tests/bench/bench.h $(OBJ)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) -D_GNU_SOURCE -Itests/bench -o $@ $(filter %.c,$^) $(OBJ) $(LDFLAGS) $(LIBS)
.PHONY: hub-bench
hub-bench: $(BUILD)/tests/hub_bench $(BUILD)/faltbok-hub
	@$(BUILD)/tests/hub_bench flood
	@$(BUILD)/tests/hub_bench many
