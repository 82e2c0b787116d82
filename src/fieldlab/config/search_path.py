"""A user's own configuration files: ./conf and $FIELDLAB_CONF come before fieldlab's."""

from hydra.core.config_search_path import ConfigSearchPath, SearchPathQuery
from hydra.plugins.search_path_plugin import SearchPathPlugin

from fieldlab.config.working_folder import config_folders


class UserConfig(SearchPathPlugin):
    """Prepends them where fieldlab is the main program, and leaves other Hydra programs alone."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        if not any(entry.path == "pkg://fieldlab.conf" for entry in search_path.get_path()):
            return
        for folder in config_folders():  # each goes right before fieldlab's own: $FIELDLAB_CONF wins over ./conf
            search_path.prepend("fieldlab-user", f"file://{folder}", SearchPathQuery(provider="main"))
