"""Yardsticks: what methods without a field make of the same samples, scored as the fit is."""

from jaxtyping import Float
from torch import Tensor

from fieldlab import metrics
from fieldlab.metrics import Scores
from fieldlab.prepare import Prepared
from fieldlab.signals import poisson
from fieldlab.signals.interpolation import interpolate
from fieldlab.tasks.fit import Fit


def bicubic(task: Fit, m: int, member: Prepared) -> Scores | None:
    """The scores of cubic interpolation from the same training samples, None where there is no such method."""
    cubic = interpolate(member.signal, member.split)
    return None if cubic is None else scores_of(cubic, task, m)


def classical(task: Fit, m: int, member: Prepared) -> Scores | None:
    """The scores of the least-squares solution of the gradients that were trained on; None where there were none, and
    where that solution is the signal itself."""
    signal, gradients = member.signal, task.samples.data.get("target_gradient")
    if gradients is None or signal.gradients is not None:
        return None
    return scores_of(poisson.solve(gradients[m].cpu().unflatten(0, signal.grid), signal.spacing), task, m)


def scores_of(values: Float[Tensor, "*grid c"], task: Fit, m: int) -> Scores:
    """The scores that member m would have with these values; what its constraints leave free is fitted likewise."""
    y = task.samples.y
    prediction = values.flatten(0, -2).to(y.device).expand_as(y)
    return task.scores(metrics.align(prediction, y, task.free))[m]
