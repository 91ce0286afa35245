import curves
import pytest
from curves import (
    by_label,
    family,
    headline,
    headline_rows,
    label,
    method_name,
    pareto_front,
    payload_at,
    repeated,
    rows,
    strongest,
)
from settings import DEFAULTS


@pytest.mark.parametrize("method", DEFAULTS)
def test_every_method_has_a_label(make_result, method):
    assert label(make_result(method))


def test_labels_tell_variants_apart(make_result):
    results = [
        make_result("tfmot", {"technique": t})
        for t in ("pruning", "clustering", "pruning_clustering", "pcqat")
    ]
    results += [make_result("nncodec", {"source": s}) for s in (None, "tfmot", "keras_ec")]
    results += [
        make_result(settings={"forward": f, "center_type": c, **library})
        for f in ("straight_through", "gaussian")
        for c in ("uniform", "free")
        for library in ({}, {"largest_gap": True}, {"largest_gap": True, "restart": True})
    ]
    assert len(by_label(results)) == len(results)


@pytest.mark.parametrize(
    ("settings", "name", "what"),
    [
        ({}, "keras_ec, earlier", " centers"),
        ({"largest_gap": True}, "keras_ec, earlier", " learning rate"),
        ({"largest_gap": True, "restart": True}, "keras_ec", ""),
    ],
)
def test_earlier_points_of_keras_ec_say_so(settings, name, what, make_result):
    own = make_result(settings={**settings, "distillation": 0.0})
    coded = make_result("nncodec", {"source": "keras_ec", "source_settings": settings})
    assert (method_name(own), label(own)) == (name, name + what)
    assert (method_name(coded), label(coded)) == (f"NNCodec on {name}", f"NNCodec on {name}{what}")
    assert label(make_result("nncodec")) == "NNCodec"


def test_compressors_are_points_of_one_curve_and_named_in_tables(make_result):
    results = [make_result("tfmot", {"compressor": c}) for c in ("gzip", "xz")]
    assert list(by_label(results)) == ["TFMOT pruning"]
    assert [row.name for row in rows(results)] == [
        "TFMOT pruning + gzip -9",
        "TFMOT pruning + xz -9e",
    ]


def test_pareto_front_leaves_out_what_is_larger_and_no_better(make_result):
    small = make_result(payload_bytes=10, error=3.0)
    large = make_result(payload_bytes=30, error=2.0)
    useless = make_result(payload_bytes=20, error=3.0)
    other = make_result("nncodec", payload_bytes=40, error=3.0)
    assert pareto_front([large, other, useless, small]) == [small, large, other]


def test_headline_is_the_smallest_within_each_margin(make_result, monkeypatch):
    monkeypatch.setitem(curves.MARGINS, "lenet-300-100", (0.55, 0.9))
    results = [
        make_result(payload_bytes=size, error=error)
        for size, error in ((10, 2.0), (20, 1.75), (30, 1.7), (40, 1.4), (50, 1.2))
    ]
    sizes = [r["payload_bytes"] for r in headline(results, fp32_error=0.9)]
    assert sizes == [40, 20]
    assert headline(results, fp32_error=0.1) == []


def test_repeated_is_the_smallest_headline_of_each_group(make_result, monkeypatch):
    monkeypatch.setitem(curves.MARGINS, "lenet-300-100", (0.5, 1.0))
    clustered = {"technique": "clustering", "clusters": 8}
    pruned, dense = (
        make_result("tfmot", payload_bytes=n, error=e) for n, e in ((10, 2.0), (40, 1))
    )
    small, exact = (
        make_result("tfmot", clustered, payload_bytes=n, error=e) for n, e in ((20, 1.9), (30, 1.2))
    )
    own = make_result(settings={"restart": True, "largest_gap": True}, error=1.4)
    earlier = make_result(payload_bytes=1, error=1.4)  # one cosine: not a group of its own
    results = [pruned, dense, small, exact, own, earlier]
    assert repeated(results, fp32_error=1.0) == [exact, pruned, own]
    assert repeated([small, own], fp32_error=1.0) == [small, own]
    assert repeated([], fp32_error=1.0) == []


def test_headline_rows_have_the_smallest_file_within_the_margin(make_result, monkeypatch):
    """The same settings may have been trained twice, for two compressors."""
    monkeypatch.setitem(curves.MARGINS, "lenet-300-100", (0.5,))
    runs = {"xz": (10, 1.6), "gzip": (20, 1.4)}
    results = [
        make_result("tfmot", {"compressor": c}, payload_bytes=size, error=error, split=split)
        for c, (size, error) in runs.items()
        for split in ("validation", "test")
    ]
    (row,) = headline_rows(results, "test", 1.0)
    assert row.mean("payload_bytes") == 20


