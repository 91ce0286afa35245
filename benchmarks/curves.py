"""Rate-accuracy curves out of results: pure functions of the JSON objects."""

from __future__ import annotations

import dataclasses
import json
import math
import statistics
from collections import defaultdict
from typing import Any

Result = dict[str, Any]
MARGINS = {"lenet-300-100": (0.55, 1.1), "lenet-5": (0.3, 0.6, 0.9), "vgg": (0.5,)}
"""How far a headline point's error may be above the float32 network's, in points of percent."""
OTHER_MARGINS = (1.0,)
RATES = {"structured": "", "geometric": ", geometric rate", "order_0": ", order-0 rate"}
"""What the rate of training adds to the name of a curve."""
METHODS = {"entropy_penalized": "entropy-penalized reparameterization", "ecq": "ECQ"}
EARLIER = ", earlier"
"""What the name has of points of keras_ec whose learning rate does not start anew."""
TECHNIQUES = {
    "pruning": "pruning",
    "clustering": "clustering",
    "pruning_clustering": "pruning + clustering",
    "pcqat": "PCQAT",
}
SOURCES = {None: "", "tfmot": " on TFMOT pruning", "keras_ec": " on keras_ec"}
COMPRESSORS = {"none": "", "gzip": " + gzip -9", "zstd": " + zstd -19", "xz": " + xz -9e"}


def method_name(result: Result) -> str:
    """Name of the method of a result, without what variants of it add."""
    settings, method = result["settings"], result["method"]
    if method == "post_training":
        return settings["precision"]
    if method == "tfmot":
        return f"TFMOT {TECHNIQUES[settings['technique']]}"
    if method in ("nncodec", "keras_ec"):
        name = f"NNCodec{SOURCES[settings['source']]}" if method == "nncodec" else "keras_ec"
        return name + (EARLIER if _what_is_earlier(result) else "")
    return METHODS[method]


def _what_is_earlier(result: Result) -> str:
    """What points of keras_ec, and of NNCodec on them, have that is otherwise now, if anything."""
    settings = result["settings"]
    if result["method"] == "nncodec":
        if settings["source"] != "keras_ec":
            return ""
        settings = settings["source_settings"]
    if settings.get("restart"):
        return ""
    return " learning rate" if settings.get("largest_gap") else " centers"


def label(result: Result) -> str:
    """Name of the curve that a result is a point of; compressors share one."""
    settings = result["settings"]
    parts = [method_name(result)]
    if result["method"] in ("nncodec", "keras_ec"):
        parts.append(_what_is_earlier(result))
    if settings.get("distillation"):
        parts.append(", distilled")
    if settings.get("teacher"):
        parts.append(f" from {settings['teacher']}")
    if result["method"] == "keras_ec":
        parts += [
            {"straight_through": "", "gaussian": ", Gaussian"}[settings["forward"]],
            {"uniform": "", "free": ", free centers"}[settings["center_type"]],
            RATES[settings["rate_model"]],
            ", dead units removed" if settings.get("remove_dead") else "",
        ]
    if (settings.get("source_settings") or settings).get("fine_below"):
        parts.append(", finer small kernels")
    return "".join(parts)


def family(result: Result) -> str | None:
    """Name of the group of methods that a result belongs to.

    None of what is no method of its own: earlier keras_ec, and another coder on its networks;
    and of what any method may be: taught by another network, without its dead units.
    """
    settings, method = result["settings"], result["method"]
    if settings.get("teacher") or settings.get("remove_dead"):
        return None
    if method in ("keras_ec", "nncodec"):
        on_keras_ec = settings.get("source") == "keras_ec"
        name = {"keras_ec": "keras_ec", "nncodec": "NNCodec, also on TFMOT's pruned networks"}
        return None if on_keras_ec or _what_is_earlier(result) else name[method]
    names = {
        "post_training": "fp16, int8 or int4, compressed",
        "tfmot": "TFMOT, compressed",
    }
    return names.get(method) or METHODS[method]


