"""x"""


def save_figure(file, folder, results, *, photos):
    return None