def test_finer_small_kernels_are_a_curve_of_the_same_group(make_result):
    for method, name in (("keras_ec", "keras_ec"), ("ecq", "ECQ")):
        settings = {"restart": True, "largest_gap": True} if method == "keras_ec" else {}
        usual = make_result(method, settings)
        finer = make_result(method, {**settings, "fine_below": 1024})
        assert label(finer) == label(usual) + ", finer small kernels"
        assert family(finer) == family(usual) == name
    own = {"restart": True, "largest_gap": True}
    coded = {"source": "keras_ec", "source_settings": own}
    finer = {"source": "keras_ec", "source_settings": {**own, "fine_below": 1024}}
    names = [label(make_result("nncodec", settings)) for settings in (coded, finer)]
    assert names == ["NNCodec on keras_ec", "NNCodec on keras_ec, finer small kernels"]


def test_networks_without_dead_units_are_a_curve_of_no_group(make_result):
    own = {"restart": True, "largest_gap": True}
    removed = make_result(settings={**own, "remove_dead": True})
    assert label(removed) == "keras_ec, distilled, dead units removed"
    assert family(removed) is None
    assert family(make_result(settings=own)) == "keras_ec"


def test_distilled_and_published_reparameterization_are_two_curves(make_result):
    published = make_result("entropy_penalized", payload_bytes=20, error=2.0)
    distilled = make_result("entropy_penalized", {"distillation": 0.7}, payload_bytes=10, error=1.0)
    assert label(published) == "entropy-penalized reparameterization"
    assert label(distilled) == "entropy-penalized reparameterization, distilled"
    assert pareto_front([published, distilled]) == [distilled, published]


@pytest.mark.parametrize("method", ["keras_ec", "entropy_penalized"])
def test_what_another_network_taught_is_a_curve_of_its_own(make_result, method):
    present = {"largest_gap": True, "restart": True} if method == "keras_ec" else {}
    own = make_result(method, {**present, "distillation": 0.7})
    taught = make_result(method, {**present, "distillation": 0.7, "teacher": "vgg"})
    assert label(taught) == f"{label(own)} from vgg"
    assert family(own) is not None
    assert family(taught) is None


def test_rows_join_seeds(make_result):
    results = [make_result(seed=s, payload_bytes=100 + s, error=1.0 + s) for s in range(3)]
    results.append(make_result(settings={"alpha": 0.9}, payload_bytes=7))
    first, second = rows(results)
    assert first.mean("payload_bytes") == 7
    assert (second.mean("payload_bytes"), second.error) == (101, 2.0)
    assert len(second.results) == 3


def test_payload_at_an_error_lies_between_the_points_around_it(make_result):
    sizes_and_errors = ((100, 3.0), (400, 2.0), (500, 2.2), (800, 1.0))
    curve = rows(
        [
            make_result(settings={"alpha": e}, payload_bytes=size, error=e)
            for size, e in sizes_and_errors
        ]
    )
    assert payload_at(curve, 2.5) == (pytest.approx(200), True)
    # from the largest down: the smaller point that is good enough by chance is not taken
    assert payload_at(curve, 2.0)[0] == pytest.approx(800 * (500 / 800) ** (1 / 1.2))
    assert payload_at(curve, 0.9) is None
    assert payload_at(curve, 3.0) == (100, False)
    assert payload_at([], 3.0) is None


def test_strongest_compressor_of_the_same_network_is_kept(make_result):
    results = [
        make_result("post_training", {"precision": p, "compressor": c}, payload_bytes=size)
        for p, c, size in (("int8", "gzip", 9), ("int8", "xz", 8), ("int4", "gzip", 5))
    ]
    assert strongest(results) == [results[1], results[2]]


def test_headline_rows_are_chosen_on_validation(make_result):
    sizes = {0.1: 30, 0.2: 20}
    validation_errors = {0.1: 1.2, 0.2: 3.0}
    test_errors = {0.1: 3.0, 0.2: 1.0}
    results = [
        make_result(settings={"alpha": a}, payload_bytes=sizes[a], error=errors[a], split=split)
        for a in sizes
        for split, errors in (("validation", validation_errors), ("test", test_errors))
    ]
    (row,) = headline_rows(results, "test", fp32_error=0.9)
    assert row.results[0]["settings"]["alpha"] == 0.1
    assert row.error == 3.0
