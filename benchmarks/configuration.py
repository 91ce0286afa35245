"""A point of the benchmark: what is run, and where its result is stored."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from settings import DEFAULTS

HERE = Path(__file__).parent
RESULTS = HERE / "results"
BASELINES = HERE / "baselines"
CACHE = HERE / "cache"


@dataclasses.dataclass(frozen=True)
class Configuration:
    """What is run.

    Attributes:
        network: key of `networks.NETWORKS`.
        method: module of `methods`.
        settings: of the method, see `settings.DEFAULTS`; those left out have their default.
        seed: of training.
        split: `validation` or `test`.
    """

    network: str
    method: str
    settings: dict[str, Any]
    seed: int = 0
    split: str = "validation"

    def name(self) -> str:
        """Method and hash of what is trained: all but the split.

        Settings equal to the method's defaults do not change it. So a method may gain a
        setting whose default is what it did before; a default must never be changed.
        """
        parts = [self.network, self.method, self.distinct_settings(), self.seed]
        text = json.dumps(parts, sort_keys=True)
        return f"{self.method}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"

    def distinct_settings(self) -> dict[str, Any]:
        """Settings that differ from their defaults.

        Raises:
            ValueError: if the method has no such setting.
        """
        defaults = defaults_of(self.method)
        unknown = sorted(set(self.settings) - set(defaults))
        if unknown:
            raise ValueError(
                f"Expected settings of {self.method}: {', '.join(defaults)}. "
                f"Received: {', '.join(unknown)}"
            )
        return {k: v for k, v in self.settings.items() if v != defaults[k]}

    def all_settings(self) -> dict[str, Any]:
        """Settings with the defaults of those not given."""
        return {**defaults_of(self.method), **self.settings}

    def result_path(self) -> Path:
        """File of the result."""
        return RESULTS / self.network / f"{self.name()}-{self.split}.json"

    def folder(self) -> Path:
        """Directory of checkpoints and of the shipped file; the same for both splits."""
        return CACHE / self.network / self.name()

    def command(self, data: str = "DATA") -> list[str]:
        """Command that gives the result, its data directory by any name."""
        settings = json.dumps(self.distinct_settings(), sort_keys=True)
        return [
            *("python", "benchmarks/point.py", "--network", self.network),
            *("--method", self.method, "--settings", settings),
            *("--seed", str(self.seed), "--split", self.split, "--data", data),
        ]


def defaults_of(method: str) -> dict[str, Any]:
    """Default settings of a method."""
    if method not in DEFAULTS:
        raise ValueError(f"Expected a method of {', '.join(DEFAULTS)}. Received: {method!r}")
    return DEFAULTS[method]


def baseline_record(network: str) -> dict[str, Any]:
    """How a pretrained network was made, its number of parameters, its errors in percent."""
    return json.loads((BASELINES / f"{network}.json").read_text())


def check_data(record: dict[str, Any], data: str) -> None:
    """Refuses other data than a float32 network was trained on.

    Args:
        record: what `baseline_record` returned.
        data: name of the data set.

    Raises:
        ValueError: if it is another one.
    """
    if data != record["data"]:
        raise ValueError(
            f"Expected {record['data']}, which {record['network']} was trained on. "
            f"Received: {data}. Give the directory that holds the former by --data."
        )
