import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import keras_ec
from keras_ec import CorruptFileError, runtime

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.ecz"))
HEAVY = ("tensorflow", "keras", "tensorflow_compression_ops", "ai_edge_litert", "tflite", "rich")


def run(script, *arguments, python=sys.executable):
    command = [python, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


DECODE = f"""
import sys
from pathlib import Path
from keras_ec import runtime

for path in map(Path, sys.argv[1:]):
    assert runtime.decompress(path) == path.with_suffix(".tflite").read_bytes(), path
loaded = {{*{HEAVY}}} & set(sys.modules)
assert not loaded, loaded
print("decoded", len(sys.argv) - 1)
"""


def test_golden_files_decode_with_numpy_alone(numpy_python):
    result = run(DECODE, *GOLDEN, python=numpy_python)
    assert result.stdout == f"decoded {len(GOLDEN)}\n", result.stderr
    assert GOLDEN


def test_nothing_that_trains_is_imported_where_it_is_installed():
    result = run(DECODE, *GOLDEN)
    assert result.stdout == f"decoded {len(GOLDEN)}\n", result.stderr


@pytest.mark.parametrize("name", HEAVY)
def test_the_environment_of_these_tests_lacks_the_rest(name, numpy_python):
    result = run(f"import {name}", python=numpy_python)
    assert "ModuleNotFoundError" in result.stderr


def test_import_is_quick(numpy_python):
    script = (
        "import time\n"
        "start = time.perf_counter()\n"
        "import keras_ec.runtime\n"
        "print(time.perf_counter() - start)\n"
    )
    seconds = min(float(run(script, python=numpy_python).stdout) for _ in range(3))
    assert seconds < 1.5


def test_load_says_how_to_install_litert(numpy_python):
    script = (
        "import sys\n"
        "from keras_ec import runtime\n"
        "try:\n"
        "    runtime.load(sys.argv[1])\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )
    result = run(script, GOLDEN[0], python=numpy_python)
    assert 'pip install "keras_ec[litert]"' in result.stdout, result.stderr


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A .tflite file of a small network, and its archive."""
    import keras

    folder = tmp_path_factory.mktemp("network")
    model = keras.Sequential([keras.Input((6,)), keras_ec.layers.ECDense(40, centers=5)])
    keras_ec.export_tflite(model, folder / "model.tflite")
    keras_ec.compress(folder / "model.tflite", folder / "model.ecz")
    return folder / "model.tflite", folder / "model.ecz"


def invoke(interpreter, values):
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def test_loaded_networks_compute_what_the_original_does(network, rng):
    from ai_edge_litert.interpreter import Interpreter

    tflite, archive = network
    values = rng.normal(size=(1, 6)).astype("float32")
    original = Interpreter(model_path=str(tflite))
    original.allocate_tensors()
    expected = invoke(original, values)
    assert expected.any()
    for options in ({}, {"num_threads": 2}):
        np.testing.assert_array_equal(invoke(runtime.load(archive, **options), values), expected)


def test_both_functions_decode_alike(network):
    tflite, archive = network
    assert runtime.decompress(str(archive)) == tflite.read_bytes() == keras_ec.decompress(archive)


@pytest.mark.parametrize("function", [runtime.decompress, runtime.load])
def test_errors(function, network, tmp_path):
    good = network[1].read_bytes()
    path = tmp_path / "model.ecz"
    for bad in (b"", b"ECZ", good[:-1], good[:9] + b"\xff" + good[10:], b"TFL3" * 20):
        path.write_bytes(bad)
        with pytest.raises(CorruptFileError):
            function(path)
    with pytest.raises(FileNotFoundError):
        function(tmp_path / "missing.ecz")
    with pytest.raises(IsADirectoryError):
        function(tmp_path)
