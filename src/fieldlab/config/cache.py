"""Parts that are built once: asked for again with equal settings, and files of equal content, they are the same object."""

import functools
import json
from collections.abc import Callable
from typing import Any, TypeVar

from fieldlab.config.files import digest

T = TypeVar("T")


def keep(count: int, hint: Any = None) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Keep the last `count` results of a function of settings, whose type is `hint`, and of further arguments that can be told apart."""

    def decorate(function: Callable[..., T]) -> Callable[..., T]:
        @functools.lru_cache(maxsize=count)
        def build(settings: str, files: str, *others: Any) -> T:
            return function(json.loads(settings), *others)

        @functools.wraps(function)
        def get(settings: Any, *others: Any) -> T:
            return build(json.dumps(settings), json.dumps(digest(settings, hint), default=str), *others)

        get.cache_clear = build.cache_clear  # type: ignore[attr-defined]
        return get

    return decorate
