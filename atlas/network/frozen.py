"""A copy of a user's module, unwrapped and in inference mode, that nothing changes any more."""

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from atlas.errors import AtlasError, reason_of

WRAPPERS = ("_orig_mod", "module")
"""Where torch.compile, DataParallel and AveragedModel keep the module that they wrap."""


def frozen(module: nn.Module, name: str) -> nn.Module:
    """A copy of a module, which leaves the caller's trainable and where it was.

    Weights that are computed from others at every pass, as by weight or spectral normalization,
    are computed once. Raises AtlasError for a module without weights, or that cannot be copied.
    """
    inner = unwrapped(module)
    if isinstance(inner, torch.jit.ScriptModule):
        raise AtlasError(
            f"{name} is compiled by TorchScript, which lets nobody listen to its parts; give the "
            "module that it was made from"
        )
    try:
        # Tensors in the middle of a computation, as older modules keep them, have no copies.
        inside = [value for part in inner.modules() for value in vars(part).values()]
        computed = [value for value in inside if isinstance(value, Tensor) and not value.is_leaf]
        own = copy.deepcopy(inner, {id(value): value.detach().clone() for value in computed}).eval()
        _compute_weights(own)
    except Exception as error:  # of many kinds: what a module holds beside tensors
        raise AtlasError(f"{name} cannot be copied ({reason_of(error)})") from error
    own.requires_grad_(False)
    if next(own.parameters(), None) is None:
        raise AtlasError(f"{name} has no weights; nothing to show")
    return own


def unwrapped(module: nn.Module) -> nn.Module:
    """The module inside what torch.compile, DataParallel or AveragedModel wrap around it."""
    kinds = (
        torch._dynamo.eval_frame.OptimizedModule,
        nn.DataParallel,
        nn.parallel.DistributedDataParallel,
        torch.optim.swa_utils.AveragedModel,
    )
    while isinstance(module, kinds):
        module = next(getattr(module, place) for place in WRAPPERS if hasattr(module, place))
    return module


def _compute_weights(module: nn.Module) -> None:
    for part in list(module.modules()):
        if parametrize.is_parametrized(part):
            names = [name for name, _ in part.parametrizations.named_children()]  # type: ignore[union-attr]
            values = {name: getattr(part, name) for name in names}
            # Torch's own way to remove them would change the class, which the caller's module has.
            (part.__class__,) = type(part).__bases__
            del part._modules["parametrizations"]
            for name, value in values.items():
                part.register_parameter(name, nn.Parameter(value.detach().clone()))
        # The older ways compute a weight in a hook before each pass.
        for hook in list(part._forward_pre_hooks.values()):
            if isinstance(hook, WeightNorm):
                nn.utils.remove_weight_norm(part, hook.name)
            elif isinstance(hook, SpectralNorm):
                nn.utils.remove_spectral_norm(part, hook.name)
