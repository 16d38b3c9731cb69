"""A `typing.Protocol` that is also a dependable base class."""

from __future__ import annotations

import abc
from typing import Any, TypeVar

_Handler = TypeVar('_Handler', bound=type)


def _nominal(cls: type, other: type) -> object:
    """Leave `issubclass` to inheritance and `register`."""
    del cls, other
    return NotImplemented


def base_class(cls: _Handler) -> _Handler:
    """Let a protocol be subclassed as an abstract base class would be.

    Type checkers see a protocol, so that a class may match it structurally.
    Most handlers subclass it instead, and what `typing` does to protocols at
    run time would bite them:

    - `issubclass` raises TypeError because `manifest` is not a method, and
      `isinstance` compares attribute names, so that every handler would be a
      `ConnectionPlugin`. With `ABCMeta` as its metaclass and a subclass hook
      of its own, both answer by inheritance, as with any base class; whether
      a class *matches* is for `contract.conformance` to say.
    - a mixin whose metaclass derives from `ABCMeta` (as pydantic's does)
      would be a metaclass conflict.
    - `__init__` is replaced by one that ends a chain of `super().__init__()`
      before it reaches a mixin, and that writes to the class on the first
      call (law ASY009).

    Args:
        cls: A protocol class.

    Returns:
        The same class.
    """
    handler: Any = cls  # type checkers know no class that changes so
    handler.__class__ = abc.ABCMeta
    handler.__subclasshook__ = classmethod(_nominal)
    if '__init__' in cls.__dict__:
        del handler.__init__
    return cls
