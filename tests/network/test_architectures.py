"""Networks by name: those that are none are refused, and each has its normalization."""

import pytest

from atlas.errors import UsageError
from atlas.network import weights
from atlas.network.architectures import networks, normalization
from atlas.network.weights import load_model


@pytest.mark.parametrize("network", ["vit_b_16", "swin_t", "swin_v2_b", "maxvit_t"])
def test_a_transformer_is_refused_before_anything_is_downloaded(
    network: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "fetch", lambda url: pytest.fail("downloads"))
    with pytest.raises(UsageError, match=f"{network} is a transformer") as caught:
        load_model(network)
    assert "\n" not in str(caught.value)
    assert network not in networks()


def test_the_input_is_normalized_as_the_published_weights_were_trained() -> None:
    for network in networks():
        known = normalization(network)
        if known and network != "efficientnet_v2_l":
            assert known == ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]), network
    assert normalization("efficientnet_v2_l") == ([0.5] * 3, [0.5] * 3)
    assert normalization("bvlc_googlenet") is None


def test_an_unknown_network_is_told_the_nearest_names() -> None:
    with pytest.raises(UsageError, match="googlenet"):
        load_model("goglenet")
