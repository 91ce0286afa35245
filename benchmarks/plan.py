"""Runs all points of the benchmark that have no result yet, cheap ones first.

Every point runs in a process of its own and stores its result, so that a stopped run continues.
When all points of a network are there on the validation split, those that are best on it
are measured on the test set, the smallest near the float32 network's accuracy with three seeds.

    python benchmarks/plan.py --data data
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from configuration import BASELINES, HERE, Configuration, baseline_record
from curves import pareto_front, repeated
from processor import computes_bfloat16
from settings import DEFAULTS

NETWORKS = ("lenet-300-100", "lenet-5", "resnet-8", "transformer", "vgg", "resnet-20")
EPOCHS = {
    "lenet-300-100": 40,
    "lenet-5": 30,
    "resnet-8": 12,
    "resnet-20": 12,
    "vgg": 12,
    "transformer": 20,
}
"""Budget of all methods that train."""
TRAINING = {"lenet-300-100": {"shift": 1}, "lenet-5": {"shift": 1}}
"""Settings of all trainings that are not the defaults, chosen on the validation split."""
NORMALIZED = ("resnet-8", "resnet-20", "vgg")
"""Networks with batch normalization."""
LIBRARY = {"largest_gap": True, "restart": True}
"""Settings of keras_ec that are the library's now, or advised, and are not the defaults."""
CONSTRAINED = {
    "lenet-300-100": {"ramp": 0.05, "distillation": 0.0},
    "lenet-5": {"fine_tune_epochs": 4, "vector_bits": 5, "ramp": 0.05},
    "resnet-8": {"fine_tune_epochs": 2, "vector_bits": 8, "ramp": 0.05},
    "resnet-20": {"fine_tune_epochs": 2, "vector_bits": 8, "ramp": 0.05},
    "vgg": {"fine_tune_epochs": 2, "vector_bits": 8, "ramp": 0.05, "distillation": 0.0},
    "transformer": {
        "rate_model": "geometric",
        "distillation": 0.0,
        "fine_tune_epochs": 1,
        "trained_vector_bits": 4,
    },
}
"""Settings of keras_ec alone that are not the defaults."""
COMPILED = ("lenet-300-100", "transformer")
"""Networks whose training step XLA makes faster on a CPU."""
HALF_PRECISION = ("lenet-5", *NORMALIZED)
"""Networks of convolutions, which CPUs with such units train in half the time with bfloat16."""
CURVES = ("lenet-300-100", "lenet-5", "resnet-8", "transformer")
"""Networks with whole curves; of the others a few settings are tried, one of TFMOT."""
QUICK = "lenet-300-100"
SEEDS = (0, 1, 2)

# rows of settings, the most informative first
SPARSITIES = {
    "lenet-300-100": (0.98, 0.95, 0.99, 0.97, 0.9),
    "lenet-5": (0.99, 0.97, 0.995, 0.98, 0.95),
    "resnet-8": (0.5, 0.7, 0.8, 0.9, 0.95),
    "resnet-20": (0.5,),
    "vgg": (0.7,),
}
OTHER_SPARSITIES = (0.8, 0.9, 0.7, 0.95, 0.5)
SMALL_KERNELS = ("transformer",)
"""Networks of small kernels alone, which are all pruned to the sparsity of a row."""
CLUSTERS = (16, 8, 32, 4, 64)
RATES = {
    "lenet-300-100": (0.8, 1.6, 0.4, 3.2, 0.2, 0.1, 0.05),
    "lenet-5": (1.6, 0.8, 3.2),
    "resnet-8": (0.4, 0.6, 0.2),
    "transformer": (0.4, 0.8, 1.6),
}
OTHER_RATES = (0.4,)
"""With distillation, which is not in the publication: fewer, but where it was tried first."""
PUBLISHED_RATES = {"vgg": (0.15, 0.05, 0.3)}
OTHER_PUBLISHED_RATES = (0.6, 0.3, 0.15, 1.2, 2.4)
"""Without distillation, which triples the gradient of the task."""
CENTERS_AND_PRICES = {
    "resnet-8": ((15, 0.4), (15, 0.8), (15, 1.6), (7, 0.4), (7, 0.2), (3, 0.2), (3, 0.1)),
    "resnet-20": ((15, 0.4), (15, 1.6), (15, 6.4)),
    "vgg": ((15, 0.4), (15, 1.6), (15, 6.4)),
}
FINE_BELOW = {"fine_below": 1024}
"""What gives more centers to kernels of fewer weights, where it is tried."""
FINER_ALPHAS = {"resnet-8": (0.15, 0.2, 0.3, 0.1, 0.4)}
"""Of keras_ec with it."""
FINER_PRICES = {"resnet-8": (1.6,)}
"""Of ECQ with it and 15 centers in all others."""
OTHER_CENTERS_AND_PRICES = ((15, 0.4), (3, 0.2), (3, 0.1), (7, 0.4), (15, 0.1))
"""Centers and price of a bit, for ECQ."""
ALPHAS = {
    "lenet-300-100": (0.3, 0.15, 0.6, 0.4, 0.08),
    "lenet-5": (1.8, 1.4, 0.7, 0.35, 3.0),
    "resnet-8": (0.15, 0.2, 0.3, 0.1, 0.4),
    "transformer": (0.5, 0.3, 1.0, 0.15, 2.0),
    "vgg": (0.1, 0.03, 0.015),
}
OTHER_ALPHAS = (0.2, 0.1, 0.3)
DENSE = ("lenet-300-100", "lenet-5", "transformer")
"""Networks of which units die, mostly in dense layers: they are shipped without these as well."""
UNQUANTIZED = ("transformer",)
"""Networks of which TFMOT cannot make a quantization-aware one, since it loses the heads' slices.

There its route of pruning and clustering ends before that stage.
"""
FREE_CENTERS = (
    {"center_type": "free", "alpha": 1.0},
    {"center_type": "free", "alpha": 0.5},
)
"""Run where there are curves; alpha is a multiple of the network's first one."""
GAUSSIAN = (
    {"forward": "gaussian", "alpha": 1.0},
    {"forward": "gaussian", "alpha": 4.0},
)
"""The same for the Gaussian forward pass, which takes two to three times as long: on `SAMPLED`."""
SAMPLED = ("lenet-300-100",)
"""Networks on which it is run."""
DISTILLED = {"distillation": 0.7}
"""What keras_ec does by default and helps entropy-penalized reparameterization as well."""
TAUGHT = {**DISTILLED, "teacher": "vgg"}
"""What the most accurate of the pretrained networks adds as a teacher of others."""
TAUGHT_ALPHAS = {"resnet-8": (0.4,), "resnet-20": (0.3,)}
"""Of keras_ec with it."""
TAUGHT_RATES = {"resnet-8": (0.9,)}
"""Of reparameterization with it."""
QPS = (-12, -10, -16, -20, -24)
NORMALIZED_QPS = (-24, -20, -28, -16, -32)
"""Of networks with normalization, which bear less."""
FIRST = slice(3)
"""What is tried of a row where no whole curve is wanted."""
ONE = slice(1)
"""The same, of methods that are far behind where they were run."""


