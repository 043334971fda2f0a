"""Griffin-Lim as torch users write it: `torch.stft` and `torch.istft`, random phases, momentum 0.99.

Fast Griffin-Lim after Perraudin, Balazs and Sondergaard, "A fast Griffin-Lim algorithm", WASPAA 2013, as
torchaudio and librosa have it.
"""

from __future__ import annotations

import numpy as np
import torch

from bridge.mel_spectrogram import FloatArray

THREADS = 2
MOMENTUM = 0.99


def torch_griffin_lim(magnitude: FloatArray, n_fft: int, hop_length: int, iterations: int) -> FloatArray:
    """The sound of magnitudes (n_bins, frames) with frames at 0, hop, ...: ((frames - 1) * hop_length,)."""
    torch.set_num_threads(THREADS)
    window = torch.hann_window(n_fft)
    target = torch.from_numpy(np.ascontiguousarray(magnitude))
    phase = 2.0 * torch.pi * torch.rand(target.shape, generator=torch.Generator().manual_seed(0))
    angles = torch.polar(torch.ones_like(phase), phase)
    before = torch.zeros_like(angles)
    length = (magnitude.shape[1] - 1) * hop_length
    for _ in range(iterations):
        samples = torch.istft(target * angles, n_fft, hop_length, window=window, length=length)
        seen = torch.stft(samples, n_fft, hop_length, window=window, return_complex=True)
        angles = seen - MOMENTUM / (1.0 + MOMENTUM) * before
        angles = angles / angles.abs().clamp(min=1e-16)
        before = seen
    return np.asarray(torch.istft(target * angles, n_fft, hop_length, window=window, length=length).numpy(), dtype=np.float32)
