"""The exception for a user's mistake, and one line for any such mistake."""

import difflib
from collections.abc import Iterable

from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException
from yaml import YAMLError


class InputError(ValueError):
    """Bad input: one line that names the key or file, what is wrong with it and what would be right.

    The command line prints that line and exits with 2, without a traceback.
    """


def suggest(wrong: str, known: Iterable[str]) -> str:
    """`; did you mean …?`, or the names there are."""
    names = sorted(known)
    close = difflib.get_close_matches(wrong, names, n=3)
    if close:
        return f"; did you mean {' or '.join(close)}?"
    return f"; there are: {', '.join(names)}" if names else ""


def explain(error: BaseException) -> str:
    """One line for an InputError, or for what Hydra or OmegaConf say of a configuration."""
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cause)
    if own := next((cause for cause in causes if isinstance(cause, InputError)), None):
        return str(own)
    for cause in causes:
        match cause:
            case MissingConfigException() if cause.options:
                group, _, option = (cause.missing_cfg_file or "").rpartition("/")
                return f"{group}={option}: there is no such option{suggest(option, cause.options)}"
            case OverrideParseException():
                return f"{cause.override}: is no valid override ({first_line(cause)})"
            case ConfigKeyError() | ConfigAttributeError() if cause.parent_node is not None:
                return f"{cause.full_key}: there is no such key{suggest(str(cause.key), map(str, cause.parent_node))}"
            case YAMLError():
                return f"a YAML file is no YAML ({' '.join(str(cause).split())})"
            case OmegaConfBaseException() if cause.full_key:
                return f"{cause.full_key}: {first_line(cause)}"
    return first_line(error)


def first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].strip()
