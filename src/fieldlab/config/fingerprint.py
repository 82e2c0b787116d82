"""The fingerprint of a run: what determines its result, as a hash. Imports nothing heavy."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf

from fieldlab.config.digests import canonical, digested, source_digest, targets
from fieldlab.config.moved import update

RESULTS = 2  # raised by every change of the code that changes any result; fieldlab 0.1.0 was 1
UNCOVERED = (  # say where, how fast and what for, and so change no result
    "study", "folder", "question", "notes", "figure", "logger", "resume", "checkpoint_minutes", "compile", "debug", "experiment",
)  # fmt: skip
HARMLESS = (  # settings of a Trainer that cannot change what a fit comes to
    "accelerator", "devices", "strategy", "num_nodes", "deterministic", "benchmark", "detect_anomaly", "profiler", "default_root_dir",
)  # fmt: skip


def fit_hash(config: DictConfig | Mapping[str, Any]) -> str:
    """Eight hex digits over everything that determines the result, and over nothing else.

    Covered is all that is composed but `UNCOVERED` keys, what is `HARMLESS` of the trainer, names of signals, and values that are read
    through others alone (field.learning_rate); of files their content counts, not their place. Besides, the integer
    `RESULTS` and the source of every `_target_` outside installed packages.
    """
    covered = update({key: container(config[key]) for key in map(str, config) if key not in (*UNCOVERED, "hydra")})
    if covered.get("library") is not None:  # its fits know the rest themselves
        covered |= {"field": {}, "memorise": None, "photos": None}
    sources = {target: source_digest(target) for target in sorted(set(targets(covered)))}
    covered = {key: digested(value, key) for key, value in covered.items() if value is not None}
    covered["field"].pop("learning_rate", None)
    covered["trainer"] = {key: value for key, value in covered["trainer"].items() if key not in HARMLESS}
    covered["trainer"]["precision"] = str(covered["trainer"].get("precision"))
    whole = {
        "results": RESULTS,
        "sources": {target: digest for target, digest in sources.items() if digest},
        **covered,
    }
    return hashlib.sha256(json.dumps(canonical(whole), sort_keys=True, default=str).encode()).hexdigest()[:8]


def nameless(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Without the field's name and learning rate, which do not change what it is."""
    return {**plain, "field": {k: v for k, v in plain["field"].items() if k not in ("name", "learning_rate")}}


def container(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
