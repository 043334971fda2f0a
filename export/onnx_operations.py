"""Operations that torch's exporter would write in many nodes, or with an `If` among them, each as one node."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *terms: Tensor) -> Tensor:
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total

    @staticmethod
    def symbolic(g: Any, *terms: Any) -> Any:
        return g.op("Sum", *terms)


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, index: Tensor, axis: int) -> Tensor:
        shape = (*values.shape[:axis], *index.shape, *values.shape[axis + 1 :])
        return values.index_select(axis, index.flatten()).reshape(shape)

    @staticmethod
    def symbolic(g: Any, values: Any, index: Any, axis: int) -> Any:
        return g.op("Gather", values, index, axis_i=axis)


class _Reshape(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, shape: tuple[int, ...]) -> Tensor:
        return values.reshape([size or values.shape[axis] for axis, size in enumerate(shape)])

    @staticmethod
    def symbolic(g: Any, values: Any, shape: tuple[int, ...]) -> Any:
        return g.op("Reshape", values, g.op("Constant", value_t=torch.tensor(shape)))


class _Split(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, axis: int, parts: int) -> tuple[Tensor, ...]:
        return tuple(part.clone() for part in values.chunk(parts, axis))

    @staticmethod
    def symbolic(g: Any, values: Any, axis: int, parts: int) -> Any:
        sizes = g.op("Constant", value_t=torch.ones(parts, dtype=torch.int64))
        return g.op("Split", values, sizes, axis_i=axis, outputs=parts)


def added(*terms: Tensor) -> Tensor:
    """The sum of tensors of one shape."""
    total: Tensor = _Sum.apply(*terms)  # type: ignore[no-untyped-call]
    return total


def taken(values: Tensor, index: Tensor, axis: int = 1) -> Tensor:
    """What stands at an index of any shape along an axis, as `numpy.take`."""
    found: Tensor = _Gather.apply(values, index, axis)  # type: ignore[no-untyped-call]
    return found


def reshaped(values: Tensor, *shape: int) -> Tensor:
    """Another shape, in which 0 keeps an axis as it is and -1 is what is left over."""
    same: Tensor = _Reshape.apply(values, shape)  # type: ignore[no-untyped-call]
    return same


def parted(values: Tensor, axis: int, parts: int) -> tuple[Tensor, ...]:
    """An axis of length `parts`, cut into pieces of length 1 that keep it."""
    pieces: tuple[Tensor, ...] = _Split.apply(values, axis, parts)  # type: ignore[no-untyped-call]
    return pieces


def unbound(values: Tensor, axis: int) -> list[Tensor]:
    """What stands along an axis, one by one, without it."""
    return [values.select(axis, place) for place in range(values.shape[axis])]
