"""Copies are found whole, strangers are not, and change is found where it happened."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from atlas.relate.responses import Responses
from atlas.relate.side_by_side import SideBySide, paired_layers, shared_images, side_by_side

IMAGES, WIDTHS = 120, (12, 16, 16)


def network(seed: int) -> list[nn.Conv2d]:
    torch.manual_seed(seed)
    widths = (3, *WIDTHS)
    return [nn.Conv2d(before, after, 3) for before, after in pairwise(widths)]


def answers(layers: list[nn.Conv2d]) -> Responses:
    """The responses to random images, softened so that neighbors are alike, as rank keeps them."""
    generator = torch.Generator().manual_seed(9)
    x = nn.functional.avg_pool2d(torch.randn(IMAGES, 3, 40, 40, generator=generator), 5, 2)
    means: list[Tensor] = []
    with torch.inference_mode():
        for layer in layers:
            x = layer(x).relu()
            means.append(x.mean((2, 3)))
    values = torch.cat(means, 1).double()
    std, mean = torch.std_mean(values, 0, correction=0)
    values = torch.where(std > 0, (values - mean) / std, 0).half()
    return Responses(
        [f"{image}.png" for image in range(IMAGES)],
        values.numpy(),
        {f"conv{place}": layer.out_channels for place, layer in enumerate(layers, 1)},
    )


def permuted(layers: list[nn.Conv2d]) -> list[nn.Conv2d]:
    """A network that computes the same, with the channels of every layer in another order."""
    copies, before = network(0), torch.arange(3)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for copy, layer in zip(copies, layers, strict=True):
            order = torch.randperm(layer.out_channels, generator=generator)
            copy.weight.copy_(layer.weight[order][:, before])
            assert layer.bias is not None and copy.bias is not None
            copy.bias.copy_(layer.bias[order])
            before = order
    return copies


def compared(change: Callable[[list[nn.Conv2d]], list[nn.Conv2d]]) -> SideBySide:
    return side_by_side(answers(network(0)), answers(change(network(0))))


def test_a_copy_with_permuted_channels_is_matched_to_the_last_unit_with_cka_1() -> None:
    found = compared(permuted)
    assert np.allclose(found.alignment.diagonal(), 1, atol=1e-6)
    for pair in found.pairs:
        if pair.layer == pair.other:
            active = pair.matching.forth.active.sum()
            assert len(pair.matching.mutual) == active > 8
            assert pair.matching.forth.correlation[pair.matching.forth.active].min() > 0.9999
            assert pair.assigned is not None
            assert np.sort(pair.assigned[0]).tolist() == [*range(found.layers[pair.layer])]
    assert not found.whole.forth.only_here.any() and not found.whole.back.only_here.any()


def test_another_random_initialization_scores_far_below() -> None:
    copy, other = compared(permuted), compared(lambda layers: network(1))
    assert other.alignment.diagonal().max() < 0.9
    for mine, theirs in zip(copy.pairs, other.pairs, strict=False):
        low = theirs.matching.forth
        assert low.correlation[low.active].mean() < 0.9
        assert len(theirs.matching.mutual) < len(mine.matching.mutual)


def test_change_is_found_in_the_layers_that_were_changed_and_in_no_earlier_one() -> None:
    def tuned(layers: list[nn.Conv2d]) -> list[nn.Conv2d]:
        with torch.no_grad():
            generator = torch.Generator().manual_seed(3)
            for layer in layers[2:]:
                noise = torch.randn(layer.weight.shape, generator=generator)
                layer.weight += 0.5 * layer.weight.std() * noise
        return layers

    found = compared(tuned)
    assert np.allclose(found.alignment.diagonal()[:2], 1, rtol=0, atol=1e-12)
    assert 0.1 < found.alignment[2, 2] < 0.99
    same = {pair.layer: pair for pair in found.pairs if pair.layer == pair.other}
    for layer, units in [("conv1", 12), ("conv2", 16)]:
        best = same[layer].matching.forth
        assert (best.counterpart == np.arange(units))[best.active].all()
        assert np.allclose(best.correlation[best.active], 1, atol=1e-6)
    changed = same["conv3"].matching.forth
    assert changed.correlation[changed.active].mean() < 0.99


def test_layers_are_paired_with_the_most_alike_and_with_their_namesakes() -> None:
    alignment = np.array([[0.1, 0.9, 0.2], [0.8, np.nan, 0.3]])
    assert paired_layers(["a", "b"], ["b", "c", "d"], alignment) == [(0, 1), (1, 0), (1, 2)]
    silent = np.full((1, 2), np.nan)
    assert paired_layers(["a"], ["b", "c"], silent) == [(0, 0), (0, 1)]


def test_only_images_that_both_answered_count_whatever_their_order() -> None:
    first = answers(network(0))
    order = [5, 3, 8, *range(20, 60)]
    second = Responses([first.images[i] for i in order], first.values[order], first.units)
    ours, theirs = shared_images(first, second)
    assert ours.images == theirs.images == [first.images[i] for i in sorted(order)]
    assert (ours.values == theirs.values).all()
    assert shared_images(first, first) == (first, first)


@pytest.mark.parametrize("units", [1, 16])
def test_an_assignment_is_made_for_equal_widths_alone(units: int) -> None:
    first = answers(network(0))
    narrow = Responses(first.images, first.values[:, :units], {"conv2": units})
    found = side_by_side(Responses(first.images, first.of("conv2").astype(np.float16),
                                   {"conv2": 16}), narrow)  # fmt: skip
    assert (found.pairs[0].assigned is not None) == (units == 16)
