"""The ladder of a network that takes images of one size alone ends there, and nowhere else."""

from hypothesis import assume, given
from hypothesis import strategies as st

from atlas.errors import UsageError
from atlas.network.sizes import Sizes
from atlas.recipe import RECIPES, Recipe


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    try:
        return Recipe(
            start_size=draw(st.integers(1, 100)),
            upscales=draw(st.integers(0, 50)),
            factor=draw(st.floats(1.02, 2)),
        )
    except UsageError:  # too large, or sizes that do not grow
        assume(False)
        raise


@given(recipes(), st.integers(1, 600))
def test_it_is_the_recipes_scaled_to_end_at_the_networks_size(recipe: Recipe, fixed: int) -> None:
    ladder = recipe.ladder(Sizes(fixed, fixed))
    sizes, upscales = [rung.size for rung in ladder], [rung.upscale for rung in ladder]
    assert sizes[-1] == fixed and sizes[0] >= min(8, fixed)
    assert sizes == sorted(set(sizes)) and upscales == sorted(set(upscales))
    whole = {rung.upscale: rung.size for rung in recipe.ladder()}
    last = max(whole.values())
    for upscale, size in ladder:
        assert abs(size - whole[upscale] * fixed / last) <= 0.5
    kept = {round(size * fixed / last) for size in whole.values()}
    assert set(sizes) == {size for size in kept if size >= min(8, fixed)}
    assert recipe.is_stage(ladder[0], Sizes(fixed, fixed))
    assert recipe.is_stage(ladder[-1], Sizes(fixed, fixed))


@given(recipes(), st.integers(1, 300))
def test_without_a_size_of_its_own_it_only_loses_what_is_too_small(
    recipe: Recipe, smallest: int
) -> None:
    whole, size = [], recipe.start_size
    for upscale in range(recipe.upscales + 1):
        whole.append((upscale, size))
        size = round(size * recipe.factor)
    assert recipe.ladder() == whole
    if whole[-1][1] >= smallest:
        assert recipe.ladder(Sizes(smallest)) == [each for each in whole if each[1] >= smallest]


def test_the_built_in_recipes_for_digits_and_for_small_photographs() -> None:
    clear, article = RECIPES["clear"], RECIPES["article"]
    assert [rung.size for rung in clear.ladder(Sizes(28, 28))] == [9, 11, 14, 18, 22, 28]
    assert [rung.size for rung in clear.ladder(Sizes(32, 32))] == [8, 10, 13, 16, 20, 25, 32]
    assert [rung.size for rung in article.ladder(Sizes(28, 28))] == [*range(8, 26), 27, 28]
    assert [clear.for_sizes(Sizes(1, side)).jitter for side in (None, 249, 28, 8)] == [8, 8, 1, 0]
