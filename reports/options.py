"""Checking what a page hands to a component before the component sees it."""

import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache

from reports.errors import ComponentError

_WORDS = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Decimal: "a number",
    types.NoneType: "none",
}


def checked(name: str, call: Callable[..., object]) -> Callable[..., object]:
    """Return the call with its options checked by the annotations it has.

    An unknown option, a missing one and a wrong type are a ComponentError that names what is right.
    """
    function = getattr(call, "__func__", call)
    right: set[object] = set()

    def component(*args: object, **kwargs: object) -> object:
        # A template makes the same calls for every page: each kind of them is checked once.
        shape = (*map(_kind, args), *((option, _kind(value)) for option, value in kwargs.items()))
        if shape not in right:
            check(args, kwargs)
            right.add(shape)
        return call(*args, **kwargs)

    def check(args: Sequence[object], kwargs: Mapping[str, object]) -> None:
        signature, hints = _options(function)
        known = [option for option in signature.parameters if option != "self"]
        unknown = [option for option in kwargs if option not in known]
        if unknown:
            raise ComponentError(f'{name} has no option "{unknown[0]}"; there are {_join(known)}')
        try:
            bound = signature.bind(*((call,) if function is not call else ()), *args, **kwargs)
        except TypeError as error:
            raise ComponentError(f"{name}: {error}; its options are {_join(known)}") from None
        for option, value in bound.arguments.items():
            if option in hints and not _fits(value, hints[option]):
                wanted = _said(hints[option])
                raise ComponentError(f"{name}: {option} is {wanted}, not {value!r}")

    return component


def _kind(value: object) -> object:
    """What a check looks at: the type, and of a list those of its items."""
    return tuple(map(type, value)) if isinstance(value, list | tuple) else type(value)


def _join(words: Sequence[str]) -> str:
    return ", ".join(words)


@cache
def _options(function: Callable[..., object]) -> tuple[inspect.Signature, dict[str, object]]:
    return inspect.signature(function), typing.get_type_hints(function)


def _fits(value: object, hint: object) -> bool:
    if hint is object:
        return True
    if isinstance(hint, types.UnionType):
        return any(_fits(value, one) for one in typing.get_args(hint))
    if typing.get_origin(hint) is Sequence:
        (inner,) = typing.get_args(hint)
        return isinstance(value, list | tuple) and all(_fits(item, inner) for item in value)
    if isinstance(value, bool) and hint is not bool:
        return False
    return isinstance(value, hint)  # type: ignore[arg-type]


def _said(hint: object) -> str:
    if isinstance(hint, types.UnionType):
        return " or ".join(dict.fromkeys(_said(one) for one in typing.get_args(hint)))
    if typing.get_origin(hint) is Sequence:
        return f"a list of {_said(typing.get_args(hint)[0])}"
    return _WORDS.get(hint, f"a {getattr(hint, '__name__', hint)}")  # type: ignore[call-overload, no-any-return]
