"""Runs all points of the benchmark that have no result yet, cheap ones first.

Every point runs in a process of its own and stores its result, so that a stopped run continues.
When all points of a network are there on the validation split, those that are best on it
are measured on the test set, the ones near the float32 network's accuracy with three seeds.

    python benchmarks/plan.py --data data
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from configuration import BASELINES, HERE, Configuration, baseline_record
from curves import headline, pareto_front
from settings import DEFAULTS

NETWORKS = ("lenet-300-100", "lenet-5", "resnet-8", "transformer", "vgg", "resnet-20")
EPOCHS = {
    "lenet-300-100": 40,
    "lenet-5": 30,
    "resnet-8": 40,
    "resnet-20": 30,
    "vgg": 30,
    "transformer": 20,
}
"""Budget of all methods that train."""
COMPILED = ("lenet-300-100",)
"""Networks whose training step XLA makes faster on a CPU."""
CURVES = ("lenet-300-100", "lenet-5", "resnet-8", "transformer")
"""Networks with whole curves; of the others a few settings are tried."""
SEEDS = (0, 1, 2)

SPARSITIES = {
    "lenet-300-100": (0.9, 0.95, 0.97, 0.98, 0.99),
    "lenet-5": (0.95, 0.97, 0.98, 0.99, 0.995),
}
OTHER_SPARSITIES = (0.5, 0.7, 0.8, 0.9, 0.95)
CLUSTERS = (4, 8, 16, 32, 64)
RATES = (0.03, 0.06, 0.1, 0.2, 0.4)
QPS = (-24, -20, -16, -12, -8)
MIDDLE = slice(1, 4)
"""What is tried of such a row where no whole curve is wanted."""


def validation_plan(network: str) -> list[Configuration]:
    """All points of a network on the validation split, cheap ones first.

    Args:
        network: key of `networks.NETWORKS`.

    Returns:
        Configurations in the order in which they are run.
    """
    part = slice(None) if network in CURVES else MIDDLE
    training = {"epochs": EPOCHS[network], "jit": network in COMPILED}
    sparsities = SPARSITIES.get(network, OTHER_SPARSITIES)[part]

    def points(method: str, rows: Iterable[dict]) -> list[Configuration]:
        common = training if "epochs" in DEFAULTS[method] else {}
        return [Configuration(network, method, {**common, **row}) for row in rows]

    pruned = [{"technique": "pruning", "sparsity": s} for s in sparsities]
    entropy = [{"alpha": r} for r in RATES[part]]
    sources = [("tfmot", {**training, **row, "jit": False}) for row in pruned[MIDDLE]]
    return [
        *points(
            "post_training",
            [
                {"precision": precision, "compressor": compressor}
                for precision in ("fp16", "int8", "int4")
                for compressor in ("none", "gzip", "zstd", "xz")
            ],
        ),
        *points("nncodec", [{"qp": qp} for qp in QPS[part]]),
        *points("tfmot", [{**row, "jit": False} for row in pruned]),
        *points("entropy_penalized", [{"rate_weight": r} for r in RATES[part]]),
        *points("keras_ec", entropy),
        *points(
            "nncodec",
            [
                {"source": method, "source_settings": settings, "qp": qp}
                for method, settings in sources
                for qp in QPS[MIDDLE]
            ],
        ),
        *points(
            "nncodec",
            [{"source": "keras_ec", "source_settings": {**training, **row}} for row in entropy],
        ),
        *points(
            "tfmot",
            [
                *({"technique": "clustering", "clusters": c, "jit": False} for c in CLUSTERS[part]),
                *(
                    {"technique": technique, "sparsity": s, "clusters": 16, "jit": False}
                    for technique in ("pruning_clustering", "pcqat")
                    for s in sparsities
                ),
            ],
        ),
    ]


def quick_plan() -> list[Configuration]:
    """A few points of LeNet-300-100 that take minutes, not tuned."""
    training = {"epochs": 8}
    rows = [
        *(("post_training", {"precision": p, "compressor": "xz"}) for p in ("fp16", "int8")),
        *(("tfmot", {**training, "sparsity": s}) for s in (0.9, 0.95)),
        *(
            ("keras_ec", {**training, "jit": True, "fine_tune_epochs": 2, "alpha": a})
            for a in (0.1, 0.3)
        ),
    ]
    return [Configuration("lenet-300-100", *row) for row in rows]


def test_plan(network: str) -> list[Configuration]:
    """Points that were best on the validation split, to be measured on the test set.

    Args:
        network: key of `networks.NETWORKS`.

    Returns:
        Those whose validation results no smaller point of the same curve beats; then the
        headline points with further seeds.
    """
    paths = [c.result_path() for c in validation_plan(network)]
    results = [json.loads(path.read_text()) for path in paths if path.exists()]
    fp32 = baseline_record(network)["validation_error"]
    chosen = [(result, 0) for result in pareto_front(results)]
    chosen += [
        (result, seed)
        for result in headline(results, fp32)
        for seed in SEEDS[1:]
        if result["method"] != "post_training"
    ]
    return [Configuration(network, r["method"], r["settings"], seed, "test") for r, seed in chosen]


def run(configuration: Configuration, data: Path | None, threads: int) -> bool:
    """Runs a point in a process of its own.

    Args:
        configuration: the point.
        data: directory with the data, or None.
        threads: of TensorFlow and BLAS.

    Returns:
        Whether there is a result now.
    """
    if configuration.result_path().exists():
        return True
    folder = configuration.folder()
    folder.mkdir(parents=True, exist_ok=True)
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, str(threads))}
    command = [sys.executable, *configuration.command(str(data))[1:]]
    if data is None:
        command = command[:-2]
    print(
        configuration.network, configuration.name(), configuration.distinct_settings(), flush=True
    )
    with (folder / "log.txt").open("a") as log:
        done = subprocess.run(
            command, cwd=HERE.parent, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    if done.returncode:
        print(f"failed, see {folder / 'log.txt'}", flush=True)
    return done.returncode == 0


def main() -> None:
    """Runs what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="directory with the data; else Keras' own")
    parser.add_argument("--network", choices=NETWORKS, nargs="*", default=NETWORKS)
    parser.add_argument("--method", choices=sorted(DEFAULTS), nargs="*", default=sorted(DEFAULTS))
    parser.add_argument("--quick", action="store_true", help="a few points, minutes")
    parser.add_argument("--validation-only", action="store_true")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    data = arguments.data and arguments.data.resolve()

    if arguments.quick:
        failed = [c for c in quick_plan() if not run(c, data, arguments.threads)]
    else:
        failed = []
        for network in arguments.network:
            if not (BASELINES / f"{network}.json").exists():
                print(f"{network}: left out, there is no pretrained network yet")
                continue
            for plan in (validation_plan, test_plan)[: 1 if arguments.validation_only else 2]:
                configurations = [c for c in plan(network) if c.method in arguments.method]
                failed += [c for c in configurations if not run(c, data, arguments.threads)]
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
