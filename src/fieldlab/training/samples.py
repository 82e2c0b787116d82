"""Samples: the points that a task trains on and is scored on, resident on the device that computes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from fieldlab.signals.regions import SPACE, members_of
from fieldlab.signals.signal import Signal
from fieldlab.signals.splits import Split
from fieldlab.training.batches import Batches
from fieldlab.training.constraints import Constraint, Points
from fieldlab.training.sampling.sampling import Drawn, Sampling, Sights

Batch = dict[str, Points]  # by region


class Samples(Batches):
    """Batches of what m members' signals know at their samples, region by region, in full or drawn at random.

    A region is a set of training samples, given by `regions`; with `space` points of the unit cube come beside them, as
    many and drawn uniformly at every step. `batch_size` None gives every sample of a region at each step. Otherwise a
    step takes that many, which a `sampling` chooses, by what it looks at. Each member draws from its own generator, so that it sees the
    batches it would see alone. On several devices each takes its share of every batch.
    """

    def __init__(
        self,
        signals: Sequence[Signal],
        splits: Sequence[Split],
        seeds: Sequence[int],
        *,
        regions: Mapping[str, Int[Tensor, "m k"]],
        space: bool,
        data: Mapping[str, Shaped[Tensor, "m n ..."]],
        batch_size: int | None,
        sampling: Sampling,
        steps: int,
        scores: int,
    ) -> None:
        super().__init__(seeds, steps=steps, scores=scores)
        if batch_size is not None and batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, or null for all samples, not {batch_size}")
        self.x = torch.stack([signal.coordinates() for signal in signals])
        self.y = torch.stack([signal.values.flatten(0, -2) for signal in signals])
        self.data = dict(data)
        self.masks: dict[str, Bool[Tensor, "m n"]] = {
            part: torch.stack([getattr(split, part) for split in splits]) for part in ("train", "validation", "test")
        }
        self.regions = dict(regions)
        self.space = space
        self.batch_size = batch_size
        self.sampling = sampling
        self.sights = Sights()

    @classmethod
    def of_regions(
        cls,
        signals: Sequence[Signal],
        splits: Sequence[Split],
        seeds: Sequence[int],
        *,
        marked: Sequence[Mapping[str, Tensor]],
        constraints: Iterable[Constraint],
        **how: Any,
    ) -> "Samples":
        """The samples of the regions that `constraints` name, of those `marked` in each signal."""
        names = dict.fromkeys(region for constraint in constraints for region in constraint.regions)
        regions = {name: members_of(name, marked, signals, splits) for name in names if name != SPACE}
        return cls(signals, splits, seeds, regions=regions, space=SPACE in names, **how)

    def to(self, device: torch.device, rank: int, world: int) -> None:
        super().to(device, rank, world)
        self.x, self.y = self.x.to(device), self.y.to(device)
        self.data, self.masks, self.regions = (
            {name: tensor.to(device) for name, tensor in tensors.items()}
            for tensors in (self.data, self.masks, self.regions)
        )
        self.sampling.begin(self.sizes, self.generators, device, self.steps, self.sights)
        self.whole = (
            {region: self.take(index) for region, index in self.regions.items()} if self.batch_size is None else None
        )

    def watch(self, sights: Sights) -> None:
        """Let the sampling look.

        Raises:
            ValueError: the sampling cannot be done.
        """
        try:
            self.sampling.check(self.batch_size, sights)
        except ValueError as error:
            raise ValueError(f"sampling: {error}") from error
        self.sights = sights

    def reset(self) -> None:
        self.sampling.reset()

    def state(self) -> dict[str, Any]:
        return {**super().state(), "sampling": self.sampling.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        super().restore(state)
        self.sampling.restore(state["sampling"])

    @property
    def sizes(self) -> dict[str, int]:
        """The number of samples by region."""
        return {region: index.shape[1] for region, index in self.regions.items()}

    def batches(self, steps: int) -> Iterator[Batch]:
        """The points of every region, for each of the next steps; what a step sees may depend on the one before."""
        regions = [] if self.whole is not None else self.regions
        drawn = {region: self.sampling.draw(region, self.count_points(region), steps) for region in regions}
        anywhere = self.draw_space(steps) if self.space else None
        for step in range(steps):
            batch = self.whole or {region: self.take_drawn(region, next(stream)) for region, stream in drawn.items()}
            if anywhere is not None:
                x, share = self.take_share(anywhere[:, step])
                x = x.clone(memory_format=torch.contiguous_format)  # other strides would be compiled anew
                batch = {**batch, SPACE: Points(x, {}, share)}
            yield batch

    def count_points(self, region: str) -> int:
        """How many points of a region each member sees in a step: in space as many as there are samples in the others."""
        if region == SPACE:
            return max(
                (self.count_points(other) for other in self.regions), default=self.batch_size or self.x.shape[1]
            )
        size = self.regions[region].shape[1]
        return size if self.batch_size is None else self.sampling.count(self.batch_size, size)

    @property
    def points_per_step(self) -> int:
        """Points of each member in a step, of all regions together."""
        return sum(self.points_by_region)

    @property
    def samples_per_step(self) -> int:
        """Samples of each member in a step, in the region that has fewest."""
        return min(self.points_by_region)

    @property
    def points_by_region(self) -> list[int]:
        """Points of each member in a step, region by region, those anywhere in space last."""
        return [self.count_points(region) for region in [*self.regions, *([SPACE] if self.space else [])]]

    def take_drawn(self, region: str, drawn: Drawn) -> Points:
        """This device's part of what was drawn of a region; all devices draw the same."""
        points = self.take(self.regions[region].gather(1, drawn.index))
        return points if drawn.weights is None else points._replace(weights=self.take_share(drawn.weights)[0])

    def take(self, index: Int[Tensor, "m b"]) -> Points:
        """This device's part of a batch of samples."""
        index, share = self.take_share(index)
        return self.gather(index)._replace(share=share)

    def gather(self, index: Int[Tensor, "m b"]) -> Points:
        """These samples, and what is known of them."""
        return Points(
            gather_rows(self.x, index), {name: gather_rows(tensor, index) for name, tensor in self.data.items()}
        )

    def take_share(self, batch: Shaped[Tensor, "m b ..."]) -> tuple[Tensor, float]:
        """This device's part of a batch, and its size relative to an equal part."""
        part = batch.tensor_split(self.world, dim=1)[self.rank]
        return part, part.shape[1] * self.world / batch.shape[1]

    def draw_space(self, steps: int) -> Float[Tensor, "m steps b dim"]:
        """Uniformly distributed points of the unit cube for the next steps."""
        size = (steps, self.count_points(SPACE), self.x.shape[-1])
        return torch.stack([torch.rand(size, generator=g, device=self.x.device) for g in self.generators])


