"""The benchmarks are programs: their modules are found beside them, not in a package."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))


@pytest.fixture
def make_result():
    """A result as a point stores it; arguments replace its fields, settings its settings."""
    from settings import DEFAULTS

    def make(method="keras_ec", settings=(), error=1.5, split="validation", **fields):
        result = {
            "network": "lenet-300-100",
            "data": "MNIST",
            "method": method,
            "settings": {**DEFAULTS[method], **dict(settings)},
            "seed": 0,
            "fp32_bytes": 1_066_440,
            "payload_bytes": 5000,
            "file_bytes": 5500,
            "fp32_test_error": 1.0,
            "test_error": error if split == "test" else None,
            "split": split,
            "command": "python benchmarks/point.py",
            "seconds": 1.0,
            **fields,
        }
        return result if split == "test" else {**result, "validation_error": error}

    return make
