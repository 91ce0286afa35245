import networks
import pytest

PARAMETERS = {
    "lenet-300-100": 266_610,
    "lenet-5": 431_080,
    "resnet-8": 78_666,
    "vgg": 1_080_170,
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_numbers_of_parameters(name):
    assert networks.NETWORKS[name]().count_params() == PARAMETERS[name]


def test_transformer_converts_whole():
    import keras_ec
    from keras_ec.conversion import unconverted_layers

    model = networks.transformer()
    assert 50_000 < model.count_params() < 150_000
    assert unconverted_layers(keras_ec.convert(model, alpha=0.1, num_examples=10)) == []


def test_names_lead_back_to_the_network():
    assert networks.name_of(networks.lenet_300_100()) == "lenet-300-100"
