"""From a folder of break loops to a checkpoint: randomised breaks as images, and the model that learns them."""
