"""PSNR and SSIM against scikit-image's, an independent implementation."""

import math

import numpy as np
import pytest
import torch
from skimage import data
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from fieldlab.metrics import psnr, ssim


def pair(
    grid: tuple[int, ...] = (64, 48), channels: int = 3, noise: float = 0.1
) -> tuple[torch.Tensor, torch.Tensor]:
    target = torch.rand(2, math.prod(grid), channels)
    return target + noise * torch.randn_like(target), target


def test_psnr_is_scikit_images_of_the_clipped_prediction():
    prediction, target = pair()
    everywhere = torch.ones(prediction.shape[:2], dtype=torch.bool)
    ours = psnr(prediction, target, everywhere)
    for m in range(2):
        clipped = prediction[m].clamp(0, 1).numpy()
        theirs = peak_signal_noise_ratio(target[m].numpy(), clipped, data_range=1)
        assert ours[m].item() == pytest.approx(theirs, abs=1e-4)


def test_psnr_is_over_the_marked_samples_alone():
    prediction, target = pair()
    mask = torch.rand(2, target.shape[1]) < 0.3
    spoiled = torch.where(mask[..., None], prediction, 0.0)
    torch.testing.assert_close(psnr(spoiled, target, mask), psnr(prediction, target, mask))
    mse = (prediction.clamp(0, 1) - target)[0][mask[0]].square().mean()
    assert psnr(prediction, target, mask)[0].item() == pytest.approx(-10 * math.log10(mse), abs=1e-4)


def test_a_perfect_reconstruction_has_float32s_resolution():
    target = torch.rand(1, 10, 1)
    mask = torch.ones(1, 10, dtype=torch.bool)
    assert psnr(target, target, mask).item() == pytest.approx(-20 * math.log10(np.finfo(np.float32).eps), abs=1e-3)
    assert psnr(target, target, ~mask).isnan().all()


def test_ssim_is_scikit_images_with_wangs_window():
    clean = torch.from_numpy(data.camera()[::4, ::4].copy()).float() / 255
    noisy = (clean + 0.1 * torch.randn_like(clean)).clamp(0, 1)
    theirs = structural_similarity(
        clean.numpy(), noisy.numpy(), data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    ours = ssim(noisy.view(1, -1, 1), clean.view(1, -1, 1), (128, 128))
    assert ours.item() == pytest.approx(theirs, abs=1e-3)


def test_ssim_of_a_volume_and_by_member():
    prediction, target = pair((12, 13, 14), 1, 0.05)
    both = ssim(prediction, target, (12, 13, 14))
    assert both.shape == (2,)
    assert both[1].item() == pytest.approx(ssim(prediction[1:], target[1:], (12, 13, 14)).item(), abs=1e-6)


@pytest.mark.parametrize("grid", [(400,), (10, 40), (40, 10)])
def test_ssim_is_undefined_for_audio_and_under_eleven_samples(grid: tuple[int, ...]):
    prediction, target = pair(grid, 1)
    assert ssim(prediction, target, grid).isnan().all()
