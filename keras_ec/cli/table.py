"""An inspection as a table for people, and as JSON for programs."""

from __future__ import annotations

import json
import shutil
import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from keras_ec.inspection import Inspection, TensorCost

_WIDE = 200
"""Columns where the table does not go to a terminal."""


def print_table(title: str, inspection: Inspection) -> None:
    """Prints the tensors and the parts of a file on standard output."""
    table = Table(title=Text(title), title_justify="left")
    table.add_column("tensor", overflow="fold")
    table.add_column("shape", overflow="fold")
    for heading in ("alphabet", "entropy, bits", "coded, bytes", "bits/weight"):
        table.add_column(heading, justify="right")
    for tensor in inspection.tensors:
        table.add_row(*_cells(tensor))
    coded = inspection.coded
    if coded:
        bits, elements = sum(t.coded_bits for t in coded), sum(t.elements for t in coded)
        entropy = sum(t.entropy_bits for t in coded)
        table.add_section()
        table.add_row(
            "all coded tensors",
            f"{elements:,} weights",
            "",
            f"{entropy:,.0f}",
            f"{bits / 8:,.1f}",
            f"{bits / elements:.3f}",
        )
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDE
    console = Console(width=width, highlight=False)
    console.print(table)
    ratio = inspection.content_bytes / inspection.file_bytes
    for text, size in (
        ("payload: coded tensors", inspection.payload_bytes),
        ("header and structure", inspection.structure_bytes),
        (".ecz file", inspection.file_bytes),
        (f".tflite file, {ratio:.1f} times as large", inspection.content_bytes),
    ):
        console.print(f"{size:14,} bytes  {text}", soft_wrap=True)


def _cells(tensor: TensorCost) -> list[Text]:
    coded = tensor.coded_bits is not None
    cells = [
        tensor.name,
        "x".join(map(str, tensor.shape)),
        f"{tensor.alphabet_size:,}",
        f"{tensor.entropy_bits:,.0f}",
        f"{tensor.coded_bytes:,.1f}" if coded else "in structure",
        f"{tensor.bits_per_weight:.3f}" if coded else "",
    ]
    return [Text(cell) for cell in cells]


def print_json(path: str, inspection: Inspection) -> None:
    """Prints the same, machine-readable, on standard output."""
    tensors = [
        {
            "name": tensor.name,
            "shape": list(tensor.shape),
            "dtype": tensor.dtype,
            "elements": tensor.elements,
            "alphabet_size": tensor.alphabet_size,
            "entropy_bits": tensor.entropy_bits,
            "coded_bytes": tensor.coded_bytes,
            "bits_per_weight": tensor.bits_per_weight,
        }
        for tensor in inspection.tensors
    ]
    report = {
        "file": path,
        "content_bytes": inspection.content_bytes,
        "file_bytes": inspection.file_bytes,
        "payload_bytes": inspection.payload_bytes,
        "structure_bytes": inspection.structure_bytes,
        "tensors": tensors,
    }
    print(json.dumps(report, indent=2))
