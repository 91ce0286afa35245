import functools
import os
import shutil
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ec.coding import CorruptFileError, archive_decoder, container
from keras_ec.coding.archive_decoder import decode_archive
from keras_ec.coding.container import Region, encode_content
from keras_ec.coding.representation import as_integers, as_product, to_bits

_ROOT = Path(__file__).parents[2]
_GOLDEN = _ROOT / "tests" / "golden"

_HEADER = Path(sysconfig.get_path("include")) / "Python.h"

_compiled = pytest.mark.skipif(
    not (_HEADER.exists() and any(map(shutil.which, ("gcc", "clang", "cc")))),
    reason="needs a C compiler and the headers of Python",
)


@functools.cache
def _file(seed=0, shape=(40, 30)):
    rng = np.random.default_rng(seed)
    values = (rng.integers(-3, 4, shape) * (rng.random(shape) < 0.3)).astype(np.int8)
    item = as_integers(values)
    content = rng.bytes(50) + to_bits(item).tobytes() + b"the end"
    return content, encode_content(content, [Region(50, item)])


@pytest.fixture
def _no_python(monkeypatch):
    """Decoding in Python fails."""

    def refuse(*_):
        raise AssertionError("decoded by Python")

    monkeypatch.setattr(container, "decode_content", refuse)


@_compiled
def test_the_decoder_in_c_is_compiled_where_there_is_a_compiler():
    assert archive_decoder.is_compiled()


@_compiled
@pytest.mark.usefixtures("_no_python")
def test_what_is_sound_is_decoded_in_c():
    content, file = _file()
    assert decode_archive(file) == content
    for name in ("version1", "version1_symbols"):
        golden = (_GOLDEN / f"{name}.ecz").read_bytes()
        assert decode_archive(golden) == (_GOLDEN / f"{name}.tflite").read_bytes()


@_compiled
@pytest.mark.usefixtures("_no_python")
def test_threads_decode_side_by_side():
    pairs = [_file(seed, (150, 100)) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(decode_archive, [f for _, f in pairs])) == [c for c, _ in pairs]


def test_python_decodes_where_nothing_is_compiled(monkeypatch):
    monkeypatch.setattr(archive_decoder, "is_compiled", lambda: False)
    content, file = _file()
    told = []
    assert decode_archive(file, lambda done, total: told.append((done, total))) == content
    assert told[-1] == (1, 1)


def test_any_bytes_are_taken():
    content, file = _file()
    for kind in (bytearray, memoryview):
        assert decode_archive(kind(file)) == content


@settings(deadline=None)
@given(position=st.integers(0, 10_000), change=st.integers(1, 255), cut=st.booleans())
def test_damage_is_refused_as_python_refuses_it(position, change, cut):
    _, file = _file()
    position %= len(file)
    bent = bytes([file[position] ^ change])
    damaged = file[:position] + (b"" if cut else bent + file[position + 1 :])
    with pytest.raises(CorruptFileError) as found:
        decode_archive(damaged)
    with pytest.raises(CorruptFileError) as expected:
        container.decode_content(damaged)
    assert str(found.value) == str(expected.value)


@_compiled
def test_content_beyond_the_limit_is_not_decoded_in_c():
    content, file = _file()
    decode = archive_decoder._compiled.decode
    assert decode(file, len(content)) == content
    assert decode(file, len(content) - 1) is None


@_compiled
@pytest.mark.parametrize("count", [64, 8192])
def test_scales_alone_fit_the_arena(count):
    scales = np.random.default_rng(0).random((count, 1), np.float32)
    item = as_product(scales.view(np.uint32), 1)
    file = encode_content(scales.tobytes(), [Region(0, item)])
    assert archive_decoder._compiled.decode(file, 1 << 20) == scales.tobytes()


@_compiled
def test_other_arguments_are_refused():
    for arguments in [(), (b"",), ("text", 1), (b"", -1, 2), (None, 1)]:
        with pytest.raises(TypeError):
            archive_decoder._compiled.decode(*arguments)


def _built(folder, **environment):
    """Builds keras_ec from its sources; the process."""
    for name in ("setup.py", "README.md"):
        shutil.copy(_ROOT / name, folder)
    ignored = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    shutil.copytree(_ROOT / "keras_ec", folder / "keras_ec", ignore=ignored)
    command = [sys.executable, "setup.py", "build", "--build-lib", "built"]
    environment = {**os.environ, **environment}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_installation_goes_on_without_a_compiler(tmp_path):
    process = _built(tmp_path, CC="no-such-compiler")
    assert process.returncode == 0, process.stderr
    assert (tmp_path / "built" / "keras_ec" / "runtime.py").exists()
    assert not [*(tmp_path / "built" / "keras_ec").glob("_ecz_decoder*")]
    script = (
        "import sys\n"
        "from keras_ec import runtime\n"
        "from keras_ec.coding import archive_decoder\n"
        "assert not archive_decoder.is_compiled()\n"
        "sys.stdout.buffer.write(runtime.decompress(sys.argv[1]))"
    )
    # without site, which would find the compiled module of an editable installation
    packages = Path(np.__file__).parents[1]
    decoded = subprocess.run(
        [sys.executable, "-S", "-c", script, _GOLDEN / "version1.ecz"],
        cwd=tmp_path / "built",
        env={**os.environ, "PYTHONPATH": f"{tmp_path / 'built'}{os.pathsep}{packages}"},
        capture_output=True,
        check=True,
    )
    assert decoded.stdout == (_GOLDEN / "version1.tflite").read_bytes()


@_compiled
def test_the_module_compiles_without_a_warning(tmp_path):
    flags = "-std=c99 -Wall -Wextra -Werror"
    process = _built(tmp_path, CFLAGS=flags)
    assert process.returncode == 0, process.stderr
    assert [*(tmp_path / "built" / "keras_ec").glob("_ecz_decoder*")], process.stdout
