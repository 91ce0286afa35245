import io
import json
import os
import pty
import resource
import signal
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest

import keras_ec
from keras_ec.cli.main import build_parser, main
from keras_ec.coding.container import payload_size
from keras_ec.inspection import inspect_archive

sys.path.insert(0, str(Path(__file__).parent / "deploy"))
from tflite_builder import build_tflite

COMMANDS = ("compress", "decompress", "inspect", "verify")


def content():
    rng = np.random.default_rng(0)
    kernel = rng.integers(-2, 3, (60, 50)) * (rng.random((60, 50)) < 0.2)
    arrays = {
        "kernel": kernel.astype(np.float32) * np.float32(0.25),
        "bias": rng.integers(-9, 10, 50).astype(np.float32),
        "noise": rng.normal(size=(30, 30)).astype(np.float32),
        "large": rng.integers(-3, 4, (200, 150)).astype(np.float32),
    }
    return build_tflite(arrays)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    (folder / "model.tflite").write_bytes(content())
    keras_ec.compress(folder / "model.tflite", folder / "model.ecz")
    return (folder / "model.ecz").read_bytes()


@pytest.fixture
def folder(tmp_path, archive, monkeypatch):
    """The working directory, with a model and its archive."""
    monkeypatch.chdir(tmp_path)
    Path("model.tflite").write_bytes(content())
    Path("model.ecz").write_bytes(archive)
    return tmp_path


