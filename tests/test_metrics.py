"""PSNR, SSIM, MS-SSIM and VIF against scikit-image's, an independent implementation."""

import math

import numpy as np
import pytest
import torch
from scipy.signal import convolve2d
from skimage import data
from skimage.filters import gaussian
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

from fieldlab.metrics import ms_ssim, psnr, ssim, vif


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


def test_several_scales_are_products_of_contrasts():
    clean = torch.from_numpy(data.astronaut()[::2, ::2].copy()).float() / 255
    noisy = (clean + 0.05 * torch.randn_like(clean)).clamp(0, 1)
    ours = ms_ssim(noisy.view(1, -1, 3), clean.view(1, -1, 3), (256, 256)).item()
    pair = [picture.movedim(-1, 0)[None] for picture in (noisy, clean)]
    theirs = multiscale_structural_similarity_index_measure(*pair, data_range=1.0).item()
    assert ours == pytest.approx(theirs, abs=1e-3)  # whose coarsest mean includes windows completed by padding
    assert ms_ssim(clean.view(1, -1, 3), clean.view(1, -1, 3), (256, 256)).item() == pytest.approx(1)
    assert ms_ssim(1 - clean.view(1, -1, 3), clean.view(1, -1, 3), (256, 256)).item() == 0


def test_several_scales_need_a_window_at_the_coarsest():
    assert ms_ssim(*pair((175, 200), 1), (175, 200)).isnan().all()
    assert ms_ssim(*pair((176, 200), 1), (176, 200)).isfinite().all()
    assert ms_ssim(*pair((4096,), 1), (4096,)).isnan().all()
    assert vif(*pair((40, 64), 1), (40, 64)).isnan().all()
    assert vif(*pair((41, 64), 1), (41, 64)).isfinite().all()


def test_visual_information_is_that_of_the_definition():
    clean = data.camera()[::4, ::4].astype(float)
    seen = np.clip(
        gaussian(clean, 1, preserve_range=True) + np.random.default_rng(0).normal(0, 4, clean.shape), 0, 255
    )
    told = wanted = 0.0
    ours, theirs = seen, clean
    for scale in range(4):
        side = 2 ** (4 - scale) + 1
        axis = np.exp(-((np.arange(side) - side // 2) ** 2) / (2 * (side / 5) ** 2))
        window = np.outer(axis, axis) / axis.sum() ** 2

        def mean(values: np.ndarray, window: np.ndarray = window) -> np.ndarray:
            return convolve2d(values, window, mode="valid")

        if scale:
            ours, theirs = mean(ours)[::2, ::2], mean(theirs)[::2, ::2]
        spread = np.maximum(mean(theirs**2) - mean(theirs) ** 2, 0)
        shared = mean(ours * theirs) - mean(ours) * mean(theirs)
        gain = np.maximum(shared / (spread + 1e-10), 0)
        left = np.maximum(mean(ours**2) - mean(ours) ** 2 - gain * shared, 1e-10)
        told += np.log10(1 + gain**2 * spread / (left + 2)).sum()
        wanted += np.log10(1 + spread / 2).sum()
    flat = [torch.from_numpy(picture / 255).float().view(1, -1, 1) for picture in (seen, clean)]
    assert vif(*flat, (128, 128)).item() == pytest.approx(told / wanted, rel=5e-3)
    assert vif(flat[1], flat[1], (128, 128)).item() == pytest.approx(1, abs=1e-4)
