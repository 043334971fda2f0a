"""The one sample rate of the playing side; not kept with the images, so that the sound process need not load scipy for it."""

ENGINE_SAMPLE_RATE = 44100
"""Everything between a latent and the sound device's own resampler runs at this rate, in Hz."""