def by_family(results: list[Result]) -> dict[str, list[list[Result]]]:
    """Curves of each family of methods."""
    families: dict[str, list[list[Result]]] = defaultdict(list)
    for curve in by_label(results).values():
        name = family(curve[0])
        if name:
            families[name].append(curve)
    return dict(families)


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
    """Smallest results of each curve whose errors are near that of the float32 network.

    Args:
        results: of one network and one split.
        fp32_error: of the float32 network on that split, in percent.

    Returns:
        At most one result for each curve and margin; none of a curve that comes nowhere near.
    """
    chosen = []
    for curve in by_label(results).values():
        for margin in MARGINS.get(curve[0]["network"], OTHER_MARGINS):
            near = [r for r in curve if error_of(r) <= fp32_error + margin]
            chosen += [r for r in near[:1] if r not in chosen]
    return chosen


def repeated(results: list[Result], fp32_error: float) -> list[Result]:
    """Headline points that are worth further seeds: the smallest of each group of methods.

    Args:
        results: of one network and one split.
        fp32_error: of the float32 network on that split, in percent.

    Returns:
        At most one result for each group and margin.
    """
    chosen = []
    for curves in by_family(results).values():
        points = headline([result for curve in curves for result in curve], fp32_error)
        for margin in MARGINS.get(results[0]["network"], OTHER_MARGINS):
            near = [r for r in points if error_of(r) <= fp32_error + margin]
            least = sorted(near, key=lambda r: r["payload_bytes"])[:1]
            chosen += [r for r in least if r not in chosen]
    return chosen


@dataclasses.dataclass(frozen=True)
class Row:
    """Results of one configuration with several seeds."""

    label: str
    results: list[Result]

    @property
    def name(self) -> str:
        """Label, and what compressed the file."""
        return self.label + COMPRESSORS[self.results[0]["settings"].get("compressor", "none")]

    @property
    def error(self) -> float:
        """Mean error, in percent."""
        return statistics.mean(error_of(r) for r in self.results)

    def mean(self, key: str) -> float:
        """Mean of a number of the results."""
        return statistics.mean(r[key] for r in self.results)


def rows(results: list[Result]) -> list[Row]:
    """Results of one network and split by configuration, smallest payload first."""
    grouped: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for result in results:
        grouped[label(result), json.dumps(result["settings"], sort_keys=True)].append(result)
    found = [Row(name, group) for (name, _), group in grouped.items()]
    return sorted(found, key=lambda row: row.mean("payload_bytes"))


def headline_rows(results: list[Result], split: str, fp32_error: float) -> list[Row]:
    """Rows of the headline points, which are chosen on the validation split.

    Args:
        results: of one network, both splits.
        split: whose results to show.
        fp32_error: of the float32 network on the validation split, in percent.

    Returns:
        Rows, smallest payload first.
    """
    validation = [r for r in results if r["split"] == "validation"]
    chosen = [(label(r), r["settings"]) for r in headline(validation, fp32_error)]
    shown = rows([r for r in results if r["split"] == split])
    return [row for row in shown if (row.label, row.results[0]["settings"]) in chosen]


def payload_at(curve: list[Row], error: float) -> tuple[float, bool] | None:
    """Payload of a curve at an error, linear in the logarithm of bytes between two points.

    Args:
        curve: rows of one curve, smallest payload first.
        error: in percent.

    Returns:
        Bytes, and whether there is a worse point below, so that they are no mere bound; None if
        the largest point is worse already.
    """
    if not curve or curve[-1].error > error:
        return None
    above = curve[-1]
    for below in reversed(curve[:-1]):
        if below.error > error:
            share = (error - above.error) / (below.error - above.error)
            high, low = (math.log(row.mean("payload_bytes")) for row in (above, below))
            return math.exp(high + share * (low - high)), True
        above = below
    return above.mean("payload_bytes"), False


def strongest(results: list[Result]) -> list[Result]:
    """Results without those whose compressor leaves more of the same network than another."""
    least: dict[tuple[str, str], Result] = {}
    for result in results:
        settings = {k: v for k, v in result["settings"].items() if k != "compressor"}
        key = (f"{result['method']} {result['seed']}", json.dumps(settings, sort_keys=True))
        if key not in least or result["payload_bytes"] < least[key]["payload_bytes"]:
            least[key] = result
    return list(least.values())
