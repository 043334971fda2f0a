"""Patches for Max, Max for Live and Pure Data, all written by `python -m max_patches.generate` from the bridge's table."""