def validation_plan(network: str) -> list[Configuration]:
    """All points of a network on the validation split, cheap ones first.

    Args:
        network: key of `networks.NETWORKS`.

    Returns:
        Configurations in the order in which they are run, with the precision of training of
        `runnable`.
    """
    part, least = (slice(None),) * 2 if network in CURVES else (FIRST, ONE)
    qps = NORMALIZED_QPS if network in NORMALIZED else QPS
    training = {"epochs": EPOCHS[network], **TRAINING.get(network, {})}
    half = {"policy": "mixed_bfloat16" if network in HALF_PRECISION else "float32"}
    compiled = {**training, **half, "jit": network in COMPILED}
    shares = ("sparsity", "small_sparsity") if network in SMALL_KERNELS else ("sparsity",)
    sparse = [dict.fromkeys(shares, s) for s in SPARSITIES.get(network, OTHER_SPARSITIES)[least]]
    pruned = [{**training, **half, "technique": "pruning", **row} for row in sparse]
    rates = RATES.get(network, OTHER_RATES)
    penalized = [{**compiled, **DISTILLED, "rate_weight": r} for r in rates]
    rates = PUBLISHED_RATES.get(network, OTHER_PUBLISHED_RATES)[part]
    published = [{**compiled, "rate_weight": r} for r in rates]
    constrained = {**compiled, **LIBRARY, **CONSTRAINED.get(network, {})}
    entropy = [{**constrained, "alpha": a} for a in ALPHAS.get(network, OTHER_ALPHAS)[part]]
    variants = [
        *(FREE_CENTERS if network in CURVES else ()),
        *(GAUSSIAN if network in SAMPLED else ()),
    ]
    without_dead = [{**row, "remove_dead": True} for row in entropy if network in DENSE]
    varied = [{**constrained, **v, "alpha": v["alpha"] * entropy[0]["alpha"]} for v in variants]
    finer = [{**constrained, **FINE_BELOW, "alpha": a} for a in FINER_ALPHAS.get(network, ())]
    taught = [
        *(("keras_ec", {**constrained, "alpha": a}) for a in TAUGHT_ALPHAS.get(network, ())),
        *(
            ("entropy_penalized", {**compiled, "rate_weight": r})
            for r in TAUGHT_RATES.get(network, ())
        ),
    ]
    common = {key: value for key, value in constrained.items() if key in DEFAULTS["ecq"]}
    pairs = CENTERS_AND_PRICES.get(network, OTHER_CENTERS_AND_PRICES)
    assigned = [{**common, "centers": k, "price": price} for k, price in pairs]
    prices = FINER_PRICES.get(network, ())
    assigned += [{**common, **FINE_BELOW, "price": price} for price in prices]
    quantized = [
        {"precision": precision, "compressor": compressor}
        for precision in ("fp16", "int8", "int4")
        for compressor in ("none", "gzip", "zstd", "xz")
    ]
    # TFMOT clusters in float32 alone
    clustered = [{**training, "technique": "clustering", "clusters": c} for c in CLUSTERS[least]]
    technique = "pruning_clustering" if network in UNQUANTIZED else "pcqat"
    combined = [{**training, "technique": technique, **row} for row in sparse[FIRST]]
    compressed = [{"compressor": compressor} for compressor in ("gzip", "zstd", "xz")]
    rows = [
        *(("post_training", row) for row in quantized),
        *(("nncodec", {"qp": qp}) for qp in qps[part]),
        *(
            ("tfmot", {**row, "precision": precision, **compressor})
            for row in pruned
            for precision in ("int8", "fp32")
            for compressor in compressed
        ),
        *(("entropy_penalized", row) for row in penalized),
        *(("keras_ec", row) for row in [*entropy, *without_dead, *finer, *varied]),
        *(("entropy_penalized", row) for row in published),
        *((method, {**row, **TAUGHT}) for method, row in taught),
        *(("ecq", row) for row in assigned),
        *(
            ("nncodec", {"source": "tfmot", "source_settings": row, "qp": qp})
            for row in pruned[FIRST]
            for qp in qps[FIRST]
        ),
        *(("nncodec", {"source": "keras_ec", "source_settings": row}) for row in entropy),
        *(
            ("tfmot", {**row, **compressor})
            for row in [*clustered, *combined]
            for compressor in compressed
        ),
    ]
    return [runnable(Configuration(network, *row)) for row in rows]


