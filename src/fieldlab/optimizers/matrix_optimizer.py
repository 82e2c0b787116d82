"""What optimisers of weight matrices share: matrices of some roles go their own way, Adam fits all else."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim import AdamW, Optimizer

from fieldlab.notices import say_once
from fieldlab.optimizers.roles import Role


class MatrixOptimizer(Optimizer, ABC):
    """One optimiser for groups of parameters that carry their `role`, as `group_by_role` gives them.

    Parameters of the roles `matrices` are [..., rows, cols], and each matrix descends by itself, whatever the axes before;
    they take the settings `own`. All others take torch's AdamW with the settings `adam`.

    Raises:
        ValueError: groups without roles, a setting out of its range.
    """

    def __init__(
        self,
        groups: Iterable[Mapping[str, Any]],
        *,
        matrices: Collection[Role],
        own: Mapping[str, Any],
        adam: Mapping[str, Any],
    ) -> None:
        rates = {"lr": own["lr"], "adam_lr": adam["lr"], "weight_decay": own["weight_decay"]}
        for name, value in rates.items():
            if value < 0:
                raise ValueError(f"{name} must not be negative, but is {value}")
        groups = [dict(group) if isinstance(group, Mapping) else {} for group in groups]
        if not all("role" in group for group in groups):
            raise ValueError("parameters should come in groups with a role: roles: true in the YAML of the optimiser")
        self.matrices = matrices
        turned = [{**group, **own} for group in groups if group["role"] in matrices]
        self.adam = AdamW([group for group in groups if group["role"] not in matrices], **adam)
        super().__init__([*turned, *self.adam.param_groups], {})
        if not any(group["params"] for group in turned):
            kinds = " or ".join(matrices)
            say_once(f"optimizer: there are no {kinds} weight matrices here; Adam fits all, at optimizer.adam_lr")

    @abstractmethod
    def update(self, parameters: list[Tensor], group: Mapping[str, Any]) -> None:
        """Take the step of matrices of this group, all of which have gradients."""

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # type: ignore[override]
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        rest = []
        for group in self.param_groups:
            if group["role"] not in self.matrices:
                rest.append(group)
            elif parameters := [p for p in group["params"] if p.grad is not None]:
                with torch.autocast(parameters[0].device.type, enabled=False):  # a step is no forward pass
                    self.update(parameters, group)
        self.adam.param_groups, self.adam.state = rest, self.state  # a restored state brings groups of its own
        self.adam.step()
        return loss