def damage(path):
    data = bytearray(Path(path).read_bytes())
    data[len(data) // 2] ^= 1
    Path(path).write_bytes(data)


def the_error(capsys):
    """What went to stderr: one line. Nothing went to stdout."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("keras-ec: ") and err.count("\n") == 1 and err.endswith("\n"), err
    return err


# Round trips.


def test_compress_and_decompress_beside_the_source(folder, archive, capsys):
    os.remove("model.ecz")
    assert main(["compress", "model.tflite"]) == 0
    assert Path("model.ecz").read_bytes() == archive
    out, err = capsys.readouterr()
    assert "model.ecz" in out and f"{len(archive):,}" in out and err == ""
    os.remove("model.tflite")
    assert main(["decompress", "model.ecz"]) == 0
    assert Path("model.tflite").read_bytes() == content()
    assert sorted(os.listdir()) == ["model.ecz", "model.tflite"]


@pytest.mark.parametrize("option", ["-o", "--output"])
def test_output_option(option, folder):
    assert main(["compress", "model.tflite", option, "a.bin"]) == 0
    assert main(["decompress", "a.bin", option, "b.bin"]) == 0
    assert Path("b.bin").read_bytes() == content()


@pytest.mark.parametrize("command, source", [("compress", "tflite"), ("decompress", "ecz")])
def test_existing_targets_need_force(command, source, folder, capsys):
    Path("kept").write_bytes(b"kept")
    assert main([command, f"model.{source}", "-o", "kept"]) == 1
    assert "kept: exists already; give --force" in the_error(capsys)
    assert Path("kept").read_bytes() == b"kept"
    assert main([command, f"model.{source}"]) == 1
    for option in ("-f", "--force"):
        Path("kept").write_bytes(b"kept")
        assert main([command, f"model.{source}", "-o", "kept", option]) == 0
        assert Path("kept").read_bytes() != b"kept"


def test_the_source_is_never_the_target(folder, capsys):
    os.symlink("model.tflite", "link")
    for target in ("model.tflite", "link"):
        assert main(["compress", "model.tflite", "-f", "-o", target]) == 1
        assert "other than the source" in the_error(capsys)
    assert Path("model.tflite").read_bytes() == content()


def test_quiet(folder, capsys):
    assert main(["compress", "-q", "-f", "model.tflite"]) == 0
    assert main(["decompress", "--quiet", "-f", "model.ecz"]) == 0
    assert main(["verify", "-q", "model.ecz", "model.tflite"]) == 0
    assert capsys.readouterr() == ("", "")


class Bytes:
    def __init__(self, data=b""):
        self.buffer = io.BytesIO(data)

    def flush(self):
        pass


def test_standard_input_and_output(archive, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", Bytes(content()))
    monkeypatch.setattr(sys, "stdout", Bytes())
    assert main(["compress", "-"]) == 0
    assert sys.stdout.buffer.getvalue() == archive
    monkeypatch.setattr(sys, "stdin", Bytes(archive))
    monkeypatch.setattr(sys, "stdout", Bytes())
    assert main(["decompress", "-", "-o", "-"]) == 0
    assert sys.stdout.buffer.getvalue() == content()
    assert "standard input" in capsys.readouterr().err


# Verify.


def test_verify(folder, capsys):
    sizes = f"{os.path.getsize('model.ecz'):,} bytes hold {os.path.getsize('model.tflite'):,}"
    assert main(["verify", "model.ecz"]) == 0
    out = capsys.readouterr().out
    assert "OK" in out and sizes in out and "identical" not in out
    assert main(["verify", "model.ecz", "model.tflite"]) == 0
    out = capsys.readouterr().out
    assert "OK" in out and sizes in out and "identical to model.tflite" in out


def test_verify_finds_differences(folder, capsys):
    other = bytearray(content())
    other[77] ^= 1
    Path("other").write_bytes(other)
    assert main(["verify", "model.ecz", "other"]) == 1
    error = the_error(capsys)
    assert "model.ecz" in error and "others from byte 77 on" in error
    Path("other").write_bytes(other + b"x")
    assert main(["verify", "model.ecz", "other"]) == 1
    assert f"other has {len(other) + 1:,}" in the_error(capsys)


# Inspect.


def inspect_json(path, capsys):
    assert main(["inspect", "--json", path]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def test_inspect_json(folder, capsys):
    report = inspect_json("model.ecz", capsys)
    archive = Path("model.ecz").read_bytes()
    assert report["file"] == "model.ecz"
    assert report["content_bytes"] == len(content())
    assert report["file_bytes"] == len(archive)
    assert report["payload_bytes"] == payload_size(archive)
    assert report["payload_bytes"] + report["structure_bytes"] == len(archive)
    tensors = {tensor["name"]: tensor for tensor in report["tensors"]}
    assert sorted(tensors) == ["bias", "kernel", "large", "noise"]
    kernel, noise, large = tensors["kernel"], tensors["noise"], tensors["large"]
    assert (kernel["shape"], kernel["elements"], kernel["dtype"]) == ([60, 50], 3000, "FLOAT32")
    assert (kernel["alphabet_size"], large["alphabet_size"]) == (5, 7)
    assert noise["coded_bytes"] is None and noise["bits_per_weight"] is None
    assert kernel["bits_per_weight"] == pytest.approx(8 * kernel["coded_bytes"] / 3000)
    assert large["entropy_bits"] == pytest.approx(30000 * np.log2(7), rel=1e-3)
    assert 8 * large["coded_bytes"] == pytest.approx(large["entropy_bits"], rel=0.01)
    total = sum(tensor["coded_bytes"] or 0 for tensor in report["tensors"])
    assert total == pytest.approx(report["payload_bytes"], abs=4)


def test_entropy_is_that_of_the_kernel(folder, capsys):
    (kernel,) = (t for t in inspect_json("model.ecz", capsys)["tensors"] if t["name"] == "kernel")
    rng = np.random.default_rng(0)
    values = rng.integers(-2, 3, (60, 50)) * (rng.random((60, 50)) < 0.2)
    counts = np.unique(values, return_counts=True)[1]
    entropy = -(counts * np.log2(counts / 3000)).sum()
    assert kernel["entropy_bits"] == pytest.approx(entropy)


def test_a_tflite_file_is_shown_as_it_would_be_compressed(folder, capsys):
    archive, tflite = (inspect_json(f"model.{kind}", capsys) for kind in ("ecz", "tflite"))
    assert {**tflite, "file": ""} == {**archive, "file": ""}
    assert main(["inspect", "model.tflite"]) == 0
    assert "as it would be compressed" in capsys.readouterr().out
    assert sorted(os.listdir()) == ["model.ecz", "model.tflite"]


def test_inspect_table(folder, capsys):
    assert main(["inspect", "model.ecz"]) == 0
    out = capsys.readouterr().out
    report = inspect_archive(Path("model.ecz").read_bytes())
    for tensor in report.tensors:
        (line,) = (line for line in out.splitlines() if f" {tensor.name} " in line)
        assert "x".join(map(str, tensor.shape)) in line
        assert f" {tensor.alphabet_size} " in line
        coded = "in structure" if tensor.coded_bits is None else f"{tensor.bits_per_weight:.3f}"
        assert coded in line
    for size in (report.payload_bytes, report.structure_bytes, report.file_bytes):
        assert f" {size:,} bytes " in out


def test_tensors_without_names_are_called_after_operators(tmp_path, capsys):
    keras = pytest.importorskip("keras")
    model = keras.Sequential(
        [keras.Input((9, 9, 1)), keras_ec.layers.ECConv2D(8, 3), keras.layers.Flatten()]
    )
    keras_ec.compress(model, tmp_path / "model.ecz")
    names = [
        tensor["name"] for tensor in inspect_json(str(tmp_path / "model.ecz"), capsys)["tensors"]
    ]
    assert "CONV_2D 0 input 1" in names


def test_content_that_is_no_readable_flatbuffer(tmp_path, capsys):
    (tmp_path / "model.tflite").write_bytes(b"\xff\xff\xff\x7fTFL3" + bytes(500))
    report = inspect_json(str(tmp_path / "model.tflite"), capsys)
    assert report["tensors"] == [] and report["payload_bytes"] == 0
    assert report["content_bytes"] == 508


# Errors.


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", ["missing", "directory", "text", "empty"])
def test_sources_that_cannot_be_read(command, kind, folder, capsys):
    source = "odd"
    if kind == "directory":
        os.mkdir(source)
    elif kind != "missing":
        Path(source).write_bytes(b"no such file\n" * (kind == "text"))
    before = sorted(os.listdir())
    assert main([command, source]) == 1
    error = the_error(capsys)
    assert error.startswith("keras-ec: odd: ")
    if kind in ("text", "empty"):
        assert "xpected" in error
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize("command", ["decompress", "inspect", "verify"])
def test_damaged_files(command, folder, capsys):
    damage("model.ecz")
    os.remove("model.tflite")
    assert main([command, "model.ecz"]) == 1
    assert "model.ecz: " in the_error(capsys)
    assert os.listdir() == ["model.ecz"]


@pytest.mark.parametrize(
    "arguments",
    [[], ["explode"], ["compress"], ["compress", "a", "b"], ["inspect", "a", "--yaml"]],
)
def test_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: keras-ec" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_that_parse(command, capsys):
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out.split("examples:\n")[1]
    examples = [line.strip().split("  ")[0].split(" <")[0] for line in text.strip().splitlines()]
    assert len(examples) > 1
    for example in examples:
        program, *arguments = example.split()
        assert program == "keras-ec" and build_parser().parse_args(arguments).command == command


def test_version_and_help(capsys):
    for option, expected in (
        ("--version", f"keras-ec {keras_ec.__version__}"),
        ("-h", "exit codes"),
    ):
        with pytest.raises(SystemExit) as caught:
            main([option])
        assert caught.value.code == 0
        assert expected in capsys.readouterr().out


def test_targets_that_cannot_be_written(folder, capsys):
    os.mkdir("out")
    for target in ("out", "model.ecz/new", "missing/new"):
        assert main(["decompress", "model.ecz", "-f", "-o", target]) == 1
        assert target in the_error(capsys)
    assert sorted(os.listdir()) == ["model.ecz", "model.tflite", "out"]
    assert os.listdir("out") == []


# Processes of their own.


def run(*arguments, python=sys.executable, **options):
    command = [str(python), "-m", "keras_ec", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


def test_the_whole_command_line_without_tensorflow(folder, base_python):
    for arguments in (
        ("compress", "model.tflite", "-o", "new.ecz"),
        ("decompress", "new.ecz", "-o", "new.tflite"),
        ("inspect", "new.ecz"),
        ("inspect", "new.tflite", "--json"),
        ("verify", "new.ecz", "model.tflite"),
    ):
        result = run(*arguments, python=base_python)
        assert (result.returncode, result.stderr) == (0, ""), result
        assert result.stdout
    assert Path("new.ecz").read_bytes() == Path("model.ecz").read_bytes()
    assert Path("new.tflite").read_bytes() == content()


GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.ecz"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_environment_writes_the_golden_bytes(path, tmp_path, base_python):
    """Whatever NumPy, TensorFlow and range coder are installed."""
    source, target = path.with_suffix(".tflite"), tmp_path / "model.ecz"
    assert keras_ec.compress(source, target) == path.stat().st_size
    assert target.read_bytes() == path.read_bytes()
    assert run("compress", str(source), "-f", "-o", str(target), python=base_python).returncode == 0
    assert target.read_bytes() == path.read_bytes()


def test_tensorflow_is_not_imported_where_it_is_installed(folder):
    script = (
        "import sys\n"
        "from keras_ec.cli.main import main\n"
        "assert main(['compress', 'model.tflite', '-f']) == 0\n"
        "assert main(['decompress', 'model.ecz', '-f']) == 0\n"
        "assert main(['inspect', 'model.ecz']) == 0\n"
        "assert main(['verify', 'model.ecz', 'model.tflite']) == 0\n"
        "loaded = {'tensorflow', 'keras'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stderr) == (0, "")


def test_entry_point():
    (found,) = (e for e in entry_points(group="console_scripts") if e.name == "keras-ec")
    assert found.value == "keras_ec.cli.main:run"


def test_exit_codes_of_the_process(folder):
    assert run("verify", "model.ecz").returncode == 0
    assert run("verify", "missing").returncode == 1
    assert run("verify").returncode == 2


def limit_file_size():
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def test_a_write_that_is_cut_short_leaves_the_old_file(folder):
    Path("kept").write_bytes(b"kept")
    arguments = ("decompress", "model.ecz", "-f", "-o", "kept")
    result = run(*arguments, preexec_fn=limit_file_size)
    assert result.returncode == 1
    assert result.stderr == "keras-ec: kept: cannot write the file: File too large\n"
    assert Path("kept").read_bytes() == b"kept"
    assert sorted(os.listdir()) == ["kept", "model.ecz", "model.tflite"]


def test_names_that_the_output_cannot_encode_are_escaped(folder):
    """What is done stays done, and the exit code says so."""
    os.rename(folder / "model.tflite", folder / "模型.tflite")
    narrow = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = run("compress", "模型.tflite", env=narrow)
    assert (done.returncode, done.stderr) == (0, "")
    assert r"\u6a21\u578b.ecz" in done.stdout
    assert run("inspect", "模型.ecz", env=narrow).returncode == 0
    failed = run("compress", "模型", env=narrow)
    assert (failed.returncode, failed.stderr) == (
        1,
        "keras-ec: \\u6a21\\u578b: No such file or directory\n",
    )


def test_standard_output_that_is_closed(folder):
    done = run("compress", "model.tflite", "-o", "new.ecz", preexec_fn=lambda: os.close(1))
    assert (done.returncode, done.stderr) == (0, "")
    assert Path("new.ecz").read_bytes() == Path("model.ecz").read_bytes()


def test_standard_output_that_is_full(folder):
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "keras_ec", "decompress", "model.ecz", "-o", "-"]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 1
    assert result.stderr == "keras-ec: standard output: No space left on device\n"


WAITING = """
import os, signal, sys, time

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background

def wait(descriptor):
    print("writing", flush=True)
    time.sleep(60)

os.fsync = wait
from keras_ec.cli.main import run
sys.exit(run())
"""


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_leave_the_old_file(number, code, folder):
    Path("kept").write_bytes(b"kept")
    command = [sys.executable, "-c", WAITING, "decompress", "model.ecz", "-f", "-o", "kept"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "writing\n"
    assert len(os.listdir()) == 4
    process.send_signal(number)
    error = process.communicate(timeout=60)[1]
    assert process.returncode == code and "Traceback" not in error
    assert Path("kept").read_bytes() == b"kept"
    assert sorted(os.listdir()) == ["kept", "model.ecz", "model.tflite"]


def on_terminal(*arguments):
    """Standard output, and what a terminal on standard error shows."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "keras_ec", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += (part := os.read(ours, 4096))
            except OSError:  # the other end is closed
                break
            if not part:
                break
        os.close(ours)
        out = process.stdout.read()
    assert process.returncode == 0
    return out, shown.decode()


def test_progress_is_shown_on_terminals_only(folder):
    out, shown = on_terminal("compress", "model.tflite", "-f")
    for stage in ("analyse", "encode"):
        assert stage in shown
    assert b"analyse" not in out and b"times smaller" in out
    assert on_terminal("compress", "model.tflite", "-f", "-q") == (b"", "")
    assert run("compress", "model.tflite", "-f").stderr == ""
