import struct

import keras
import numpy as np
import pytest
import tflite
from keras import layers

from keras_ec.coding.representation import bytes_of, to_bits
from keras_ec.deploy import channel_quantization
from keras_ec.deploy.archive import compress_bytes, decompress_bytes
from keras_ec.deploy.channel_quantization import quantization_regions
from keras_ec.deploy.export import tflite_bytes
from keras_ec.hardening import harden
from keras_ec.inspection import inspect_archive
from keras_ec.layers import ECConv2D


def network(*channels):
    """Convolutions whose channels a normalization scales, hardened; and examples."""
    rng = np.random.default_rng(0)
    model = keras.Sequential([keras.Input((8, 8, 3))])
    for count in channels:
        model.add(ECConv2D(count, 3, padding="same"))
        model.add(layers.BatchNormalization())
        model.layers[-1].gamma.assign(rng.lognormal(sigma=0.5, size=count))
        model.add(layers.ReLU())
    harden(model)
    return model, rng.standard_normal((20, 8, 8, 3)).astype("float32")


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


def test_regions_hold_the_bytes_of_scales_and_zero_points(content):
    regions, end, sizes = quantization_regions(content), 0, []
    for region in regions:
        size = bytes_of(region.representation)
        assert region.offset >= end
        end = region.offset + size
        assert to_bits(region.representation).tobytes() == content[region.offset : end]
        sizes.append(size)
    # of kernels and biases; those of 4 channels are too few
    assert sorted(sizes) == sorted(2 * [4 * 16, 8 * 16, 4 * 24, 8 * 24])


def test_float32_networks_have_none():
    assert quantization_regions(tflite_bytes(network(16)[0])) == []


def test_archives_of_int8_networks_are_smaller_with_them(content, monkeypatch):
    archive = compress_bytes(content)
    assert decompress_bytes(archive) == content
    names = [tensor.name for tensor in inspect_archive(archive).tensors]
    assert sum(name.endswith(", scales") for name in names) == 4
    assert sum(name.endswith(", zero points") for name in names) == 4
    monkeypatch.setattr("keras_ec.deploy.archive.quantization_regions", lambda _: [])
    assert len(archive) < len(compress_bytes(content))


def test_damaged_vectors_are_left_or_refused(content, rng):
    intact = quantization_regions(content)
    for _ in range(200):
        data = bytearray(content)
        for place in rng.integers(0, len(data), 3):
            data[place] = rng.integers(256)
        try:
            regions = quantization_regions(bytes(data))
        except ValueError as error:
            assert "cannot be read" in str(error)
            continue
        for region in regions:
            end = region.offset + bytes_of(region.representation)
            assert bytes(data[region.offset : end]) == to_bits(region.representation).tobytes()
    assert intact


def test_long_vectors_and_vectors_within_vectors_are_left(content, monkeypatch):
    examined = []
    found = {64: (8, 8192), 65: (8, 8191), 70: (10, 12), 40000: (8, 8193), 80000: (10, 9)}
    monkeypatch.setattr(channel_quantization, "_vectors", lambda _: found)
    monkeypatch.setattr(channel_quantization, "_scales", lambda bits: examined.append(bits.size))
    assert [r.offset for r in quantization_regions(bytes(90000))] == [80000]
    assert examined == [8192, 8193]
    monkeypatch.undo()
    monkeypatch.setattr(channel_quantization, "_MANY", 16)
    counts = {count for _, count in channel_quantization._vectors(content).values()}
    assert counts == {16}


def test_zero_points_that_are_not_zero_are_left(content):
    regions = quantization_regions(content)
    zeros = [r.offset for r in regions if not r.representation.integers.any()]
    data = bytearray(content)
    struct.pack_into("<q", data, zeros[0] + 8, 3)
    left = [region.offset for region in quantization_regions(bytes(data))]
    assert left == [region.offset for region in regions if region.offset != zeros[0]]
