"""The `fieldlab` command. Imports no torch, so that --help and TAB answer at once."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from fieldlab.config.compose import register, settle
from fieldlab.config.groups import explain_key
from fieldlab.config.overrides import quote
from fieldlab.config.working_folder import tell_replaced
from fieldlab.errors import explain
from hydra_plugins.fieldlab.launcher import PackedLauncher
from hydra_plugins.fieldlab.search import OptunaSweeper
from hydra_plugins.fieldlab.sweeper import GridSweeper

SOME_FAILED, BAD_INPUT, INTERRUPTED, PIPE_CLOSED = 1, 2, 130, 141


def main() -> None:
    """Console entry. Exit codes: 0 ok, 1 some fit failed or diverged, 2 bad input, 130 interrupted."""
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # Hydra raises to us instead of exiting with 1
    register()
    for plugin in (GridSweeper, OptunaSweeper, PackedLauncher):
        Plugins.instance().register(plugin)  # an editable install hides them from discovery
    sys.exit(guard(start))


def start() -> None:
    """Run Hydra on the command line, rewritten as Hydra takes it."""
    if not {"-sc", "--shell-completion"} & {*sys.argv}:
        tell_replaced(Path.cwd())
    sys.argv[1:] = map(quote, sys.argv[1:])
    run()


@hydra.main(version_base="1.3", config_path="pkg://fieldlab.conf", config_name="fieldlab")
def run(config: DictConfig) -> None:
    """Run one configuration, for Hydra without -m. Leaves by SystemExit, before Hydra prints an error of its own."""
    from lightning.fabric.utilities.rank_zero import rank_zero_only

    from fieldlab.runs.result import one_line
    from fieldlab.sweeps.packs import fit

    def fit_one() -> None:
        if config.dry:
            from fieldlab.sweeps.estimate import estimate

            print(estimate([settle(config)], members=1, workers=1))
            return
        [result] = fit([settle(config)])
        if rank_zero_only.rank > 0:  # one of several devices; the first one speaks
            return
        print(one_line(result))
        print(result.config["folder"])
        if result.status != "finished" and HydraConfig.get().mode == RunMode.RUN:
            sys.exit(SOME_FAILED)

    if code := guard(fit_one):
        sys.exit(code)


def guard(action: Callable[[], Any]) -> int:
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
        print(f"fieldlab: {explain_key(error, sys.argv[1:]) or explain(error)}", file=sys.stderr)
        return BAD_INPUT
    return 0
