"""Tables and plots of all results.

Writes `table.md` and a plot for each network to `benchmarks/results`. With `--readme FILE` the
overview of all networks also replaces what that file holds between two marker comments.

    python benchmarks/report.py --readme README.md
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt
from configuration import RESULTS, baseline_record
from curves import (
    MARGINS,
    OTHER_MARGINS,
    Result,
    by_family,
    by_label,
    error_of,
    headline_rows,
    label,
    pareto_front,
    payload_at,
    rows,
    strongest,
)
from plan import validation_plan
from settings import DEFAULTS

from keras_ec.deploy.atomic_file import write_atomically

BEGIN, END = "<!-- benchmark results -->", "<!-- end of benchmark results -->"
ORDER = ("lenet-300-100", "lenet-5", "resnet-8", "resnet-20", "vgg", "transformer")


def load_results(folder: Path = RESULTS) -> dict[str, list[Result]]:
    """All stored results by network."""
    results: dict[str, list[Result]] = {}
    for path in sorted(folder.glob("*/*.json")):
        result = json.loads(path.read_text())
        result["settings"] = {**DEFAULTS[result["method"]], **result["settings"]}
        results.setdefault(result["network"], []).append(result)
    known = sorted(results, key=lambda name: (ORDER.index(name) if name in ORDER else 99, name))
    return {name: results[name] for name in known}


def progress_table() -> str:
    """How many points of the plan have a result on the validation split.

    Returns:
        Markdown, a row for each curve and a column for each network: points there are, of how many.
    """
    counts: dict[str, dict[str, list[bool]]] = {}
    for network in ORDER:
        for configuration in validation_plan(network):
            name = label({"method": configuration.method, "settings": configuration.all_settings()})
            there = configuration.result_path().exists()
            counts.setdefault(name, {}).setdefault(network, []).append(there)
    lines = [f"| curve | {' | '.join(ORDER)} |", f"| --- |{' ---: |' * len(ORDER)}"]
    for name, row in counts.items():
        cells = [f"{sum(row[n])} of {len(row[n])}" if n in row else "-" for n in ORDER]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def split_of(results: list[Result]) -> str:
    """Split that a report shows: test, or validation while there is no test result."""
    return "test" if any(r["split"] == "test" for r in results) else "validation"


def markdown_table(results: list[Result], fp32_error: float, headlines: bool) -> str:
    """Table of one network.

    Args:
        results: of the network.
        fp32_error: of the float32 network on the validation split, in percent.
        headlines: whether to show headline points, or all points with settings.

    Returns:
        Markdown; the errors are means where there are several seeds.
    """
    split = split_of(results)
    shown = [r for r in results if r["split"] == split]
    first = shown[0]
    lines = [
        f"**{first['network']}, {first['data']}**: float32 {first['fp32_bytes']:,} bytes, "
        f"test error {first['fp32_test_error']:.2f} %",
        "",
        f"| method | payload | ratio | file | ratio | {split} error | seeds |"
        + ("" if headlines else " settings |"),
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |" + ("" if headlines else " --- |"),
    ]
    for row in headline_rows(results, split, fp32_error) if headlines else rows(shown):
        payload, file = row.mean("payload_bytes"), row.mean("file_bytes")
        cells = [
            row.name,
            f"{payload:,.0f}",
            f"{first['fp32_bytes'] / payload:.1f}x",
            f"{file:,.0f}",
            f"{first['fp32_bytes'] / file:.1f}x",
            f"{row.error:.2f} %",
            str(len(row.results)),
        ]
        lines.append(
            f"| {' | '.join(cells)} |" + ("" if headlines else f" {given(row.results[0])} |")
        )
    return "\n".join(lines) + "\n"


def overview_table(results: dict[str, list[Result]]) -> str:
    """Payloads of all families of methods at one error on each network.

    Args:
        results: by network; the strictest margin of `curves.MARGINS` counts.

    Returns:
        Markdown, a column for each network; families with the smallest payloads come last.
    """
    levels, columns = [], []
    for own in results.values():
        first = own[0]
        level = first["fp32_test_error"] + min(MARGINS.get(first["network"], OTHER_MARGINS))
        shown = strongest([r for r in own if r["split"] == "test"])
        levels.append(f"{level:.2f} %")
        columns.append({name: payload_at_least(c, level) for name, c in by_family(shown).items()})
    firsts = [own[0] for own in results.values()]
    lines = [
        ["", *results],
        ["---", *["---:"] * len(results)],
        ["float32", *(f"{r['fp32_bytes']:,} at {r['fp32_test_error']:.2f} %" for r in firsts)],
        ["test error of all below", *levels],
    ]

    def smallest(family: str) -> list[float]:
        sizes = [column.get(family) for column in columns]
        return [size[0] if size else math.inf for size in sizes]

    for family in sorted(dict.fromkeys(f for c in columns for f in c), key=smallest, reverse=True):
        cells = []
        for first, column in zip(firsts, columns, strict=True):
            size = column.get(family)
            cells.append(overview_cell(size, first["fp32_bytes"]))
        lines.append([family, *cells])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def overview_cell(size: tuple[float, bool] | None, fp32_bytes: int) -> str:
    """A payload of `payload_at`, and how many times smaller than the float32 weights it is."""
    if size is None:
        return "-"
    ratio = fp32_bytes / size[0]
    times = f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"
    return f"{size_cell(size).replace('at most', '≤')} ({times}x)"


def payload_at_least(curves: list[list[Result]], error: float) -> tuple[float, bool] | None:
    """The smallest of what `payload_at` says of several curves."""
    sizes = [payload_at(rows(curve), error) for curve in curves]
    return min((size for size in sizes if size), default=None)


def equal_error_table(results: list[Result]) -> str:
    """Payloads of all curves of one network at the same errors.

    Args:
        results: of the network.

    Returns:
        Markdown; curves that reach none of the errors are left out.
    """
    shown = strongest([r for r in results if r["split"] == split_of(results)])
    first = shown[0]
    margins = MARGINS.get(first["network"], OTHER_MARGINS)
    levels = [first["fp32_test_error"] + margin for margin in margins]
    found = []
    for name, curve in by_label(shown).items():
        points = rows(curve)
        sizes = [payload_at(points, level) for level in levels]
        if any(sizes):
            found.append(
                (sizes, f"| {name} | {' | '.join(map(size_cell, sizes))} | {len(points)} |")
            )
    found.sort(key=lambda row: [(size is None, size) for size in row[0][::-1]])
    return "\n".join(
        [
            f"**{first['network']}, {first['data']}**",
            "",
            f"| curve | {' | '.join(f'at {level:.2f} %' for level in levels)} | points |",
            f"| --- | {'---: | ' * len(levels)}---: |",
            *(line for _, line in found),
            "",
        ]
    )


def size_cell(size: tuple[float, bool] | None) -> str:
    """A payload of `payload_at` as it is shown."""
    if size is None:
        return "-"
    payload, exact = size
    return f"{payload:,.0f}" if exact else f"at most {payload:,.0f}"


def given(result: Result) -> str:
    """Settings of a result that differ from their defaults."""
    defaults = DEFAULTS[result["method"]]
    changed = {k: v for k, v in result["settings"].items() if v != defaults.get(k)}
    return ", ".join(f"{key} {value}" for key, value in changed.items()) or "defaults"


def plot(results: list[Result], path: Path) -> None:
    """Rate-accuracy curves of one network.

    Args:
        results: of the network.
        path: SVG file to write.
    """
    split = split_of(results)
    shown = strongest([r for r in results if r["split"] == split])
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    marks = "os^vD<>pPX*hd"
    for number, (name, curve) in enumerate(sorted(by_label(pareto_front(shown)).items())):
        axes.plot(
            [r["payload_bytes"] for r in curve],
            [error_of(r) for r in curve],
            marker=marks[number % len(marks)],
            label=name,
            linewidth=2.5 if name.startswith("keras_ec") else 1,
        )
    first = shown[0]
    if split == "test":
        axes.axhline(first["fp32_test_error"], color="gray", linestyle=":", label="float32")
    lowest = min(error_of(r) for r in shown)
    axes.set(
        xscale="log",
        xlabel="payload: weights, biases and tables, bytes",
        ylabel=f"{split} error, %",
        ylim=(max(0.0, lowest - 0.5), 6 * lowest + 1),
        title=f"{first['network']}, {first['data']}",
    )
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize="small")
    with plt.rc_context({"svg.hashsalt": "keras_ec"}):
        figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def insert(text: str, tables: str) -> str:
    """Text with the tables between its two marker comments.

    Raises:
        ValueError: unless the markers are there, once each and in order.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"Expected the lines '{BEGIN}' and '{END}', in this order. Add them.")
    return f"{text[: text.index(BEGIN)]}{BEGIN}\n\n{tables}\n{text[text.index(END) :]}"


