"""Surface: fields become the signed distance to surfaces of which points and normals are known."""

from fieldlab.tasks.surface.task import Surface as Surface