def count_points(batch: Batch) -> int:
    """The points of each member in a batch, of all regions together."""
    return sum(points.x.shape[1] for points in batch.values())


def cut_batch(batch: Batch, most: int) -> list[Batch]:
    """A batch in blocks of at most so many points each, the means over which add up to those over the batch.

    Blocks are alike in size where a number of blocks near the smallest allows: others would be compiled anew.
    """
    sizes = [points.x.shape[1] for points in batch.values()]
    least = min(-(-count_points(batch) // max(1, most)), *sizes)
    count = next((n for n in range(least, 2 * least) if not any(size % n for size in sizes)), least)
    return (
        [{region: cut_points(points, count, i) for region, points in batch.items()} for i in range(count)]
        if count > 1
        else [batch]
    )


def cut_points(points: Points, count: int, i: int) -> Points:
    """The i-th of so many blocks of points, with its share of the mean."""
    x = points.x.tensor_split(count, dim=1)[i]
    data = {name: tensor.tensor_split(count, dim=1)[i] for name, tensor in points.data.items()}
    weights = None if points.weights is None else points.weights.tensor_split(count, dim=1)[i]
    return Points(x, data, points.share * x.shape[1] / points.x.shape[1], weights)


def gather_rows(tensor: Shaped[Tensor, "m n ..."], index: Int[Tensor, "m b"]) -> Shaped[Tensor, "m b ..."]:
    """The rows of each member at its own indices."""
    wide = index.view(*index.shape, *[1] * (tensor.ndim - 2)).expand(-1, -1, *tensor.shape[2:])
    return tensor.gather(1, wide)
