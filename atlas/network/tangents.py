"""How all outputs of a function change along one direction of its input, at once.

Forward-mode differentiation costs about two evaluations, whatever the number of outputs, where
reverse mode would take a pass for each.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn.attention import SDPBackend, sdpa_kernel


@contextmanager
def forward_mode() -> Iterator[None]:
    """Within it ``derivative`` may be called, by several threads: torch knows one level alone."""
    # Of the ways to compute attention, these have all derivatives.
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with forward_ad.dual_level(), sdpa_kernel(SDPBackend.MATH):
            with warnings.catch_warnings():
                # Of torch's about itself, when it is asked for the first time.
                warnings.simplefilter("ignore", FutureWarning)
                forward_ad.make_dual(torch.zeros(()), torch.zeros(()))
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def derivative(function: Callable[[Tensor], Tensor], place: Tensor, direction: Tensor) -> Tensor:
    """The directional derivative of a function of tensors; of the shape of its value.

    Where an operation has no forward mode, as one of a module's own making, it is the derivative
    of the reverse mode, which is linear in what it is given.
    """
    try:
        with torch.no_grad():
            value = function(forward_ad.make_dual(place, direction))
        tangent = forward_ad.unpack_dual(value).tangent
        return torch.zeros_like(value) if tangent is None else tangent
    except (NotImplementedError, RuntimeError) as error:
        if "forward" not in str(error):
            raise
        return twice_backward(function, place, direction)


def twice_backward(
    function: Callable[[Tensor], Tensor], place: Tensor, direction: Tensor
) -> Tensor:
    """The same by reverse mode alone."""
    with torch.enable_grad():
        place = place.detach().requires_grad_()
        value = function(place)
        if not value.requires_grad:
            return torch.zeros_like(value)
        weights = torch.zeros_like(value, requires_grad=True)
        (gradient,) = torch.autograd.grad(
            value, place, weights, create_graph=True, materialize_grads=True
        )
        if not gradient.requires_grad:
            return torch.zeros_like(value)
        (found,) = torch.autograd.grad(gradient, weights, direction, materialize_grads=True)
    return found
