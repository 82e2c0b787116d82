"""FieldModule: the training of fields under constraints at points of signals."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fieldlab import weights
from fieldlab.field import POINTS_AT_ONCE, Ensemble, count_parameters, count_stored
from fieldlab.operators import Function
from fieldlab.signals.signal import Signal
from fieldlab.training.compiling import LEAST, Operations
from fieldlab.training.constraints import Constraint, LookUp, Reading, find_sloped
from fieldlab.training.module import TaskModule
from fieldlab.training.optimisation import Descent
from fieldlab.training.precision import half_products
from fieldlab.training.samples import Batch, Samples, count_points, cut_batch
from fieldlab.training.sampling.sampling import Sight, Sights

BLOCK = 8192  # points, of all members
MOST_COPIES = 16  # of a network's operations that its derivatives take
COUNTED = 256  # points on which operations are counted
SCORED_SHARE = 0.15  # on the way at most so many points are scored of those trained on since the last time


class FieldModule(TaskModule):
    """Minimise the sum of constraints for each field of an ensemble.

    `slopes` say how steep the signals are at samples, where that is known. In the first steps, a share `bf16_until` of them, products of matrices are computed in bfloat16; scores never are.

    Raises:
        ValueError: no constraints, a share that is none.
    """

    ensemble: Ensemble
    samples: Samples

    def __init__(
        self,
        ensemble: Ensemble,
        signals: Sequence[Signal],
        samples: Samples,
        constraints: Mapping[str, Constraint],
        descent: Descent,
        clip_norm: float | None,
        bf16_until: float,
        slopes: Sight | None = None,
    ) -> None:
        if not constraints:
            raise ValueError("constraints is empty: nothing would be learned")
        if not 0 <= bf16_until <= 1:
            raise ValueError(f"bf16_until is a share of the steps, from 0 to 1, not {bf16_until}")
        super().__init__(ensemble, ensemble.members, samples, descent, clip_norm)
        self.constraints = nn.ModuleDict(constraints)
        self.sloped = find_sloped(constraints.values())
        self.coupled = any(constraint.is_function for constraint in constraints.values())
        self.signals = signals
        samples.watch(Sights(None if self.coupled else self.point_losses, slopes))
        self.half_steps = round(bf16_until * samples.steps)

    def advance(self, step: int) -> None:
        self.ensemble.advance(step, self.samples.steps)

    def products(self, number: int) -> AbstractContextManager[None]:
        return half_products() if number < self.half_steps else nullcontext()

    @property
    def turns(self) -> Sequence[int]:
        return [0, self.half_steps] if 0 < self.half_steps < self.samples.steps else [0]

    @property
    def look_ups(self) -> Mapping[str, LookUp]:
        """What expressions may name beside operators, coordinates and data; here nothing."""
        return {}

    @abstractmethod
    def save_pictures(self, m: int, folder: Path) -> None:
        """Write pictures of what member m has learned into the fit's folder."""

    def count_affordable(self, steps: int) -> int:
        """The points that may be scored after so many steps: a share of those that were trained on."""
        return max(1, int(SCORED_SHARE * steps * self.samples.points_per_step))

    @property
    def scored_on_the_way(self) -> int:
        """The points that may be scored between two points of the curve."""
        return self.count_affordable(self.samples.scored_every)

    def cut(self, batch: Batch) -> list[Batch]:
        """Blocks of at most 8,192 points on a CPU, whose caches hold what a step keeps of them.

        Their gradients add up to the batch's where residuals act on each point alone, which a user's function need not do.
        L-BFGS, which tells curvature from differences of gradients, keeps the batch whole.
        """
        if self.device.type != "cpu" or self.coupled or isinstance(self.optimizer, torch.optim.LBFGS):
            return [batch]
        return cut_batch(batch, BLOCK // self.members)

    def count_flops(self) -> float:
        """The operations of a step's matrix products, forwards and backwards, counted on a small part of a batch.

        Of a training that is far too short to compile they are estimated, from its parameters.
        """
        roughly = 6.0 * count_parameters(self.ensemble) * self.samples.points_per_step
        if MOST_COPIES * roughly * self.samples.steps < min(LEAST.values()):
            return roughly
        with self.samples.look_ahead() as batch:
            block = cut_batch(batch, COUNTED)[0]
            with Operations() as operations:
                self.total(block).sum().backward()
        self.ensemble.zero_grad(set_to_none=True)
        return operations.count * count_points(batch) / count_points(block)

    @torch.no_grad()
    def point_losses(self, region: str) -> Float[Tensor, "m k"]:
        """What each sample of a region adds to the loss, of all samples alike."""
        mine: list[Any] = [c for c in self.constraints.values() if isinstance(c, Constraint) and region in c.regions]

        def add_up(block: Int[Tensor, "m b"]) -> Float[Tensor, "m b"]:
            sloped = {*self.sloped} & {region}
            reading = Reading(self.ensemble, {region: self.samples.gather(block)}, sloped, self.look_ups)
            costs = [constraint.weight * constraint.cost(reading, region) for constraint in mine]
            return torch.stack([cost.flatten(2).mean(2) for cost in costs]).sum(0)

        blocks = self.samples.regions[region].split(max(1, POINTS_AT_ONCE // self.members), dim=1)
        return torch.cat([add_up(block) for block in blocks], dim=1)

    def total(self, batch: Batch) -> Float[Tensor, "m"]:
        """The sum of constraints, by member."""
        reading = Reading(self.ensemble, batch, self.sloped, self.look_ups)
        return torch.stack([constraint(reading) for constraint in self.constraints.values()]).sum(0)

    def facts(self, m: int) -> dict[str, Any]:
        signal = self.signals[m]
        return {
            "parameters": count_parameters(self.ensemble) // self.members,
            "stored": count_stored(self.ensemble) // self.members,
            "grid": list(signal.grid),
            "channels": signal.channels,
            "span": list(signal.span) if signal.span else None,
            "centre": list(signal.centre) if signal.centre else None,
            "duration": signal.medium.duration if signal.medium else None,
        }

    def save(self, m: int, folder: Path) -> None:
        signal = self.signals[m]
        weights.save(self.ensemble.member(m), folder, dim=signal.dim, channels=signal.channels)
        self.save_pictures(m, folder)

    @torch.no_grad()
    def evaluate(
        self, operator: Callable[[Function, Tensor], Tensor], x: Float[Tensor, "m n dim"]
    ) -> Float[Tensor, "m n ..."]:
        """The operator of the fields at points, in blocks, which devices share out."""
        rank, world = self.samples.rank, self.samples.world
        block = max(1, POINTS_AT_ONCE // self.ensemble.members)
        whole = x.new_zeros(*x.shape[:2], *operator(self.ensemble, x[:, :1]).shape[2:])
        for start in range(0, x.shape[1], block)[rank::world]:
            part = slice(start, start + block)
            whole[:, part] = operator(self.ensemble, x[:, part])
        return self.over_devices(whole)
