import struct

import keras
import numpy as np
import pytest
import tflite
from keras import layers

from keras_ec.coding.representation import bytes_of, to_bits
from keras_ec.deploy import channel_quantization
from keras_ec.deploy.archive import compress_bytes, decompress_bytes
from keras_ec.deploy.calibration import representative_dataset
from keras_ec.deploy.channel_quantization import scale_regions, zero_point_regions
from keras_ec.deploy.export import converted, deployable, tflite_bytes
from keras_ec.hardening import harden
from keras_ec.inspection import inspect_archive
from keras_ec.layers import ECConv2D


def network(*channels):
    """Convolutions whose channels a normalization scales, hardened; and examples in 256ths."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    model = keras.Sequential([keras.Input((8, 8, 3))])
    for count in channels:
        model.add(ECConv2D(count, 3, padding="same"))
        model.add(layers.BatchNormalization())
        model.layers[-1].gamma.assign(rng.lognormal(sigma=0.5, size=count))
        model.add(layers.ReLU())
    harden(model)
    return model, (rng.integers(0, 256, (20, 8, 8, 3)) / 256).astype("float32")


@pytest.fixture(scope="module")
def content():
    """An int8 network with kernels of 16, 4 and 24 channels."""
    return tflite_bytes(*network(16, 4, 24))


def vectors(content):
    """Scales and zero points of all tensors that have several."""
    model = tflite.Model.GetRootAs(content)
    graph, found = model.Subgraphs(0), []
    for i in range(graph.TensorsLength()):
        quantization = graph.Tensors(i).Quantization()
        if quantization is not None and quantization.ScaleLength() > 1:
            found.append((quantization.ScalesAsNumpy(), quantization.ZeroPointAsNumpy()))
    return found


def region_size(region):
    return bytes_of(region.representation)


def test_regions_hold_the_bytes_of_scales_and_zero_points(content):
    for find, width in ((scale_regions, 4), (zero_point_regions, 8)):
        end, sizes = 0, []
        for region in find(content):
            assert region.offset >= end
            end = region.offset + region_size(region)
            assert to_bits(region.representation).tobytes() == content[region.offset : end]
            sizes.append(region_size(region) // width)
        # of kernels and biases; those of 4 channels are too few
        assert sorted(sizes) == [16, 16, 24, 24]


def test_float32_networks_have_none():
    content = tflite_bytes(network(16)[0])
    assert scale_regions(content) == zero_point_regions(content) == []


def test_scales_of_any_mantissas_are_left(content):
    """As the converter writes them; without them nothing is lost."""
    model, x = network(16, 24)
    plain = deployable(model)
    theirs = converted(plain, representative_dataset(x, plain.inputs))
    assert scale_regions(theirs) == []
    assert len(zero_point_regions(theirs)) == 4


def test_archives_of_int8_networks_are_smaller_with_them(content, monkeypatch):
    archive = compress_bytes(content)
    assert decompress_bytes(archive) == content
    names = [tensor.name for tensor in inspect_archive(archive).tensors]
    assert sum(name.endswith(", scales") for name in names) == 4
    assert sum(name.endswith(", zero points") for name in names) == 4
    monkeypatch.setattr("keras_ec.deploy.archive.scale_regions", lambda _: [])
    assert len(archive) < len(compress_bytes(content))


def test_zero_points_stay_in_structure_that_lzma_codes(content, monkeypatch):
    monkeypatch.setattr("keras_ec.deploy.archive.MAX_STRUCTURE", 100)
    names = [tensor.name for tensor in inspect_archive(compress_bytes(content)).tensors]
    assert sum(name.endswith(", zero points") for name in names) == 0


def test_damaged_vectors_are_left_or_refused(content, rng):
    for _ in range(200):
        data = bytearray(content)
        for place in rng.integers(0, len(data), 3):
            data[place] = rng.integers(256)
        try:
            regions = [*scale_regions(bytes(data)), *zero_point_regions(bytes(data))]
        except ValueError as error:
            assert "cannot be read" in str(error)
            continue
        for region in regions:
            end = region.offset + region_size(region)
            assert bytes(data[region.offset : end]) == to_bits(region.representation).tobytes()


def test_long_vectors_and_vectors_within_vectors_are_left(content, monkeypatch):
    found = {64: 8192, 72: 8191, 80: 12, 70000: 8193, 140000: 9}
    monkeypatch.setattr(channel_quantization, "_vectors", lambda *_: found)
    assert [region.offset for region in zero_point_regions(bytes(150000))] == [64, 70000, 140000]
    monkeypatch.undo()
    monkeypatch.setattr(channel_quantization, "_MANY", 16)
    assert {region_size(region) for region in zero_point_regions(content)} == {8 * 16}


def test_zero_points_that_are_not_zero_are_left(content):
    first, *others = [region.offset for region in zero_point_regions(content)]
    data = bytearray(content)
    struct.pack_into("<q", data, first + 8, 3)
    assert [region.offset for region in zero_point_regions(bytes(data))] == others
