"""What trains it."""

from fieldlab.tasks.fit.module import FitModule


class WorstModule(FitModule):
    """A fit, scored by its largest error."""

    def __init__(self, *members, **settings):
        super().__init__(*members, free="nothing", derivatives=False, stencil="central", stop_at=None, **settings)

    def measure(self, *, whole):
        _, finite = super().measure(whole=whole)
        errors = (self.prediction - self.scored.y).abs().flatten(1).amax(1)
        return [{"worst_error": error} for error in errors.tolist()], finite

    def outcome(self, m):
        return {"scores": self.latest(m)}
