"""The launcher, under a name that Hydra takes plugins from."""

from fieldlab.sweeps import launcher


class PackedLauncher(launcher.PackedLauncher):
    """`fieldlab.sweeps.launcher.PackedLauncher`."""
