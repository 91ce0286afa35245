"""Parts of the methods that code or take apart arrays."""

import importlib

import keras
import numpy as np
import pytest

from keras_ec.deploy.export import tflite_bytes

pytest.importorskip("zstandard", reason="of requirements/dev.txt")
pytest.importorskip("tensorflow_compression_ops")


@pytest.fixture
def network():
    """Convolution, normalization with statistics of its own, dense layer."""
    layers = [
        keras.layers.Conv2D(4, 3, use_bias=False),
        keras.layers.BatchNormalization(),
        keras.layers.Flatten(),
        keras.layers.Dense(3),
    ]
    model = keras.Sequential([keras.Input((6, 6, 1)), *layers])
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(0.1, 1, w.shape) for w in model.get_weights()])
    return model


def test_tables_hold_any_whole_numbers():
    import tables

    rng = np.random.default_rng(0)
    arrays = [rng.integers(-9, 4, 500), np.zeros(40, int), np.array([7, -30000, 7])]
    coded = tables.encode(arrays)
    decoded = tables.decode(coded, [a.size for a in arrays])
    assert all(np.array_equal(a, b) for a, b in zip(arrays, decoded, strict=True))


def test_frequencies_sum_up_and_leave_nothing_out():
    import tables

    frequencies = tables.quantized(np.array([10**6, 1, 0, 1]))
    assert frequencies.sum() == 1 << tables.PRECISION
    assert (frequencies > 0).tolist() == [True, True, False, True]


def test_folded_normalization_gives_the_same_outputs(network):
    import normalization

    x = np.random.default_rng(1).random((5, 6, 6, 1), "float32")
    before = network.predict(x, verbose=0)
    normalization.fold(network)
    assert np.allclose(network.predict(x, verbose=0), before, rtol=1e-4)


def test_whole_multiples_of_a_power_of_two():
    import normalization

    numbers, exponent = normalization.whole(np.array([0.75, -2.0, 0.0]))
    assert (numbers.tolist(), exponent) == ([3, -8, 0], -2)


def test_entropy_penalized_stream_holds_the_rounded_network(network):
    import normalization
    from methods import entropy_penalized as method

    x = np.random.default_rng(1).random((5, 6, 6, 1), "float32")
    normalization.fold(network)
    normalization.round_folded(network)
    model = method.Reparameterized(network, penalty=1e-3, step=0.05, noisy=False)
    expected = np.array(model(x))
    affine = method.affine_arrays(network)
    stream = method.encode(model.integers(), model.steps(), model.groups, affine)
    decoded = method.decode(stream, network)
    assert np.allclose(decoded.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-5)
    assert len(stream) < 4 * network.count_params()


def test_entropy_penalized_rate_is_that_of_a_distribution():
    from methods import entropy_penalized as method

    x = np.arange(-2000, 2001).astype("float32")
    bits = np.array(method.rate(x, np.zeros(3, "float32"), np.log([0.2, 1, 5]).astype("float32")))
    assert np.sum(2.0**-bits) == pytest.approx(1, abs=1e-3)


def test_kernels_turn_there_and_back():
    from methods import nncodec as method

    kernel = np.arange(120).reshape(2, 3, 4, 5)
    turned = method.channels_first(kernel)
    assert turned.shape == (5, 4, 2, 3)
    assert turned[1, 2, 0, 1] == kernel[0, 1, 2, 1]
    assert np.array_equal(method.channels_last(turned), kernel)


def test_a_network_that_is_made_to_be_coded_is_stored_as_its_own_point(tmp_path, monkeypatch):
    import configuration
    import methods.keras_ec
    import shipped
    from trained import trained_weights

    calls = []

    def compress(base, data, settings, seed, folder):
        calls.append((settings["alpha"], seed))
        for name in ("network.npz", "network.ecz"):
            (folder / name).write_bytes(b"made")
        return shipped.Shipped(3, folder / "network.ecz", b"network")

    monkeypatch.setattr(configuration, "CACHE", tmp_path)
    monkeypatch.setattr(methods.keras_ec, "compress", compress)
    point = configuration.Configuration("lenet-5", "keras_ec", {"alpha": 0.7}, 4)
    for _ in range(2):
        path = trained_weights(point, None, None)
    assert calls == [(0.7, 4)] and path.read_bytes() == b"made"
    found, seconds = shipped.stored(path.parent)
    assert found.payload_bytes == 3 and found.tflite == b"network" and seconds >= 0


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({}, "earlier_uniform"),
        ({"center_type": "free"}, "earlier_free"),
        ({"largest_gap": True}, "uniform"),
        ({"largest_gap": True, "center_type": "free"}, "free"),
    ],
)
def test_settings_choose_the_centers(monkeypatch, settings, kind):
    from datasets import Data
    from methods import keras_ec as method
    from settings import DEFAULTS

    monkeypatch.setattr(method, "under_policy", lambda network, policy: network)
    monkeypatch.setattr(method, "train_and_ship", lambda model, *others: model)
    base = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    data = Data(*[np.zeros((4, 2), "float32")] * 4, name="none")
    model = method.compress(base, data, {**DEFAULTS["keras_ec"], **settings}, 0, None)
    assert model.layers[0].kernel_centers.kind == kind