def runnable(configuration: Configuration) -> Configuration:
    """A point, or the same in float32 where that has been run or this machine is made for it.

    Processors without instructions for bfloat16 take 5 to 16 times as long with it. Of a network
    that another method trains, what has been run is coded.
    """
    settings = configuration.settings
    if configuration.result_path().exists():
        return configuration
    if settings.get("source"):
        trained = dataclasses.replace(
            configuration, method=settings["source"], settings=settings["source_settings"]
        )
        settings = {**settings, "source_settings": runnable(trained).settings}
        return dataclasses.replace(configuration, settings=settings)
    if settings.get("policy", "float32") == "float32":
        return configuration
    single = dataclasses.replace(configuration, settings={**settings, "policy": "float32"})
    return single if single.result_path().exists() or not computes_bfloat16() else configuration


def trains(configuration: Configuration) -> bool:
    """Whether a point needs training, or a network that does."""
    settings = configuration.all_settings()
    return "epochs" in settings or bool(settings.get("source"))


def quick_plan(network: str) -> list[Configuration]:
    """A few points of a network that take minutes, not tuned."""
    training = {"epochs": 8}
    rows = [
        *(("post_training", {"precision": p, "compressor": "xz"}) for p in ("fp16", "int8")),
        *(("tfmot", {**training, "sparsity": s}) for s in (0.9, 0.95)),
        *(
            ("keras_ec", {**training, **LIBRARY, "jit": True, "fine_tune_epochs": 2, "alpha": a})
            for a in (0.1, 0.3)
        ),
    ]
    return [Configuration(network, *row) for row in rows]


def test_plan(network: str) -> list[Configuration]:
    """Points that were best on the validation split, to be measured on the test set.

    Args:
        network: key of `networks.NETWORKS`.

    Returns:
        Those whose validation results no smaller point of the same curve beats; then the
        smallest headline points of each group of methods with further seeds.
    """
    paths = [c.result_path() for c in validation_plan(network)]
    results = [json.loads(path.read_text()) for path in paths if path.exists()]
    fp32 = baseline_record(network)["validation_error"]
    chosen = pareto_front(results)
    planned = [Configuration(network, r["method"], r["settings"], 0, "test") for r in chosen]
    again = [Configuration(network, r["method"], r["settings"]) for r in repeated(results, fp32)]
    return planned + [
        dataclasses.replace(c, seed=seed, split="test")
        for c in again
        for seed in SEEDS[1:]
        if trains(c)
    ]


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

    networks = [n for n in arguments.network if (BASELINES / f"{n}.json").exists()]
    for network in set(arguments.network) - set(networks):
        print(f"{network}: left out, there is no pretrained network yet")
    rounds: list[Callable[[str], list[Configuration]]] = [
        lambda network: [c for c in validation_plan(network) if not trains(c)],
        lambda network: [c for c in validation_plan(network) if trains(c)],
        test_plan,
    ]
    if arguments.quick:
        networks, rounds = [QUICK], [quick_plan]
    failed = []
    for plan in rounds[:2] if arguments.validation_only else rounds:
        for network in networks:
            for configuration in plan(network):
                if configuration.method in arguments.method:
                    failed += [] if run(configuration, data, arguments.threads) else [configuration]
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
