"""A device of its own for PyTorch on a machine without a GPU: `lab`, with memory apart from the processor's.

Its tensors hold ordinary ones, which only operations dispatched to `lab` reach. So numbers are right, a copy between
processor and device is a copy, and what a GPU refuses is refused: `.numpy()` of a tensor there, and an operation on
tensors of both places, but for those that PyTorch allows on CUDA (a copy, a processor's scalar in an element-wise
operation, a processor's index).
"""

from typing import ClassVar

import torch
from torch.utils._pytree import tree_flatten, tree_map_only
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "lab"
_INDEXED = {torch.ops.aten.index.Tensor, torch.ops.aten.index_put_.default, torch.ops.aten.index_put.default}
# what `torch.autocast` computes in bfloat16 and what in float32 on CUDA, of the operations that layers use
_SHORT = ("linear", "mm", "matmul", "addmm", "bmm", "baddbmm", "conv2d")
_LONG = ("layer_norm", "group_norm", "softmax.int", "log_softmax.int", "exp", "softplus", "log1p", "cumsum")
_COPIES = {torch.ops.aten.copy_.default, torch.ops.aten._to_copy.default}


class Lab(torch.Tensor):
    """A tensor on the device; `raw` is in its memory."""

    sent: ClassVar[int] = 0  # bytes copied between processor and device

    @staticmethod
    def __new__(cls, raw):
        """The tensor with this memory."""
        return torch.Tensor._make_wrapper_subclass(
            cls,
            raw.shape,
            strides=raw.stride(),
            storage_offset=raw.storage_offset(),
            dtype=raw.dtype,
            device=torch.device(NAME, 0),
        )

    def __init__(self, raw):
        self.raw = raw

    def __repr__(self):
        return f"Lab({self.raw})"

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        """Every operation with a tensor of the device."""
        return computed(func, args, kwargs or {})


def computed(func, args, kwargs):
    """The operation in the device's memory. Raises RuntimeError where a GPU would."""
    there = torch.device(NAME)
    tensors = [a for a in tree_flatten((args, kwargs))[0] if isinstance(a, torch.Tensor)]
    own = [t for t in tensors if isinstance(t, Lab)]
    apart = [t for t in tensors if not isinstance(t, Lab)]
    if func in _COPIES:
        target = kwargs.get("device", there if func is torch.ops.aten._to_copy.default else args[0].device)
        if kwargs.get("non_blocking") or (func is torch.ops.aten.copy_.default and len(args) > 2 and args[2]):
            raise RuntimeError("a copy of memory that is not pinned must be waited for: a Mac's GPU does not")
        if target.type != (args[1] if func is torch.ops.aten.copy_.default else args[0]).device.type:
            Lab.sent += own[0].raw.nbytes
    elif apart and own:
        scalars = all(t.ndim == 0 for t in apart) and torch.Tag.pointwise in func.tags
        if not scalars and not (func in _INDEXED and isinstance(args[0], Lab)):
            raise RuntimeError(f"{func}: tensors on {NAME} and on the processor")
    device = kwargs.get("device")
    home = device is None or device.type == NAME
    if device is not None:
        kwargs = kwargs | {"device": torch.device("cpu")}
    plain_args, plain_kwargs = tree_map_only(Lab, lambda t: t.raw, (args, kwargs))
    found = func(*plain_args, **plain_kwargs)
    if func._schema.is_mutable and own:  # in place, or `out=`: the tensor that was given
        given = {id(t.raw): t for t in own}
        return tree_map_only(torch.Tensor, lambda t: given[id(t)] if id(t) in given else Lab(t), found)
    return tree_map_only(torch.Tensor, Lab, found) if home else found


def casting(name, dtype):
    """The operation on floats of this type, as inside of `torch.autocast`."""
    packet, _, overload = name.partition(".")
    func = getattr(getattr(torch.ops.aten, packet), overload or "default")
    key = torch._C.DispatchKeySet(torch._C.DispatchKey.AutocastPrivateUse1)

    def cast(t):
        return t.to(dtype) if t.is_floating_point() and t.dtype != torch.float64 else t

    def call(*args, **kwargs):
        with torch._C._ExcludeDispatchKeyGuard(key):
            plain_args, plain_kwargs = tree_map_only(torch.Tensor, cast, (args, kwargs))
            return func(*plain_args, **plain_kwargs)

    return call


def registered():
    """The device, and what keeps its operations. Before the first gradient: PyTorch counts its devices then."""
    _setup_privateuseone_for_python_backend(NAME)
    getattr(torch, NAME).get_amp_supported_dtype = lambda: [torch.bfloat16]
    library = torch.library.Library("_", "IMPL")
    library.fallback(lambda func, *args, **kwargs: computed(func, args, kwargs), "PrivateUse1")
    library.fallback(torch.library.fallthrough_kernel, "AutocastPrivateUse1")
    aten = torch.library.Library("aten", "IMPL")  # a copy inside of others, as of a list to the device
    aten.impl("copy_", lambda *args, **kwargs: computed(torch.ops.aten.copy_.default, args, kwargs), "PrivateUse1")
    for dtype, chosen in ((torch.bfloat16, _SHORT), (torch.float32, _LONG)):
        for name in chosen:
            aten.impl(name, casting(name, dtype), "AutocastPrivateUse1")
    return torch.device(NAME, 0), library, aten


DEVICE, *_LIBRARIES = registered()
