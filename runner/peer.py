#!/usr/bin/env python3
"""Measures runner and PyTorch in one run, taking turns, so that both meet the same noise.

    peer.py --script resnet_train.py network [--network resnet18] [--size 224] [--batch 32] [--mode train]
    peer.py --script fashion.py fashion --data FOLDER [--model cnn]

--script is the peer's program: it prints one JSON line, with img_per_s and
peak_rss_mib (network) or s_per_epoch and test (fashion). Every --python is one
more peer, each in both memory layouts unless --channels-last leaves one; the best
median of them all is the peer.
Prints medians and ranges.
"""
import argparse, collections, glob, json, os, shutil, statistics, subprocess, sys, tempfile

# A peer that keeps its memory is faster; give it that.
KEEP = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "100000000000", "MALLOC_TOP_PAD_": "268435456"}
CAPPED = {
    "RUNNER_SIMD": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "DNNL_MAX_CPU_ISA": "AVX2",
    "ATEN_CPU_CAPABILITY": "avx2", "OPENBLAS_CORETYPE": "Haswell", "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--script", required=True)
    p.add_argument("--python", action="append", help="an interpreter that has torch; may be repeated")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--channels-last", action="store_true", help="the peer is measured in this layout only")
    p.add_argument("--avx2", action="store_true", help="nobody uses more than AVX2")
    tasks = p.add_subparsers(dest="task", required=True)
    network = tasks.add_parser("network")
    network.add_argument("--network", default="resnet18")
    network.add_argument("--size", default="224")
    network.add_argument("--batch", default="32")
    network.add_argument("--mode", choices=["train", "eval"], default="train")
    fashion = tasks.add_parser("fashion")
    fashion.add_argument("--model", choices=["mlp", "cnn"], default="cnn")
    fashion.add_argument("--epochs", default="3")
    fashion.add_argument("--data", required=True, help="the folder of FashionMNIST's four files")
    return p.parse_args()


def run(command, environment):
    done = subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit status {done.returncode}")
    return done.stdout


def mib(result):
    return result.get("peak_rss_mib") or result.get("memory_mib")


def runner_network(a, environment, _):
    evaluate = ["--evaluate"] if a.mode == "eval" else []
    out = run(["bin/runner", "bench", a.network, "--size", a.size, "--batch", a.batch, "--steps", "3", "--warmup", "1", *evaluate], environment)
    result = json.loads(out)
    return result["images_per_second"], mib(result)


def torch_network(a, python, layout, environment, _):
    out = run([python, a.script, "--model", a.network, "--size", a.size, "--batch", a.batch, "--mode", a.mode, *layout,
               "--want", "3", "--warmup", "1", "--max-seconds", "30"], environment)
    result = json.loads(out)
    rate = result["img_per_s"]
    return rate.get("median") or rate["all_median"], mib(result)


def runner_fashion(a, environment, seed):
    """Trains the recipe as anybody would, in a project of its own, on all 60,000
    pictures as the peer does; an epoch's time is the log's, with everything that
    an epoch does, its checkpoint too."""
    with tempfile.TemporaryDirectory() as project:
        for recipe in glob.glob("recipes/fashion_*.yaml"):
            shutil.copy(recipe, project)
        run(["bin/runner", "apply", f"{project}/fashion_{a.model}.yaml", "--data", a.data, "--name", "peer",
             "--set", f"train.epochs={a.epochs}", "--set", f"train.seed={seed}",
             "--set", "split.validation=0", "--set", "train.keep=last"], {**environment, "RUNNER_STORE": f"{project}/store"})
        with open(glob.glob(f"{project}/**/reports/peer/run.log", recursive=True)[0]) as log:
            seconds = [line["seconds"] for line in map(json.loads, log) if line["message"] == "epoch"]
    return statistics.median(seconds), None


def torch_fashion(a, python, layout, environment, seed):
    out = run([python, a.script, "--model", a.model, "--loader", "tensor", "--epochs", a.epochs, "--seed", str(seed),
               "--data", a.data, "--eval-at", a.epochs, *layout], environment)
    result = json.loads(out)
    return statistics.median(result["s_per_epoch"]["all"]), mib(result)


def main():
    a = arguments()
    rate = a.task == "network"
    ours, theirs = (runner_network, torch_network) if rate else (runner_fashion, torch_fashion)
    environment = {**KEEP, **(CAPPED if a.avx2 else {})}
    values, memory = collections.defaultdict(list), collections.defaultdict(list)

    def note(who, measured):
        values[who].append(measured[0])
        memory[who].append(measured[1] or 0)

    for seed in range(1, a.rounds + 1):
        note("runner", ours(a, environment, seed))
        for python in a.python or ["python3"]:
            for layout in [["--channels-last"]] if a.channels_last else [[], ["--channels-last"]]:
                note(" ".join([python, *layout]), theirs(a, python, layout, environment, seed))
    unit = "images/s" if rate else "s an epoch"
    medians = {who: statistics.median(v) for who, v in values.items()}
    for who, v in values.items():
        peak = f", {max(memory[who]):.0f} MiB" if max(memory[who]) else ""
        print(f"{medians[who]:8.2f} [{min(v):.2f}..{max(v):.2f}] {unit}{peak}, {len(v)} runs: {who}")
    mine = medians.pop("runner")
    best = max(medians, key=medians.get) if rate else min(medians, key=medians.get)
    ratio = mine / medians[best] if rate else medians[best] / mine
    print(f"runner is {ratio:.2f} times as fast as {best}")


main()
