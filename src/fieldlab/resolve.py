"""From a composed configuration to one that stands alone: nothing left to interpolate, no Hydra in it."""

from omegaconf import DictConfig, OmegaConf


def resolved(config: DictConfig) -> DictConfig:
    """A copy without Hydra's node, with every interpolation replaced by its value."""
    plain = {
        key: OmegaConf.to_container(config[key], resolve=True) if OmegaConf.is_config(config[key]) else config[key]
        for key in config
        if key != "hydra"
    }
    return OmegaConf.create(plain)
