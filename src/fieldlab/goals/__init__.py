"""Goals: what pictures, read where warps say, should come to."""
