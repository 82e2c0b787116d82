"""A user's own configuration files: ./conf and $FIELDLAB_CONF come before fieldlab's."""

import os
from pathlib import Path

from hydra.core.config_search_path import ConfigSearchPath, SearchPathQuery
from hydra.plugins.search_path_plugin import SearchPathPlugin


class UserConfig(SearchPathPlugin):
    """Prepends them where fieldlab is the main program, and leaves other Hydra programs alone."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        if not any(entry.path == "pkg://fieldlab.conf" for entry in search_path.get_path()):
            return
        extra = os.environ.get("FIELDLAB_CONF")
        folders = [*([Path(extra).expanduser().absolute()] if extra else []), Path.cwd() / "conf"]
        for folder in folders:  # each goes right before fieldlab's own: $FIELDLAB_CONF wins over ./conf
            if folder.is_dir():
                search_path.prepend("fieldlab-user", f"file://{folder}", SearchPathQuery(provider="main"))
