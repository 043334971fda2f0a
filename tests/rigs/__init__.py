"""`make rig` and `make soak`: whether the instrument is on the one and goes on, told from what a sound card would have played."""
