"""The `fieldlab` command. Imports no torch, so that --help and TAB answer at once."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from fieldlab.configuration import register, resolved, understood
from fieldlab.errors import explain
from fieldlab.working_folder import tell_replaced

SOME_FAILED, BAD_INPUT, INTERRUPTED, PIPE_CLOSED = 1, 2, 130, 141


def main() -> None:
    """Console entry. Exit codes: 0 ok, 1 some fit failed or diverged, 2 bad input, 130 interrupted."""
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # Hydra raises to us instead of exiting with 1
    register()
    sys.exit(guarded(start))


def start() -> None:
    """Hand the command to Hydra, in words that it takes."""
    if not {"-sc", "--shell-completion"} & {*sys.argv}:
        tell_replaced(Path.cwd())
    sys.argv[1:] = understood(sys.argv[1:])
    run()


@hydra.main(version_base="1.3", config_path="pkg://fieldlab.conf", config_name="fieldlab")
def run(config: DictConfig) -> None:
    """One fit: what Hydra calls without -m. Leaves by SystemExit, before Hydra prints an error of its own."""
    from lightning.fabric.utilities.rank_zero import rank_zero_only

    from fieldlab.packs import fit
    from fieldlab.results import one_line

    def one() -> None:
        [result] = fit([resolved(config)])
        if rank_zero_only.rank > 0:  # one of several devices; the first one speaks
            return
        print(one_line(result))
        print(result.config["folder"])
        if result.status != "finished" and HydraConfig.get().mode == RunMode.RUN:
            sys.exit(SOME_FAILED)

    if code := guarded(one):
        sys.exit(code)


def guarded(action: Callable[[], Any]) -> int:
    """Run `action`; print bad input as one line. FIELDLAB_DEBUG=1 shows the traceback instead."""
    try:
        action()
    except KeyboardInterrupt:
        print("interrupted; finished fits are kept", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `fieldlab-report … | head`: the reader has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except (ValueError, HydraException, OmegaConfBaseException, YAMLError) as error:  # InputError is a ValueError
        if os.environ.get("FIELDLAB_DEBUG") == "1":
            raise
        print(f"fieldlab: {explain(error)}", file=sys.stderr)
        return BAD_INPUT
    return 0
