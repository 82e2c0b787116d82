"""Networks: features -> values. One file each; a class with `features` and `channels` first."""
