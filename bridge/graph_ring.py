"""The ring for machines where the sound graph is fast: whatever is out of date is painted with everything else, in one go."""

from __future__ import annotations

import numpy as np

from bridge.generator import Ring
from bridge.mel_spectrogram import image_from_audio, unit_image
from bridge.model import Model
from bridge.model_metadata import FloatArray
from bridge.sound_graph import SoundGraph, graph_of


class GraphRing(Ring):
    """A loop at one tempo that is painted as a whole, from cold, by a `SoundGraph`.

    What sounds is a function of the latent and the tempo alone, so a repaint and a render are the same.
    """

    def __init__(self, model: Model, graph: SoundGraph, latent: FloatArray, beats_per_minute: float) -> None:
        super().__init__(model, latent, beats_per_minute)
        self._graph = graph

    def column_at(self, position: int) -> FloatArray:
        """The spectrum of what sounds around a sample of the loop, as a column of a picture: (n_mels,) in 0..1.

        The graph's own picture never leaves the device.
        """
        n_fft = self._spec.n_fft_engine
        # A ring as long as one window, whose first frame is centred on the sample.
        around = np.fft.ifftshift(np.arange(position - n_fft // 2, position + n_fft // 2))
        segment = self.samples[around % self.grid.loop_length]
        return unit_image(image_from_audio(segment, self._spec, n_frames=1))[:, 0]

    def copy(self) -> GraphRing:
        """A ring of the same sound that can be painted on its own."""
        twin = GraphRing(self._model, self._graph, self._latent, self.beats_per_minute)
        twin.samples = self.samples.copy()
        twin.dirty = self.dirty.copy()
        return twin

    def move_to(self, latent: FloatArray) -> None:
        """Aim at another latent (steps, latent_dimensions): marks every step, since all are painted together."""
        if np.array_equal(latent, self._latent):
            return
        self._latent = latent
        self.dirty[:] = True

    def spoil(self, step: int) -> None:
        """Mark a step (from 0) as out of date."""
        self.dirty[step] = True

    def paint_all(self) -> None:
        """Paint every step from cold."""
        [samples] = self._graph.render(self._latent[np.newaxis], self.beats_per_minute)
        if not np.isfinite(samples).all():
            raise FloatingPointError("the sound graph gave something that is no sound")
        self.samples = samples
        self.dirty[:] = False

    def repaint_all(self) -> None:
        """Paint every step: there is nothing that a graph could go on from."""
        self.paint_all()

    def paint_step(self, step: int) -> bool:
        """Paint a step (from 0), and with it every other; always True, since nothing has to be made ready first."""
        self.paint_all()
        return True


def ring_of(model: Model, latent: FloatArray, beats_per_minute: float) -> Ring:
    """The ring that is fastest where a model is served: painted by its sound graph, or step by step on the CPU."""
    graph = graph_of(model)
    return Ring(model, latent, beats_per_minute) if graph is None else GraphRing(model, graph, latent, beats_per_minute)
