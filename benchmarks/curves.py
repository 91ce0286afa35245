"""Rate-accuracy curves out of results: pure functions of the JSON objects."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

Result = dict[str, Any]
MARGIN = {"lenet-300-100": 0.7, "lenet-5": 0.3}
"""Points of error above the float32 network's that a headline point may have, in percent."""
OTHER_MARGIN = 1.0


def label(result: Result) -> str:
    """Name of the curve that a result is a point of."""
    settings, method = result["settings"], result["method"]
    compressor = {"none": "", "gzip": " + gzip -9", "zstd": " + zstd -19", "xz": " + xz -9e"}
    if method == "post_training":
        return f"{settings['precision']}{compressor[settings['compressor']]}"
    if method == "tfmot":
        technique = {
            "pruning": "pruning",
            "clustering": "clustering",
            "pruning_clustering": "pruning + clustering",
            "pcqat": "PCQAT",
        }[settings["technique"]]
        return f"TFMOT {technique}{compressor[settings['compressor']]}"
    if method == "nncodec":
        source = {None: "", "tfmot": " on TFMOT pruning", "keras_ec": " on keras_ec"}
        return f"NNCodec{source[settings['source']]}"
    if method == "keras_ec":
        forward = {"straight_through": "", "gaussian": ", Gaussian"}[settings["forward"]]
        centers = {"uniform": "", "free": ", free centers"}[settings["center_type"]]
        return f"keras_ec{forward}{centers}"
    return {"entropy_penalized": "entropy-penalized reparameterization"}[method]


def error_of(result: Result) -> float:
    """Error on the split of a result, in percent."""
    return result["test_error"] if result["split"] == "test" else result["validation_error"]


def by_label(results: list[Result]) -> dict[str, list[Result]]:
    """Results of each curve, smallest payload first."""
    curves: dict[str, list[Result]] = defaultdict(list)
    for result in sorted(results, key=lambda r: (r["payload_bytes"], error_of(r))):
        curves[label(result)].append(result)
    return dict(curves)


def pareto_front(results: list[Result]) -> list[Result]:
    """Results that no smaller one of the same curve equals in error."""
    front = []
    for curve in by_label(results).values():
        best = float("inf")
        for result in curve:
            if error_of(result) < best:
                best = error_of(result)
                front.append(result)
    return front


def headline(results: list[Result], fp32_error: float) -> list[Result]:
    """Smallest result of each curve whose error is near that of the float32 network.

    Args:
        results: of one network and one split.
        fp32_error: of the float32 network on that split, in percent.

    Returns:
        At most one result a curve; none of a curve that comes nowhere near.
    """
    chosen = []
    for curve in by_label(results).values():
        limit = fp32_error + MARGIN.get(curve[0]["network"], OTHER_MARGIN)
        near = [result for result in curve if error_of(result) <= limit]
        chosen += near[:1]
    return chosen
