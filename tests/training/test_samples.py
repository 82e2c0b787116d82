"""Which samples a step sees."""

import torch

from fieldlab.signals import splits
from fieldlab.signals.grid import Grid
from fieldlab.signals.regions import of_grid
from fieldlab.training.chunks import Chunks
from fieldlab.training.constraints import Constraint
from fieldlab.training.samples import Samples
from fieldlab.training.sampling.uniform import Uniform


def samples(
    seeds=(0,), batch_size: int | None = 6, replacement: bool = False, steps: int = 60, regions=("all",)
) -> Samples:
    signals = [Grid("ramp", torch.linspace(0, 1, 64).view(8, 8, 1), "centers") for _ in seeds]
    built = Samples.of_regions(
        signals,
        [splits.stride((8, 8)) for _ in seeds],
        seeds,
        marked=[of_grid(signal) for signal in signals],
        constraints=[Constraint(region=list(regions), residual="value", norm="squared", weight=1.0)],
        data={"target": torch.stack([signal.values.flatten(0, -2) for signal in signals])},
        batch_size=batch_size,
        sampling=Uniform(replacement=replacement),
        steps=steps,
        scores=2,
    )
    built.to(torch.device("cpu"), rank=0, world=1)
    return built


def draw(points: Samples, steps: int) -> torch.Tensor:
    """Which samples of the region `all` the next steps see, [m, steps, b]."""
    drawn = points.sampling.draw("all", points.count_points("all"), steps)
    return torch.stack([of_step.index for of_step in drawn], dim=1)


def test_only_training_samples_are_seen_with_their_own_values():
    for replacement in (False, True):
        points = samples(replacement=replacement)
        lookup = {tuple(x.tolist()): y.item() for x, y in zip(points.x[0], points.y[0], strict=True)}
        train = {tuple(x.tolist()) for x in points.x[0][splits.stride((8, 8)).train]}
        for batch in points.batches(20):
            x, data, *_ = batch["all"]
            for point, value in zip(x[0], data["target"][0], strict=True):
                assert tuple(point.tolist()) in train
                assert lookup[tuple(point.tolist())] == value.item()


def test_epochs_show_every_sample_equally_often():
    points = samples(batch_size=6)  # 16 training samples: batches straddle epochs
    drawn = torch.cat([draw(points, 4).flatten(), draw(points, 4).flatten()])
    assert torch.equal(drawn.bincount(minlength=16), torch.full((16,), 3))
    assert sorted(drawn[:16].tolist()) == list(range(16))


def test_replacement_draws_afresh():
    drawn = draw(samples(replacement=True), 40).flatten()
    assert drawn.bincount(minlength=16).unique().numel() > 1


def test_a_batch_larger_than_the_data_is_an_epoch():
    assert draw(samples(batch_size=1000), 3).shape == (1, 3, 16)
    assert draw(samples(batch_size=40, replacement=True), 3).shape == (1, 3, 40)


def test_the_stream_of_a_seed_is_what_it_was():
    """Results depend on it: whoever changes it raises RESULTS."""
    assert draw(samples(), 2).tolist() == [[[12, 10, 9, 6, 11, 8], [13, 5, 2, 14, 15, 0]]]


def test_full_batches_hold_every_training_sample():
    batch, *_ = samples(batch_size=None).batches(2)
    assert batch["all"].x.shape == (1, 16, 2)


def test_regions_are_drawn_side_by_side():
    """Each is a stream of its own: the boundary's 7 training samples come round more often than the 16 of all."""
    points = samples(regions=("all", "boundary"), batch_size=8)
    assert points.samples_per_step == 7
    batches = list(points.batches(2))
    assert [batch["boundary"].x.shape[1] for batch in batches] == [7, 7]
    seen = torch.cat([batch["all"].x[0] for batch in batches])
    assert len(seen.unique(dim=0)) == 16
    assert (batches[0]["boundary"].x[0].min(1).values == 1 / 16).all()
    assert next(samples(regions=("boundary",), batch_size=None).batches(1)).keys() == {"boundary"}


def test_members_draw_what_they_would_draw_alone():
    together, first, second = samples(seeds=(3, 4)), samples(seeds=(3,)), samples(seeds=(4,))
    for _ in range(3):
        both = draw(together, 5)
        assert torch.equal(both[0], draw(first, 5)[0])
        assert torch.equal(both[1], draw(second, 5)[0])


def test_chunks_cover_the_steps_once_and_end_where_scored():
    chunks = list(Chunks(90, scored_every=40, start=0))
    assert [chunk.step for chunk in chunks] == [25, 40, 50, 75, 80, 90]
    assert sum(chunk.steps for chunk in chunks) == 90
    assert [chunk.step for chunk in chunks if chunk.scored] == [40, 80, 90]


def test_a_continued_fit_has_the_chunks_that_are_left():
    chunks = Chunks(90, scored_every=40, start=50)
    assert [(chunk.step, chunk.steps) for chunk in chunks] == [(75, 25), (80, 5), (90, 10)]
    assert len(Chunks(90, scored_every=40, start=0)) == 6


def test_points_of_space_are_fresh_and_each_members_own():
    together, alone = samples(seeds=(3, 4), regions=("all", "space")), samples(seeds=(4,), regions=("all", "space"))
    first, second = (batch["space"].x for batch in together.batches(2))
    assert first.shape == (2, 6, 2)
    assert not torch.equal(first, second)
    assert not torch.equal(first[0], first[1])
    assert torch.equal(first[1], next(iter(alone.batches(2)))["space"].x[0])


def test_full_batches_come_with_as_many_points_of_space():
    one, two = samples(batch_size=None, regions=("all", "space")).batches(2)
    assert one["all"].x.shape == one["space"].x.shape == (1, 16, 2)
    assert torch.equal(one["all"].x, two["all"].x)
    assert not torch.equal(one["space"].x, two["space"].x)
