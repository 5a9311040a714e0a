# What a person types. The Go toolchain is pinned in go.mod; with it all figures
# are the same bits everywhere.
export GOTOOLCHAIN := $(shell sed -n 's/^toolchain //p' go.mod)
export CGO_ENABLED := 0
# go-git tells the git state; the build must not need the git program.
export GOFLAGS := -buildvcs=false

.PHONY: build run test bench kills check lint variants arm64 cross generate instructions accessible screenshots

# build makes one static program.
build:
	go build -ldflags='-s -w' -o bin/runner ./runner

# run builds and does the main job.
run: build
	bin/runner apply biomass.yaml

# test runs all tests.
test:
	go test -timeout=30m ./...

# bench measures; it never fails for being slow.
bench:
	go test -run='^$$' -bench=. -benchmem ./runner/internal/kernel ./runner/internal/network ./runner/internal/picture

# instructions counts those of one training step on one thread with AVX2, which
# is the same on every machine and under any load: what ten more steps take.
instructions: build
	@for network in resnet18 mobilenet_v3_small; do \
		for steps in 1 11; do \
			GODEBUG=asyncpreemptoff=1 GOMAXPROCS=1 RUNNER_THREADS=1 RUNNER_SIMD=avx2 \
			valgrind --tool=callgrind --callgrind-out-file=/dev/null \
				bin/runner bench $$network --size 32 --batch 4 --outputs 10 --steps $$steps --warmup 1 2>&1 | \
				sed -n 's/.*Collected : //p'; \
		done | awk -v network=$$network 'NR == 1 { first = $$1 } \
			END { printf "%s, 32 px, batch 4: %.1f million instructions a step\n", network, ($$1 - first) / 10e6 }'; \
	done

# kills ends a small run at 100 random moments and lets it go on.
kills:
	RUNNER_KILLS=100 go test -count=1 -timeout=1h -run='^TestKilled$$' ./runner

# check is what a change must pass: format, vet, staticcheck, tests, the same
# bits on every variant, and that it builds on every platform.
check: generate lint test
	$(MAKE) cross variants

# lint wants formatted and plain code.
lint:
	@unformatted=$$(gofmt -l runner); test -z "$$unformatted" || { echo "gofmt -w $$unformatted"; exit 1; }
	go vet ./...
	go tool staticcheck ./...

# variants trains the smoke recipe with other threads, vector widths and
# instruction sets, and looks for multiply-adds that the compiler fused.
variants:
	GOAMD64=v3 go test -count=1 -run='^TestSameBits$$' ./runner ./runner/internal/network
	go test -count=1 -run='^TestNoFusedMultiplyAdd$$' ./runner -args -disassemble
	$(MAKE) arm64

# arm64 runs the arithmetic's tests and the smoke recipe as on an arm64 processor.
arm64:
	@if command -v qemu-aarch64-static >/dev/null; then \
		GOARCH=arm64 go test -count=1 -exec qemu-aarch64-static ./runner/internal/kernel && \
		GOARCH=arm64 go test -count=1 -short -exec qemu-aarch64-static -run='^TestSameBits$$' ./runner ./runner/internal/network; \
	else echo 'arm64 is NOT tested: that needs qemu-aarch64-static (Debian: apt-get install qemu-user-static)'; fi

cross:
	for os in linux darwin windows; do for arch in amd64 arm64; do \
		GOOS=$$os GOARCH=$$arch go build -o /dev/null ./runner || exit 1; done; done

# generate makes the assembly and the schema of recipes anew and wants no difference.
generate:
	go generate ./...
	git diff --exit-code -- '*.s' '*_stubs_*.go' recipes/recipe.schema.json runner/internal/recipe/keys.json

# accessible has axe-core judge the committed reports; RUNNER_AXE names axe.min.js
# (npm install axe-core).
accessible:
	RUNNER_REPORTS=$(CURDIR)/reports go test -count=1 -v -run='^TestAccessible$$' ./runner/internal/report

# screenshots pictures the top of reports, light and dark, as a headless Chromium shows it.
SHOWN ?= biomass seedlings
screenshots:
	mkdir -p runner/screenshots
	for name in $(SHOWN); do for scheme in 0-dark 1-light; do \
		chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1280,1000 \
			--blink-settings=preferredColorScheme=$${scheme%-*} --screenshot=runner/screenshots/$$name-$${scheme#*-}.png \
			file://$(CURDIR)/reports/$$name/report.html || exit 1; done; done
