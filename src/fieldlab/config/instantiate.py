"""The one door through which every configured object (`_target_`) is made, and where its settings are checked."""

import functools
import inspect
import math
import pkgutil
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import hydra.utils
from hydra.errors import InstantiationException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue

from fieldlab.config.moved import update, update_name
from fieldlab.config.working_folder import make_importable
from fieldlab.errors import InputError, first_line, suggest

T = TypeVar("T")
NAMED = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def build(node: DictConfig | Mapping[str, Any] | None, key: str, /, **given: Any) -> Any:
    """Make the object that `node` describes; `given` are the arguments only the program knows.

    A node with `_partial_: true` becomes a callable that still wants its remaining arguments.

    Raises:
        InputError: a missing, unknown or wrongly typed setting, a target that cannot be imported, or a
            constructor's own ValueError; the message starts with the configuration key below `key`.
    """
    settings = resolve(node, key)
    check(settings, key, given)
    wants_more = settings.pop("_partial_", False)
    with report_as(key):
        make = hydra.utils.instantiate(settings, _partial_=True, _convert_="all")
        return partial(make, **given) if wants_more else make(**given)


@contextmanager
def report_as(key: str, **elsewhere: str) -> Iterator[None]:
    """Whatever a constructor, perhaps a user's own, makes of its settings, as an InputError that starts with their key.

    Arguments that are set `elsewhere` are told by the key that they have there.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        cause = error.__cause__ if isinstance(error, InstantiationException) and error.__cause__ else error
        kind = "" if isinstance(cause, ValueError) else f"{type(cause).__name__}: "
        text = first_line(cause)
        for name, own in elsewhere.items():
            if text.startswith(name):
                raise InputError(text.replace(name, own, 1)) from error
        raise InputError(f"{key}: {kind}{text}") from error


def resolve(node: DictConfig | Mapping[str, Any] | None, key: str) -> dict[str, Any]:
    """The node as a plain dictionary, interpolations resolved; a value left open (`???`) is an InputError."""
    if not isinstance(node, DictConfig | Mapping) or (isinstance(node, DictConfig) and node._is_none()):
        raise InputError(f"{key}: needs settings with a _target_, not {node}")
    config = node if isinstance(node, DictConfig) else OmegaConf.create(dict(node))
    try:
        return update(OmegaConf.to_container(config, resolve=True, throw_on_missing=True))
    except MissingMandatoryValue as error:
        missing = str(error.full_key or "").removeprefix(f"{key}.")
        raise InputError(f"{key}.{missing}: needs a value, for example {key}.{missing}=…") from error


def check(settings: Any, key: str, given: Iterable[str] = ()) -> None:
    """Hold settings against the signature and annotations of their target, and nested targets likewise."""
    target = settings.get("_target_") if isinstance(settings, Mapping) else None
    if not isinstance(target, str):
        raise InputError(f"{key}: needs a _target_, the dotted name of a class or function")
    factory = locate(target, f"{key}._target_")
    try:
        parameters = inspect.signature(factory).parameters
    except ValueError:  # some builtin types do not say
        parameters = inspect.signature(lambda **anything: None).parameters
    hints = read_annotations(factory)
    own = {name: value for name, value in settings.items() if not name.startswith("_")}
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    for name in given:
        if name in own:
            raise InputError(f"{key}.{name}: is set by fieldlab itself; leave it out")
        if name not in parameters and not takes_any:
            raise InputError(f"{key}: {factory.__name__} must take an argument {name}")
    for name, value in own.items():
        if name not in parameters and not takes_any:
            known = [name for name in parameters if name not in given]
            raise InputError(f"{key}.{name}: {factory.__name__} has no such setting{suggest(name, known)}")
        if described := list(find_parts(value, f"{key}.{name}")):
            for inner, where in described:
                check(inner, where)
        elif isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"{key}.{name}: {value} should be a finite number")
        elif name in hints and not is_of_type(value, hints[name]):
            raise InputError(f"{key}.{name}: {value!r} should be {describe_type(hints[name])}")
    if settings.get("_partial_"):
        return
    for name, parameter in parameters.items():
        required = parameter.default is parameter.empty and parameter.kind in NAMED
        if required and name not in own and name not in given:
            raise InputError(f"{key}.{name}: {factory.__name__} needs this setting")


def find_parts(value: Any, key: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The outermost nodes with a `_target_` in a setting, each with its key."""
    if isinstance(value, Mapping) and "_target_" in value:
        yield value, key
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from find_parts(inner, f"{key}.{name}")


def locate(target: str, key: str) -> Callable[..., Any]:
    """Import the class or function with this dotted name."""
    make_importable()
    try:
        found = pkgutil.resolve_name(update_name(target))
    except Exception as error:  # whatever the module raises while it is imported
        raise InputError(f"{key}: cannot import '{target}' ({first_line(error)})") from error
    if not callable(found):
        raise InputError(f"{key}: '{target}' is no class or function")
    return found


def locate_class(node: Any, key: str, kind: type[T], wanted: str) -> type[T]:
    """The class that a node with a `_target_` names.

    Raises:
        InputError: none, or another kind than is `wanted`.
    """
    target = node.get("_target_") if isinstance(node, Mapping | DictConfig) else None
    found = locate(str(target), f"{key}._target_") if target else None
    if not inspect.isclass(found) or not issubclass(found, kind):
        raise InputError(f"{key}._target_: {target} should be a {wanted}")
    return found


@functools.lru_cache(maxsize=1024)
def read_annotations(factory: Callable[..., Any], *, extras: bool = False) -> Mapping[str, Any]:
    """The type hints of a class's constructor or of a function, with what they are annotated with (`extras`) or without.

    None where they cannot be evaluated.
    """
    function = factory.__init__ if inspect.isclass(factory) else factory
    try:
        return typing.get_type_hints(function, include_extras=extras)
    except Exception:  # a third party's hint that names what it imports only for type checkers
        return {}


def is_of_type(value: Any, hint: Any) -> bool:
    """Whether a configured value is of the annotated type; YAML has no tuples, so a list may stand for one."""
    from beartype import BeartypeConf  # completion does not wait for it
    from beartype.door import is_bearable

    int_is_a_float = BeartypeConf(is_pep484_tower=True)
    readings = [value, tuple(value)] if isinstance(value, list) else [value]
    return any(is_bearable(reading, hint, conf=int_is_a_float) for reading in readings)


def describe_type(hint: Any) -> str:
    """A type hint in words: `int or None`, `one of 'grey', 'rgb'`."""
    if hint is type(None):
        return "null"
    if typing.get_origin(hint) is typing.Literal:
        return f"one of {', '.join(map(repr, typing.get_args(hint)))}"
    if typing.get_origin(hint) in (typing.Union, type(int | None)):
        return " or ".join(describe_type(part) for part in typing.get_args(hint))
    if typing.get_origin(hint) in (dict, Mapping):
        return "settings, KEY: VALUE"
    if inspect.isclass(hint) and typing.get_origin(hint) is None:
        return {"int": "a whole number", "float": "a number", "str": "text", "bool": "true or false"}.get(
            hint.__name__, hint.__name__
        )
    return str(hint).replace("typing.", "").replace("collections.abc.", "")