def test_without_dead_units_it_is_the_same_training(tmp_path, monkeypatch):
    import baseline
    import configuration
    import tflite_model
    from methods import keras_ec as method
    from settings import DEFAULTS

    monkeypatch.setattr(configuration, "CACHE", tmp_path)
    base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(9, "relu")], name="lenet_5")
    base.add(keras.layers.Dense(3))
    trained = keras.models.clone_model(base)
    kernel = np.random.default_rng(0).integers(-1, 2, (4, 9)) * 0.25
    kernel[:, 3:] = 0.0
    trained.set_weights([kernel, np.full(9, 0.5), np.full((9, 3), 0.75), np.zeros(3)])
    settings = {**DEFAULTS["keras_ec"], "alpha": 0.7}
    kept = configuration.Configuration("lenet-5", "keras_ec", settings, 4).folder()
    kept.mkdir(parents=True)
    baseline.save_weights(trained, kept / "network.npz")
    folder = tmp_path / "removed"
    folder.mkdir()
    removed = {**settings, "remove_dead": True}
    shipped = method.compress(base, None, removed, 4, folder)
    x = np.random.default_rng(1).random((5, 4), "float32")
    outputs = tflite_model.predict(shipped.tflite, x)
    assert np.allclose(outputs, trained.predict(x, verbose=0), atol=1e-5)
    assert len(shipped.tflite) < len(tflite_bytes(trained))
    assert shipped.path.parent == folder and shipped.payload_bytes > 0


class Distilled(Exception):
    """Comes in place of a training, with the arguments of the Distiller."""


@pytest.mark.parametrize("name", ["keras_ec", "ecq", "entropy_penalized"])
@pytest.mark.parametrize("teacher", [None, "vgg"])
def test_the_named_teacher_is_asked_in_training(monkeypatch, name, teacher):
    import baseline
    from datasets import Data
    from settings import DEFAULTS

    import keras_ec

    def distiller(*arguments):
        raise Distilled(*arguments)

    monkeypatch.setattr(keras_ec, "Distiller", distiller)
    method = importlib.import_module(f"methods.{name}")
    base = baseline.load("resnet-8")
    data = Data(*[np.zeros((4, 32, 32, 3), "float32")] * 4, name="none")
    settings = {**DEFAULTS[name], "distillation": 0.6, "teacher": teacher}
    with pytest.raises(Distilled) as raised:
        method.compress(base, data, settings, 0, None)
    _, asked, share, _ = raised.value.args
    assert (asked.name, share) == (teacher or "resnet_8", 0.6)


def test_step_of_whole_multiples():
    from methods import nncodec as method

    values = np.float32(0.013) * np.array([0, 2, -3, 40], "float32")
    assert method.step_of(values) == pytest.approx(0.013, rel=1e-6)
    assert method.step_of(np.zeros(3)) == 1
    with pytest.raises(ValueError, match="whole multiples"):
        method.step_of(np.random.default_rng(0).random(50))


def test_payload_of_archives_counts_weights_that_are_not_coded(rng):
    from methods.keras_ec import payload_bytes

    from keras_ec.deploy.archive import compress_bytes
    from keras_ec.deploy.export import tflite_bytes
    from keras_ec.inspection import inspect_archive

    model = keras.Sequential([keras.Input((16,)), keras.layers.Dense(8)])
    kernel = rng.choice([-0.5, 0.0, 0.5], (16, 8))
    payloads = []
    for bias in (np.zeros(8), rng.standard_normal(8)):
        model.layers[0].set_weights([kernel, bias])
        ecz = compress_bytes(tflite_bytes(model))
        left = [t for t in inspect_archive(ecz).tensors if t.coded_bits is None]
        assert payload_bytes(ecz) == inspect_archive(ecz).payload_bytes + 32 * bool(left)
        payloads.append(payload_bytes(ecz))
    assert left and payloads[1] > payloads[0] + 24


def test_kernels_of_few_weights_have_finer_centers(network):
    from methods.keras_ec import centers_of

    assert centers_of({"fine_below": 0, "centers": 15}) == 15
    centers = centers_of({"fine_below": 37, "centers": 15})
    convolution, dense = network.layers[0], network.layers[-1]  # of 36 and 192 weights
    assert (centers(convolution), centers(dense)) == (63, 15)
    assert centers_of({"fine_below": 36, "centers": 15})(convolution) == 15
