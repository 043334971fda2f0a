"""From a training checkpoint to one self-describing .onnx file, proved equal to it."""
