# Two commands are all a new Debian or Ubuntu machine needs:
#
#   make run    installs what is missing, builds the headless program, runs the demo
#   make test   installs what the tests need, then runs every one of them
#
# Go, gcc and make have to be there. apt is called only for packages that are missing.

GO      ?= go
BIN     := bin
PREFIX  ?= /usr/local
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# The tags and flags of the desktop, the same for release and test (scripts/test has them too),
# so that the toolkit is built once for both.
GUI_TAGS := accessibility
LDFLAGS := -s -w -X main.buildVersion=$(VERSION) -X main.buildCommit=$(shell git rev-parse HEAD 2>/dev/null)
# Tools that make test does not run (CONTRIBUTING.md).
GOVULNCHECK := v1.9.0
BENCHSTAT   := v0.0.0-20260908200009-22c9c6c9d4da

.DEFAULT_GOAL := help
.PHONY: help run test gui build build-gui windows dist test-dist install screens fuzz torture bench benchmarks benchstat vulncheck clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## the demo: a tokenless practice cluster becomes a token-signed one
	@scripts/setup run
	@$(MAKE) --no-print-directory build
	@$(BIN)/ctlclient lab demo

test: ## every test, as CI runs them
	@scripts/setup test
	@scripts/test

build: ## the headless program, bin/ctlclient (no X11, no OpenGL)
	@echo "building $(BIN)/ctlclient (the first build takes about a minute)"
	@CGO_ENABLED=1 $(GO) build -trimpath -tags nogui -ldflags '$(LDFLAGS)' -o $(BIN)/ctlclient ./cmd/ctlclient

gui: ## the desktop: installs what is missing, builds it and opens the window
	@scripts/setup gui
	@$(MAKE) --no-print-directory build-gui
	@$(BIN)/ctlclient-desktop

build-gui: ## the desktop program, bin/ctlclient-desktop (the first build takes three to nine minutes)
	@echo "building $(BIN)/ctlclient-desktop (the first build takes three to nine minutes on two cores)"
	@CGO_ENABLED=1 $(GO) build -trimpath -tags '$(GUI_TAGS)' -ldflags '$(LDFLAGS)' -o $(BIN)/ctlclient-desktop ./cmd/ctlclient

windows: ## both Windows programs, dist/*.exe, with mingw-w64
	@scripts/build-windows

dist: ## everything that is handed out, dist/: packages of both systems, SBOM, checksums
	@scripts/setup dist
	@scripts/dist

test-dist: ## dist twice: the same bytes; .deb and .msi (under Wine) leave nothing behind
	@scripts/setup dist
	@scripts/test-dist

install: build-gui ## the desktop program with its icon and menu entry, under PREFIX
	@install -Dm755 $(BIN)/ctlclient-desktop $(DESTDIR)$(PREFIX)/bin/ctlclient-desktop
	@install -Dm644 packaging/linux/ctlclient.desktop $(DESTDIR)$(PREFIX)/share/applications/ctlclient.desktop
	@install -Dm644 packaging/linux/ctlclient.metainfo.xml $(DESTDIR)$(PREFIX)/share/metainfo/io.github.ctlclient.ctlclient.metainfo.xml
	@install -Dm644 packaging/linux/ctlclient.mime.xml $(DESTDIR)$(PREFIX)/share/mime/packages/ctlclient.xml
	@install -Dm644 gui/icon.svg $(DESTDIR)$(PREFIX)/share/icons/hicolor/scalable/apps/ctlclient.svg
	@install -Dm644 gui/icon.png $(DESTDIR)$(PREFIX)/share/icons/hicolor/256x256/apps/ctlclient.png

screens: ## the pictures of docs/screens, taken while the journey runs
	@scripts/setup test
	@GOFLAGS=-trimpath $(GO) test -tags $(GUI_TAGS) -count=1 ./internal/journey -screens $(CURDIR)/docs/screens

fuzz: ## long fuzz rounds of every decoder; FUZZTIME=5m by default
	@scripts/fuzz $(or $(FUZZTIME),5m)

torture: ## jobs under fire, from outside; RUNS=1000 SEED=1 by default, as root with full disks, too
	@scripts/setup test
	@$(GO) test -tags nogui -count=1 -v -timeout 0 ./internal/torture -workers 6 -runs $(or $(RUNS),1000) -seed $(or $(SEED),1)

bench: ## the benchmarks, each beside its limit, written to docs/performance.md (some minutes)
	@$(GO) run ./internal/bench

benchmarks: ## every benchmark, BENCHCOUNT=6 times each, as benchstat reads them
	@$(GO) test -tags nogui -run '^$$' -bench . -benchmem -count $(or $(BENCHCOUNT),6) ./...

benchstat: ## compares old.txt with new.txt, two outputs of make benchmarks
	@$(GO) run golang.org/x/perf/cmd/benchstat@$(BENCHSTAT) old.txt new.txt

vulncheck: ## known weaknesses of what is built in; asks vuln.go.dev
	@$(GO) run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK) -tags nogui ./...

clean: ## remove what was built
	@rm -rf $(BIN) dist