def main() -> None:
    """Writes tables and plots."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readme", type=Path, help="Markdown file with the two marker comments")
    arguments = parser.parse_args()
    results = load_results()
    errors = {network: baseline_record(network)["validation_error"] for network in results}
    tables, whole = (
        "\n".join(markdown_table(own, errors[name], headlines) for name, own in results.items())
        for headlines in (True, False)
    )
    equal = "\n".join(map(equal_error_table, results.values()))
    points = f"Those on the validation split that have been run.\n\n{progress_table()}"
    text = (
        "# Results\n\nWritten by `benchmarks/report.py`; see `docs/benchmarks.md` for what is "
        f"measured.\n\n## A point of each method\n\n{tables}\n## Payload at equal error\n\n"
        "Between the points of a curve, bytes on a logarithmic scale; *at most* where no smaller "
        f"point was run that is worse.\n\n{equal}\n## Points of the plan\n\n{points}\n"
        f"## All points\n\n{whole}"
    )
    write_atomically(RESULTS / "table.md", text.encode())
    for network, own in results.items():
        plot(own, RESULTS / f"{network}.svg")
    if arguments.readme:
        readme = insert(arguments.readme.read_text(), overview_table(results))
        write_atomically(arguments.readme, readme.encode())


if __name__ == "__main__":
    main()
