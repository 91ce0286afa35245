import ast
import doctest
import importlib
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_ec
import keras_ec.cloning
import keras_ec.conversion
import keras_ec.deploy.export
import keras_ec.layers.base
from keras_ec.training_extra import training_extra


def run(script, python=sys.executable):
    return subprocess.run([python, "-c", script], capture_output=True, text=True, timeout=120)


def test_import_alone_is_light():
    result = run(
        "import sys, keras_ec\n"
        "assert keras_ec.__version__\n"
        "assert keras_ec.coding and keras_ec.CorruptFileError\n"
        "loaded = {'keras', 'tensorflow', 'ai_edge_litert'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    assert result.returncode == 0, result.stderr


def test_names_are_those_for_users():
    assert dir(keras_ec) == sorted(keras_ec.__all__)


@pytest.mark.parametrize("first, second", [("keras", "keras_ec"), ("keras_ec.layers", "keras")])
def test_layers_are_registered_beside_keras(first, second):
    result = run(
        f"import {first}, {second}\n"
        "import keras, keras_ec\n"
        "names = ('ECDense', 'ECConv1D', 'ECConv2D', 'ECDepthwiseConv2D')\n"
        "for name in names:\n"
        "    found = keras.saving.get_registered_object(f'keras_ec>{name}')\n"
        "    assert found is getattr(keras_ec.layers, name), name\n"
        "assert keras.saving.get_registered_object('keras_ec>EntropyRegularizer')\n"
    )
    assert result.returncode == 0, result.stderr


TRAINING = [
    "layers",
    "callbacks",
    "learning_rate",
    "regularizers",
    "convert",
    "strip",
    "harden",
    "remove_dead_units",
    "summary",
    "Distiller",
]


@pytest.mark.parametrize("name", [*TRAINING, "export_tflite"])
def test_training_names_without_keras_say_what_to_install(name, base_python):
    result = run(
        "import keras_ec\n"
        "try:\n"
        f"    from keras_ec import {name}\n"
        "except ImportError as error:\n"
        "    print(error)\n",
        base_python,
    )
    assert result.stderr == ""
    assert result.stdout.startswith(f"keras_ec.{name} needs TensorFlow and Keras, but keras is")
    assert 'pip install "keras_ec[train]"' in result.stdout


def test_other_names_need_no_keras(base_python):
    result = run(
        "import keras_ec, sys\n"
        f"for name in sorted({{*keras_ec.__all__}} - {{*{[*TRAINING, 'export_tflite']}}}):\n"
        "    assert getattr(keras_ec, name)\n"
        "try:\n"
        "    keras_ec.compress(b'no path', 'model.ecz')\n"
        "except ImportError as error:\n"
        "    print(error)\n",
        base_python,
    )
    assert result.stderr == ""
    assert 'pip install "keras_ec[train]"' in result.stdout


def test_other_import_errors_are_not_hidden():
    with pytest.raises(ModuleNotFoundError, match="not_there"), training_extra("keras_ec.layers"):
        importlib.import_module("not_there")


def test_names_resolve():
    for name in keras_ec.__all__:
        assert getattr(keras_ec, name) is not None
        assert name in dir(keras_ec)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = keras_ec.nothing


def test_fixed_names_of_the_public_api():
    functions = ["convert", "strip", "harden", "summary", "export_tflite", "compress", "decompress"]
    assert {*functions, "callbacks", "layers", "regularizers", "CorruptFileError"} <= {
        *keras_ec.__all__
    }
    assert issubclass(keras_ec.CorruptFileError, ValueError)
    for name in ("ECDense", "ECConv1D", "ECConv2D", "ECDepthwiseConv2D"):
        assert issubclass(getattr(keras_ec.layers, name), keras.layers.Layer)
    assert keras_ec.callbacks.HardenAssignments and keras_ec.regularizers.EntropyRegularizer


MODULES = [
    "assignment",
    "schedules",
    "learning_rate",
    "regularizers",
    "hardening",
    "callbacks",
    "conversion",
    "rounding",
    "layers.dense",
    "layers.conv",
    "layers.normalization",
    "vector_rate",
    "deploy.export",
    "report",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_docstrings(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(f"keras_ec.{name}")
    model = keras.Sequential([keras.Input((4,)), keras_ec.layers.ECDense(3)])
    names = {"keras": keras, "keras_ec": keras_ec, "np": np, "model": model}
    names["ECDense"] = keras_ec.layers.ECDense
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    examples = 0
    for test in finder.find(module, name, globs={**vars(module), **names}):
        if name == "report":  # prints a table
            continue
        examples += len(test.examples)
        output = []
        runner.run(test, out=output.append, clear_globs=False)
        assert runner.failures == 0, "".join(output)
    assert examples > 0 or name == "report"


PACKAGE = Path(keras_ec.__file__).parent


def imported_modules(path):
    """Paths below the package, without suffix, of what a module imports of it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("keras_ec"):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.startswith("keras_ec.")]
        else:
            continue
        for name in names:
            parts = name.split(".")[1:]
            while parts and not PACKAGE.joinpath(*parts).with_suffix(".py").exists():
                parts.pop()
            yield "/".join(parts) or "/".join(name.split(".")[1:-1])


def test_modules_import_only_those_above_them_in_the_architecture():
    text = (PACKAGE.parent / "docs" / "architecture.md").read_text()
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    places = {
        name.removesuffix(".py"): place
        for place, row in enumerate(rows)
        for name in re.findall("`(.*?)`", row)
    }
    packages = [name for name in places if name.endswith("/")]

    def place(module):
        whole = next((name for name in packages if f"{module}/".startswith(name)), module)
        below = [places[name] for name in places if name.startswith(f"{module}/")]
        return places[whole] if whole in places else max(below)

    for path in PACKAGE.rglob("*.py"):
        module = path.relative_to(PACKAGE).with_suffix("").as_posix()
        if path.name in ("__init__.py", "__main__.py"):
            continue
        for other in imported_modules(path):
            assert not other or place(other) <= place(module), (module, other)
