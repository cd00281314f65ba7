"""Networks by name: those that are none are refused, and each has its normalization."""

import pytest

from atlas.errors import UsageError
from atlas.network.architectures import networks, normalization
from atlas.network.weights import named as weights
from atlas.network.weights.named import load_model


def test_no_network_is_refused_before_anything_is_downloaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(weights, "fetch", lambda url: pytest.fail("downloads"))
    with pytest.raises(UsageError, match=r"no network 'vit_b_17'; the nearest names: .*vit_b_16"):
        load_model("vit_b_17")


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
