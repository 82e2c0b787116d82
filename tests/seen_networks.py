"""Small networks for tests to look into."""

import torch
from torch import Tensor, nn


class Small(nn.Module):
    """Two convolutions with rectifiers, and five logits; one whose input size is fixed by a linear layer, if asked."""

    def __init__(self, channels: int = 3, side: int = 0) -> None:
        super().__init__()
        self.layer1 = nn.Sequential(nn.Conv2d(channels, 6, 3, padding=1), nn.ReLU(inplace=True))
        self.layer2 = nn.Sequential(nn.Conv2d(6, 8, 3, stride=2, padding=1), nn.ReLU())
        self.side = side
        self.logits = nn.Linear(8 * (side // 2) ** 2 if side else 8, 5)

    def forward(self, images: Tensor) -> Tensor:
        answer = self.layer2(self.layer1(images))
        return self.logits(answer.flatten(1) if self.side else answer.mean((2, 3)))


class Broken(Small):
    """Answers with NaN."""

    def __init__(self) -> None:
        super().__init__()
        nn.init.constant_(self.logits.bias, torch.nan)


class BreaksLater(Small):
    """Answers with infinity as soon as images have some contrast."""

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images / (images.std() < 0.05))


class Residual(nn.Module):
    """Adds its images to what its normalisation answers, in place, and answers with a map of each of two heads."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn, self.out, self.aux = (
            nn.Conv2d(3, 3, 1),
            nn.BatchNorm2d(3),
            nn.Conv2d(3, 2, 1),
            nn.Conv2d(3, 4, 1),
        )

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        answer = self.bn(self.conv(images))
        answer += images
        return {"out": self.out(answer), "aux": self.aux(answer)}


class Answers(nn.Module):
    """Answers with what is made of a network's logits."""

    def __init__(self, answer: str) -> None:
        super().__init__()
        self.network, self.answer = Small(), answer

    def forward(self, images: Tensor) -> object:
        logits = self.network(images)
        match self.answer:
            case "nothing":
                return None
            case "classes":
                return logits.argmax(1)
            case "detached":
                return logits.detach()
            case "several":
                return logits, [logits]
            case "mean":
                return logits.mean(1)
            case _:
                return {}[self.answer]


class Sigmoids(Small):
    """Writes into the very answer that the slopes of a sigmoid are computed from."""

    def forward(self, images: Tensor) -> Tensor:
        answer = self.layer1(images).sigmoid()
        return self.logits(self.layer2(answer.mul_(2)).mean((2, 3)))


class Last(Small):
    """A layer that answers with its channels last, and one that answers several times for each image."""

    def __init__(self) -> None:
        super().__init__()
        self.last, self.windows = nn.Identity(), nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        answer = self.last(self.layer1(images).movedim(1, -1)).movedim(-1, 1)
        self.windows(answer.unfold(2, 4, 4).movedim(2, 1).flatten(0, 1))
        return self.logits(self.layer2(answer).mean((2, 3)))
