"""The ruler: what a model's pictures, sounds, draws and knobs are worth, in figures (`python -m training.evaluate`)."""
