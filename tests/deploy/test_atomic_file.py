import errno
import os
import signal
import stat
import subprocess
import sys
import time

import pytest

from keras_ec.deploy.atomic_file import write_atomically

OLD, NEW = b"old content", b"new content" * 1000


@pytest.fixture(params=["existing", "new"])
def target(request, tmp_path):
    path = tmp_path / "model.ecz"
    if request.param == "existing":
        path.write_bytes(OLD)
    return path


def assert_untouched(target, existing):
    assert os.listdir(target.parent) == ([target.name] if existing else [])
    if existing:
        assert target.read_bytes() == OLD


@pytest.mark.parametrize("convert", [str, os.fspath, lambda path: path])
def test_writes_and_replaces(target, convert):
    write_atomically(convert(target), NEW)
    assert target.read_bytes() == NEW
    assert os.listdir(target.parent) == [target.name]


def test_permissions_are_those_of_the_old_file_or_of_any_new_one(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    write_atomically(tmp_path / "new", NEW)
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode
    (tmp_path / "plain").chmod(0o640)
    write_atomically(tmp_path / "plain", NEW)
    assert stat.S_IMODE((tmp_path / "plain").stat().st_mode) == 0o640


def test_the_umask_is_left_alone(tmp_path, monkeypatch):
    """It is one for all threads."""
    before = os.umask(0o027)
    try:
        monkeypatch.setattr(os, "umask", None)
        write_atomically(tmp_path / "new", NEW)
    finally:
        monkeypatch.undo()
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


def test_names_that_are_taken_are_passed_over(tmp_path, monkeypatch):
    names = iter(["taken", "free"])
    monkeypatch.setattr("keras_ec.deploy.atomic_file.secrets.token_hex", lambda size: next(names))
    (tmp_path / ".keras_ec-taken.tmp").write_bytes(OLD)
    write_atomically(tmp_path / "new", NEW)
    assert (tmp_path / ".keras_ec-taken.tmp").read_bytes() == OLD
    assert (tmp_path / "new").read_bytes() == NEW


def test_links_keep_leading_to_the_file(tmp_path):
    (tmp_path / "file").write_bytes(OLD)
    (tmp_path / "link").symlink_to("file")
    write_atomically(tmp_path / "link", NEW)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == NEW


STEPS = ["os.fdopen", "os.fsync", "os.chmod", "os.replace", "os.open"]
ERRORS = {
    "full": OSError(errno.ENOSPC, "No space left on device"),
    "denied": PermissionError(errno.EACCES, "Permission denied"),
    "interrupt": KeyboardInterrupt(),
    "memory": MemoryError(),
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS.keys())
@pytest.mark.parametrize("step", STEPS)
def test_whatever_step_fails_nothing_changes(step, error, target, monkeypatch):
    if step == "os.chmod":  # new files are given their mode at once
        target.write_bytes(OLD)
    existing = target.exists()

    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(f"keras_ec.deploy.atomic_file.{step}", fail)
    with pytest.raises(type(error)) as caught:
        write_atomically(target, NEW)
    monkeypatch.undo()
    assert_untouched(target, existing)
    if isinstance(error, OSError):
        assert caught.value.errno == error.errno
        assert caught.value.filename == str(target)
        assert error.strerror in str(caught.value)


def test_a_disk_that_fills_while_writing(target, monkeypatch):
    """/dev/full takes the data and refuses them when they are flushed."""
    existing, fdopen = target.exists(), os.fdopen

    def onto_full_disk(descriptor, mode):
        os.close(descriptor)
        return fdopen(os.open("/dev/full", os.O_WRONLY), mode)

    monkeypatch.setattr("keras_ec.deploy.atomic_file.os.fdopen", onto_full_disk)
    with pytest.raises(OSError, match="No space left") as caught:
        write_atomically(target, NEW)
    assert caught.value.filename == str(target)
    assert_untouched(target, existing)


LIMITED = """
import resource, sys
from keras_ec.deploy.atomic_file import write_atomically

resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write_atomically(sys.argv[1], bytes(1 << 20))
except OSError as error:
    print(error)
"""


def test_a_write_that_the_system_cuts_short(target):
    existing = target.exists()
    command = [sys.executable, "-c", LIMITED, str(target)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "File too large" in result.stdout and str(target) in result.stdout, result.stderr
    assert_untouched(target, existing)


INTERRUPTED = """
import os, signal, sys, time
from keras_ec.deploy import atomic_file

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background

def wait(descriptor):
    print("writing", flush=True)
    time.sleep(60)

os.fsync = wait
atomic_file.write_atomically(sys.argv[1], bytes(1 << 16))
"""


def test_an_interrupt_from_the_keyboard(target):
    existing = target.exists()
    command = [sys.executable, "-c", INTERRUPTED, str(target)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "writing\n"
    assert len(os.listdir(target.parent)) == 1 + existing
    process.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate(timeout=60)[1]
    assert_untouched(target, existing)


@pytest.mark.parametrize(
    "name", ["file/model.ecz", "missing/model.ecz", "file/below/it", "x" * 300]
)
def test_places_where_no_file_can_be(name, tmp_path):
    (tmp_path / "file").write_bytes(OLD)
    target = f"{tmp_path}/{name}"
    with pytest.raises(OSError) as caught:
        write_atomically(target, NEW)
    assert caught.value.filename == target
    assert ".tmp" not in str(caught.value)
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == OLD


@pytest.mark.parametrize("kind", ["directory", "pipe"])
def test_targets_that_are_no_files(kind, tmp_path):
    target = tmp_path / "target"
    target.mkdir() if kind == "directory" else os.mkfifo(target)
    mode = target.stat().st_mode
    start = time.monotonic()
    with pytest.raises(OSError, match="target: expected a regular file"):
        write_atomically(target, NEW)
    assert time.monotonic() - start < 5
    assert target.stat().st_mode == mode
    assert os.listdir(tmp_path) == ["target"]
