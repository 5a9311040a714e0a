#!/usr/bin/env bash
# Measures runner and PyTorch in one run, taking turns, so that both meet the
# same noise: peer.sh RESNET_TRAIN_PY [ROUNDS] [NETWORK SIZE BATCH]
# RESNET_TRAIN_PY is a script that takes --model, --size, --batch, --mode and
# --channels-last and prints one JSON line with img_per_s and peak_rss_mib.
# PYTHON chooses the interpreter. Prints medians and ranges in pictures a second.
set -euo pipefail
script=$1 rounds=${2:-5} network=${3:-resnet18} size=${4:-224} batch=${5:-32}
out=$(mktemp)
trap 'rm -f "$out"' EXIT
# A peer that keeps its memory evaluates faster; give it that.
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000 MALLOC_TOP_PAD_=268435456
for _ in $(seq "$rounds"); do
	for mode in train eval; do
		flag=$([ "$mode" = eval ] && echo --evaluate || true)
		bin/runner bench "$network" --size "$size" --batch "$batch" $flag --steps 3 --warmup 1 | sed "s/^/runner $mode /" >>"$out"
		for layout in "" --channels-last; do
			"${PYTHON:-python3}" "$script" --model "$network" --size "$size" --batch "$batch" --mode "$mode" $layout \
				--want 3 --warmup 1 --max-seconds 30 | sed "s/^/torch${layout#--channels} $mode /" >>"$out"
		done
	done
done
python3 - "$out" <<'PY'
import collections, json, statistics, sys
rates, memory = collections.defaultdict(list), collections.defaultdict(list)
for line in open(sys.argv[1]):
    who, mode, text = line.split(" ", 2)
    d = json.loads(text)
    rate = d["img_per_s"] if "img_per_s" in d else d["images_per_second"]
    if isinstance(rate, dict):
        rate = rate.get("median") or rate["all_median"]
    rates[mode, who].append(rate)
    memory[mode, who].append(d.get("peak_rss_mib") or d.get("memory_mib"))
for (mode, who), values in sorted(rates.items()):
    print(f"{mode:6} {who:11} {statistics.median(values):7.2f} [{min(values):.2f}..{max(values):.2f}] images/s, {max(memory[mode, who]):.0f} MiB, {len(values)} runs")
for mode in ("train", "eval"):
    best = max((statistics.median(v), w) for (m, w), v in rates.items() if m == mode and w != "runner")
    print(f"{mode}: runner / {best[1]} = {statistics.median(rates[mode, 'runner']) / best[0]:.2f}")
PY
